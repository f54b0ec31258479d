package claims

import (
	"slices"
	"strings"
	"testing"
)

func anyIssuer([]byte) bool { return true }

// TestScopes holds which claim the scopes come from.
func TestScopes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		payload, claim, want string // want "!": the payload is refused
	}{
		"scope":                    {`{"scope":"a b","scp":["c"]}`, "", "a b"},
		"scp":                      {`{"scp":["a","b c"]}`, "", "a|b c"},
		"empty scope":              {`{"scope":"","scp":["c"]}`, "", ""},
		"several spaces":           {`{"scope":" a  b "}`, "", "a b"},
		"configured":               {`{"permissions":["a"],"scope":"b"}`, "permissions", "a"},
		"configured, after":        {`{"scope":"b","permissions":["a"]}`, "permissions", "a"},
		"configured, not there":    {`{"scope":"b"}`, "permissions", ""},
		"configured scope":         {`{"scope":"a","scp":["b"]}`, "scope", "a"},
		"configured scp":           {`{"scope":"a","scp":["b"]}`, "scp", "b"},
		"configured for another":   {`{"roles":["a"],"scope":"b"}`, "permissions", ""},
		"configured, of many uses": {`{"cid":"a","scope":"b"}`, "cid", "a"},
		"of another type":          {`{"permissions":{},"scope":"b"}`, "permissions", "!"},
		"scope of another type":    {`{"permissions":["a"],"scope":1}`, "permissions", "!"},
		"scp of another type":      {`{"scope":"a","scp":{}}`, "", "!"},
		"the name in another case": {`{"Scope":"a"}`, "", "!"},
		"that name configured":     {`{"Scope":"a"}`, "Scope", "!"},
		"unknown in another case":  {`{"Permissions":["a"]}`, "permissions", ""},
		"twice":                    {`{"permissions":["a"],"permissions":["b"]}`, "permissions", "!"},
		"escaped":                  {`{"perm\u0069ssions":["a"]}`, "permissions", "a"},
		"null":                     {`{"scope":null}`, "", "!"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := Payload{ScopeClaims: []string{"roles", "permissions", "Scope"}}
			err := p.Read([]byte(test.payload), anyIssuer)
			var c Claims
			if err == nil {
				c, _, err = p.Decode(&Expected{ScopeClaim: test.claim})
			}
			if err != nil || test.want == "!" {
				if err == nil || test.want != "!" {
					t.Errorf("%q, %v", c.Scopes, err)
				}
				return
			}
			want := strings.Fields(test.want)
			if strings.Contains(test.want, "|") {
				want = strings.Split(test.want, "|")
			}
			if !slices.Equal(c.Scopes, want) {
				t.Errorf("%q, want %q", c.Scopes, want)
			}
		})
	}
}

// TestIssuerIsFoundFirst holds that a payload that is faulty elsewhere still
// names its issuer, and that a walk ends at an issuer that is not wanted.
func TestIssuerIsFoundFirst(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		`{"iss":"a","exp":"wrong type"}`: `"a"`,
		`{"exp":"wrong type","iss":"a"}`: `"a"`,
		`{"ISS":"b","iss":"a"}`:          `"a"`,
		`{"iss":"a","iss":"b"}`:          `"a"`,
		`{"iss":"a",`:                    `"a"`,
		`{"iss":1}`:                      `1`,
		`{"sub":"a"}`:                    ``,
		`["iss","a"]`:                    ``,
		`{"a":{"iss":"a"}}`:              ``,
	} {
		var p Payload
		_ = p.Read([]byte(payload), anyIssuer)
		if got := string(p.Issuer()); got != want {
			t.Errorf("%s: %s, want %s", payload, got, want)
		}
		var unwanted Payload
		if err := unwanted.Read([]byte(payload), func([]byte) bool { return false }); err == nil && want != "" {
			t.Errorf("%s: the walk went on", payload)
		}
	}
}

// TestReadingNeedsNoMemory holds that a payload costs memory only once its
// issuer is known to be trusted.
func TestReadingNeedsNoMemory(t *testing.T) {
	payload := []byte(`{"sub":"alice","aud":["a","b"],"scope":"read write","exp":1800000000,"iss":"https://evil.example"}`)
	allocations := testing.AllocsPerRun(100, func() {
		var p Payload
		_ = p.Read(payload, anyIssuer)
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
