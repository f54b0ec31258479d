package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/policy/policyfile"
)

// trialIdentifier is the server that trials are made at.
const trialIdentifier = "https://mcp.example.com/mcp"

// trialIssuer says what the token's claims are. It is asked nothing.
const trialIssuer = "https://auth.example.com"

// trial is a resource with a policy whose callers have the tokens they say.
type trial struct {
	auth       *mcpauth.Auth
	rules      *policy.Evaluator
	identifier string
	token      *mcpauth.Claims
}

func newTrial(f *policyfile.File, identifier string) (*trial, error) {
	t := &trial{identifier: identifier}
	r := mcpauth.Resource{
		Identifier: identifier,
		AuthorizationServers: []mcpauth.AuthorizationServer{{
			Issuer:   trialIssuer,
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

// close cannot fail: nothing is fetched.
func (t *trial) close() { _ = t.auth.Close() }

// warnings are those of the policy, with the places in its file.
func (t *trial) warnings() (found []warning) {
	for _, w := range t.auth.Warnings() {
		rule := policyPlace(strings.TrimPrefix(w.Field, "Resources[0].Policy."))
		found = append(found, warning{rule, w.Value, faultText(w)})
	}
	return found
}

// policyPlace is what a policy file calls the place of a rule in a
// [policy.Policy], such as Tools["ping"].
func policyPlace(place string) string {
	field, key, keyed := strings.Cut(place, "[")
	if keyed {
		key = "[" + key
	}
	return strings.ToLower(field) + key
}

// policyFaults lists the mistakes that package policyfile found, each of which
// begins with the name of the file.
func policyFaults(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok:
		return []error{&shortError{err, "policy: "}}
	}
	var list []error
	for _, one := range joined.Unwrap() {
		list = append(list, &shortError{one, "policy: "})
	}
	return list
}

// shortError is an error without the name of its package.
type shortError struct {
	error
	prefix string
}

func (e *shortError) Error() string { return strings.TrimPrefix(e.error.Error(), e.prefix) }
func (e *shortError) Unwrap() error { return e.error }

// try has an operation decided on. A nil token is none.
func (t *trial) try(ctx context.Context, op policy.Operation, token *mcpauth.Claims) (*verdict, error) {
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
		bearer.Issuer, bearer.Audience, bearer.ExpiresAt = trialIssuer, []string{t.identifier}, time.Now().Add(time.Hour)
		t.token = &bearer
		req.Header.Set("Authorization", "Bearer trial")
	}
	v := &verdict{Rule: newRuleFacts(t.rules.RuleFor(op)), caller: describeCaller(token)}
	for _, w := range t.warnings() {
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
		v.Cause, v.unknownCheck = cause.Error(), errors.Is(cause, policyfile.ErrUnknownCheck)
	}
	v.Answer = render(refused)
	v.Malformed = v.Answer.Status == http.StatusBadRequest || v.Answer.Status == http.StatusRequestEntityTooLarge
	return v, nil
}

// message is the request of a client for the operation.
func message(op policy.Operation) ([]byte, error) {
	m := struct {
		Version string         `json:"jsonrpc"`
		ID      int            `json:"id,omitempty"`
		Method  string         `json:"method"`
		Params  map[string]any `json:"params,omitempty"`
	}{Version: "2.0", Method: op.Method, Params: paramsOf(op)}
	if !strings.HasPrefix(op.Method, mcpmethod.Notifications) {
		m.ID = 1
	}
	return json.Marshal(m)
}

func paramsOf(op policy.Operation) map[string]any {
	switch mcpmethod.Of(op.Method).Member {
	case mcpmethod.MemberRef:
		ref := map[string]string{"type": "ref/" + op.Ref, "uri": op.Name}
		if op.Ref == mcpmethod.RefPrompt {
			ref = map[string]string{"type": "ref/prompt", "name": op.Name}
		}
		return map[string]any{"ref": ref, "argument": map[string]string{"name": "trial", "value": ""}}
	case mcpmethod.MemberResources:
		if op.Name != "" {
			return map[string]any{"notifications": map[string]any{"resourceSubscriptions": []string{op.Name}}}
		}
	case mcpmethod.MemberTaskID:
		return map[string]any{"taskId": "trial"} // no rule is about one task
	case mcpmethod.MemberURI:
		return map[string]any{"uri": op.Name}
	case mcpmethod.MemberName:
		params := map[string]any{"name": op.Name}
		if op.Arguments != nil {
			params["arguments"] = op.Arguments
		}
		return params
	}
	return nil
}

// render is the answer as it goes over the wire.
func render(refused *mcpauth.Challenge) *answer {
	r := &recorder{header: http.Header{}}
	mcpauth.WriteChallenge(r, refused)
	a := &answer{Status: r.status, Headers: map[string][]string{}, Body: r.body.Bytes()}
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

// faultText returns what is wrong, and why.
func faultText(fault *mcpauth.ConfigError) string {
	text := fault.Fault.Error()
	for _, cause := range fault.Unwrap()[1:] {
		text += ": " + cause.Error()
	}
	return text
}
