package gosdk_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// recorder sends a token and remembers the last answer that refused a request.
type recorder struct {
	carrier
	refused atomic.Pointer[http.Response]
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	send := r.carrier.RoundTrip
	if *r.token.Load() == "" {
		send = http.DefaultTransport.RoundTrip
	}
	resp, err := send(req)
	if err == nil && resp.StatusCode >= 400 && req.Method == http.MethodPost {
		r.refused.Store(resp)
	}
	return resp, err
}

// options are those of a client that speaks a protocol version. Clients of
// go-sdk 1.7 choose the version themselves.
func options(version string) (o *mcp.ClientSessionOptions, chosen bool) {
	o = &mcp.ClientSessionOptions{}
	field := reflect.ValueOf(o).Elem().FieldByName("ProtocolVersion")
	if !field.IsValid() {
		return o, false
	}
	field.SetString(version)
	return o, true
}

// client connects the SDK's own client.
func (n *notes) client(t *testing.T, version, token string) (*mcp.ClientSession, *recorder) {
	t.Helper()
	r := &recorder{}
	r.token.Store(&token)
	o, chosen := options(version)
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: n.web.URL + "/mcp", HTTPClient: &http.Client{Transport: r}, MaxRetries: -1, DisableStandaloneSSE: true}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if got := session.InitializeResult().ProtocolVersion; got != version {
		if !chosen {
			t.Skipf("this client of the SDK speaks %s", got)
		}
		t.Fatalf("the client speaks %s, not %s", got, version)
	}
	return session, r
}

// Covers RS12. The SDK's client sees in lists what it may use, page by page.
func TestClientSeesWhatItMayUse(t *testing.T) {
	t.Parallel()
	doors := map[string]door{"door": {}, "inside": {wrap: ownDoor, inside: inside}}
	for name, transport := range transports() {
		for where, d := range doors {
			t.Run(name+", "+where, func(t *testing.T) {
				t.Parallel()
				n := newNotes(t, &transport.options, 2, d)
				token := "alice read"
				if where == "door" {
					token = n.token(t, "alice", "read")
				}
				session, _ := n.client(t, transport.version, token)
				checkLists(t, session)
			})
		}
	}
}

func checkLists(t *testing.T, session *mcp.ClientSession) {
	t.Helper()
	var tools, prompts, resources, templates []string
	for tool, err := range session.Tools(t.Context(), nil) {
		tools = append(tools, nameOf(t, tool, err, func() string { return tool.Name }))
	}
	for prompt, err := range session.Prompts(t.Context(), nil) {
		prompts = append(prompts, nameOf(t, prompt, err, func() string { return prompt.Name }))
	}
	for resource, err := range session.Resources(t.Context(), nil) {
		resources = append(resources, nameOf(t, resource, err, func() string { return resource.URI }))
	}
	for template, err := range session.ResourceTemplates(t.Context(), nil) {
		templates = append(templates, nameOf(t, template, err, func() string { return template.URITemplate }))
	}
	for list, want := range map[string][]string{
		strings.Join(tools, " "):     {"delete", "help", "noisy", "publish", "raw", "read"},
		strings.Join(prompts, " "):   {"late", "open"},
		strings.Join(resources, " "): {"note://all", "note://late"},
	} {
		if got := strings.Fields(list); !slices.Equal(got, want) {
			t.Errorf("listed are %q, want %q", got, want)
		}
	}
	if len(templates) > 0 {
		t.Errorf("templates %q", templates)
	}
}

func nameOf[T any](t *testing.T, _ T, err error, name func() string) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return name()
}

// Covers RS12. A refused call fails with the HTTP response that a client steps
// up on, whether the policy or the handler refuses it.
func TestClientIsRefused(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotes(t, &transport.options, 0, door{})
			for tool, scope := range map[string]string{"secret": "admin", "delete": "read delete"} {
				session, r := n.client(t, transport.version, n.token(t, "alice", "read"))
				if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "read"}); err != nil {
					t.Errorf("read: %v", err)
				}
				_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool})
				refused := r.refused.Load()
				if err == nil || refused == nil || refused.StatusCode != http.StatusForbidden {
					t.Fatalf("%s: %v, %v", tool, err, refused)
				}
				if got := refused.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer error="insufficient_scope", scope="`+scope+`", resource_metadata="`) {
					t.Errorf("%s: %s", tool, got)
				}
			}
		})
	}
}

// Covers RS12. A hidden tool is not found, and the session goes on.
func TestClientFindsNothingHidden(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotes(t, &transport.options, 0, door{resource: func(r *mcpauth.Resource) { r.Policy.HideRefused = true }})
			session, _ := n.client(t, transport.version, n.token(t, "alice", "read"))
			_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "secret"})
			if err == nil || !strings.Contains(err.Error(), "Unknown tool") {
				t.Errorf("%v", err)
			}
			if _, chosen := options(legacy); !chosen {
				return // the client of go-sdk 1.7 closes a session in which it gets a 400
			}
			if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "read"}); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// A client without a token connects, sees and calls what is public.
func TestClientWithoutToken(t *testing.T) {
	t.Parallel()
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotes(t, &transport.options, 0, door{})
			session, r := n.client(t, transport.version, "")
			list, err := session.ListTools(t.Context(), nil)
			if err != nil || len(list.Tools) != 2 {
				t.Fatalf("%+v, %v", list, err)
			}
			if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "help"}); err != nil {
				t.Error(err)
			}
			if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "read"}); err == nil {
				t.Error("called without a token")
			}
			if refused := r.refused.Load(); refused == nil || refused.StatusCode != http.StatusUnauthorized {
				t.Errorf("%v", refused)
			}
		})
	}
}
