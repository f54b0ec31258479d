package interop_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/settings"
	"github.com/mcp-auth/go/mcpauthtest"
)

const (
	sdkV1      = "sdk-v1"
	readNote   = "read-note"
	deleteNote = "delete-note"
	whoami     = "whoami"

	// As they stand in the lists of requests.
	refused = "tools/call " + deleteNote + " 403"
	allowed = "tools/call " + deleteNote + " 200"
)

var noteScopes = []string{"read", "delete"}

// stepUp is one run of js/step-up.mjs.
type stepUp struct {
	client   string // sdkV1, or the revision that version 2 of the SDK speaks
	issuer   string
	resource string // empty: one that is made up
	clientID string // empty: it registers itself
	document string // URL of its metadata document, to register with
	grants   []string
	fields   map[string]string
	deletion []string // scopes that deleteNote needs
	whoami   bool     // call whoami too, first and last
	// serve starts the server; nil starts cmd/resource-server.
	serve func(t *testing.T, resource, issuer string)
}

// stepUpReport is what js/step-up.mjs prints.
type stepUpReport struct {
	Version        string
	Registered     string
	HTTP           []noteStep
	Authorizations []authorization
	Tools          [][]string
	Calls          []noteCall

	resource string
}

// noteStep is one HTTP request of the client: an MCP message or a token request.
type noteStep struct {
	Method     string
	URL        string
	MCP, Grant string
	Status     int
	Challenge  string // of a 403
}

type authorization struct{ Scope, Prompt, Error string }

type noteCall struct{ Name, Text, Error string }

// stepUpServers are the authorization servers that the clients meet.
type stepUpServers struct {
	oidc *parts.AuthorizationServer
	dev  *mcpauthtest.Server
}

func startStepUpServers(t *testing.T) stepUpServers {
	t.Helper()
	dev, err := mcpauthtest.NewServer(mcpauthtest.Config{
		Scopes: noteScopes,
		Users:  []mcpauthtest.User{{Username: login, Password: login}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dev.Close)
	return stepUpServers{oidc: parts.StartAuthorizationServer(t, parts.Provider{Scopes: noteScopes}), dev: dev}
}

// atOIDC is a run at oidc-provider, with a client that is registered beforehand or not.
func (s stepUpServers) atOIDC(client, clientID string) stepUp {
	return stepUp{client: client, issuer: s.oidc.Issuer, clientID: clientID,
		fields: map[string]string{"login": login, "password": login}, deletion: []string{"delete"}}
}

// atDev is a run at mcpauthtest, which issues refresh tokens unasked.
func (s stepUpServers) atDev(client string) stepUp {
	return stepUp{client: client, issuer: s.dev.Issuer(),
		fields: map[string]string{"username": login, "password": login}, deletion: []string{"delete"}}
}

// run has the client log in with the scope read, call readNote and deleteNote.
func (s stepUp) run(t *testing.T) stepUpReport {
	t.Helper()
	if s.resource == "" {
		s.resource = parts.NewResource(t)
	}
	s.startServer(t)
	in, err := json.Marshal(s.settings())
	if err != nil {
		t.Fatal(err)
	}
	var report stepUpReport
	out := parts.Script(t, scriptTimeout, in, "step-up.mjs")
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	report.resource = s.resource
	return report
}

// startServer starts the server with the notes.
func (s stepUp) startServer(t *testing.T) {
	t.Helper()
	if s.serve != nil {
		s.serve(t, s.resource, s.issuer)
		return
	}
	parts.StartResourceServer(t, settings.ResourceServer{
		Resource:        s.resource,
		Issuer:          s.issuer,
		Stateless:       s.client == "2026-07-28",
		Tools:           s.tools(),
		ChallengeScopes: []string{"read"},
	})
}

// tools are those of the server, with the scopes that each needs.
func (s stepUp) tools() map[string][]string {
	tools := map[string][]string{readNote: {"read"}, deleteNote: s.deletion}
	if s.whoami {
		tools[whoami] = nil
	}
	return tools
}

// settings are what js/step-up.mjs reads.
func (s stepUp) settings() map[string]any {
	calls := []string{readNote, deleteNote}
	if s.whoami {
		calls = []string{whoami, readNote, deleteNote, whoami}
	}
	in := map[string]any{
		"client": s.client, "resource": s.resource, "clientId": s.clientID, "fields": s.fields, "calls": calls,
	}
	if s.document != "" {
		in["document"] = s.document
	}
	if s.grants != nil {
		in["grants"] = s.grants
	}
	return in
}

// The TypeScript client of both eras steps up by itself: refused with 403, it
// sends the user to the authorization server for all scopes together, and its
// call succeeds. The tools that it may use are those that it is shown.
//
// Covers RS4, RS12.
func TestStepUp(t *testing.T) {
	t.Parallel()
	servers := startStepUpServers(t)
	for _, revision := range []string{"2025-11-25", "2026-07-28"} {
		for _, c := range []struct {
			name   string
			run    stepUp
			scopes []string // asked for, one after another
		}{
			{"registered beforehand", servers.atOIDC(revision, parts.App), []string{"read offline_access", "read delete offline_access"}},
			{"development server", servers.atDev(revision), []string{"read offline_access", "read offline_access delete"}},
		} {
			t.Run(revision+" "+c.name, func(t *testing.T) {
				t.Parallel()
				got := c.run.run(t)
				if got.Version != revision {
					t.Errorf("revision %q, want %q", got.Version, revision)
				}
				got.checkSteps(t, refused, "authorization_code 200", allowed)
				got.checkChallenge(t, "delete")
				got.checkCalls(t, "")
				got.checkTools(t, deleteNote, readNote)
				want := []authorization{{Scope: c.scopes[0], Prompt: "consent"}, {Scope: c.scopes[1], Prompt: "consent"}}
				got.checkAuthorizations(t, want...)
			})
		}
	}
}

// Version 1 of the SDK asks for the scopes of the challenge in place of those
// that it has, and loses what the challenge does not name.
//
// Covers RS4, RS12.
func TestStepUpSDKv1(t *testing.T) {
	t.Parallel()
	servers := startStepUpServers(t)
	for _, c := range []struct {
		name     string
		deletion []string
		scope    string
		tools    []string // that it then sees
	}{
		{"another scope", []string{"delete"}, "delete", []string{deleteNote}},
		{"both scopes", []string{"read", "delete"}, "read delete", []string{deleteNote, readNote}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			run := servers.atOIDC(sdkV1, parts.App)
			run.deletion = c.deletion
			got := run.run(t)
			got.checkSteps(t, refused, "authorization_code 200", allowed)
			got.checkChallenge(t, c.scope)
			got.checkCalls(t, "")
			got.checkTools(t, c.tools...)
			got.checkAuthorizations(t, authorization{Scope: "read"}, authorization{Scope: c.scope})
		})
	}
	// It does not find out that refreshing gives no further scopes. Nothing
	// that the resource server could answer helps.
	t.Run("with a refresh token", func(t *testing.T) {
		t.Parallel()
		got := servers.atDev(sdkV1).run(t)
		got.checkSteps(t, refused, "refresh_token 200", refused)
		got.checkCalls(t, "Streamable HTTP error: Server returned 403 after trying upscoping")
		got.checkTools(t, readNote)
		got.checkAuthorizations(t, authorization{Scope: "read"})
	})
}

// All versions register with the scopes that they ask for first. An
// authorization server that holds them to these lets none step up.
//
// Covers RS12.
func TestStepUpRegisteredScopes(t *testing.T) {
	t.Parallel()
	servers := startStepUpServers(t)
	for client, want := range map[string][]authorization{
		sdkV1: {{Scope: "read"}, {Scope: "delete", Error: "invalid_scope"}},
		"2025-11-25": {
			{Scope: "read offline_access", Prompt: "consent"},
			{Scope: "read delete offline_access", Prompt: "consent", Error: "invalid_scope"},
		},
		"2026-07-28": {
			{Scope: "read offline_access", Prompt: "consent"},
			{Scope: "read delete offline_access", Prompt: "consent", Error: "invalid_scope"},
		},
	} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			got := servers.atOIDC(client, "").run(t)
			if got.Registered != want[0].Scope {
				t.Errorf("registered with the scope %q, want %q", got.Registered, want[0].Scope)
			}
			got.checkSteps(t, refused)
			got.checkCalls(t, "authorization refused: invalid_scope")
			got.checkTools(t, readNote)
			got.checkAuthorizations(t, want...)
		})
	}
}

