package provider

import (
	"context"
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
)

const (
	googleIssuer = "https://accounts.google.com"
	googleAPI    = "https://oauth2.googleapis.com"
)

// GoogleConfig configures a [Google].
type GoogleConfig struct {
	// ClientIDs are the OAuth clients whose tokens are accepted, at least one.
	// They take the place of an audience: Google's access tokens are for
	// Google's own APIs and name no other resource. Whoever runs one of these
	// clients can call this server with the tokens of its users.
	ClientIDs []string
	// AllowedSubjects are the users that are accepted, by the unchanging
	// identifier that Google calls sub.
	AllowedSubjects []string
	// AllowedEmails are the users that are accepted by their address, compared
	// without regard to case. It must be verified, and the token must have the
	// scope email. An address can pass to another user; a subject cannot.
	AllowedEmails []string
	// AllowAnyUser accepts everybody who has a Google account and has let one
	// of the clients in. Set it if you give neither list.
	AllowAnyUser bool
	// Connection says how Google is asked. Its BaseURL is
	// https://oauth2.googleapis.com by default.
	Connection
}

// Google is a [mcpauth.Verifier] for Google's opaque access tokens. It asks
// Google's tokeninfo endpoint about each. The audience in its claims is the
// client that, according to Google, the token was issued to.
type Google struct {
	config GoogleConfig
	ask    *asker
}

// Format prints whose tokens are accepted, whatever the verb: a verifier holds
// secrets and remembers tokens.
func (g *Google) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{ClientIDs:%s}", g.config.ClientIDs)
}

// NewGoogle makes a verifier. All mistakes are reported together, each as an
// [*configerr.Error].
func NewGoogle(config GoogleConfig) (*Google, error) {
	f := faults{profile: "google"}
	if len(config.ClientIDs) == 0 {
		f.add(InvalidClient, "ClientIDs", "", "there must be one")
	}
	for i, id := range config.ClientIDs {
		if !printable(id) {
			f.add(InvalidClient, fmt.Sprintf("ClientIDs[%d]", i), id, "")
		}
	}
	checkEntries(&f, "AllowedSubjects", config.AllowedSubjects)
	checkEntries(&f, "AllowedEmails", config.AllowedEmails)
	f.checkAnyUser(config.AllowAnyUser, len(config.AllowedSubjects)+len(config.AllowedEmails))
	config.Connection.check(&f)
	if err := f.err(); err != nil {
		return nil, err
	}
	config.ClientIDs = slices.Clone(config.ClientIDs)
	config.AllowedSubjects = slices.Clone(config.AllowedSubjects)
	config.AllowedEmails = slices.Clone(config.AllowedEmails)
	g := &Google{config: config, ask: newAsker(config.Connection, googleAPI)}
	g.ask.start(config.Timeout, g.tokenInfo)
	return g, nil
}

func checkEntries(f *faults, field string, entries []string) {
	for i, entry := range entries {
		if !printable(entry) {
			f.add(InvalidRestriction, fmt.Sprintf("%s[%d]", field, i), entry, "")
		}
	}
}

// checkAnyUser demands that it is said who is let in, and said once.
func (f *faults) checkAnyUser(anyUser bool, listed int) {
	switch {
	case !anyUser && listed == 0:
		f.add(UsersRequired, "AllowAnyUser", "", "")
	case anyUser && listed > 0:
		f.add(UsersContradict, "AllowAnyUser", "", "")
	}
}

// AuthorizationServer returns what goes into a [mcpauth.Resource]: Google, with
// g as its verifier and its clients as audiences.
func (g *Google) AuthorizationServer() mcpauth.AuthorizationServer {
	return mcpauth.AuthorizationServer{
		Issuer: googleIssuer, Type: mcpauth.OIDC, Audiences: slices.Clone(g.config.ClientIDs), Verifier: g,
	}
}

// Close ends questions under way and waits for them. Do not use the Google
// afterwards.
func (g *Google) Close() error { g.ask.close(); return nil }

// Verify asks Google about the token, unless it cannot be one of Google's. The
// error wraps [mcpauth.ErrInvalidToken] if Google does not know the token, or
// if it belongs to another client or to a user who is not allowed; any other
// error means that Google could not be asked.
func (g *Google) Verify(ctx context.Context, token string) (*mcpauth.Claims, error) {
	if !isToken(token) { // more is not documented of how Google's look
		return nil, invalid("google: no access token has this form")
	}
	return g.ask.verify(ctx, token)
}

