package contender

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mcp-auth/go/bench/internal/fixture"
)

func splitScope(scope string) []string { return strings.Fields(scope) }

// fault is a token that everyone has to refuse; otherwise the comparison is
// not fair.
type fault struct {
	name   string
	change func(claims map[string]any)
	after  func(token string) string
}

func faults() []fault {
	return []fault{
		{name: "wrong issuer", change: func(c map[string]any) { c["iss"] = "https://other.example.com" }},
		{name: "wrong audience", change: func(c map[string]any) { c["aud"] = "https://other.example.com/notes" }},
		{name: "expired", change: func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() }},
		{name: "no exp", change: func(c map[string]any) { delete(c, "exp") }},
		{name: "forged signature", after: Forge},
	}
}

// Forge changes one character in the middle of the signature.
func Forge(token string) string {
	at := (strings.LastIndexByte(token, '.') + len(token)) / 2
	replacement := "A"
	if token[at] == 'A' {
		replacement = "B"
	}
	return token[:at] + replacement + token[at+1:]
}

// Check reports what accepts a bad token or refuses a good one.
func Check(s *fixture.Server, verifiers []Verifier, middlewares []Middleware) error {
	var errs []error
	for _, alg := range fixture.Algorithms() {
		good, err := s.Token(alg, nil)
		if err != nil {
			return err
		}
		for _, v := range verifiers {
			id, err := v.Bind(good)()
			if err == nil {
				err = id.may(fixture.Required)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s refuses a good %s token: %w", v.Name, alg, err))
			}
		}
		for _, m := range middlewares {
			if status := m.Serve(good)(); status != http.StatusNoContent {
				errs = append(errs, fmt.Errorf("%s answers a good %s token with %d", m.Name, alg, status))
			}
		}
		for _, f := range faults() {
			bad, err := s.Token(alg, f.change)
			if err != nil {
				return err
			}
			if f.after != nil {
				bad = f.after(bad)
			}
			errs = append(errs, refused(bad, alg+", "+f.name, verifiers, middlewares)...)
		}
	}
	return errors.Join(errs...)
}

func refused(token, name string, verifiers []Verifier, middlewares []Middleware) (errs []error) {
	for _, v := range verifiers {
		if _, err := v.Bind(token)(); err == nil {
			errs = append(errs, fmt.Errorf("%s accepts a bad token: %s", v.Name, name))
		}
	}
	for _, m := range middlewares {
		if status := m.Serve(token)(); status != http.StatusUnauthorized {
			errs = append(errs, fmt.Errorf("%s answers a bad token with %d: %s", m.Name, status, name))
		}
	}
	return errs
}

// Serve returns a function that sends one request with the token through the
// middleware and yields the status. The request and the writer are made once:
// net/http's part is not what is compared.
func (m Middleware) Serve(token string) func() int {
	handler := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := m.Who(r.Context())
		if !ok || id.may(fixture.Required) != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	r, err := http.NewRequest(http.MethodPost, "https://api.example.com/notes", http.NoBody)
	if err != nil {
		panic(err) // the arguments are constants
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.RequestURI = "/notes"
	w := &discard{header: http.Header{}}
	return func() int {
		w.status = 0
		clear(w.header)
		handler.ServeHTTP(w, r)
		return w.status
	}
}

// discard is a ResponseWriter that keeps the status only.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int) {
	if d.status == 0 {
		d.status = status
	}
}