// checkSteps checks the requests from the first list of tools to the last: want
// are those between them that deleteNote takes.
func (r stepUpReport) checkSteps(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, s := range r.HTTP {
		if s.MCP == "tools/list" || got != nil && s.MCP+s.Grant != "" {
			got = append(got, s.String())
		}
	}
	want = slices.Concat([]string{"tools/list 200", "tools/call " + readNote + " 200"}, want, []string{"tools/list 200"})
	if !slices.Equal(got, want) {
		t.Errorf("the client's requests are\n%q\nwant\n%q", got, want)
	}
}

func (s noteStep) String() string { return fmt.Sprintf("%s%s %d", s.MCP, s.Grant, s.Status) }

// checkChallenge checks the one that the client acted on.
func (r stepUpReport) checkChallenge(t *testing.T, scope string) {
	t.Helper()
	want := fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s", resource_metadata="%s"`, scope, parts.MetadataURL(r.resource))
	for _, s := range r.HTTP {
		if s.Status == http.StatusForbidden && !strings.HasPrefix(s.Challenge, want) {
			t.Errorf("the challenge is %s, want %s", s.Challenge, want)
		}
	}
}

// checkCalls checks that readNote succeeds, and deleteNote too if failure is empty.
func (r stepUpReport) checkCalls(t *testing.T, failure string) {
	t.Helper()
	want := []noteCall{{Name: readNote, Text: readNote + " is done"}, {Name: deleteNote, Error: failure}}
	if failure == "" {
		want[1].Text = deleteNote + " is done"
	}
	if !reflect.DeepEqual(r.Calls, want) {
		t.Errorf("the calls are %+v, want %+v", r.Calls, want)
	}
}

// checkTools checks the lists of tools: at first one, later those given.
func (r stepUpReport) checkTools(t *testing.T, later ...string) {
	t.Helper()
	if want := [][]string{{readNote}, later}; !reflect.DeepEqual(r.Tools, want) {
		t.Errorf("the lists of tools are %q, want %q", r.Tools, want)
	}
}

func (r stepUpReport) checkAuthorizations(t *testing.T, want ...authorization) {
	t.Helper()
	if !slices.Equal(r.Authorizations, want) {
		t.Errorf("the authorization requests are %+v, want %+v", r.Authorizations, want)
	}
}
