package forgery

import "testing"

// jwt has the form of a signed token.
const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"

// TestAlteredTokens holds that an altered token is another one of the same
// form.
func TestAlteredTokens(t *testing.T) {
	t.Parallel()
	for _, token := range []string{jwt, "opaque", "x", "a.b", "ends-in-~", "eyJhbGciOiJFUzI1NiJ9.bm8ganNvbg.c2ln"} {
		if other := OtherSignature(token); other == token || len(other) != len(token) {
			t.Errorf("%q becomes %q", token, other)
		}
		if other := OtherSubject(token, "someone"); other == token {
			t.Errorf("the claims of %q stay", token)
		}
	}
	if OtherSubject(jwt, "someone") == "" {
		t.Error("the subject of a JWT cannot be changed")
	}
	if other := OtherSubject("opaque", "someone"); other != "" {
		t.Errorf("an opaque token has another subject: %q", other)
	}
}
