package mcpauthtest

import (
	"net/http"
	"testing"
)

// recorder is a test that records how it ends.
type recorder struct {
	testing.TB
	failed   bool
	cleanups []func()
}

func (*recorder) Helper() {}

func (r *recorder) Fatal(...any) { r.failed = true; panic(r) }

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

// run runs a test to its end.
func (r *recorder) run(test func(testing.TB)) {
	defer func() {
		if recovered := recover(); recovered != nil && recovered != r {
			panic(recovered)
		}
		for _, f := range r.cleanups {
			f()
		}
	}()
	test(r)
}

func TestStart(t *testing.T) {
	t.Parallel()
	var s *Server
	test := &recorder{}
	test.run(func(tb testing.TB) {
		s = Start(tb, Config{Resources: []string{testResource}})
		if token := s.MustToken(tb, TokenClaims{}); !s.TokenActive(t.Context(), token) {
			t.Error("the token is not active")
		}
		response, err := http.Get(s.Issuer() + "/jwks")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	})
	if test.failed {
		t.Error("a server that starts fails the test")
	}
	<-s.Done() // closed by the end of the test

	for name, faulty := range map[string]func(testing.TB){
		"Start":     func(tb testing.TB) { Start(tb, Config{Algorithm: "none"}) },
		"MustToken": func(tb testing.TB) { Start(tb, Config{}).MustToken(tb, TokenClaims{}) },
	} {
		test := &recorder{}
		test.run(faulty)
		if !test.failed {
			t.Errorf("%s does not fail the test", name)
		}
	}
}
