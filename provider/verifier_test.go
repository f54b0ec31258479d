package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/provider"
	"github.com/mcp-auth/go/reason"
)

const (
	opaqueToken  = "gho_2YotnFZFEjr1zCsicMWpAA-0123456789"
	clientSecret = "s3cr3t-of-the-app-0123456789"
)

// conversation is a file of testdata for a provider that is asked: what it
// answers for a good token, and how cases differ.
type conversation struct {
	// Answer is what the provider says of a good token.
	Answer map[string]any `json:"answer"`
	Cases  []exchange     `json:"cases"`
}

type exchange struct {
	Name string `json:"name"`
	// Changes change the answer; null removes a member.
	Changes map[string]any `json:"changes"`
	// Status, Header and Body replace those of the answer.
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
	// Membership is what is answered about an organization, by its name.
	Membership map[string]membership `json:"membership"`
	// Config are further restrictions.
	Config restrictions `json:"config"`
	// Subject and Client are those of a token that is accepted.
	Subject string `json:"subject"`
	Client  string `json:"client"`
	// Reason is why it is refused.
	Reason reason.Reason `json:"reason"`
}

type membership struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   json.RawMessage   `json:"body"`
}

type restrictions struct {
	Subjects      []string `json:"subjects"`
	Emails        []string `json:"emails"`
	IDs           []int64  `json:"ids"`
	Logins        []string `json:"logins"`
	Organizations []string `json:"organizations"`
}

func (r restrictions) none() bool {
	return len(r.Subjects)+len(r.Emails)+len(r.IDs)+len(r.Logins)+len(r.Organizations) == 0
}

func readConversation(t *testing.T, name string) conversation {
	t.Helper()
	var c conversation
	readTestdata(t, name, &c)
	accepted, refused := 0, 0
	for _, e := range c.Cases {
		if e.Reason == "" {
			accepted++
		} else {
			refused++
		}
	}
	if accepted < 1 || refused < 4 {
		t.Errorf("%d accepted and %d refused tokens", accepted, refused)
	}
	return c
}

func (e exchange) write(t *testing.T, w http.ResponseWriter, answer map[string]any) {
	t.Helper()
	for name, value := range e.Header {
		w.Header().Set(name, value)
	}
	if e.Status != 0 {
		w.WriteHeader(e.Status)
	}
	if e.Body != "" {
		_, _ = io.WriteString(w, e.Body)
		return
	}
	if err := json.NewEncoder(w).Encode(merged(t, answer, e.Changes)); err != nil {
		t.Error(err)
	}
}

// verifier is what both have in common.
type verifier interface {
	mcpauth.Verifier
	AuthorizationServer() mcpauth.AuthorizationServer
	Close() error
}

// check runs one token through the engine, and looks for secrets in what is
// logged and answered.
func (e exchange) check(t *testing.T, v verifier) {
	t.Helper()
	t.Cleanup(func() { _ = v.Close() })
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier: resourceID, AuthorizationServers: []mcpauth.AuthorizationServer{v.AuthorizationServer()},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	info, err := authorize(t, auth, opaqueToken)
	if e.Reason == "" {
		if err != nil {
			t.Fatalf("%v: %v", err, errors.Unwrap(err))
		}
		if info.Subject != e.Subject || info.ClientID != e.Client {
			t.Errorf("subject %q, client %q, want %q, %q", info.Subject, info.ClientID, e.Subject, e.Client)
		}
		var raw map[string]any
		if err := info.Claims(&raw); err != nil || raw["sub"] != e.Subject {
			t.Errorf("claims %v, %v", raw, err)
		}
		if text, _ := json.Marshal(raw); strings.Contains(string(text), opaqueToken) {
			t.Error("the claims hold the token")
		}
		return
	}
	var refused *mcpauth.Challenge
	if !errors.As(err, &refused) {
		t.Fatalf("accepted (%v), want %s", err, e.Reason)
	}
	if refused.Reason != e.Reason {
		t.Errorf("%s (%v), want %s", refused.Reason, errors.Unwrap(err), e.Reason)
	}
	for _, secret := range []string{opaqueToken, clientSecret} {
		if cause := errors.Unwrap(err); cause != nil && strings.Contains(cause.Error(), secret) {
			t.Errorf("the cause holds a secret: %v", cause)
		}
	}
}

