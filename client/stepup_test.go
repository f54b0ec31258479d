package client

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// If a request needs more scopes than the token has, the client requests both,
// once, and sends the request again with its body.
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

// A 401 that names scopes which the token was not requested with is also a
// step-up.
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
			if _, sent := w.rs.requests(); len(sent) > 6 {
				t.Errorf("sent %d times", len(sent))
			}
		})
	}
}

// Scopes that were requested in vain are not requested again for the next
// request.
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
