// Package trial tries a policy: it decides on operations as a server with the
// policy would, without a network.
package trial

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/policy/policyfile"
)

// Identifier is the usual identifier of the server that trials are made at.
const Identifier = "https://mcp.example.com/mcp"

// issuer is the issuer of the tokens. It is never asked.
const issuer = "https://auth.example.com"

// Trial is a resource with a policy whose callers have the tokens they say.
type Trial struct {
	auth       *mcpauth.Auth
	rules      *policy.Evaluator
	identifier string
	token      *mcpauth.Claims
}

// New returns a trial of the policy in a file, for a server with an identifier.
// Close it after use.
func New(f *policyfile.File, identifier string) (*Trial, error) {
	t := &Trial{identifier: identifier}
	r := mcpauth.Resource{
		Identifier: identifier,
		AuthorizationServers: []mcpauth.AuthorizationServer{{
			Issuer:   issuer,
			Verifier: mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) { return t.token, nil }),
		}},
	}
	f.Apply(&r)
	var err error
	if t.rules, err = policy.Compile(&f.Policy, f.ScopeIncludes); err != nil {
		return nil, err
	}
	if t.auth, err = mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{r}}); err != nil {
		return nil, err
	}
	return t, nil
}

// Close ends the trial. It cannot fail: nothing is fetched.
func (t *Trial) Close() { _ = t.auth.Close() }

// Warnings returns the warnings of the policy, with the places in its file.
func (t *Trial) Warnings() (found []Warning) {
	for _, w := range t.auth.Warnings() {
		rule := placeInFile(strings.TrimPrefix(w.Field, "Resources[0].Policy."))
		found = append(found, Warning{rule, w.Value, w.Text()})
	}
	return found
}

// placeInFile is what a policy file calls the place of a rule in a
// [policy.Policy], such as Tools["ping"].
func placeInFile(place string) string {
	field, key, keyed := strings.Cut(place, "[")
	if keyed {
		key = "[" + key
	}
	return strings.ToLower(field) + key
}

// Try has an operation decided on, for the caller that sends a token. Nil is no
// token.
func (t *Trial) Try(ctx context.Context, op policy.Operation, token *mcpauth.Claims) (*Verdict, error) {
	body, err := message(op)
	if err != nil {
		return nil, err
	}
	req := mcpauth.Request{
		Method: http.MethodPost, URL: t.identifier, Header: http.Header{"Content-Type": {"application/json"}},
		Body: func(int64) ([]byte, error) { return body, nil },
	}
	if token != nil {
		bearer := *token
		bearer.Issuer, bearer.Audience, bearer.ExpiresAt = issuer, []string{t.identifier}, time.Now().Add(time.Hour)
		t.token = &bearer
		req.Header.Set("Authorization", "Bearer trial")
	}
	v := &Verdict{Rule: NewRule(t.rules.RuleFor(op))}
	for _, w := range t.Warnings() {
		if w.Rule == v.Rule.place() {
			v.Warnings = append(v.Warnings, w)
		}
	}
	_, err = t.auth.Authorize(ctx, req)
	var refused *mcpauth.Challenge
	if !errors.As(err, &refused) {
		v.Allowed = err == nil
		return v, err
	}
	v.Reason = string(refused.Reason)
	if cause := errors.Unwrap(refused); cause != nil {
		v.Cause, v.UnknownCheck = cause.Error(), errors.Is(cause, policyfile.ErrUnknownCheck)
	}
	v.Answer = render(refused)
	v.Malformed = v.Answer.Status == http.StatusBadRequest || v.Answer.Status == http.StatusRequestEntityTooLarge
	return v, nil
}
