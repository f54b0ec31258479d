package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/challenge"
)

const (
	// maxReplay is how large a request body may be to be sent again after a
	// challenge. A larger one is sent once.
	maxReplay = 8 << 20
	// maxDrain is how much of a refusal is read, to use its connection again.
	maxDrain = 64 << 10
	// maxSends bounds how often one request is sent, whatever is answered.
	maxSends = 6
)

// Transport returns a round tripper over base (nil: a copy of
// [http.DefaultTransport]) that sends requests for [Client.ServerURL] with an
// access token and answers challenges: 401 by refreshing the token or having
// the user log in, 403 with insufficient scope by asking for the scopes that
// are missing, each once for a request. Other requests pass without a token.
//
// If a token cannot be obtained, the error is of one of the types of this
// package or of package metadata. If a new token does not help, the server's
// refusal is returned as a response.
func (c *Client) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		if standard, ok := http.DefaultTransport.(*http.Transport); ok {
			base = standard.Clone()
		} else {
			base = http.DefaultTransport
		}
	}
	return &transport{c, base}
}

type transport struct {
	client *Client
	base   http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !sameEndpoint(r.URL, t.client.serverURL) {
		return t.base.RoundTrip(r)
	}
	body, err := rewind(r)
	if err != nil {
		return nil, err
	}
	op := &operation{client: t.client}
	for sends := 1; ; sends++ {
		token, err := t.client.usable(r.Context())
		if err != nil {
			return nil, errors.Join(err, body.close())
		}
		resp, err := t.send(r, body, token)
		if err != nil || sends == maxSends || !body.again() {
			return resp, err
		}
		again, err := op.answered(r.Context(), resp, token)
		if err != nil {
			drain(resp)
			return nil, err
		}
		if !again {
			return resp, nil
		}
		drain(resp)
	}
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (t *transport) CloseIdleConnections() {
	if closer, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// send sends a copy of the request with the client's token and no other.
func (t *transport) send(r *http.Request, body *replay, token *tokenRecord) (*http.Response, error) {
	sent := r.Clone(r.Context())
	if err := body.attach(sent); err != nil {
		return nil, err
	}
	if err := t.client.authorize(sent, token); err != nil {
		return nil, errors.Join(err, body.close())
	}
	resp, err := t.base.RoundTrip(sent)
	if err == nil {
		t.client.serverNonces.learn(t.client.config.ServerURL, resp.Header)
	}
	return resp, err
}

// authorize puts the token, and the proof of possession that it needs, into the
// header.
func (c *Client) authorize(r *http.Request, token *tokenRecord) error {
	r.Header.Del("Authorization")
	r.Header.Del("DPoP")
	if token == nil {
		return nil
	}
	r.Header.Set("Authorization", token.TokenType+" "+token.AccessToken)
	if token.TokenType != schemeDPoP {
		return nil
	}
	target := *r.URL
	target.RawQuery, target.ForceQuery, target.Fragment, target.RawFragment = "", false, "", ""
	proof, err := token.key.proof(r.Method, target.String(), token.AccessToken, c.serverNonces.get(c.config.ServerURL), c.now())
	if err != nil {
		return err
	}
	r.Header.Set("DPoP", proof)
	return nil
}

// replay is a request's body, to be sent several times.
type replay struct {
	original io.ReadCloser
	open     func() (io.ReadCloser, error) // nil: once only
}

// rewind makes a body replayable, by keeping it in memory if need be.
func rewind(r *http.Request) (*replay, error) {
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return &replay{open: func() (io.ReadCloser, error) { return r.Body, nil }}, nil
	case r.GetBody != nil:
		return &replay{original: r.Body, open: r.GetBody}, nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, maxReplay+1))
	if err != nil {
		return nil, errors.Join(err, r.Body.Close())
	}
	if len(head) > maxReplay {
		return &replay{original: struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}}, nil
	}
	return &replay{original: r.Body, open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(head)), nil
	}}, nil
}

// again reports whether the body can be sent once more.
func (b *replay) again() bool { return b.open != nil }

// attach gives a request its body. The caller's own is closed as soon as it is
// not needed: a round tripper must (see [http.RoundTripper]).
func (b *replay) attach(r *http.Request) (err error) {
	if b.open == nil {
		r.Body, b.original = b.original, nil
		return nil
	}
	if r.Body, err = b.open(); err != nil {
		return err
	}
	return b.close()
}

func (b *replay) close() error {
	if b.original == nil {
		return nil
	}
	err := b.original.Close()
	b.original = nil
	return err
}

func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrain) // what is not read costs a connection
	_ = resp.Body.Close()
}

// challenged is what a refusal asks for.
type challenged struct {
	status      int
	metadataURL string
	named       bool // metadata are named, be it in a way that cannot be read
	scopes      []string
	code        string
	dpop        bool // the server knows DPoP
	nonce       bool // it only wants another nonce
}