func authorize(t *testing.T, auth *mcpauth.Auth, token string) (*mcpauth.AuthInfo, error) {
	t.Helper()
	return auth.Authorize(t.Context(), mcpauth.Request{
		Method: "POST", URL: "/mcp", Header: http.Header{"Authorization": {"Bearer " + token}},
	})
}

// TestGoogle has answers of tokeninfo judged.
//
// Covers RS7, RS8, RS9, RS10.
func TestGoogle(t *testing.T) {
	t.Parallel()
	c := readConversation(t, "google")
	for _, e := range c.Cases {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			v, err := provider.NewGoogle(provider.GoogleConfig{
				ClientIDs:       []string{"1-app.apps.googleusercontent.com", "1-phone.apps.googleusercontent.com"},
				AllowedSubjects: e.Config.Subjects, AllowedEmails: e.Config.Emails, AllowAnyUser: e.Config.none(),
				Connection: provider.Connection{BaseURL: fakeGoogle(t, e, c.Answer)},
			})
			if err != nil {
				t.Fatal(err)
			}
			e.check(t, v)
		})
	}
}

func fakeGoogle(t *testing.T, e exchange, answer map[string]any) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.URL.String() != "/tokeninfo" || r.Header.Get("Authorization") != "Bearer "+opaqueToken {
			t.Errorf("%s %s, or no token in the header", r.Method, r.URL)
		}
		e.write(t, w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestGitHub has answers of GitHub judged.
//
// Covers RS7, RS8, RS9, RS10.
func TestGitHub(t *testing.T) {
	t.Parallel()
	c := readConversation(t, "github")
	for _, e := range c.Cases {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			v, err := provider.NewGitHub(provider.GitHubConfig{
				ClientID: "Iv1.8a61f9b3a7aba766", ClientSecret: clientSecret,
				AllowedIDs: e.Config.IDs, AllowedLogins: e.Config.Logins, AllowedOrganizations: e.Config.Organizations,
				AllowAnyUser: e.Config.none(), Issuer: "https://github.com/login/oauth",
				Connection: provider.Connection{BaseURL: fakeGitHub(t, e, c.Answer)},
			})
			if err != nil {
				t.Fatal(err)
			}
			e.check(t, v)
		})
	}
}

func fakeGitHub(t *testing.T, e exchange, answer map[string]any) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v3/applications/Iv1.8a61f9b3a7aba766/token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		var body map[string]string
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body) != 1 || body["access_token"] != opaqueToken {
			t.Errorf("body %v, %v", body, err)
		}
		if id != "Iv1.8a61f9b3a7aba766" || secret != clientSecret || r.Header.Get("User-Agent") == "" || r.URL.RawQuery != "" {
			t.Error("not authenticated as the app")
		}
		e.write(t, w, answer)
	})
	mux.HandleFunc("GET /api/v3/user/memberships/orgs/{org}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+opaqueToken {
			t.Error("not asked as the user")
		}
		m, known := e.Membership[r.PathValue("org")]
		if !known {
			http.NotFound(w, r)
			return
		}
		for name, value := range m.Header {
			w.Header().Set(name, value)
		}
		if m.Status != 0 {
			w.WriteHeader(m.Status)
		}
		_, _ = w.Write(m.Body)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/api/v3"
}

