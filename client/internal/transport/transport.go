// Package transport sends the requests for one MCP server with an access token
// and repeats those that another token may save.
package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/mcp-auth/go/client/internal/proof"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/stepup"
	"github.com/mcp-auth/go/client/internal/urls"
)

const (
	// maxDrain is how much of a refusal is read, to use its connection again.
	maxDrain = 64 << 10
	// drainTime bounds how long that may take: the next request waits for it.
	drainTime = 250 * time.Millisecond
	// maxSends bounds how often one request is sent, whatever is answered.
	maxSends = 6
)

// Tokens gets tokens.
type Tokens interface {
	// Token returns the token to send, nil if there is none.
	Token(ctx context.Context) (*record.Token, error)
	// Answer gets another token if a response is a refusal that a token can
	// change. It reports whether to send the request again.
	Answer(ctx context.Context, tried *stepup.Attempts, resp *http.Response, sent *record.Token) (again bool, err error)
}

// Config configures a [Transport].
type Config struct {
	// Base sends the requests.
	Base http.RoundTripper
	// Name is what the transport is printed as.
	Name string
	// Server is the URL that tokens are for. Other requests pass unchanged.
	Server *url.URL
	Tokens Tokens
	// Nonces are the DPoP nonces of the MCP server. They are its own, even if
	// an authorization server has the same origin (RFC 9449 §9).
	Nonces *proof.Nonces
	Now    func() time.Time
}

// Transport is an [http.RoundTripper].
type Transport struct{ config Config }

// Format does not print tokens, whatever the verb.
func (t *Transport) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "{"+t.config.Name+"}") }

// New returns a transport.
func New(config Config) *Transport { return &Transport{config} }

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !urls.SameEndpoint(r.URL, t.config.Server) {
		return t.config.Base.RoundTrip(r)
	}
	body, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	tried := &stepup.Attempts{}
	for sends := 1; ; sends++ {
		token, err := t.config.Tokens.Token(r.Context())
		if err != nil {
			return nil, errors.Join(err, body.close())
		}
		resp, err := t.send(r, body, token)
		if err != nil || sends == maxSends || !body.replayable() {
			return resp, err
		}
		again, err := t.config.Tokens.Answer(r.Context(), tried, resp, token)
		if err != nil {
			Drain(resp)
			return nil, err
		}
		if !again {
			return resp, nil
		}
		Drain(resp)
	}
}

// CloseIdleConnections makes [http.Client.CloseIdleConnections] reach the base.
func (t *Transport) CloseIdleConnections() {
	if closer, ok := t.config.Base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// send sends a copy of the request with the client's token and no other.
func (t *Transport) send(r *http.Request, body *body, token *record.Token) (*http.Response, error) {
	sent := r.Clone(r.Context())
	if err := body.attach(sent); err != nil {
		return nil, err
	}
	if err := t.authorize(sent, token); err != nil {
		return nil, errors.Join(err, body.close())
	}
	resp, err := t.config.Base.RoundTrip(sent)
	if err == nil {
		t.config.Nonces.Learn(t.config.Server.String(), resp.Header)
	}
	return resp, err
}

// authorize puts the token, and the proof of possession that it needs, into the
// header.
func (t *Transport) authorize(r *http.Request, token *record.Token) error {
	r.Header.Del("Authorization")
	r.Header.Del("DPoP")
	if token == nil {
		return nil
	}
	r.Header.Set("Authorization", token.TokenType+" "+token.AccessToken)
	if token.TokenType != stepup.DPoP {
		return nil
	}
	target := *r.URL
	target.RawQuery, target.ForceQuery, target.Fragment, target.RawFragment = "", false, "", ""
	signed, err := token.Key().Sign(proof.Request{
		Method: r.Method, URL: target.String(), Token: token.AccessToken, Nonce: t.config.Nonces.Get(t.config.Server.String()),
	}, t.config.Now())
	if err != nil {
		return err
	}
	r.Header.Set("DPoP", signed)
	return nil
}

// Drain reads a response that is not needed and closes its body.
func Drain(resp *http.Response) {
	timer := time.AfterFunc(drainTime, func() { _ = resp.Body.Close() })
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrain) // the rest costs only the connection
	_ = resp.Body.Close()
}
