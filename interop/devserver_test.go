package interop_test

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
)

// The user of [devConfig].
const (
	devUser     = "ada"
	devPassword = `p&ss"w+rd`
	devSubject  = "subject-of-ada"
)

// tsCallback is where the scripts of the TypeScript clients have users sent back to.
const tsCallback = "http://127.0.0.1:33418/callback"

// devConfig writes the configuration file of a mcpauth dev with one user, for
// one resource with the scopes of the notes.
func devConfig(t *testing.T, resource string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dev.yaml")
	text := `users:
  - username: ` + devUser + `
    password: '` + devPassword + `'
    subject: ` + devSubject + `
    name: Ada
scopes:
  - name: read
    description: Read your notes
  - name: delete
    description: Delete your notes
resources: [` + resource + `]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// devLogin is one TypeScript client that logs in at mcpauth dev.
type devLogin struct {
	run    stepUp
	server *parts.DevServer
}

// newDevLogin starts mcpauth dev for a client with a metadata document, or for
// one that registers itself.
func newDevLogin(t *testing.T, client string, hasDocument bool, redirectURIs ...string) devLogin {
	t.Helper()
	run := stepUp{
		client: client, resource: parts.NewResource(t), whoami: true,
		fields: map[string]string{"username": devUser, "password": devPassword}, deletion: []string{"read", "delete"},
	}
	var server *parts.DevServer
	if config := devConfig(t, run.resource); hasDocument {
		if runtime.GOOS == "darwin" {
			t.Skip("on macOS Go trusts the keychain alone, so mcpauth dev cannot be told of the document's certificate")
		}
		document := parts.ServeClientDocument(t, "Notes", append(redirectURIs, tsCallback)...)
		run.document = document.URL
		server = parts.StartDevServerTrusting(t, document.Certificates, "--config", config)
	} else {
		server = parts.StartDevServer(t, "--config", config)
	}
	run.issuer = server.Issuer
	return devLogin{run, server}
}

// devRegistrations are the ways in which a client becomes known to mcpauth dev.
var devRegistrations = map[string]bool{"dynamic registration": false, "metadata document": true}

// The TypeScript client 2 logs in at the command mcpauth dev, registered
// dynamically or with a metadata document, calls a tool and steps up for another.
//
// Covers RS4, RS12, AS1, AS2, AS3, AS6, AS7, AS8.
func TestDevelopmentServer(t *testing.T) {
	t.Parallel()
	for _, revision := range []string{"2025-11-25", "2026-07-28"} {
		for name, hasDocument := range devRegistrations {
			t.Run(revision+" "+name, func(t *testing.T) {
				t.Parallel()
				login := newDevLogin(t, revision, hasDocument)
				got := login.run.run(t)
				if got.Version != revision {
					t.Errorf("revision %q, want %q", got.Version, revision)
				}
				got.checkAuthorizations(t,
					authorization{Scope: "read offline_access", Prompt: "consent"},
					authorization{Scope: "read offline_access delete", Prompt: "consent"})
				login.check(t, got, []string{"read", "offline_access"}, []string{"read", "offline_access", "delete"})
			})
		}
	}
}

// Version 1 does so too, unless it gets a refresh token: see TestStepUpSDKv1.
//
// Covers RS4, RS12, AS1, AS2, AS3, AS6, AS7, AS8.
func TestDevelopmentServerSDKv1(t *testing.T) {
	t.Parallel()
	t.Run("dynamic registration", func(t *testing.T) {
		t.Parallel()
		login := newDevLogin(t, sdkV1, false)
		login.run.grants = []string{"authorization_code"}
		got := login.run.run(t)
		got.checkAuthorizations(t, authorization{Scope: "read"}, authorization{Scope: "read delete"})
		login.check(t, got, []string{"read"}, []string{"read", "delete"})
	})
	t.Run("metadata document", func(t *testing.T) {
		t.Parallel()
		login := newDevLogin(t, sdkV1, true)
		got := login.run.run(t)
		got.checkAuthorizations(t, authorization{Scope: "read"})
		login.check(t, got, []string{"read"}, nil)
	})
}

// check checks the way that the client took, what it could call and who it was,
// with the scopes of its first token and of its second one. Without a second one
// the client has not stepped up.
func (l devLogin) check(t *testing.T, got stepUpReport, first, second []string) {
	t.Helper()
	l.checkWay(t, got)
	l.checkCalls(t, got.Calls, first, second)
}

func (l devLogin) checkCalls(t *testing.T, calls []noteCall, first, second []string) {
	t.Helper()
	if len(calls) != 4 {
		t.Fatalf("the calls are %+v, want 4", calls)
	}
	l.checkWhoami(t, calls[0], first)
	if calls[1].Text != readNote+" is done" {
		t.Errorf("%s: %+v", readNote, calls[1])
	}
	if second == nil {
		if calls[2].Error == "" {
			t.Errorf("%s: %+v, want an error", deleteNote, calls[2])
		}
		return
	}
	if calls[2].Text != deleteNote+" is done" {
		t.Errorf("%s: %+v", deleteNote, calls[2])
	}
	l.checkWhoami(t, calls[3], second)
}

// checkWay checks the client's requests until it is let in: it finds its way
// from the challenge alone, and registers only if it has no document.
func (l devLogin) checkWay(t *testing.T, got stepUpReport) {
	t.Helper()
	want := []string{
		"POST resource/mcp 401",
		"GET resource/.well-known/oauth-protected-resource/mcp 200",
		"GET issuer/.well-known/oauth-authorization-server 200",
		"POST issuer/register 201",
		"POST issuer/token 200",
		"POST resource/mcp 200",
	}
	if l.run.document != "" {
		want = slices.DeleteFunc(want, func(s string) bool { return s == "POST issuer/register 201" })
	}
	names := strings.NewReplacer(strings.TrimSuffix(l.run.resource, "/mcp"), "resource", l.server.Issuer, "issuer")
	var steps []string
	for _, s := range got.HTTP {
		steps = append(steps, s.Method+" "+names.Replace(s.URL)+" "+strconv.Itoa(s.Status))
	}
	if len(steps) < len(want) || !slices.Equal(steps[:len(want)], want) {
		t.Errorf("the client's requests are\n%q\nwant these first\n%q", steps, want)
	}
	if n := strings.Count(strings.Join(steps, "\n"), "/register "); l.run.document != "" && n > 0 {
		t.Errorf("the client registered %d times although it has a document", n)
	}
}

func (l devLogin) checkWhoami(t *testing.T, call noteCall, scopes []string) {
	t.Helper()
	got, err := parts.ParseIdentity(call.Text)
	if err != nil {
		t.Errorf("whoami answers %+v", call)
		return
	}
	want := parts.Identity{
		Issuer: l.server.Issuer, Subject: devSubject, ClientID: got.ClientID,
		Scopes: scopes, Audience: []string{l.run.resource},
	}
	if l.run.document != "" {
		want.ClientID = l.run.document
	}
	if !reflect.DeepEqual(got, want) || got.ClientID == "" {
		t.Errorf("whoami answers %+v, want %+v", got, want)
	}
}
