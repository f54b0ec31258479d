package crosscheck

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	markmcp "github.com/mark3labs/mcp-go/mcp"
	markserver "github.com/mark3labs/mcp-go/server"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/policy"
)

// fileRules are rules for a server that reads files, of every shape.
type fileRules struct {
	resources map[string]policy.Requirement
	templates []string // of the server
	base      string   // what stands before the name of a file in its usual URI
}

func allFileRules() []fileRules {
	anybody, admin := policy.Authenticated(), policy.Scopes("admin")
	type rules = map[string]policy.Requirement
	return []fileRules{
		{rules{"files://{+path}": anybody, "files://private/x": admin}, []string{"files://{+path}"}, "files://"},
		{rules{"files://*": anybody, "files://private/*": admin}, []string{"files://{+path}"}, "files://"},
		{rules{"files://{+path}": anybody, "files://private/{+path}": admin}, []string{"files://{+path}"}, "files://"},
		{rules{"files://{dir}/{+path}": anybody, "files://private/{name}": admin}, []string{"files://{dir}/{+path}", "files://{+path}"}, "files://"},
		{rules{"files:///{name}/{+path}": anybody, "files:///private/*": admin}, []string{"files:///{+path}"}, "files:///"},
		{rules{"file:///{+path}": anybody, "file:///private/{+path}": admin}, []string{"file:///{+path}"}, "file:///"},
		{rules{"file:///{+path}?part={n}": anybody, "file:///{+path}": anybody, "file:///private/{+path}": admin}, []string{"file:///{+path}"}, "file:///"},
		{rules{"file:///srv/{+path}": anybody, "file:///srv/private/*": admin}, []string{"file:///{+path}"}, "file:///"},
		{rules{"*": anybody, "file:///{+path}/x": admin, "file:///private/{name}": admin}, []string{"file:///{+path}", "file://{+path}"}, "file:///"},
	}
}

// FuzzFilesBehindPolicy has servers on both SDKs read files as carelessly as servers
// do. Covers RS12: a file that a caller may not read under its usual URI, it does not
// read under any other.
func FuzzFilesBehindPolicy(f *testing.F) {
	servers := newFileServers(f)
	for i := range servers {
		for _, uri := range []string{
			"files://public/x", "file:///public/x", "file:///srv/public/x", "files:///private/x", "files://./private/x", "file:///srv/a?/../private/x", "file:///srv/a?../../private/x", "file:///%70rivate/x",
			"file://localhost/private/x", "file:///srv/private%2Fx", "file:///public/%252e%252e/private/x", "file:///PRIVATE/x", "file:///private/x/", "file:///private/x?", "file:///private//x", "files://private\\x", "file:///private/x#", "file:///a/../private/x",
		} {
			f.Add(uint8(i), uri)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, uri string) {
		s := &servers[int(which)%len(servers)]
		if !s.admits(t.Context(), uri) {
			return
		}
		for name, read := range s.readers {
			content := read(t.Context(), uri)
			for _, file := range fileNames() {
				if strings.Contains(content, "("+file+")") && !s.admits(t.Context(), s.base+file) {
					t.Errorf("%s reads %s as %q, with the rules %d", name, file, uri, int(which)%len(servers))
				}
			}
		}
	})
}

func fileNames() []string { return []string{"private/x", "srv/private/x", "public/x", "srv/public/x"} }

// A reader of a private file is found out where the policy says nothing, or the fuzz
// test would hold nothing.
func TestFileServersReadFiles(t *testing.T) {
	t.Parallel()
	for i, s := range newFileServers(t) {
		for name, read := range s.readers {
			found := false
			for _, uri := range []string{"files:///private/x", "file:///private/x", "file:///srv/private/x"} {
				found = found || strings.Contains(read(t.Context(), uri), "private/x)")
			}
			if !found {
				t.Errorf("%s reads no private file, with the rules %d", name, i)
			}
		}
	}
}

// fileServer is a policy and servers on both SDKs behind it.
type fileServer struct {
	evaluator *policy.Evaluator
	base      string
	readers   map[string]func(ctx context.Context, uri string) string
}

