package todotest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/examples/todo-manager/internal/app"
	"github.com/mcp-auth/go/examples/todo-manager/internal/todo"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

const callback = "http://127.0.0.1:33418/callback"

// browser is a user who logs in wherever the client sends them.
type browser struct {
	user  mcpauthtest.UserAgent
	asked []string // the scopes, sorted, each time
}

func (b *browser) open(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
	page, err := url.Parse(args.URL)
	if err != nil {
		return nil, err
	}
	scopes := strings.Fields(page.Query().Get("scope"))
	slices.Sort(scopes)
	b.asked = append(b.asked, strings.Join(scopes, " "))
	back, err := b.user.Login(ctx, args.URL)
	if err != nil {
		return nil, err
	}
	q := back.Query()
	return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
}

// connect is the go-sdk's client, which logs in and steps up by itself.
func connect(t *testing.T, endpoint string, b *browser) *mcp.ClientSession {
	t.Helper()
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "test", RedirectURIs: []string{callback},
		}},
		RedirectURL:              callback,
		AuthorizationCodeFetcher: b.open,
		Client:                   http.DefaultClient,
	})
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: endpoint, OAuthHandler: handler}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func use(t *testing.T, session *mcp.ClientSession, tool string, arguments map[string]any, into any) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil || result.IsError {
		t.Fatalf("%s: %+v, %v", tool, result, err)
	}
	text, err := json.Marshal(result.StructuredContent)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A client begins with few scopes, and asks for more when it is told to.
func testClient(t *testing.T, build app.Build) {
	_, printed := run(t, build, nil, "--dev", "--listen", "127.0.0.1:0", "--auth-listen", "127.0.0.1:0")
	alice := &server{version: legacy, url: printed["URL"]}
	alice.create(t, printed["ALICE"], "water the plants")

	b := &browser{user: mcpauthtest.UserAgent{Username: "bob", Password: "bob"}}
	bob := connect(t, printed["URL"], b)
	var list struct{ Todos []todo.Todo }
	use(t, bob, todo.ToolGet, nil, &list)
	if len(list.Todos) != 1 || list.Todos[0].OwnerID != "alice" {
		t.Fatalf("bob sees %+v", list)
	}
	var deleted struct{ Deleted string }
	use(t, bob, todo.ToolDelete, map[string]any{"id": list.Todos[0].ID}, &deleted)
	if want := []string{"create:todos read:todos", "create:todos delete:todos read:todos"}; !slices.Equal(b.asked, want) {
		t.Errorf("asked for %q, want %q", b.asked, want)
	}
	if got := alice.contents(t, printed["ALICE"]); got != "" {
		t.Errorf("left: %s", got)
	}
}