// counted is a Google that knows one token and counts the questions.
func counted(t *testing.T, ttl time.Duration, now func() time.Time, expires time.Time) (*mcpauth.Auth, *atomic.Int64) {
	t.Helper()
	var questions atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		questions.Add(1)
		if r.Header.Get("Authorization") != "Bearer "+opaqueToken {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_token"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"aud": "a", "azp": "a", "sub": "1", "scope": "openid", "exp": expires.Unix()})
	}))
	t.Cleanup(server.Close)
	v, err := provider.NewGoogle(provider.GoogleConfig{
		ClientIDs: []string{"a"}, AllowAnyUser: true,
		Connection: provider.Connection{BaseURL: server.URL, CacheTTL: ttl, Now: now},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	auth, err := mcpauth.New(mcpauth.Config{Now: now, Resources: []mcpauth.Resource{{
		Identifier: resourceID, AuthorizationServers: []mcpauth.AuthorizationServer{v.AuthorizationServer()},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	return auth, &questions
}

// TestAnswersAreRememberedForAWhile: no longer than CacheTTL and the expiry of
// the token, and five seconds for a
// token that is not valid.
//
// Covers RS10.
func TestAnswersAreRememberedForAWhile(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	var clock atomic.Int64
	now := func() time.Time { return start.Add(time.Duration(clock.Load())) }
	auth, questions := counted(t, time.Minute, now, start.Add(90*time.Second))
	steps := []struct {
		at        time.Duration
		token     string
		asked     int64
		forbidden bool
	}{
		{0, opaqueToken, 1, false},
		{59 * time.Second, opaqueToken, 1, false},
		{60 * time.Second, opaqueToken, 2, false},
		{89 * time.Second, opaqueToken, 2, false},
		{91 * time.Second, opaqueToken, 3, false}, // within the leeway
		{96 * time.Second, opaqueToken, 4, true},
		{96 * time.Second, "another", 5, true},
		{96 * time.Second, "another", 5, true},
		{100 * time.Second, "another", 5, true}, // for five seconds
		{101 * time.Second, "another", 6, true},
	}
	for _, step := range steps {
		clock.Store(int64(step.at))
		_, err := authorize(t, auth, step.token)
		if (err != nil) != step.forbidden || questions.Load() != step.asked {
			t.Errorf("at %s: %v after %d questions, want %d", step.at, err, questions.Load(), step.asked)
		}
	}
}

// TestNothingIsRememberedByDefault holds that a revoked token is noticed.
func TestNothingIsRememberedByDefault(t *testing.T) {
	t.Parallel()
	auth, questions := counted(t, 0, time.Now, time.Now().Add(time.Hour))
	for range 3 {
		if _, err := authorize(t, auth, opaqueToken); err != nil {
			t.Fatal(err)
		}
	}
	if questions.Load() != 3 {
		t.Errorf("%d questions", questions.Load())
	}
}

// asked makes a verifier whose API counts the questions and answers them with
// answer.
func asked(t *testing.T, make func(provider.Connection) (verifier, error), answer http.HandlerFunc) (verifier, *atomic.Int64) {
	t.Helper()
	var questions atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		questions.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	v, err := make(provider.Connection{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v, &questions
}

func anyGoogle(c provider.Connection) (verifier, error) {
	return provider.NewGoogle(provider.GoogleConfig{ClientIDs: []string{"a"}, AllowAnyUser: true, Connection: c})
}

func anyGitHub(issuer string) func(provider.Connection) (verifier, error) {
	return func(c provider.Connection) (verifier, error) {
		return provider.NewGitHub(provider.GitHubConfig{
			ClientID: "a", ClientSecret: clientSecret, AllowAnyUser: true, Issuer: issuer, Connection: c,
		})
	}
}

// TestTokensThatCannotBeAreNotAskedAbout: they are refused without a question.
// Others are asked about once in five seconds, with no CacheTTL.
func TestTokensThatCannotBeAreNotAskedAbout(t *testing.T) {
	t.Parallel()
	gitHub, enterprise := anyGitHub("https://github.com/login/oauth"), anyGitHub("https://github.example.com/login/oauth")
	old := strings.Repeat("0123456789abcdef", 3)[:40]
	for name, test := range map[string]struct {
		make  func(provider.Connection) (verifier, error)
		token string
		asked int64
	}{
		"Google":                       {anyGoogle, "ya29.a0Af-_xyz....", 1},
		"Google, 12 KB":                {anyGoogle, strings.Repeat("x", 12<<10), 1},
		"Google, too long":             {anyGoogle, strings.Repeat("x", 16<<10+1), 0},
		"Google, empty":                {anyGoogle, "", 0},
		"Google, a space":              {anyGoogle, "ya29.a b", 0},
		"Google, not ASCII":            {anyGoogle, "ya29.ä", 0},
		"OAuth app":                    {gitHub, "gho_16C7e42F292c6912E7710c838347Ae178B4a", 1},
		"GitHub App":                   {gitHub, "ghu_16C7e42F292c6912E7710c838347Ae178B4a", 1},
		"GitHub App, with dots":        {gitHub, "ghu_1_" + strings.Repeat("x", 300) + ".y-z.w", 1},
		"before 2021":                  {gitHub, old, 1},
		"before 2021, one less":        {gitHub, old[:39], 0},
		"before 2021, no digit":        {gitHub, old[:39] + "g", 0},
		"personal access token":        {gitHub, "ghp_16C7e42F292c6912E7710c838347Ae178B4a", 0},
		"fine-grained":                 {gitHub, "github_pat_16C7e42F292c6912E7710c_838347Ae178B4a", 0},
		"installation":                 {gitHub, "ghs_16C7e42F292c6912E7710c838347Ae178B4a", 0},
		"refresh token":                {gitHub, "ghr_16C7e42F292c6912E7710c838347Ae178B4a", 0},
		"prefix in capitals":           {gitHub, "GHO_16C7e42F292c6912E7710c838347Ae178B4a", 0},
		"JWT":                          {gitHub, "eyJhbGciOiJub25lIn0.e30.x", 0},
		"line break":                   {gitHub, "gho_x\r\ny", 0},
		"Enterprise Server":            {enterprise, "whatever", 1},
		"Enterprise Server, no token":  {enterprise, "what ever", 0},
		"Enterprise Server, its gho_":  {enterprise, "gho_16C7e42F292c6912E7710c838347Ae178B4a", 1},
		"Enterprise Server, too long":  {enterprise, strings.Repeat("x", 16<<10+1), 0},
		"Enterprise Server, its ghp_x": {enterprise, "ghp_x", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, questions := asked(t, test.make, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/tokeninfo" {
					w.WriteHeader(http.StatusBadRequest)
					_, _ = io.WriteString(w, `{"error":"invalid_token"}`)
					return
				}
				http.NotFound(w, r)
			})
			for range 3 {
				if claims, err := v.Verify(t.Context(), test.token); claims != nil || !errors.Is(err, mcpauth.ErrInvalidToken) {
					t.Fatalf("%v, %v", claims, err)
				}
			}
			if questions.Load() != test.asked {
				t.Errorf("%d questions, want %d", questions.Load(), test.asked)
			}
		})
	}
}

// TestCallersShareAQuestion: requests with the same token cost one call, one
// that goes away takes nothing from the others, and each gets claims of its own.
func TestCallersShareAQuestion(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	remembering := func(c provider.Connection) (verifier, error) { // for those who come when it is answered
		c.CacheTTL = time.Hour
		return anyGoogle(c)
	}
	v, questions := asked(t, remembering, func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_ = json.NewEncoder(w).Encode(map[string]any{"aud": "a", "azp": "a", "sub": "1", "scope": "openid", "exp": time.Now().Add(time.Hour).Unix()})
	})
	first, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := v.Verify(first, opaqueToken)
		left <- err
	}()
	<-arrived
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) || errors.Is(err, mcpauth.ErrInvalidToken) {
		t.Errorf("the one that left: %v", err)
	}
	var started, done sync.WaitGroup
	started.Add(20)
	for range 20 {
		done.Go(func() {
			started.Done()
			claims, err := v.Verify(t.Context(), opaqueToken)
			if err != nil || claims.Subject != "1" || claims.Scopes[0] != "openid" {
				t.Errorf("%v, %v", claims, err)
				return
			}
			claims.Scopes[0], claims.Raw[0], claims.Audience[0] = "mine", 'x', "mine"
		})
	}
	started.Wait()
	close(release)
	done.Wait()
	if got := questions.Load(); got != 1 {
		t.Errorf("%d questions", got)
	}
}

// TestCloseEndsQuestions, of which nothing is known of the token.
func TestCloseEndsQuestions(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	v, _ := asked(t, anyGitHub("https://github.com/login/oauth"), func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server notices who goes away
		close(arrived)
		<-r.Context().Done()
	})
	ended := make(chan error)
	go func() {
		_, err := v.Verify(t.Context(), opaqueToken)
		ended <- err
	}()
	<-arrived
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil || errors.Is(err, mcpauth.ErrInvalidToken) {
		t.Errorf("got %v", err)
	}
	if _, err := v.Verify(t.Context(), opaqueToken); err == nil || errors.Is(err, mcpauth.ErrInvalidToken) {
		t.Errorf("after Close: %v", err)
	}
}

