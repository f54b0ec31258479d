package stubmodel

import "encoding/json"

// gemini is the Gemini API, of which clients use streamGenerateContent.
type gemini struct{}

func (gemini) read(body []byte) (said conversation, err error) {
	type part struct {
		FunctionResponse *struct{ Response json.RawMessage }
	}
	var request struct {
		Contents []struct{ Parts []part }
		Tools    []struct{ FunctionDeclarations []struct{ Name string } }
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return said, err
	}
	if len(request.Contents) == 0 {
		return said, errNoConversation
	}
	for _, tool := range request.Tools {
		for _, function := range tool.FunctionDeclarations {
			said.tools = append(said.tools, toolName{name: function.Name})
		}
	}
	for _, content := range request.Contents {
		for _, one := range content.Parts {
			if one.FunctionResponse != nil {
				said.results = append(said.results, textOf(one.FunctionResponse.Response))
			}
		}
	}
	return said, nil
}

func (gemini) events(call *toolCall) []event {
	part := object{"text": done}
	if call != nil {
		part = object{"functionCall": object{"name": call.name, "args": call.arguments}}
	}
	return []event{{data: object{
		"candidates": []object{{
			"index": 0, "finishReason": "STOP",
			"content": object{"role": "model", "parts": []object{part}},
		}},
		"usageMetadata": object{"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
	}}}
}
