package mcpauth

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// rendering is the part of a refusal's answer that depends on nothing but the
// challenge. It is never written to.
type rendering struct {
	challenges []string // values of WWW-Authenticate
	body       []byte
	length     string // of the body
}

func (c *Challenge) rendering() *rendering {
	a := &rendering{body: c.body()}
	a.length = strconv.Itoa(len(a.body))
	if c.Status != http.StatusInternalServerError {
		a.challenges = c.WWWAuthenticate()
	}
	return a
}

// body is {"error", "error_description"}.
func (c *Challenge) body() []byte {
	code := c.bodyCode()
	body := make([]byte, 0, len(`{"error":"","error_description":""}`)+len(code)+len(c.Description))
	body = appendJSON(append(body, `{"error":`...), code)
	if c.Description != "" {
		body = appendJSON(append(body, `,"error_description":`...), c.Description)
	}
	return append(body, '}')
}

// bodyCode is the error member of the body. A body needs one even where the
// header must have none.
func (c *Challenge) bodyCode() string {
	switch {
	case c.Code != "":
		return c.Code
	case c.Status == http.StatusUnauthorized:
		return "unauthorized"
	case c.Status == http.StatusServiceUnavailable:
		return "temporarily_unavailable"
	}
	return "server_error"
}

// appendJSON appends text as [json.Marshal] writes it.
func appendJSON(body []byte, text string) []byte {
	if needsEscape(text) {
		quoted, _ := json.Marshal(text) // a string cannot fail
		return append(body, quoted...)
	}
	return append(append(append(body, '"'), text...), '"')
}

func needsEscape(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return true
		}
	}
	return false
}

func (c *Challenge) write(w http.ResponseWriter, a *rendering) {
	f := fields{w.Header(), make([]string, 0, len(a.challenges)+usualFields)}
	f.set("Www-Authenticate", a.challenges...)
	if c.DPoPNonce != "" {
		f.set("Dpop-Nonce", c.DPoPNonce)
	}
	if c.RetryAfter > 0 {
		f.set("Retry-After", strconv.Itoa(int((c.RetryAfter+time.Second-1)/time.Second)))
	}
	f.set("Cache-Control", "no-store")
	f.set("Content-Type", "application/json")
	f.set("X-Content-Type-Options", "nosniff")
	f.set("Content-Length", a.length)
	w.WriteHeader(c.Status)
	_, _ = w.Write(a.body)
}

// usualFields is how many values most answers have beside the challenges.
const usualFields = 4

// fields sets header fields, under canonical names, to values that usually share
// one piece of memory of this answer.
type fields struct {
	header http.Header
	values []string
}

func (f *fields) set(name string, values ...string) {
	if len(values) == 0 {
		return
	}
	f.values = append(f.values, values...)
	last := len(f.values)
	f.header[name] = f.values[last-len(values) : last : last]
}

// prepared is an answer that a door made beforehand, and the challenge it is for.
type prepared struct {
	challenge *Challenge
	*rendering
}

// prepare makes the answers to what most refused requests are refused for.
// Where DPoP is taken, answers depend on the request's scheme; they are made
// when they are needed.
func (a *Auth) prepare(res *resource, p *protection) []prepared {
	if res.dpop != nil {
		return nil
	}
	var list []prepared
	req := &Request{Scopes: slices.Clone(p.scopes), ChallengeScopes: slices.Clone(p.challenge), scheme: schemeBearer}
	for _, r := range []*refusal.Refusal{
		{Status: http.StatusUnauthorized, Reason: reason.NoCredentials},
		{Status: http.StatusUnauthorized, Code: "invalid_token", Reason: reason.MalformedToken},
		{Status: http.StatusBadRequest, Code: "invalid_request", Reason: reason.MalformedCredentials},
		{Status: http.StatusForbidden, Code: "insufficient_scope", Reason: reason.InsufficientScope},
	} {
		c := a.compose(res, req, r)
		list = append(list, prepared{c, c.rendering()})
	}
	return list
}

// fits reports whether the prepared answer is the one to c.
func (p *prepared) fits(c *Challenge) bool {
	of := p.challenge
	return c.rpc == nil && c.Status == of.Status && c.Code == of.Code && c.Description == of.Description &&
		c.ResourceMetadata == of.ResourceMetadata && len(c.DPoPAlgorithms) == 0 && slices.Equal(c.Scopes, of.Scopes)
}