// admits reports whether a caller without scopes may read a resource.
func (s *fileServer) admits(ctx context.Context, uri string) bool {
	op := policy.Operation{Method: "resources/read", Name: uri}
	return s.evaluator.Decide(ctx, &policy.Caller{Subject: "alice"}, nil, op).Allowed()
}

func newFileServers(t testing.TB) (servers []fileServer) {
	t.Helper()
	root := files(t)
	for _, rules := range allFileRules() {
		read := func(uri string) string { return readCarelessly(root, uri, rules.base == "files://") }
		evaluator, err := policy.Compile(&policy.Policy{Resources: rules.resources}, nil)
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, fileServer{
			evaluator: evaluator,
			base:      rules.base,
			readers:   map[string]func(context.Context, string) string{"go-sdk": goSDK(t, rules.templates, read), "mcp-go": mcpGo(t, rules.templates, read)},
		})
	}
	return servers
}

func files(t testing.TB) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for _, name := range fileNames() {
		if err := os.MkdirAll(filepath.Join(dir, path.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("("+name+")"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// readCarelessly reads all files for which servers might take a URI.
func readCarelessly(root *os.Root, uri string, hasAuthority bool) string {
	var b strings.Builder
	_, rest, _ := strings.Cut(uri, ":")
	texts := []string{rest}
	if u, err := url.Parse(uri); err == nil {
		texts = append(texts, u.Opaque, u.Host+u.Path, u.Host+u.JoinPath("/").Path)
		if !hasAuthority {
			texts = append(texts, u.Path, u.JoinPath("/").Path)
		}
	}
	for _, text := range texts {
		for range 3 {
			noQuery, _, _ := strings.Cut(text, "?")
			noFragment, _, _ := strings.Cut(text, "#")
			for _, name := range []string{text, noQuery, noFragment, strings.ReplaceAll(text, `\`, "/"), strings.ToLower(text), strings.TrimSpace(text)} {
				for _, cleaned := range []string{path.Clean("/" + name), path.Clean(strings.TrimLeft(name, "/")), name} {
					data, _ := fs.ReadFile(root.FS(), strings.TrimLeft(cleaned, "/"))
					b.Write(data)
				}
			}
			decoded, err := url.PathUnescape(text)
			if err != nil {
				break
			}
			text = decoded
		}
	}
	return b.String()
}

func goSDK(t testing.TB, templates []string, read func(string) string) func(context.Context, string) string {
	t.Helper()
	s := mcp.NewServer(&mcp.Implementation{Name: "files", Version: "1"}, nil)
	for _, template := range templates {
		s.AddResourceTemplate(&mcp.ResourceTemplate{URITemplate: template, Name: template}, func(_ context.Context, r *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
			return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: r.Params.URI, Text: read(r.Params.URI)}}}, nil
		})
	}
	here, there := mcp.NewInMemoryTransports()
	if _, err := s.Connect(context.Background(), here, nil); err != nil {
		t.Fatal(err)
	}
	client, err := mcp.NewClient(&mcp.Implementation{Name: "fuzz", Version: "1"}, nil).Connect(context.Background(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return func(ctx context.Context, uri string) string {
		result, err := client.ReadResource(ctx, &mcp.ReadResourceParams{URI: uri})
		if err != nil {
			return ""
		}
		return result.Contents[0].Text
	}
}

func mcpGo(t testing.TB, templates []string, read func(string) string) func(context.Context, string) string {
	t.Helper()
	s := markserver.NewMCPServer("files", "1")
	for _, template := range templates {
		s.AddResourceTemplate(markmcp.NewResourceTemplate(template, template), func(_ context.Context, r markmcp.ReadResourceRequest) ([]markmcp.ResourceContents, error) {
			return []markmcp.ResourceContents{markmcp.TextResourceContents{URI: r.Params.URI, Text: read(r.Params.URI)}}, nil
		})
	}
	return func(ctx context.Context, uri string) string {
		message, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": map[string]string{"uri": uri}})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := json.Marshal(s.HandleMessage(ctx, message))
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
}
