package client

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Covers CL8, CL9.
func TestScopeSelection(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request scopeRequest
		want    string
	}{
		"the challenge":                   {scopeRequest{challenged: []string{"a"}, supported: []string{"b", "c"}}, "a"},
		"else the supported":              {scopeRequest{supported: []string{"b", "c"}}, "b c"},
		"else none":                       {scopeRequest{}, ""},
		"union on step-up":                {scopeRequest{before: []string{"a", "b"}, challenged: []string{"b", "c"}}, "a b c"},
		"the caller's too":                {scopeRequest{challenged: []string{"a"}, extra: []string{"x", "a"}}, "a x"},
		"nothing twice":                   {scopeRequest{challenged: []string{"a", "a"}}, "a"},
		"no scope tokens":                 {scopeRequest{challenged: []string{"a b", "", "c\"", "d"}}, "d"},
		"offline_access":                  {scopeRequest{challenged: []string{"a"}, known: []string{"offline_access"}, refreshing: true}, "a offline_access"},
		"offline_access not listed":       {scopeRequest{challenged: []string{"a"}, known: []string{"a"}, refreshing: true}, "a"},
		"offline_access not wanted":       {scopeRequest{challenged: []string{"a"}, known: []string{"offline_access"}}, "a"},
		"not on the resource's word":      {scopeRequest{challenged: []string{"a", "offline_access"}, refreshing: true}, "a"},
		"not on the caller's word":        {scopeRequest{challenged: []string{"a"}, extra: []string{"offline_access"}, refreshing: true}, "a"},
		"not alone":                       {scopeRequest{known: []string{"offline_access"}, refreshing: true}, ""},
		"kept where it was, if listed":    {scopeRequest{before: []string{"a", "offline_access"}, challenged: []string{"b"}, known: []string{"offline_access"}, refreshing: true}, "a b offline_access"},
		"dropped when no longer listed":   {scopeRequest{before: []string{"a", "offline_access"}, challenged: []string{"b"}, refreshing: true}, "a b"},
		"no more than a request can hold": {scopeRequest{challenged: strings.Fields(strings.Repeat("s ", 10) + many(500))}, "s " + strings.TrimSpace(strings.Join(strings.Fields(many(500))[:maxScopes-1], " "))},
	} {
		if got := strings.Join(test.request.choose(), " "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("scope" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + " ")
	}
	return b.String()
}

// The scopes and the error stand in the challenge of one scheme, the metadata in
// that of another: together they say what to do (RFC 9449 §7.1 has both schemes
// in one answer).
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
		asked := readChallenge(http.StatusForbidden, http.Header{"Www-Authenticate": sent})
		if !slices.Equal(asked.scopes, []string{"a", "b"}) || asked.code != "insufficient_scope" || asked.metadataURL != "https://a.example.com/m" || !asked.dpop {
			t.Errorf("%s: %+v", name, asked)
		}
	}
}

// A request that needs more than the token has is answered by asking for both,
// once, and sent again with its body.
//
// Covers CL8.
func TestStepUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t)
	mustRequest(t, c, "read")
	mustRequest(t, c, "write")
	mustRequest(t, c, "read")
	equal(t, "logins", len(w.as.authorizations), 2)
	equal(t, "first scope", w.as.authorizations[0].Get("scope"), "read")
	equal(t, "second scope", w.as.authorizations[1].Get("scope"), "read write")
	equal(t, "registrations", len(w.as.registrations), 1)
	for _, body := range w.rs.bodies {
		equal(t, "body", body, "the body")
	}
}

// A login and a step-up fit into one request.
//
// Covers CL8.
func TestLoginThenStepUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rs.challenge = func(status int, need string) string {
		metadata := `Bearer resource_metadata="` + w.rs.URL + `/.well-known/oauth-protected-resource/mcp"`
		if status == http.StatusUnauthorized {
			return metadata + `, scope="basic"`
		}
		return metadata + `, error="insufficient_scope", scope="` + need + `"`
	}
	mustRequest(t, w.client(t), "write")
	equal(t, "logins", len(w.as.authorizations), 2)
	equal(t, "second scope", w.as.authorizations[1].Get("scope"), "basic write")
}

// A 401 that names other scopes than those the token was asked for with is a
// step-up too.
//
// Covers CL8.
func TestStepUpFrom401(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rs.refuse = func(rw http.ResponseWriter, r *http.Request) bool {
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if scopes, ok := w.as.scopes(token); ok && !slices.Contains(scopes, "write") && r.Header.Get(needHeader) == "write" {
			w.rs.challenged(rw, http.StatusUnauthorized, "write")
			return true
		}
		return false
	}
	c := w.client(t)
	mustRequest(t, c, "read")
	mustRequest(t, c, "write")
	equal(t, "logins", len(w.as.authorizations), 2)
	equal(t, "second scope", w.as.authorizations[1].Get("scope"), "read write")
}

// A refusal that a new token does not change ends as the response it is, after
// a bounded number of logins, whatever the server says.
//
// Covers CL8.
func TestRefusalsEnd(t *testing.T) {
	t.Parallel()
	count := 0
	for name, test := range map[string]struct {
		status    int
		challenge func() string
		logins    int
	}{
		"always 401":            {401, func() string { return "Bearer" }, 2},
		"401, invalid_token":    {401, func() string { return `Bearer error="invalid_token"` }, 2},
		"403, the scope it has": {403, func() string { return `Bearer error="insufficient_scope", scope="basic"` }, 1},
		"403, ever more scopes": {403, func() string {
			count++
			return `Bearer error="insufficient_scope", scope="s` + strings.Repeat("x", count) + `"`
		}, 2},
		"403, scope without code": {403, func() string { return `Bearer scope="more"` }, 2},
		"403, no scope":           {403, func() string { return `Bearer error="insufficient_scope"` }, 1},
		"403, another reason":     {403, func() string { return `Bearer error="access_denied", scope="more"` }, 1},
		"403, no challenge":       {403, func() string { return "" }, 1},
		"403, another scheme":     {403, func() string { return `Basic scope="more"` }, 1},
		"403, malformed":          {403, func() string { return `Bearer scope="more` }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.rs.refuse = func(rw http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("Authorization") == "" {
					w.rs.challenged(rw, http.StatusUnauthorized, "basic")
					return true
				}
				if text := test.challenge(); text != "" {
					rw.Header().Set("WWW-Authenticate", text)
				}
				rw.WriteHeader(test.status)
				return true
			}
			c := w.client(t)
			status, err := request(t, c, "basic")
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "status", status, test.status)
			if got := len(w.as.authorizations); got > test.logins {
				t.Errorf("%d logins, at most %d", got, test.logins)
			}
			if _, sent := w.rs.requests(); len(sent) > maxSends {
				t.Errorf("sent %d times", len(sent))
			}
		})
	}
}

// What was asked for in vain is not asked for again by the next request.
//
// Covers CL8.
func TestStepUpInVain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rs.refuse = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get(needHeader) != "admin" || r.Header.Get("Authorization") == "" {
			return false
		}
		w.rs.challenged(rw, http.StatusForbidden, "admin")
		return true
	}
	c := w.client(t)
	mustRequest(t, c, "read")
	for range 3 {
		if status, err := request(t, c, "admin"); err != nil || status != http.StatusForbidden {
			t.Fatalf("status %d, %v", status, err)
		}
	}
	equal(t, "logins", len(w.as.authorizations), 2)
}
