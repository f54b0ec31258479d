package selftest

import (
	"net/http"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/demo"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// redirectURI is where a browser would bring the code. Nothing listens
	// there: the user agent of the self-test stops before.
	redirectURI = "http://127.0.0.1/callback"

	otherResource = "https://other-resource.example/mcp"

	initializeRequest = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",` +
		`"capabilities":{},"clientInfo":{"name":"mcpauth-selftest","version":"1.0.0"}}}`
)

// flow is an MCP client on its way through authorization. It holds what one
// step finds out for the next; codes and tokens never leave it but to the
// server they are for.
type flow struct {
	demo      *demo.Demo
	user      demo.User
	fetcher   *fetch.Client
	transport *http.Transport

	metadataURL string
	scopes      []string // those the challenge asks for
	issuer      string   // as the resource's metadata name it
	server      *metadata.AuthorizationServer
	clientID    string
	verifier    string // PKCE
	code        string
	token       string
	session     *mcp.ClientSession
	whoami      *demo.Identity
}

func newFlow(d *demo.Demo) *flow {
	return &flow{
		demo:      d,
		user:      d.Facts.Users[0],
		fetcher:   fetch.New(fetch.Policy{UserAgent: "mcpauth-selftest"}),
		transport: &http.Transport{}, // straight to loopback: no proxy
	}
}

func (f *flow) close() {
	if f.session != nil {
		_ = f.session.Close() // the server ends sessions by itself
	}
	f.transport.CloseIdleConnections()
	f.fetcher.Close()
}