// readChallenge reads the WWW-Authenticate headers of a refusal. One with a
// fault counts as not sent.
func readChallenge(status int, header http.Header) challenged {
	sent := header.Values("WWW-Authenticate")
	asked := challenged{status: status, named: slices.ContainsFunc(sent, namesMetadata)}
	all, _ := challenge.Parse(sent)
	for _, one := range all {
		isDPoP := one.Is(schemeDPoP)
		if !isDPoP && !one.Is(schemeBearer) {
			continue
		}
		asked.dpop = asked.dpop || isDPoP
		if asked.metadataURL == "" {
			asked.metadataURL = one.Params["resource_metadata"]
		}
		if len(asked.scopes) == 0 {
			asked.scopes = strings.Fields(one.Params["scope"])
		}
		if asked.code == "" {
			asked.code = one.Params["error"]
		}
		if isDPoP && one.Params["error"] == "use_dpop_nonce" && header.Get("DPoP-Nonce") != "" {
			asked.nonce = true
		}
	}
	asked.scopes = slices.DeleteFunc(asked.scopes, func(s string) bool { return !challenge.ValidScope(s) })
	return asked
}

func namesMetadata(header string) bool {
	return strings.Contains(strings.ToLower(header), "resource_metadata")
}

// operation is one request on its way through challenges. Each remedy is tried
// once, so it ends.
type operation struct {
	client                               *Client
	nonced, refreshed, obtained, stepped bool
}

// answered decides about a response: whether the request should be sent again.
func (op *operation) answered(ctx context.Context, resp *http.Response, sent *tokenRecord) (again bool, err error) {
	if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusForbidden {
		return false, nil
	}
	asked := readChallenge(resp.StatusCode, resp.Header)
	if asked.nonce && sent != nil && sent.TokenType == schemeDPoP {
		again, op.nonced = !op.nonced, true
		return again, nil
	}
	if asked.status == http.StatusForbidden && !asked.wantsScope() {
		return false, nil
	}
	return op.client.answer(ctx, op, asked, sent)
}

// wantsScope reports whether a 403 is about scopes. Some servers leave out the
// error code and name the scopes all the same.
func (a *challenged) wantsScope() bool {
	return a.code == "insufficient_scope" || a.code == "" && len(a.scopes) > 0
}

// answer gets another token than the one that was refused. Requests that were
// refused together wait for one attempt and share what comes of it.
func (c *Client) answer(ctx context.Context, op *operation, asked challenged, sent *tokenRecord) (again bool, err error) {
	c.mu.Lock()
	attempts := c.attempts
	c.mu.Unlock()
	done, err := c.takeTurn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	if err := c.reload(ctx); err != nil {
		return false, err
	}
	c.mu.Lock()
	current, since, failure := c.current, c.attempts != attempts, c.failure
	c.mu.Unlock()
	if current != nil && current.AccessToken != "" && !c.expired(current) && !sameToken(current, sent) {
		return true, nil // somebody was faster
	}
	if since && failure != nil && !isContext(failure) {
		return false, failure
	}
	remedy := op.remedy(asked, current)
	if remedy == nil {
		return false, nil
	}
	token, err := remedy(ctx, c, asked, current)
	if errors.Is(err, errNoRefresh) {
		op.obtained = true
		token, err = obtainToken(ctx, c, asked, current)
	}
	c.mu.Lock()
	c.attempts, c.failure = c.attempts+1, err
	c.mu.Unlock()
	return token != nil, err
}

func sameToken(a, b *tokenRecord) bool { return b != nil && a.AccessToken == b.AccessToken }

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

type remedy func(ctx context.Context, c *Client, asked challenged, current *tokenRecord) (*tokenRecord, error)

// remedy chooses what to do, nil if nothing is left to try. A token that was
// already asked for with the scopes in question is not asked for again: the
// answer would be the same.
func (op *operation) remedy(asked challenged, current *tokenRecord) remedy {
	more := current != nil && !covers(current.Requested, asked.scopes)
	switch {
	case asked.status == http.StatusForbidden && (current == nil || !more || op.stepped):
		return nil
	case asked.status == http.StatusForbidden, more && !op.stepped:
		op.stepped = true
		return obtainToken
	case current != nil && current.RefreshToken != "" && !op.refreshed && !op.obtained:
		op.refreshed = true
		return refreshToken
	case !op.obtained:
		op.obtained = true
		return obtainToken
	}
	return nil
}

func obtainToken(ctx context.Context, c *Client, asked challenged, _ *tokenRecord) (*tokenRecord, error) {
	return c.obtain(ctx, asked)
}

var errNoRefresh = errors.New("the token cannot be refreshed")

// refreshToken refreshes a token that the server refused, unless the server has
// moved to another authorization server: then that one must be asked.
func refreshToken(ctx context.Context, c *Client, asked challenged, current *tokenRecord) (*tokenRecord, error) {
	found, err := c.source(ctx, asked)
	if err != nil {
		return nil, err
	}
	if found.document.Resource != current.Resource || !slices.Contains(found.document.AuthorizationServers, current.Issuer) {
		return nil, errNoRefresh
	}
	token, err := c.refresh(ctx, current, found.finding)
	if err == nil && token == nil {
		return nil, errNoRefresh
	}
	return token, err
}
