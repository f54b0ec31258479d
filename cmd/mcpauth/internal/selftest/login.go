package selftest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/mcpauthtest"
)

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
		"resource":              f.demo.Facts.MCPURL,
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
		"resource":      {f.demo.Facts.MCPURL},
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
