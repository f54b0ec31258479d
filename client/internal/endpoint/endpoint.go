// Package endpoint sends requests to the endpoints of an authorization server:
// token, revocation and client registration. It authenticates the client,
// proves possession of DPoP keys and reads the answers strictly.
package endpoint

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/proof"
	"github.com/mcp-auth/go/client/internal/untrusted"
	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/fetch"
)

// The grant types of token requests.
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	GrantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// Client sends requests to authorization servers. It is safe for concurrent
// use. Make one with [New].
type Client struct {
	fetch         *fetch.Client
	allowLoopback bool
	now           func() time.Time
	nonces        proof.Nonces
}

// New returns a client. It reaches endpoints on loopback if allowLoopback.
func New(f *fetch.Client, allowLoopback bool, now func() time.Time) *Client {
	return &Client{fetch: f, allowLoopback: allowLoopback, now: now}
}

// Request is a request to the token or revocation endpoint.
type Request struct {
	URL      string
	Issuer   string
	Form     url.Values
	Identity Identity
	// Key makes DPoP proofs. Nil means that no proof is sent.
	Key *proof.Key
	// Secrets must not occur in an error, in addition to the client's secret.
	Secrets []string
}

// Token requests an access token. The error is a [*clienterr.TokenError] if the
// server refuses, be it in an answer of success, a [*clienterr.AnswerError] if
// its answer cannot be used.
func (c *Client) Token(ctx context.Context, r Request) (*Token, error) {
	resp, err := c.post(ctx, r)
	if err != nil {
		return nil, err
	}
	// RFC 6749 §5.1 demands 200; some servers answer with 201.
	if !isSuccess(resp.Status) || refusesWithSuccess(resp.Body) {
		return nil, r.refusal(resp)
	}
	answer, err := parseToken(resp.Body)
	if err != nil {
		return nil, &clienterr.AnswerError{Endpoint: urls.WithoutQuery(r.URL), Reason: err.Error()}
	}
	return answer, nil
}

// Revoke revokes a token (RFC 7009). The error is a [*clienterr.TokenError] if
// the server refuses.
func (c *Client) Revoke(ctx context.Context, r Request) error {
	resp, err := c.post(ctx, r)
	if err != nil {
		return err
	}
	if !isSuccess(resp.Status) {
		return r.refusal(resp)
	}
	return nil
}

func isSuccess(status int) bool {
	return status >= http.StatusOK && status < http.StatusMultipleChoices
}

// post sends the form, with client authentication and, if there is a key, a
// proof of its possession. It repeats the request once if the server asks for a
// nonce (RFC 9449 §8).
func (c *Client) post(ctx context.Context, r Request) (*fetch.Response, error) {
	for try := 0; ; try++ {
		resp, err := c.postOnce(ctx, r)
		if err != nil || try > 0 || r.Key == nil || !demandsNonce(resp) {
			return resp, err
		}
	}
}

func (c *Client) postOnce(ctx context.Context, r Request) (*fetch.Response, error) {
	form := maps.Clone(r.Form)
	header := http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
		"Accept":       {"application/json"},
	}
	if err := r.Identity.authenticate(form, header, r.Issuer, c.now()); err != nil {
		return nil, err
	}
	if r.Key != nil {
		signed, err := r.Key.Sign(proof.Request{Method: http.MethodPost, URL: r.URL, Nonce: c.nonces.Get(r.URL)}, c.now())
		if err != nil {
			return nil, err
		}
		header.Set("DPoP", signed)
	}
	resp, err := c.send(ctx, r.URL, header, []byte(form.Encode()))
	if err == nil {
		c.nonces.Learn(r.URL, resp.Header)
	}
	return resp, err
}

func (c *Client) send(ctx context.Context, endpoint string, header http.Header, body []byte) (*fetch.Response, error) {
	return c.fetch.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: endpoint, Header: header, Body: body, AllowLoopback: c.allowLoopback,
	})
}

func demandsNonce(resp *fetch.Response) bool {
	if resp.Status != http.StatusBadRequest && resp.Status != http.StatusUnauthorized {
		return false
	}
	return resp.Header.Get("DPoP-Nonce") != "" && readRefusal(resp.Body).code == "use_dpop_nonce"
}

// refusal returns the error of an answer whose status is not success.
func (r *Request) refusal(resp *fetch.Response) *clienterr.TokenError {
	body := readRefusal(resp.Body)
	secrets := append([]string{r.Identity.Secret}, r.Secrets...)
	return &clienterr.TokenError{
		Endpoint:    urls.WithoutQuery(r.URL),
		Status:      resp.Status,
		Code:        untrusted.Text(body.code, untrusted.MaxCode, secrets...),
		Description: untrusted.Text(body.description, untrusted.MaxDescription, secrets...),
	}
}
