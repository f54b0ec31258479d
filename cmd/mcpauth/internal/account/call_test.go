package account

import (
	"strings"
	"testing"
)

func TestToolArguments(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"": true, "{}": true, `{"a": [1]}`: true, "-": true,
		"null": false, "[]": false, "a": false, `{"a":}`: false, `{}{}`: false,
	} {
		_, err := toolArguments(text, strings.NewReader(`{"from": "stdin"}`))
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := toolArguments("-", strings.NewReader("nothing")); err == nil {
		t.Error("no error for standard input that is no JSON")
	}
}
