package oauth

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
)

// Limits on what clients send.
const (
	MaxFormBytes  = 64 << 10
	MaxQueryBytes = 16 << 10
	MaxValueBytes = 4 << 10
	MaxParameters = 64
	MaxScopes     = 64
	MaxResources  = 8
)

// Parameters are the parameters of a request. An empty value counts as none
// (RFC 6749 §3.1).
type Parameters url.Values

// Get returns the value of a parameter that was sent once.
func (p Parameters) Get(name string) string {
	if values := p[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// Resources returns the resource parameters, each once. They are the only ones
// that can be sent more than once (RFC 8707 §2).
func (p Parameters) Resources() []string {
	return slices.DeleteFunc(unique(p["resource"]), func(r string) bool { return r == "" })
}

// longParameters returns the names of parameters that hold tokens, which may be
// as long as the body.
func longParameters() []string {
	return []string{"token", "assertion", "client_assertion", "subject_token"}
}

// Check refuses parameters that are ambiguous or too large.
func (p Parameters) Check() error {
	if len(p) > MaxParameters {
		return InvalidRequest("too many parameters")
	}
	for name, values := range p {
		if name != "resource" && len(values) > 1 {
			return InvalidRequest("a parameter was sent more than once")
		}
		for _, v := range values {
			if len(v) > MaxValueBytes && !slices.Contains(longParameters(), name) {
				return InvalidRequest("a parameter is too long")
			}
		}
	}
	if p.countResources() > MaxResources {
		return InvalidTarget("too many resources")
	}
	return nil
}

func (p Parameters) countResources() (n int) {
	for _, r := range p["resource"] {
		if r != "" {
			n++
		}
	}
	return n
}

// ReadForm reads the body of a form request. It does not check the parameters:
// the token endpoint redeems a code before it refuses anything.
func ReadForm(w http.ResponseWriter, r *http.Request) (Parameters, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, InvalidRequest("the body must be application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, MaxFormBytes)
	if err := r.ParseForm(); err != nil {
		return nil, InvalidRequest("the body cannot be read as a form, or is too large")
	}
	return Parameters(r.PostForm), nil
}

// ReadCheckedForm reads the body of a form request and checks its parameters.
func ReadCheckedForm(w http.ResponseWriter, r *http.Request) (Parameters, error) {
	p, err := ReadForm(w, r)
	if err != nil {
		return nil, err
	}
	return p, p.Check()
}

// unique returns the values in their order, each once.
func unique(values []string) []string {
	var once []string
	for _, v := range values {
		if !slices.Contains(once, v) {
			once = append(once, v)
		}
	}
	return once
}
