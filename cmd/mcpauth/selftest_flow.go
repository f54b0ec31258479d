package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/mcpauthtest"
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
	demo      *demo
	user      demoUser
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
	whoami      *identity
}

func newFlow(d *demo) *flow {
	return &flow{
		demo:      d,
		user:      d.facts.Users[0],
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

func (f *flow) steps() []step {
	return []step{
		{"challenge", f.challenge},
		{"resource metadata", f.resourceMetadata},
		{"discovery", f.discover},
		{"registration", f.register},
		{"authorization", f.authorize},
		{"token", f.redeem},
		{"initialize", f.initialize},
		{"whoami", f.callWhoami},
		{"todos", f.callTodos},
		{"tampered token", f.refuseTampered},
		{"expired token", f.refuseExpired},
		{"other resource", f.refuseOtherResource},
		{"missing scope", f.refuseMissingScope},
	}
}

// challenge asks without a token (RFC 9728 §5.1, RFC 6750 §3.1).
func (f *flow) challenge(ctx context.Context) (string, error) {
	status, bearer, err := f.knock(ctx, "")
	if err != nil {
		return "", err
	}
	if status != http.StatusUnauthorized {
		return "", fmt.Errorf("status %d without a token, want 401", status)
	}
	if code, ok := bearer.Params["error"]; ok {
		return "", fmt.Errorf("the challenge has the error code %q though no token was sent", code)
	}
	f.metadataURL = bearer.Params["resource_metadata"]
	if f.metadataURL == "" {
		return "", errors.New("the challenge has no resource_metadata")
	}
	f.scopes = strings.Fields(bearer.Params["scope"])
	if len(f.scopes) == 0 {
		return "", errors.New("the challenge has no scope")
	}
	return "401, resource_metadata " + f.metadataURL, nil
}

// resourceMetadata fetches where the challenge points; the document must be
// about the server that was asked (RFC 9728 §3.3).
func (f *flow) resourceMetadata(ctx context.Context) (string, error) {
	response, err := f.fetcher.Do(ctx, fetch.Request{URL: f.metadataURL, AllowLoopback: true})
	if err != nil {
		return "", err
	}
	if response.Status != http.StatusOK {
		return "", fmt.Errorf("status %d, want 200", response.Status)
	}
	document, err := metadata.ParseProtectedResource(response.Body)
	if err != nil {
		return "", err
	}
	if document.Resource != f.demo.facts.MCPURL {
		return "", fmt.Errorf("the document is about %q, want %q", document.Resource, f.demo.facts.MCPURL)
	}
	if !slices.Equal(document.AuthorizationServers, []string{f.demo.facts.AuthorizationServer}) {
		return "", fmt.Errorf("authorization servers %q, want %q", document.AuthorizationServers, f.demo.facts.AuthorizationServer)
	}
	f.issuer = document.AuthorizationServers[0]
	return "resource matches, authorization server " + f.issuer, nil
}

// discover fetches the authorization server's metadata (RFC 8414 §3).
func (f *flow) discover(ctx context.Context) (string, error) {
	server, err := metadata.Discover(ctx, metadata.Source{Issuer: f.issuer})
	if err != nil {
		return "", err
	}
	for _, finding := range server.Validate().Findings {
		if finding.Severity == metadata.Error {
			return "", fmt.Errorf("the metadata is not fit for MCP: %s", finding.Message)
		}
	}
	switch {
	case !slices.Contains(server.CodeChallengeMethodsSupported, "S256"):
		return "", errors.New("PKCE with S256 is not advertised")
	case server.RegistrationEndpoint == "":
		return "", errors.New("there is no registration endpoint")
	case !server.AuthorizationResponseIssParameterSupported:
		return "", errors.New("the iss parameter is not advertised (RFC 9207)")
	}
	f.server = server
	return "issuer matches, PKCE S256, dynamic registration, iss parameter", nil
}

// register registers a public client (RFC 7591 §3).
func (f *flow) register(ctx context.Context) (string, error) {
	body, err := json.Marshal(map[string]any{
		"client_name":                "mcpauth self-test",
		"redirect_uris":              []string{redirectURI},
		"grant_types":                []string{"authorization_code"},
		"response_types":             []string{"code"},
		"token_endpoint_auth_method": "none",
		"application_type":           "native",
	})
	if err != nil {
		return "", err
	}
	var registered struct {
		ClientID string `json:"client_id"`
	}
	err = f.post(ctx, f.server.RegistrationEndpoint, "application/json", body, http.StatusCreated, &registered)
	if err != nil {
		return "", err
	}
	if registered.ClientID == "" {
		return "", errors.New("the answer has no client_id")
	}
	f.clientID = registered.ClientID
	return "client " + f.clientID, nil
}

// authorize lets the user log in and consent on the real pages, and checks
// where the browser is sent to: state, and iss (RFC 9207 §2.4).
func (f *flow) authorize(ctx context.Context) (string, error) {
	f.verifier = rand.Text() + rand.Text() // 52 characters, RFC 7636 §4.1
	sum := sha256.Sum256([]byte(f.verifier))
	state := rand.Text()
	target, err := url.Parse(f.server.AuthorizationEndpoint)
	if err != nil {
		return "", err
	}
	query := target.Query()
	for name, value := range map[string]string{
		"response_type":         "code",
		"client_id":             f.clientID,
		"redirect_uri":          redirectURI,
		"scope":                 strings.Join(f.scopes, " "),
		"resource":              f.demo.facts.MCPURL,
		"state":                 state,
		"code_challenge":        base64.RawURLEncoding.EncodeToString(sum[:]),
		"code_challenge_method": "S256",
	} {
		query.Set(name, value)
	}
	target.RawQuery = query.Encode()
	browser := mcpauthtest.UserAgent{Username: f.user.Username, Password: f.user.Password, Transport: f.transport}
	callback, err := browser.Login(ctx, target.String())
	if err != nil {
		return "", err
	}
	f.code, err = f.checkCallback(callback, state)
	if err != nil {
		return "", err
	}
	return f.user.Username + " logged in and consented, state and iss match", nil
}

// checkCallback returns the code of an authorization response. The error
// holds nothing of it but an OAuth error code.
func (f *flow) checkCallback(callback *url.URL, state string) (string, error) {
	answer := callback.Query()
	switch {
	case !strings.HasPrefix(callback.String(), redirectURI+"?"):
		return "", errors.New("the browser was not sent to the redirect URI")
	case subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(state)) != 1:
		return "", errors.New("the state is not the one that was sent")
	case answer.Get("iss") != f.issuer:
		return "", errors.New("iss is not the issuer that was asked")
	case answer.Get("error") != "":
		return "", fmt.Errorf("the authorization was refused: %q", answer.Get("error"))
	case answer.Get("code") == "":
		return "", errors.New("there is no code")
	}
	return answer.Get("code"), nil
}

// redeem exchanges the code for an access token for this resource (RFC 8707
// §2.2).
func (f *flow) redeem(ctx context.Context) (string, error) {
	form := url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {f.clientID},
		"redirect_uri":  {redirectURI},
		"resource":      {f.demo.facts.MCPURL},
		"code":          {f.code},
		"code_verifier": {f.verifier},
	}
	var granted struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
		Scope       string `json:"scope"`
	}
	err := f.post(ctx, f.server.TokenEndpoint, "application/x-www-form-urlencoded", []byte(form.Encode()), http.StatusOK, &granted)
	if err != nil {
		return "", err
	}
	if granted.AccessToken == "" || !strings.EqualFold(granted.TokenType, "Bearer") {
		return "", errors.New("the answer holds no bearer token")
	}
	f.token = granted.AccessToken
	return fmt.Sprintf("Bearer, expires in %d s, scope %q", granted.ExpiresIn, granted.Scope), nil
}

