package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/policy"
)

// Rule is a rule of a policy, as JSON has it.
type Rule struct {
	Operations string `json:"operations"`
	Field      string `json:"field,omitempty"`
	Key        string `json:"key,omitempty"`
	Needs      string `json:"needs"`
}

// Warning is what is allowed and probably a mistake.
type Warning struct {
	Rule  string `json:"rule"` // as the file names it, such as tools["ping"]
	Scope string `json:"scope"`
	Text  string `json:"text"`
}

// String is a warning on a line.
func (w Warning) String() string { return fmt.Sprintf("%s: scope %q: %s", w.Rule, w.Scope, w.Text) }

// place is where the rule stands in the file, empty for one that every policy
// has.
func (r Rule) place() string {
	if r.Key == "" {
		return r.Field
	}
	return fmt.Sprintf("%s[%q]", r.Field, r.Key)
}

// NewRule returns a rule of a policy.
func NewRule(r policy.Rule) Rule {
	return Rule{r.String(), strings.ToLower(r.Field), r.Key, r.Requirement.String()}
}

// Verdict is what is decided on an operation.
type Verdict struct {
	Allowed bool `json:"allowed"`
	// Malformed says that the request is refused before any rule decides.
	Malformed bool    `json:"malformed,omitempty"`
	Rule      Rule    `json:"rule"`
	Reason    string  `json:"reason,omitempty"`
	Cause     string  `json:"cause,omitempty"`
	Answer    *Answer `json:"answer,omitempty"`
	// Warnings are those of the rule.
	Warnings []Warning `json:"warnings,omitempty"`
	// UnknownCheck says that a check denied which is a function of the server.
	UnknownCheck bool `json:"-"`
}

// Answer is the response to a refused request.
type Answer struct {
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers"`
	Body    json.RawMessage     `json:"body"`
}

// render is the answer as it goes over the wire.
func render(refused *mcpauth.Challenge) *Answer {
	r := &recorder{header: http.Header{}}
	mcpauth.WriteChallenge(r, refused)
	a := &Answer{Status: r.status, Headers: map[string][]string{}, Body: r.body.Bytes()}
	// As the specifications spell it, not as net/http does.
	if values := r.header.Values("WWW-Authenticate"); len(values) > 0 {
		a.Headers["WWW-Authenticate"] = values
	}
	return a
}

// recorder keeps a response.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
func (r *recorder) WriteHeader(status int)      { r.status = status }
