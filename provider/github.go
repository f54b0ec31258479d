package provider

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/metadata"
)

const (
	gitHubIssuer  = "https://github.com/login/oauth"
	gitHubAPI     = "https://api.github.com"
	gitHubVersion = "2022-11-28"
	// What was proved of a token without an expiry holds for this long, or for
	// as long as it is remembered.
	gitHubProofLifetime = time.Minute

	gitHubClientPattern = `[A-Za-z0-9][A-Za-z0-9._-]{0,99}`
	gitHubNamePattern   = `[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?`
)

// GitHubConfig configures a [GitHub].
type GitHubConfig struct {
	// ClientID is the OAuth app, or the GitHub App, whose tokens are accepted.
	// It takes the place of an audience: GitHub's access tokens are for
	// GitHub's own API and name no other resource. Whoever runs that app can
	// call this server with the tokens of its users.
	ClientID string
	// ClientSecret is a secret of that app: GitHub tells only the app about its
	// tokens.
	ClientSecret mcpauth.Secret
	// AllowedIDs are the users that are accepted, by the unchanging number that
	// GitHub calls id.
	AllowedIDs []int64
	// AllowedLogins are the users that are accepted by their login, compared
	// without regard to case. A login that is given up can be taken by another
	// user; an id cannot.
	AllowedLogins []string
	// AllowedOrganizations are organizations whose active members are accepted,
	// by their login, which, as a user's, can be given up and taken. Each costs
	// one more call, with the user's token, which needs the scope read:org.
	AllowedOrganizations []string
	// AllowAnyUser accepts everybody who has a GitHub account and has let the
	// app in. Set it if you give none of the lists.
	AllowAnyUser bool
	// Issuer is the issuer of a GitHub Enterprise Server, such as
	// https://github.example.com/login/oauth. Empty means the one of
	// github.com.
	Issuer string
	// Connection says how GitHub is asked. Its BaseURL is
	// https://api.github.com by default; a GitHub Enterprise Server needs one,
	// such as https://github.example.com/api/v3.
	Connection
}

// GitHub is a [mcpauth.Verifier] for GitHub's opaque access tokens. It asks
// GitHub, as the OAuth app, whether a token belongs to the app. The audience in
// its claims is the app that, according to GitHub, the token was issued to.
//
// Tokens of an OAuth app have no expiry. Their claims then expire after a
// minute, or after CacheTTL if that is longer, and GitHub is asked again.
type GitHub struct {
	config GitHubConfig
	ask    *asker
}

// Format prints whose tokens are accepted, whatever the verb: a verifier holds
// secrets and remembers tokens.
func (g *GitHub) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{ClientID:%s}", g.config.ClientID)
}

// NewGitHub makes a verifier. All mistakes are reported together, each as an
// [*configerr.Error].
func NewGitHub(config GitHubConfig) (*GitHub, error) {
	f := faults{profile: "github"}
	if !matches(gitHubClientPattern, config.ClientID) {
		f.add(InvalidClient, "ClientID", config.ClientID, "")
	}
	if config.ClientSecret == "" {
		f.add(SecretRequired, "ClientSecret", "", "")
	}
	for i, id := range config.AllowedIDs {
		if id <= 0 {
			f.add(InvalidRestriction, fmt.Sprintf("AllowedIDs[%d]", i), decimal(id), "")
		}
	}
	checkNames(&f, "AllowedLogins", config.AllowedLogins)
	checkNames(&f, "AllowedOrganizations", config.AllowedOrganizations)
	f.checkAnyUser(config.AllowAnyUser, len(config.AllowedIDs)+len(config.AllowedLogins)+len(config.AllowedOrganizations))
	config.Connection.check(&f)
	config.checkIssuer(&f)
	if err := f.err(); err != nil {
		return nil, err
	}
	if config.Issuer == "" {
		config.Issuer = gitHubIssuer
	}
	config.AllowedIDs = slices.Clone(config.AllowedIDs)
	config.AllowedLogins = slices.Clone(config.AllowedLogins)
	config.AllowedOrganizations = slices.Clone(config.AllowedOrganizations)
	g := &GitHub{config: config, ask: newAsker(config.Connection, gitHubAPI)}
	g.ask.start(config.Timeout, g.check)
	return g, nil
}

func checkNames(f *faults, field string, names []string) {
	for i, name := range names {
		if !matches(gitHubNamePattern, name) {
			f.add(InvalidRestriction, fmt.Sprintf("%s[%d]", field, i), name, "")
		}
	}
}

// checkIssuer keeps an API from being taken for that of another GitHub.
func (c *GitHubConfig) checkIssuer(f *faults) {
	public := c.BaseURL == "" || c.BaseURL == gitHubAPI
	switch {
	case c.Issuer != "" && metadata.CheckIssuer(c.Issuer) != nil:
		f.add(InvalidIssuer, "Issuer", c.Issuer, "")
	case c.Issuer == "" && !public:
		f.add(IssuerRequired, "Issuer", "", "such as https://github.example.com/login/oauth")
	case c.Issuer == gitHubIssuer && !public && !fetch.IsLoopbackURL(c.BaseURL): // a test stands in for github.com there
		f.add(IssuerMismatch, "Issuer", c.Issuer, "that of a GitHub Enterprise Server is such as https://github.example.com/login/oauth")
	case c.Issuer != "" && c.Issuer != gitHubIssuer && c.BaseURL == "":
		f.add(InvalidURL, "BaseURL", "", "such as https://github.example.com/api/v3")
	case c.Issuer != "" && c.Issuer != gitHubIssuer && public:
		f.add(IssuerMismatch, "BaseURL", c.BaseURL, "that of a GitHub Enterprise Server is such as https://github.example.com/api/v3")
	}
}