func (g *Google) tokenInfo(ctx context.Context, token string) (*mcpauth.Claims, error) {
	// In the header, not in the query, which others log.
	header := http.Header{
		"Authorization": {"Bearer " + token},
		"Content-Type":  {"application/x-www-form-urlencoded"},
		"Accept":        {"application/json"},
	}
	resp, err := g.ask.do(ctx, http.MethodPost, "/tokeninfo", header, nil)
	if err != nil {
		return nil, fmt.Errorf("google: tokeninfo: %w", err)
	}
	if resp.Status != http.StatusOK {
		return nil, googleRefusal(resp)
	}
	info, err := parseTokenInfo(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("google: tokeninfo: %w", err)
	}
	return g.judge(info)
}

// googleRefusal tells a token that Google does not know from other trouble.
func googleRefusal(resp *fetch.Response) error {
	var code, description string
	err := jsonx.Object(resp.Body, maxAnswerDepth, func(name string, raw []byte) error {
		switch name {
		case "error":
			code, _ = jsonx.String(raw)
		case "error_description":
			description, _ = jsonx.String(raw)
		}
		return nil
	})
	known := code == "invalid_token" || code == "" && description == "Invalid Value"
	if resp.Status == http.StatusBadRequest && err == nil && known {
		return invalid("google: tokeninfo does not know the token")
	}
	return fmt.Errorf("google: tokeninfo: %w", resp.Unexpected())
}

// tokenInfo is what tokeninfo says.
type tokenInfo struct {
	audience, presenter, subject, scope string
	email                               string
	emailVerified                       bool
	expires                             time.Time
	isIDToken                           bool
}

// parseTokenInfo reads an answer. Numbers and truth values come as text, too.
func parseTokenInfo(body []byte) (*tokenInfo, error) {
	info := &tokenInfo{}
	err := members(body, func(name string, raw []byte) (ok bool) {
		ok = true
		switch name {
		case "aud":
			info.audience, ok = jsonx.String(raw)
		case "azp":
			info.presenter, ok = jsonx.String(raw)
		case "sub":
			info.subject, ok = jsonx.String(raw)
		case "scope":
			info.scope, ok = jsonx.String(raw)
		case "iss", "nonce", "at_hash":
			info.isIDToken = true
		case "email":
			info.email, ok = jsonx.String(raw)
		case "email_verified":
			info.emailVerified, ok = jsonx.Bool(unquoted(raw))
		case "exp":
			info.expires, ok = jsonx.NumericDate(unquoted(raw))
		}
		return ok
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer is not acceptable: %w", err)
	case info.audience == "" || info.expires.IsZero():
		return nil, errors.New("the answer is not acceptable: no aud or no exp")
	}
	return info, nil
}

func unquoted(raw []byte) []byte {
	if plain, ok := jsonx.Plain(raw); ok {
		return plain
	}
	return raw
}

func (g *Google) judge(info *tokenInfo) (*mcpauth.Claims, error) {
	client := info.presenter
	if client == "" {
		client = info.audience
	}
	switch {
	case info.isIDToken || info.scope == "":
		return nil, invalid("google: the token is no access token")
	case !slices.Contains(g.config.ClientIDs, info.audience), !slices.Contains(g.config.ClientIDs, client):
		return nil, invalid("google: the token was issued to another client")
	case info.subject == "":
		return nil, invalid("google: the token tells no user: the client must ask for the scope openid")
	case !g.allows(info):
		return nil, invalid("google: the user is not allowed")
	}
	claims := &mcpauth.Claims{
		Issuer: googleIssuer, Subject: info.subject, ClientID: client, Audience: []string{info.audience},
		Scopes: strings.Fields(info.scope), ExpiresAt: info.expires,
	}
	raw := map[string]any{
		"iss": googleIssuer, "sub": info.subject, "aud": info.audience, "azp": client, "scope": info.scope,
		"exp": info.expires.Unix(),
	}
	if info.email != "" {
		raw["email"], raw["email_verified"] = info.email, info.emailVerified
	}
	var err error
	claims.Raw, err = json.Marshal(raw)
	return claims, err
}

func (g *Google) allows(info *tokenInfo) bool {
	if g.config.AllowAnyUser || slices.Contains(g.config.AllowedSubjects, info.subject) {
		return true
	}
	return info.emailVerified && containsFold(g.config.AllowedEmails, info.email)
}

// containsFold compares ASCII text without regard to case.
func containsFold(list []string, text string) bool {
	return printable(text) && slices.ContainsFunc(list, func(entry string) bool { return strings.EqualFold(entry, text) })
}

// decimal writes an identifier.
func decimal(id int64) string { return strconv.FormatInt(id, 10) }