// initialize opens an MCP session with the official SDK.
func (f *flow) initialize(ctx context.Context) (string, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "mcpauth-selftest", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: f.demo.facts.MCPURL,
		HTTPClient: &http.Client{
			Transport: &bearer{token: f.token, next: f.transport},
			// The token is for this server: it goes nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		MaxRetries:           -1,
		DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		return "", err
	}
	f.session = session
	result := session.InitializeResult()
	if result == nil || result.ServerInfo == nil {
		return "", errors.New("the server did not introduce itself")
	}
	return result.ServerInfo.Name + ", protocol " + result.ProtocolVersion, nil
}

// callWhoami compares what the server knows of the caller with what was asked
// for.
func (f *flow) callWhoami(ctx context.Context) (string, error) {
	var who identity
	if err := f.call(ctx, "whoami", nil, &who); err != nil {
		return "", err
	}
	f.whoami = &who
	switch {
	case who.Issuer != f.issuer:
		return "", fmt.Errorf("issuer %q, want %q", who.Issuer, f.issuer)
	case who.Subject != f.user.Username:
		return "", fmt.Errorf("subject %q, want %q", who.Subject, f.user.Username)
	case who.ClientID != f.clientID:
		return "", fmt.Errorf("client %q, want %q", who.ClientID, f.clientID)
	case !slices.Equal(who.Audience, []string{f.demo.facts.MCPURL}):
		return "", fmt.Errorf("audience %q, want %q", who.Audience, f.demo.facts.MCPURL)
	case !sameSet(who.Scopes, f.scopes):
		return "", fmt.Errorf("scopes %q, want %q", who.Scopes, f.scopes)
	}
	return fmt.Sprintf("subject %s at %s, audience %s", who.Subject, who.Issuer, who.Audience[0]), nil
}

// callTodos adds a todo and finds it in the list.
func (f *flow) callTodos(ctx context.Context) (string, error) {
	var added todo
	if err := f.call(ctx, "add-todo", map[string]any{"text": "read RFC 9728"}, &added); err != nil {
		return "", err
	}
	var list todoList
	if err := f.call(ctx, "list-todos", nil, &list); err != nil {
		return "", err
	}
	if len(list.Todos) != 1 || list.Todos[0].ID != added.ID || list.Todos[0].Text != "read RFC 9728" {
		return "", fmt.Errorf("the list has %d todos, want the one that was added", len(list.Todos))
	}
	return "added one and found it in the list", nil
}

