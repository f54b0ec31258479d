package command

import (
	"encoding/json"
	"strings"
	"testing"
)

// JSON has no raw character that steers, reorders or hides text, and says the same.
func TestPrintJSON(t *testing.T) {
	t.Parallel()
	const text = "a\u007f\u009b\u202e\u200d\ufe0f\u2028\U000e0041 <b> größer 日本"
	var out strings.Builder
	if err := PrintJSON(&out, json.RawMessage(`{"a":"`+text+`"}`)); err != nil {
		t.Fatal(err)
	}
	want := `{"a":"a\u007f\u009b\u202e\u200d\ufe0f\u2028\udb40\udc41 <b> größer 日本"}` + "\n"
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
	var back struct{ A string }
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back.A != text {
		t.Errorf("it says %q, %v", back.A, err)
	}
}

func TestMissingScheme(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"localhost:3000":      ". The scheme is missing: did you mean http://localhost:3000?",
		"127.0.0.1:3000/mcp":  ". The scheme is missing: did you mean http://127.0.0.1:3000/mcp?",
		"[::1]:3000":          ". The scheme is missing: did you mean http://[::1]:3000?",
		"mcp.example.com/mcp": ". The scheme is missing: did you mean https://mcp.example.com/mcp?",
		"https://mcp.example": "", "": "", "two words": "", "-x": "",
	} {
		if got := MissingScheme(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
