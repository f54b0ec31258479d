package stepup

import (
	"net/http"
	"slices"
	"testing"
)

// The scopes and the error are in the challenge of one scheme, the metadata in
// the challenge of another: together they say what to do (RFC 9449 §7.1 has both
// schemes in one answer).
//
// Covers CL8.
func TestChallengesTogether(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string][]string{
		"one header":  {`Bearer resource_metadata="https://a.example.com/m", DPoP algs="ES256", error="insufficient_scope", scope="a b"`},
		"two headers": {`Bearer resource_metadata="https://a.example.com/m"`, `DPoP algs="ES256", error="insufficient_scope", scope="a b"`},
		"in front":    {`DPoP algs="ES256", error="insufficient_scope", scope="a b"`, `Bearer resource_metadata="https://a.example.com/m", scope=""`},
		"bare":        {`Bearer, DPoP algs="ES256", error="insufficient_scope", scope="a b", resource_metadata="https://a.example.com/m"`},
	} {
		asked := Read(http.StatusForbidden, http.Header{"Www-Authenticate": sent})
		if !slices.Equal(asked.Scopes, []string{"a", "b"}) || asked.Code != "insufficient_scope" || asked.MetadataURL != "https://a.example.com/m" || !asked.DPoP {
			t.Errorf("%s: %+v", name, asked)
		}
	}
}
