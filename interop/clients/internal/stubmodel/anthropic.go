package stubmodel

import "encoding/json"

// messages is Anthropic's Messages API.
type messages struct{}

func (messages) read(body []byte) (said conversation, err error) {
	type block struct {
		Type    string
		Content json.RawMessage
	}
	var request struct {
		Messages []struct{ Content json.RawMessage }
		Tools    []struct{ Name string }
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return said, err
	}
	if len(request.Messages) == 0 {
		return said, errNoConversation
	}
	for _, tool := range request.Tools {
		said.tools = append(said.tools, toolName{name: tool.Name})
	}
	for _, message := range request.Messages {
		var blocks []block
		if json.Unmarshal(message.Content, &blocks) != nil {
			continue // a text
		}
		for _, one := range blocks {
			if one.Type == "tool_result" {
				said.results = append(said.results, textOf(one.Content))
			}
		}
	}
	return said, nil
}

func (messages) events(call *toolCall) []event {
	block, reason := object{"type": "text", "text": ""}, "end_turn"
	delta := object{"type": "text_delta", "text": done}
	if call != nil {
		reason = "tool_use"
		block = object{"type": "tool_use", "id": "toolu_1", "name": call.name, "input": object{}}
		delta = object{"type": "input_json_delta", "partial_json": call.argumentsText()}
	}
	usage := object{"input_tokens": 1, "output_tokens": 1}
	return []event{
		typed("message_start", object{"message": object{"id": "msg_1", "type": "message", "role": "assistant",
			"model": "stub", "content": []any{}, "stop_reason": nil, "stop_sequence": nil, "usage": usage}}),
		typed("content_block_start", object{"index": 0, "content_block": block}),
		typed("content_block_delta", object{"index": 0, "delta": delta}),
		typed("content_block_stop", object{"index": 0}),
		typed("message_delta", object{"delta": object{"stop_reason": reason, "stop_sequence": nil}, "usage": usage}),
		typed("message_stop", object{}),
	}
}
