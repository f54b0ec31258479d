package mcpauthtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"time"

	"github.com/mcp-auth/go/internal/authserver/authorize"
	"github.com/mcp-auth/go/internal/authserver/consent"
	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/limit"
)

const (
	loginBurst = 20
	loginRate  = 1.0 // a second
)

// passwordLogin logs test users in on the consent page.
type passwordLogin struct {
	users       []User
	autoApprove bool
	page        *consent.Page
	attempts    *limit.Bucket
	now         func() time.Time
}

var _ authorize.Login = (*passwordLogin)(nil)

func newPasswordLogin(c *parsed, page *consent.Page) *passwordLogin {
	return &passwordLogin{
		users: c.Users, autoApprove: c.AutoApprove, page: page,
		attempts: limit.NewBucket(loginBurst, loginRate), now: c.Now,
	}
}

// Login implements [authorize.Login].
func (l *passwordLogin) Login(w http.ResponseWriter, r *http.Request, request *authorize.Request) authorize.Decision {
	switch {
	case r.Method == http.MethodPost:
		return l.decide(w, r, request)
	case l.autoApprove:
		return approved(l.hinted(request.LoginHint))
	case request.Silent:
		return authorize.Refused(authorize.LoginRequired("users do not stay logged in at this server"))
	}
	return l.ask(w, r, request, http.StatusOK, "")
}

func (l *passwordLogin) ask(w http.ResponseWriter, r *http.Request, request *authorize.Request, status int, problem string) authorize.Decision {
	l.page.Show(w, r, request, status, problem)
	return authorize.Answered()
}

// hinted returns the user whom AutoApprove logs in.
func (l *passwordLogin) hinted(hint string) User {
	for _, u := range l.users {
		if hint != "" && u.Username == hint {
			return u
		}
	}
	return l.users[0]
}

// decide handles the form of the consent page.
func (l *passwordLogin) decide(w http.ResponseWriter, r *http.Request, request *authorize.Request) authorize.Decision {
	form, ok := l.page.Read(w, r)
	if !ok {
		return authorize.Answered()
	}
	if !form.Approved {
		return authorize.Denied()
	}
	again := *request
	again.LoginHint = form.Get("username") // so that the user does not have to type it again
	if !l.attempts.Allow(l.now()) {
		w.Header().Set("Retry-After", "1")
		return l.ask(w, r, &again, http.StatusTooManyRequests, "Too many attempts. Wait a moment.")
	}
	user, ok := l.find(form.Get("username"), form.Get("password"))
	if !ok {
		return l.ask(w, r, &again, http.StatusForbidden, "The username or the password is wrong.")
	}
	return approved(user)
}

// find compares with every user, so that its timing does not show which names
// exist.
func (l *passwordLogin) find(username, password string) (User, bool) {
	var found User
	ok := false
	for _, u := range l.users {
		if sameSecret(u.Username, username)&sameSecret(u.Password, password) == 1 {
			found, ok = u, true
		}
	}
	return found, ok
}

func sameSecret(a, b string) int {
	sumA, sumB := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(sumA[:], sumB[:])
}

func approved(u User) authorize.Decision {
	return authorize.Approved(grant.User{Subject: u.Subject, Username: u.Username, Name: u.Name, Email: u.Email})
}
