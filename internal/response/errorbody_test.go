package response

import (
	"encoding/json"
	"testing"
)

// plainErrorBody is the plain reference of errorBody.
func plainErrorBody(code, description string) ([]byte, error) {
	return json.Marshal(struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description})
}

func FuzzErrorBody(f *testing.F) {
	for _, text := range []string{"", "invalid_token", `"\`, "<script>&", "é\u2028\x00\x7f", "\xff"} {
		f.Add("invalid_token", text)
		f.Add(text, "The access token is invalid.")
	}
	f.Fuzz(func(t *testing.T, code, description string) {
		want, err := plainErrorBody(code, description)
		if err != nil {
			t.Fatal(err)
		}
		if got := errorBody(code, description); string(got) != string(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

const usualDescription = "The access token is invalid, expired or not issued for this resource."

func BenchmarkErrorBody(b *testing.B) {
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			errorBody("invalid_token", usualDescription)
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := plainErrorBody("invalid_token", usualDescription); err != nil {
				b.Fatal(err)
			}
		}
	})
}
