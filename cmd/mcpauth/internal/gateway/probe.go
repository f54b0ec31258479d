package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/gateway"
)

const (
	probeTimeout  = 10 * time.Second
	maxProbe      = 1 << 20 // bytes of an answer
	modernVersion = "2026-07-28"
)

// The messages of a probe. The server answers the first of them that it knows.
const (
	discover   = `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcpauth","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcpauth","version":"1"}}}`
)

var errRefusesProbe = errors.New("it wants a credential of the gateway, or refuses this one")

// prober asks an MCP server what it is.
type prober struct {
	client     *http.Client
	upstream   gatewayfile.UpstreamSettings
	credential gateway.Credential
}

// probe asks an MCP server which transport and which revisions it speaks, as the
// gateway will. It returns what there is to say, or what is wrong. A command that is
// started for that says more in the log.
func probe(ctx context.Context, s gatewayfile.UpstreamSettings, credential gateway.Credential, log *slog.Logger) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	p := &prober{upstream: s, credential: credential, client: &http.Client{
		Transport:     &http.Transport{TLSClientConfig: s.TLS.Clone(), DisableKeepAlives: true, DisableCompression: true, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if s.Stdio {
		server, err := s.Open(log)
		if err != nil {
			return "", err
		}
		defer server.Close()
		p.upstream.URL, p.client.Transport = "http://stdio/", inProcess{server}
	}
	if s.SSE {
		return p.stream(ctx)
	}
	if _, status, err := p.post(ctx, discover, "server/discover", modernVersion); err != nil {
		return "", err
	} else if status == http.StatusOK {
		return p.modern(ctx)
	}
	response, status, err := p.post(ctx, initialize, "", "")
	if err != nil {
		return "", err
	}
	p.endSession(ctx, response.Header.Get("Mcp-Session-Id"))
	if status != http.StatusOK {
		return "", fmt.Errorf("it answered %d to initialize: is this the URL of an MCP server?", status)
	}
	return "the MCP server answers initialize", nil
}

// modern looks whether a server holds headers to bodies, as it must.
func (p *prober) modern(ctx context.Context) (string, error) {
	_, status, err := p.post(ctx, discover, "tools/list", modernVersion)
	if err != nil {
		return "", err
	}
	if status != http.StatusBadRequest {
		return fmt.Sprintf("the MCP server answers server/discover. It answered %d to a header Mcp-Method that differs from the body, and must answer 400; the gateway refuses such requests itself", status), nil
	}
	return "the MCP server answers server/discover", nil
}

// post sends a message and reads the answer.
func (p *prober) post(ctx context.Context, message, method, version string) (*http.Response, int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.upstream.URL, strings.NewReader(message))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if version != "" {
		r.Header.Set("MCP-Protocol-Version", version)
		r.Header.Set("Mcp-Method", method)
	}
	response, err := p.do(r)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(firstEvent(response), maxProbe))
	return response, response.StatusCode, err
}

// firstEvent is the body of a response, up to its first event.
func firstEvent(r *http.Response) io.Reader {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream") {
		return r.Body
	}
	line, err := bufio.NewReader(io.LimitReader(r.Body, maxProbe)).ReadString('\n')
	if err != nil {
		return r.Body
	}
	return strings.NewReader(line)
}

// do sends a request, and says what is wrong with an answer that the gateway would
// not pass on.
func (p *prober) do(r *http.Request) (*http.Response, error) {
	if p.credential != nil {
		if err := p.credential.Apply(r.Context(), nil, r.Header); err != nil {
			return nil, err
		}
	}
	response, err := p.client.Do(r)
	if err != nil {
		return nil, withoutURL(err)
	}
	switch status := response.StatusCode; {
	case status >= 300 && status < 400:
		err = p.redirected(response)
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		err = fmt.Errorf("it answered %d: %w", status, errRefusesProbe)
	case status == http.StatusNotFound && r.Method != http.MethodDelete:
		err = errors.New("it answered 404: is the path right?")
	case status >= http.StatusInternalServerError:
		err = fmt.Errorf("it answered %d", status)
	}
	if err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

// redirected names the URL to set.
func (p *prober) redirected(r *http.Response) error {
	target, err := r.Location()
	if err != nil {
		return fmt.Errorf("the upstream answered %d without a URL", r.StatusCode)
	}
	own, err := url.Parse(p.upstream.URL)
	if err == nil && own.Scheme == target.Scheme && own.Host == target.Host {
		return fmt.Errorf("the upstream answered %d to %s, set url: %s", r.StatusCode, target.RequestURI(), target)
	}
	return fmt.Errorf("the upstream answered %d to another server, and redirects are not followed: %s", r.StatusCode, target)
}

// withoutURL takes the URL out of an error, which the place in the file has.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// endSession ends the session that initialize has opened. Servers need not allow it.
func (p *prober) endSession(ctx context.Context, id string) {
	if id == "" {
		return
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, p.upstream.URL, nil)
	if err != nil {
		return
	}
	r.Header.Set("Mcp-Session-Id", id)
	if response, err := p.do(r); err == nil {
		response.Body.Close()
	}
}

// stream opens a stream of HTTP+SSE.
func (p *prober) stream(ctx context.Context) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.upstream.URL, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Accept", "text/event-stream")
	response, err := p.do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(io.LimitReader(response.Body, maxProbe))
	for lines.Scan() {
		if strings.TrimSpace(strings.TrimPrefix(lines.Text(), "event:")) == "endpoint" {
			return "the MCP server opens a stream of HTTP+SSE", nil
		}
	}
	return "", fmt.Errorf("it answered %d, and no event endpoint: is this the URL of its stream?", response.StatusCode)
}
