package stubmodel

import "encoding/json"

// responses is OpenAI's Responses API.
type responses struct{}

func (responses) read(body []byte) (said conversation, err error) {
	type function struct{ Type, Name string }
	var request struct {
		Input []struct {
			Type   string
			Output json.RawMessage
		}
		Tools []struct {
			function
			Tools []function
		}
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return said, err
	}
	if len(request.Input) == 0 {
		return said, errNoConversation
	}
	for _, tool := range request.Tools {
		if tool.Type != "namespace" {
			said.tools = append(said.tools, toolName{name: tool.Name})
		}
		for _, inner := range tool.Tools {
			said.tools = append(said.tools, toolName{tool.Name, inner.Name})
		}
	}
	for _, item := range request.Input {
		if item.Type == "function_call_output" {
			said.results = append(said.results, textOf(item.Output))
		}
	}
	return said, nil
}

func (responses) events(call *toolCall) []event {
	item := object{"type": "message", "id": "msg_1", "role": "assistant",
		"content": []object{{"type": "output_text", "text": done, "annotations": []any{}}}}
	if call != nil {
		item = object{"type": "function_call", "id": "fc_1", "call_id": "call_1",
			"name": call.name, "arguments": call.argumentsText()}
		if call.namespace != "" {
			item["namespace"] = call.namespace
		}
	}
	usage := object{"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
	return []event{
		typed("response.created", object{"response": object{"id": "resp_1"}}),
		typed("response.output_item.done", object{"output_index": 0, "item": item}),
		typed("response.completed", object{"response": object{"id": "resp_1", "usage": usage}}),
	}
}

// chat is OpenAI's Chat Completions API, which many others offer as well.
type chat struct{}

func (chat) read(body []byte) (said conversation, err error) {
	var request struct {
		Messages []struct {
			Role    string
			Content json.RawMessage
		}
		Tools []struct{ Function struct{ Name string } }
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return said, err
	}
	if len(request.Messages) == 0 {
		return said, errNoConversation
	}
	for _, tool := range request.Tools {
		said.tools = append(said.tools, toolName{name: tool.Function.Name})
	}
	for _, message := range request.Messages {
		if message.Role == "tool" {
			said.results = append(said.results, textOf(message.Content))
		}
	}
	return said, nil
}

func (chat) events(call *toolCall) []event {
	delta, finish := object{"role": "assistant", "content": done}, "stop"
	if call != nil {
		finish = "tool_calls"
		delta = object{"role": "assistant", "tool_calls": []object{{
			"index": 0, "id": "call_1", "type": "function",
			"function": object{"name": call.name, "arguments": call.argumentsText()},
		}}}
	}
	chunk := func(delta object, finish any) event {
		return event{data: object{"id": "chat_1", "object": "chat.completion.chunk", "created": 1, "model": "stub",
			"choices": []object{{"index": 0, "delta": delta, "finish_reason": finish}}}}
	}
	return []event{chunk(delta, nil), chunk(object{}, finish), {data: "[DONE]"}}
}