// TestOutageIsNoRefusal: who cannot be asked says nothing of the token.
func TestOutageIsNoRefusal(t *testing.T) {
	t.Parallel()
	connection := provider.Connection{BaseURL: "http://127.0.0.1:1"}
	google, err := provider.NewGoogle(provider.GoogleConfig{ClientIDs: []string{"a"}, AllowAnyUser: true, Connection: connection})
	if err != nil {
		t.Fatal(err)
	}
	gitHub, err := provider.NewGitHub(provider.GitHubConfig{
		ClientID: "a", ClientSecret: clientSecret, AllowAnyUser: true, Issuer: "https://github.example.com/login/oauth", Connection: connection,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []verifier{google, gitHub} {
		exchange{Reason: reason.ServerUnavailable}.check(t, v)
	}
}

func TestVerifierFaults(t *testing.T) {
	t.Parallel()
	google := func(change func(*provider.GoogleConfig)) func() error {
		return func() error {
			config := provider.GoogleConfig{ClientIDs: []string{"a"}, AllowAnyUser: true}
			change(&config)
			v, err := provider.NewGoogle(config)
			if v != nil {
				t.Error("a verifier in spite of the error")
			}
			return err
		}
	}
	gitHub := func(change func(*provider.GitHubConfig)) func() error {
		return func() error {
			config := provider.GitHubConfig{ClientID: "a", ClientSecret: clientSecret, AllowAnyUser: true}
			change(&config)
			v, err := provider.NewGitHub(config)
			if v != nil {
				t.Error("a verifier in spite of the error")
			}
			return err
		}
	}
	tests := map[string]struct {
		make func() error
		want configerr.Fault
	}{
		"no client":             {google(func(c *provider.GoogleConfig) { c.ClientIDs = nil }), provider.InvalidClient},
		"empty client":          {google(func(c *provider.GoogleConfig) { c.ClientIDs = []string{"a", ""} }), provider.InvalidClient},
		"nobody let in":         {google(func(c *provider.GoogleConfig) { c.AllowAnyUser = false }), provider.UsersRequired},
		"all and some":          {google(func(c *provider.GoogleConfig) { c.AllowedSubjects = []string{"1"} }), provider.UsersContradict},
		"empty subject":         {google(func(c *provider.GoogleConfig) { c.AllowAnyUser, c.AllowedSubjects = false, []string{""} }), provider.InvalidRestriction},
		"address with a space":  {google(func(c *provider.GoogleConfig) { c.AllowAnyUser, c.AllowedEmails = false, []string{"a b@x"} }), provider.InvalidRestriction},
		"http":                  {google(func(c *provider.GoogleConfig) { c.BaseURL = "http://example.com" }), provider.InvalidURL},
		"slash":                 {google(func(c *provider.GoogleConfig) { c.BaseURL = "https://example.com/" }), provider.InvalidURL},
		"query":                 {google(func(c *provider.GoogleConfig) { c.BaseURL = "https://example.com?x=" }), provider.InvalidURL},
		"userinfo":              {google(func(c *provider.GoogleConfig) { c.BaseURL = "https://a:" + clientSecret + "@example.com" }), provider.InvalidURL},
		"long memory":           {google(func(c *provider.GoogleConfig) { c.CacheTTL = 2 * time.Hour }), provider.InvalidLifetime},
		"negative memory":       {google(func(c *provider.GoogleConfig) { c.CacheTTL = -1 }), provider.InvalidLifetime},
		"long timeout":          {google(func(c *provider.GoogleConfig) { c.Timeout = time.Minute }), provider.InvalidTimeout},
		"no app":                {gitHub(func(c *provider.GitHubConfig) { c.ClientID = "" }), provider.InvalidClient},
		"app with a path":       {gitHub(func(c *provider.GitHubConfig) { c.ClientID = "../../user" }), provider.InvalidClient},
		"app with a colon":      {gitHub(func(c *provider.GitHubConfig) { c.ClientID = "a:b" }), provider.InvalidClient},
		"dots":                  {gitHub(func(c *provider.GitHubConfig) { c.ClientID = ".." }), provider.InvalidClient},
		"no secret":             {gitHub(func(c *provider.GitHubConfig) { c.ClientSecret = "" }), provider.SecretRequired},
		"GitHub, nobody let in": {gitHub(func(c *provider.GitHubConfig) { c.AllowAnyUser = false }), provider.UsersRequired},
		"GitHub, all and some":  {gitHub(func(c *provider.GitHubConfig) { c.AllowedOrganizations = []string{"a"} }), provider.UsersContradict},
		"id zero":               {gitHub(func(c *provider.GitHubConfig) { c.AllowAnyUser, c.AllowedIDs = false, []int64{0} }), provider.InvalidRestriction},
		"login with a slash":    {gitHub(func(c *provider.GitHubConfig) { c.AllowAnyUser, c.AllowedLogins = false, []string{"a/b"} }), provider.InvalidRestriction},
		"organization, dots":    {gitHub(func(c *provider.GitHubConfig) { c.AllowAnyUser, c.AllowedOrganizations = false, []string{".."} }), provider.InvalidRestriction},
		"API without issuer":    {gitHub(func(c *provider.GitHubConfig) { c.BaseURL = "https://github.example.com/api/v3" }), provider.IssuerRequired},
		"issuer without API":    {gitHub(func(c *provider.GitHubConfig) { c.Issuer = "https://github.example.com/login/oauth" }), provider.InvalidURL},
		"github.com's issuer": {gitHub(func(c *provider.GitHubConfig) {
			c.Issuer, c.BaseURL = "https://github.com/login/oauth", "https://github.example.com/api/v3"
		}), provider.IssuerMismatch},
		"github.com's API": {gitHub(func(c *provider.GitHubConfig) {
			c.Issuer, c.BaseURL = "https://github.example.com/login/oauth", "https://api.github.com"
		}), provider.IssuerMismatch},
		"issuer with a query": {gitHub(func(c *provider.GitHubConfig) { c.Issuer = "https://github.example.com/?x" }), provider.InvalidIssuer},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.make()
			var e *configerr.Error
			if !errors.As(err, &e) || !errors.Is(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), clientSecret) {
				t.Error("the error holds the secret")
			}
		})
	}
}

// Verifiers print no secret and no token that they remember.
func TestPrintingShowsNoSecret(t *testing.T) {
	t.Parallel()
	hub, err := provider.NewGitHub(provider.GitHubConfig{ClientID: "Iv1.8a61f9b3a7aba766", ClientSecret: clientSecret, AllowAnyUser: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Close() })
	google, err := provider.NewGoogle(provider.GoogleConfig{ClientIDs: []string{"1.apps.googleusercontent.com"}, AllowAnyUser: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = google.Close() })
	for want, value := range map[string]any{
		"{ClientID:Iv1.8a61f9b3a7aba766}": hub, "{ClientIDs:[1.apps.googleusercontent.com]}": google,
		"[{ClientID:Iv1.8a61f9b3a7aba766}]": []mcpauth.Verifier{hub},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			if got := fmt.Sprintf(verb, value); strings.Contains(got, clientSecret) || strings.Contains(got, fmt.Sprintf("%x", clientSecret)) || verb == "%v" && got != want {
				t.Errorf("%s prints %s, want %s", verb, got, want)
			}
		}
	}
}
