package credential

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/reason"
)

// Covers RS5.
func TestRead(t *testing.T) {
	t.Parallel()
	both, only := Schemes{DPoP: true}, Schemes{DPoP: true, DPoPOnly: true}
	tests := map[string]struct {
		headers  []string
		url      string
		accepted Schemes
		want     Credential
		reason   reason.Reason
	}{
		"none":               {nil, "/mcp", both, Credential{}, reason.NoCredentials},
		"bearer":             {[]string{"Bearer t"}, "/mcp", Schemes{}, Credential{Bearer, "t"}, ""},
		"in another case":    {[]string{"bEARER  t"}, "/mcp", Schemes{}, Credential{Bearer, "t"}, ""},
		"DPoP":               {[]string{"DPoP t"}, "/mcp", both, Credential{DPoP, "t"}, ""},
		"DPoP, not accepted": {[]string{"DPoP t"}, "/mcp", Schemes{}, Credential{}, reason.NoCredentials},
		"DPoP required":      {[]string{"Bearer t"}, "/mcp", only, Credential{Scheme: Bearer}, reason.DPoPRequired},
		"another scheme":     {[]string{"Basic t"}, "/mcp", both, Credential{}, reason.NoCredentials},
		"longer scheme":      {[]string{"Bearers t"}, "/mcp", both, Credential{}, reason.NoCredentials},
		"two":                {[]string{"Bearer t", "Bearer t"}, "/mcp", both, Credential{}, reason.MalformedCredentials},
		"no token":           {[]string{"Bearer "}, "/mcp", both, Credential{Scheme: Bearer}, reason.MalformedCredentials},
		"scheme alone":       {[]string{"DPoP"}, "/mcp", both, Credential{Scheme: DPoP}, reason.MalformedCredentials},
		"too long":           {[]string{"Bearer " + strings.Repeat("a", jose.MaxTokenSize+1)}, "/mcp", both, Credential{Scheme: Bearer}, reason.MalformedToken},
		"in the query":       {[]string{"Bearer t"}, "/mcp?a=b&access_token=x", both, Credential{}, reason.TokenInQuery},
		"encoded":            {nil, "/mcp?access%5Ftoken", both, Credential{}, reason.TokenInQuery},
		"after a semicolon":  {nil, "/mcp?a;access_token=x", both, Credential{}, reason.TokenInQuery},
		"another parameter":  {[]string{"Bearer t"}, "/mcp?my_access_token=x", both, Credential{Bearer, "t"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, refused := Read(http.Header{"Authorization": test.headers}, test.url, test.accepted)
			if got != test.want || (refused == nil) != (test.reason == "") {
				t.Fatalf("%+v, %v", got, refused)
			}
			if refused != nil && refused.Reason != test.reason {
				t.Errorf("reason %q, want %q", refused.Reason, test.reason)
			}
		})
	}
}
