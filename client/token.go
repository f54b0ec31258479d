package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jsonx"
)

const (
	grantAuthorizationCode = "authorization_code"
	grantRefreshToken      = "refresh_token"
	grantClientCredentials = "client_credentials"
	grantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"

	maxToken  = 64 << 10
	maxURL    = 4096
	maxDepth  = 32
	maxExpiry = 10 * 365 * 24 * time.Hour
)

// exchange is one request to an endpoint of an authorization server.
type exchange struct {
	endpoint string
	issuer   string
	form     url.Values
	identity identity
	key      *proofKey // nil: no DPoP
	secrets  []string  // what an error must not repeat, beside the identity's
}

// post sends the form, with client authentication and, if there is a key, a
// proof of its possession. A demand for a nonce is met once (RFC 9449 §8).
func (c *Client) post(ctx context.Context, x exchange) (*fetch.Response, error) {
	for try := 0; ; try++ {
		resp, err := c.postOnce(ctx, x)
		if err != nil || try > 0 || x.key == nil || !demandsNonce(resp) {
			return resp, err
		}
	}
}

func (c *Client) postOnce(ctx context.Context, x exchange) (*fetch.Response, error) {
	form := url.Values{}
	for name, values := range x.form {
		form[name] = values
	}
	header := http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
		"Accept":       {"application/json"},
	}
	if err := x.identity.authenticate(form, header, x.issuer, c.now()); err != nil {
		return nil, err
	}
	if x.key != nil {
		proof, err := x.key.proof(http.MethodPost, x.endpoint, "", c.nonces.get(x.endpoint), c.now())
		if err != nil {
			return nil, err
		}
		header.Set("DPoP", proof)
	}
	resp, err := c.fetch.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: x.endpoint, Header: header, Body: []byte(form.Encode()),
		AllowLoopback: c.mayLoopback(x.endpoint),
	})
	if err == nil {
		c.nonces.learn(x.endpoint, resp.Header)
	}
	return resp, err
}

func demandsNonce(resp *fetch.Response) bool {
	if resp.Status != http.StatusBadRequest && resp.Status != http.StatusUnauthorized {
		return false
	}
	return resp.Header.Get("DPoP-Nonce") != "" && readRefusal(resp.Body).code == "use_dpop_nonce"
}

// token asks a token endpoint for an access token.
func (c *Client) token(ctx context.Context, x exchange) (*tokenResponse, error) {
	resp, err := c.post(ctx, x)
	if err != nil {
		return nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, refusal(x, resp)
	}
	answer, err := parseTokenResponse(resp.Body)
	if err != nil {
		return nil, &AnswerError{Endpoint: withoutQuery(x.endpoint), Reason: err.Error()}
	}
	return answer, nil
}

// refusal makes an error of an answer with another status than success.
func refusal(x exchange, resp *fetch.Response) *TokenError {
	r := readRefusal(resp.Body)
	secrets := append([]string{x.identity.secret}, x.secrets...)
	return &TokenError{
		Endpoint:    withoutQuery(x.endpoint),
		Status:      resp.Status,
		Code:        shown(r.code, maxErrorCode, secrets...),
		Description: shown(r.description, maxErrorDescription, secrets...),
	}
}

type refusalBody struct{ code, description string }

// readRefusal reads an error answer. A body of another kind has no code.
func readRefusal(body []byte) refusalBody {
	var r refusalBody
	err := jsonx.Object(body, maxDepth, func(name string, raw []byte) error {
		switch name {
		case "error":
			r.code, _ = jsonx.String(raw)
		case "error_description":
			r.description, _ = jsonx.String(raw)
		}
		return nil
	})
	if err != nil {
		return refusalBody{}
	}
	return r
}

// tokenResponse is a successful answer of a token endpoint (RFC 6749 §5.1).
type tokenResponse struct {
	accessToken  string
	tokenType    string
	refreshToken string
	issuedType   string // RFC 8693
	lifetime     time.Duration
	hasLifetime  bool
	scope        []string
	hasScope     bool
}

var (
	errNotJSON     = errors.New("not an acceptable JSON object")
	errAccessToken = errors.New("access_token is missing or cannot be sent in a header")
	errTokenType   = errors.New("token_type is missing or unknown")
	errLifetime    = errors.New("expires_in is no sensible number of seconds")
	errRefresh     = errors.New("refresh_token is not printable or too long")
	errScope       = errors.New("scope is no list of scope tokens")
)

// readMembers reads an answer that must be a JSON object. The faults of all its
// members are joined.
func readMembers(body []byte, member func(name string, raw []byte) error) error {
	var faults error
	err := jsonx.Object(body, maxDepth, func(name string, raw []byte) error {
		faults = errors.Join(faults, member(name, raw))
		return nil
	})
	if err != nil {
		return errNotJSON
	}
	return faults
}

// parseTokenResponse reads a token response. Members that are not of their type
// are errors: a token whose lifetime or scope is guessed is worse than none.
func parseTokenResponse(body []byte) (*tokenResponse, error) {
	r := &tokenResponse{}
	err := readMembers(body, r.member)
	switch {
	case err != nil:
		return nil, err
	case !challenge.ValidToken68(r.accessToken) || len(r.accessToken) > maxToken:
		return nil, errAccessToken
	case r.tokenType == "":
		return nil, errTokenType
	}
	return r, nil
}

func (r *tokenResponse) member(name string, raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	ok := true
	switch name {
	case "access_token":
		if r.accessToken, ok = jsonx.String(raw); !ok {
			return errAccessToken
		}
	case "token_type":
		if r.tokenType, ok = jsonx.String(raw); !ok || !printable(r.tokenType) {
			return errTokenType
		}
	case "issued_token_type":
		if r.issuedType, ok = jsonx.String(raw); !ok {
			return errTokenType
		}
	case "refresh_token":
		r.refreshToken, ok = jsonx.String(raw)
		if !ok || len(r.refreshToken) > maxToken || !printable(r.refreshToken) {
			return errRefresh
		}
	case "expires_in":
		return r.readLifetime(raw)
	case "scope":
		return r.readScope(raw)
	}
	return nil
}

// readLifetime takes a number, and one in quotes, which some servers send.
func (r *tokenResponse) readLifetime(raw []byte) error {
	text := string(raw)
	if quoted, ok := jsonx.String(raw); ok {
		text = quoted
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0) || seconds > maxExpiry.Seconds() {
		return errLifetime
	}
	r.lifetime, r.hasLifetime = time.Duration(seconds*float64(time.Second)), true
	return nil
}

func (r *tokenResponse) readScope(raw []byte) error {
	text, ok := jsonx.String(raw)
	if !ok {
		return errScope
	}
	r.scope, r.hasScope = strings.Fields(text), true
	for _, scope := range r.scope {
		if !challenge.ValidScope(scope) {
			return errScope
		}
	}
	return nil
}

// withoutQuery is a URL as an error may show it.
func withoutQuery(raw string) string {
	shown, _, _ := strings.Cut(raw, "?")
	return shown
}
