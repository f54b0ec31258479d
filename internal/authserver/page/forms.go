package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

const (
	secretBytes  = 32
	cookieMaxAge = 3600 // seconds
)

// forms protects forms against cross-site request forgery.
type forms struct {
	key     []byte
	cookie  string
	secure  bool // https: the cookie can have the prefix __Host-
	origins *http.CrossOriginProtection
}

func newForms(issuer string, key []byte, cookie string) forms {
	f := forms{key: key, cookie: cookie, origins: http.NewCrossOriginProtection()}
	if strings.HasPrefix(issuer, "https:") {
		// The prefix keeps other hosts from setting the cookie.
		f.secure, f.cookie = true, "__Host-"+cookie
	}
	return f
}

func (f forms) newToken(w http.ResponseWriter, r *http.Request) string {
	secret, ok := f.secret(r)
	if !ok {
		raw := make([]byte, secretBytes)
		_, _ = rand.Read(raw) // never fails (crypto/rand)
		secret = base64.RawURLEncoding.EncodeToString(raw)
	}
	http.SetCookie(w, &http.Cookie{
		Name: f.cookie, Value: secret, Path: "/", MaxAge: cookieMaxAge,
		HttpOnly: true, Secure: f.secure, SameSite: http.SameSiteLaxMode,
	})
	return f.token(secret, r)
}

// check refuses forms that a page of another site sent, and forms with another
// token.
func (f forms) check(r *http.Request, token string) bool {
	secret, ok := f.secret(r)
	return ok && f.origins.Check(r) == nil && hmac.Equal([]byte(token), []byte(f.token(secret, r)))
}

// token covers the decoded query, because browsers may escape it differently
// than the client did.
func (f forms) token(secret string, r *http.Request) string {
	m := hmac.New(sha256.New, f.key)
	m.Write([]byte(secret + "\n" + r.URL.Query().Encode()))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// secret returns the value of the cookie, if it can have been set here.
func (f forms) secret(r *http.Request) (string, bool) {
	cookies := r.CookiesNamed(f.cookie)
	if len(cookies) != 1 {
		return "", false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookies[0].Value)
	// The decoder skips line breaks, so the length of the text counts as well.
	ok := err == nil && len(raw) == secretBytes && len(cookies[0].Value) == base64.RawURLEncoding.EncodedLen(secretBytes)
	return cookies[0].Value, ok
}