// call calls a tool and decodes its structured result.
func (f *flow) call(ctx context.Context, tool string, arguments map[string]any, into any) error {
	result, err := f.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return err
	}
	if result.IsError {
		return fmt.Errorf("the tool %s failed: %s", tool, toolText(result))
	}
	structured, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return err
	}
	return json.Unmarshal(structured, into)
}

// toolText is the text of a tool's result.
func toolText(result *mcp.CallToolResult) string {
	var texts []string
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			texts = append(texts, text.Text)
		}
	}
	return strings.Join(texts, " ")
}

// refuseTampered changes the subject of the real token and keeps its signature.
func (f *flow) refuseTampered(ctx context.Context) (string, error) {
	tampered, err := tamper(f.token)
	if err != nil {
		return "", err
	}
	return f.expectRefusal(ctx, tampered, http.StatusUnauthorized, "invalid_token")
}

func (f *flow) refuseExpired(ctx context.Context) (string, error) {
	return f.refuseMinted(ctx, f.claims(), http.StatusUnauthorized, "invalid_token", mcpauthtest.Expired())
}

func (f *flow) refuseOtherResource(ctx context.Context) (string, error) {
	claims := f.claims()
	claims.Audience = []string{otherResource}
	return f.refuseMinted(ctx, claims, http.StatusUnauthorized, "invalid_token")
}

func (f *flow) refuseMissingScope(ctx context.Context) (string, error) {
	claims := f.claims()
	claims.Scopes = nil
	return f.refuseMinted(ctx, claims, http.StatusForbidden, "insufficient_scope")
}

// claims are those of a token that would be accepted.
func (f *flow) claims() mcpauthtest.TokenClaims {
	return mcpauthtest.TokenClaims{
		Subject: f.user.Username, ClientID: f.clientID,
		Audience: []string{f.demo.facts.MCPURL}, Scopes: f.scopes,
	}
}

func (f *flow) refuseMinted(ctx context.Context, claims mcpauthtest.TokenClaims, status int, code string, options ...mcpauthtest.TokenOption) (string, error) {
	token, err := f.demo.authorization.Token(claims, options...)
	if err != nil {
		return "", err
	}
	return f.expectRefusal(ctx, token, status, code)
}

// expectRefusal sends a token that must not be accepted.
func (f *flow) expectRefusal(ctx context.Context, token string, status int, code string) (string, error) {
	got, bearer, err := f.knock(ctx, token)
	if err != nil {
		return "", err
	}
	if got != status || bearer.Params["error"] != code {
		return "", fmt.Errorf("answered with %d %q, want %d %q", got, bearer.Params["error"], status, code)
	}
	if bearer.Params["resource_metadata"] != f.metadataURL {
		return "", errors.New("the challenge does not point to the resource metadata")
	}
	return fmt.Sprintf("refused with %d %s", got, code), nil
}

// knock asks the MCP server to initialize, with a token unless it is empty,
// and returns its answer's status and Bearer challenge.
func (f *flow) knock(ctx context.Context, token string) (int, challenge.Challenge, error) {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	response, err := f.fetcher.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: f.demo.facts.MCPURL, Header: header,
		Body: []byte(initializeRequest), AllowLoopback: true,
	})
	if err != nil {
		return 0, challenge.Challenge{}, err
	}
	challenges, err := challenge.Parse(response.Header.Values("WWW-Authenticate"))
	if err != nil {
		return 0, challenge.Challenge{}, err
	}
	for _, c := range challenges {
		if c.Is("Bearer") {
			return response.Status, c, nil
		}
	}
	return 0, challenge.Challenge{}, fmt.Errorf("status %d without a Bearer challenge", response.Status)
}

// post sends a body to an endpoint of the authorization server and decodes
// what it answers. Of an error answer only the error code is shown.
func (f *flow) post(ctx context.Context, endpoint, contentType string, body []byte, status int, into any) error {
	response, err := f.fetcher.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: endpoint, Body: body, AllowLoopback: true,
		Header: http.Header{"Content-Type": {contentType}, "Accept": {"application/json"}},
	})
	if err != nil {
		return err
	}
	if response.Status != status {
		var refusal struct {
			Error string `json:"error"`
		}
		_ = json.Unmarshal(response.Body, &refusal) // a body of another kind has no code to show
		return fmt.Errorf("status %d, want %d, error %q", response.Status, status, refusal.Error)
	}
	if err := json.Unmarshal(response.Body, into); err != nil {
		return errors.New("the answer is not the JSON object that was expected")
	}
	return nil
}

// tamper makes a token say that it is somebody else's, under the old signature.
func tamper(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("the token is not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", errors.New("the token is not a JWT")
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", errors.New("the token is not a JWT")
	}
	claims["sub"] = "mallory"
	payload, err = json.Marshal(claims)
	if err != nil {
		return "", err
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	return strings.Join(parts, "."), nil
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// bearer sends a token with every request.
type bearer struct {
	token string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}
