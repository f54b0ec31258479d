package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/untrusted"
	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/jsonx"
)

const maxClientID = 4096

// ValidClientID reports whether id is a client identifier (RFC 6749 appendix
// A.1).
func ValidClientID(id string) bool {
	return id != "" && len(id) <= maxClientID && untrusted.Printable(id)
}

// ClientMetadata is what a client sends to register (RFC 7591 §2, OpenID Connect
// Dynamic Client Registration §2 for application_type).
//
// It has no scope at first: servers take it for the most the client may ever
// request, and would refuse a step-up.
type ClientMetadata struct {
	ClientName              string   `json:"client_name"`
	ClientURI               string   `json:"client_uri,omitempty"`
	LogoURI                 string   `json:"logo_uri,omitempty"`
	SoftwareID              string   `json:"software_id,omitempty"`
	SoftwareVersion         string   `json:"software_version,omitempty"`
	RedirectURIs            []string `json:"redirect_uris"`
	GrantTypes              []string `json:"grant_types"`
	ResponseTypes           []string `json:"response_types"`
	TokenEndpointAuthMethod string   `json:"token_endpoint_auth_method"`
	ApplicationType         string   `json:"application_type"`
	Scope                   string   `json:"scope,omitempty"`
}

// Registered is the answer to a registration (RFC 7591 §3.2.1). What the server
// made of the request counts, not what was asked for.
type Registered struct {
	ClientID string
	Secret   string
	// Method is how the client authenticates, empty if the server does not say.
	Method       string
	RedirectURIs []string
	// SecretExpiresAt is when the secret expires, zero if never.
	SecretExpiresAt time.Time
}

var (
	errClientID     = errors.New("client_id is missing or not printable")
	errClientSecret = errors.New("client_secret is not printable")
)

// Register registers a client (RFC 7591). The error is a [*clienterr.TokenError]
// if the server refuses, a [*clienterr.AnswerError] if its answer cannot be used.
func (c *Client) Register(ctx context.Context, endpoint string, about ClientMetadata) (*Registered, error) {
	body, err := json.Marshal(about)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	resp, err := c.send(ctx, endpoint, header, body)
	if err != nil {
		return nil, err
	}
	// RFC 7591 §3.2.1 demands 201; some servers answer with 200.
	if !isSuccess(resp.Status) {
		return nil, (&Request{URL: endpoint}).refusal(resp)
	}
	answer, err := parseRegistered(resp.Body)
	if err != nil {
		return nil, &clienterr.AnswerError{Endpoint: urls.WithoutQuery(endpoint), Reason: err.Error()}
	}
	return answer, nil
}

func parseRegistered(body []byte) (*Registered, error) {
	r := &Registered{}
	err := readMembers(body, r.member)
	switch {
	case err != nil:
		return nil, err
	case !ValidClientID(r.ClientID):
		return nil, errClientID
	case len(r.Secret) > maxToken || !untrusted.Printable(r.Secret):
		return nil, errClientSecret
	}
	return r, nil
}

func (r *Registered) member(name string, raw []byte) error {
	ok, want := true, "a string"
	switch name {
	case "client_id":
		r.ClientID, ok = jsonx.String(raw)
	case "client_secret":
		r.Secret, ok = jsonx.String(raw)
	case "token_endpoint_auth_method":
		r.Method, ok = jsonx.String(raw)
	case "redirect_uris":
		want = "a list of strings"
		r.RedirectURIs, ok = jsonx.Strings(raw)
	case "client_secret_expires_at":
		want = "a number of seconds"
		r.SecretExpiresAt, ok = expiry(raw)
	}
	if !ok {
		return fmt.Errorf("%s is not %s", name, want)
	}
	return nil
}

// expiry reads when a secret expires, zero if never: seconds since 1970, and
// what some servers send instead, the same in quotes or a date (RFC 3339).
func expiry(raw []byte) (time.Time, bool) {
	at, ok := jsonx.NumericDate(raw)
	if text, quoted := jsonx.String(raw); quoted {
		if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
			at, ok = jsonx.NumericDate(strconv.AppendInt(nil, seconds, 10))
		} else if date, err := time.Parse(time.RFC3339, text); err == nil {
			at, ok = date, true
		}
	}
	if ok && at.Unix() == 0 { // never
		at = time.Time{}
	}
	return at, ok
}