// AuthorizationServer returns what goes into a [mcpauth.Resource]: GitHub, with
// g as its verifier and the app as audience.
func (g *GitHub) AuthorizationServer() mcpauth.AuthorizationServer {
	return mcpauth.AuthorizationServer{
		Issuer: g.config.Issuer, Type: mcpauth.OAuth, Audiences: []string{g.config.ClientID}, Verifier: g,
	}
}

// Close ends questions under way and waits for them. Do not use the GitHub
// afterwards.
func (g *GitHub) Close() error { g.ask.close(); return nil }

// Verify asks GitHub about the token, unless it cannot be one of GitHub's. The
// error wraps [mcpauth.ErrInvalidToken] if GitHub says that the token does not
// belong to the app, or if the user is not allowed; any other error means that
// GitHub could not be asked.
func (g *GitHub) Verify(ctx context.Context, token string) (*mcpauth.Claims, error) {
	if !isToken(token) || g.config.Issuer == gitHubIssuer && !isGitHubToken(token) {
		return nil, invalid("github: no token of an app for a user has this form")
	}
	return g.ask.verify(ctx, token)
}

// isGitHubToken reports a token of github.com that an app got for a user: gho_
// of an OAuth app, ghu_ of a GitHub App, or 40 hexadecimal digits from before
// April 2021. Other kinds (ghp_, github_pat_, ghs_, ghr_) are no user's access
// tokens of an app, and no others are known. What follows the prefix is opaque:
// its length and its characters have changed before. What an Enterprise Server
// issues depends on its version, and on the tokens that it still has.
func isGitHubToken(token string) bool {
	return strings.HasPrefix(token, "gho_") || strings.HasPrefix(token, "ghu_") || gitHubOldToken(token)
}

func gitHubOldToken(token string) bool {
	return len(token) == 40 && strings.Trim(token, "0123456789abcdef") == ""
}

func (g *GitHub) check(ctx context.Context, token string) (*mcpauth.Claims, error) {
	body, err := json.Marshal(map[string]string{"access_token": token})
	if err != nil {
		return nil, err
	}
	credentials := g.config.ClientID + ":" + string(g.config.ClientSecret)
	header := gitHubHeader("Basic " + base64.StdEncoding.EncodeToString([]byte(credentials)))
	header.Set("Content-Type", "application/json")
	resp, err := g.ask.do(ctx, http.MethodPost, "/applications/"+g.config.ClientID+"/token", header, body)
	if err != nil {
		return nil, fmt.Errorf("github: check a token: %w", err)
	}
	switch {
	case isRateLimited(resp):
		return nil, fmt.Errorf("github: check a token: status %d: the rate limit is reached", resp.Status)
	case resp.Status == http.StatusNotFound:
		return nil, invalid("github: the app has no such token")
	case resp.Status == http.StatusUnprocessableEntity:
		// GitHub documents it as "Validation failed, or the endpoint has been
		// spammed", and 404 for tokens that are not valid. It cannot be told
		// from the status which of the two it is, and the question is well
		// formed: a client with a good token is not to throw it away.
		return nil, errors.New("github: check a token: status 422: GitHub does not say whether it looked at the token")
	case resp.Status == http.StatusUnauthorized:
		return nil, errors.New("github: check a token: status 401: GitHub does not accept ClientID and ClientSecret")
	case resp.Status != http.StatusOK:
		return nil, fmt.Errorf("github: check a token: %w", resp.Unexpected())
	}
	said, err := parseGitHubToken(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("github: check a token: the answer is not acceptable: %w", err)
	}
	return g.judge(ctx, token, said)
}

func gitHubHeader(authorization string) http.Header {
	h := http.Header{}
	h.Set("Accept", "application/vnd.github+json")
	h.Set("Authorization", authorization)
	h.Set("X-GitHub-Api-Version", gitHubVersion)
	return h
}

// isRateLimited reports an answer that says nothing of the token. That of a
// secondary rate limit may say so in its text alone.
func isRateLimited(resp *fetch.Response) bool {
	switch resp.Status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden, http.StatusUnprocessableEntity:
		return resp.Header.Get("X-RateLimit-Remaining") == "0" || resp.Header.Get("Retry-After") != "" ||
			bytes.Contains(bytes.ToLower(resp.Body), []byte("rate limit"))
	}
	return false
}

// gitHubToken is what GitHub says of a token. The token itself, which stands in
// the answer too, is not read.
type gitHubToken struct {
	client  string
	scopes  []string
	expires time.Time // zero: never
	user    gitHubUser
}

type gitHubUser struct {
	id    int64
	login string
}

func parseGitHubToken(body []byte) (*gitHubToken, error) {
	said := &gitHubToken{}
	err := members(body, func(name string, raw []byte) (ok bool) {
		ok = true
		switch name {
		case "scopes":
			if string(raw) != "null" {
				said.scopes, ok = jsonx.Strings(raw)
			}
		case "expires_at":
			said.expires, ok = optionalTime(raw)
		case "app":
			ok = members(raw, func(name string, raw []byte) (ok bool) {
				if name == "client_id" {
					said.client, ok = jsonx.String(raw)
					return ok
				}
				return true
			}) == nil
		case "user":
			said.user, ok = parseGitHubUser(raw)
		}
		return ok
	})
	if err == nil && said.client == "" {
		err = errors.New("no app")
	}
	return said, err
}

// parseGitHubUser reads a user, or null, which is none.
func parseGitHubUser(raw []byte) (u gitHubUser, ok bool) {
	if string(raw) == "null" {
		return u, true
	}
	err := members(raw, func(name string, raw []byte) (ok bool) {
		ok = true
		switch name {
		case "id":
			var err error
			u.id, err = strconv.ParseInt(string(raw), 10, 64)
			ok = err == nil && u.id > 0
		case "login":
			u.login, ok = jsonx.String(raw)
		}
		return ok
	})
	return u, err == nil
}

func optionalTime(raw []byte) (time.Time, bool) {
	if string(raw) == "null" {
		return time.Time{}, true
	}
	text, ok := jsonx.String(raw)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, text)
	return t, err == nil
}

func (g *GitHub) judge(ctx context.Context, token string, said *gitHubToken) (*mcpauth.Claims, error) {
	switch {
	case said.client != g.config.ClientID:
		return nil, invalid("github: the token was issued to another app")
	case said.user.id == 0 || !printable(said.user.login):
		return nil, invalid("github: the token tells no user")
	}
	allowed, err := g.allows(ctx, token, said.user)
	switch {
	case err != nil:
		return nil, err
	case !allowed:
		return nil, invalid("github: the user is not allowed")
	}
	claims := &mcpauth.Claims{
		Issuer: g.config.Issuer, Subject: decimal(said.user.id), ClientID: said.client, Audience: []string{said.client},
		Scopes: said.scopes, ExpiresAt: g.ask.now().Add(max(g.ask.ttl, gitHubProofLifetime)),
	}
	if !said.expires.IsZero() {
		claims.ExpiresAt = earlier(claims.ExpiresAt, said.expires)
	}
	claims.Raw, err = json.Marshal(map[string]any{
		"iss": claims.Issuer, "sub": claims.Subject, "aud": said.client, "client_id": said.client,
		"scope": strings.Join(said.scopes, " "), "login": said.user.login, "exp": claims.ExpiresAt.Unix(),
	})
	return claims, err
}

// allows reports whether the user is on one of the lists.
func (g *GitHub) allows(ctx context.Context, token string, user gitHubUser) (bool, error) {
	if g.config.AllowAnyUser || slices.Contains(g.config.AllowedIDs, user.id) || containsFold(g.config.AllowedLogins, user.login) {
		return true, nil
	}
	for _, organization := range g.config.AllowedOrganizations {
		if member, err := g.isMember(ctx, token, organization, user); member || err != nil {
			return member, err
		}
	}
	return false, nil
}

// isMember asks as the user, whose token is GitHub's own, whether they are an
// active member of the organization.
func (g *GitHub) isMember(ctx context.Context, token, organization string, user gitHubUser) (bool, error) {
	resp, err := g.ask.do(ctx, http.MethodGet, "/user/memberships/orgs/"+organization, gitHubHeader("Bearer "+token), nil)
	switch {
	case err != nil:
		return false, fmt.Errorf("github: membership: %w", err)
	case isRateLimited(resp):
		return false, fmt.Errorf("github: membership: status %d: the rate limit is reached", resp.Status)
	case resp.Status == http.StatusUnauthorized:
		return false, invalid("github: membership: the token is not valid any more")
	case resp.Status == http.StatusNotFound, resp.Status == http.StatusForbidden:
		return false, nil // no member, no scope read:org, or the organization has not let the app in
	case resp.Status != http.StatusOK:
		return false, fmt.Errorf("github: membership: %w", resp.Unexpected())
	}
	state, of, member, err := parseMembership(resp.Body)
	if err != nil {
		return false, fmt.Errorf("github: membership: the answer is not acceptable: %w", err)
	}
	return state == "active" && strings.EqualFold(of, organization) && member.id == user.id, nil
}

func parseMembership(body []byte) (state, organization string, member gitHubUser, err error) {
	err = members(body, func(name string, raw []byte) (ok bool) {
		ok = true
		switch name {
		case "state":
			state, ok = jsonx.String(raw)
		case "organization":
			var o gitHubUser // has login and id, too
			o, ok = parseGitHubUser(raw)
			organization = o.login
		case "user":
			member, ok = parseGitHubUser(raw)
		}
		return ok
	})
	return state, organization, member, err
}
