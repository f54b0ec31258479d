package authorize

import (
	"net/http"

	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// Login finds out who the user of an authorization request is, and whether they
// consent. It gets each GET and POST request to the authorization endpoint whose
// query is a valid authorization request.
//
// It either decides at once or answers the browser itself and returns
// [Answered]: with a page, whose form comes back to Login under the same query,
// or with a redirect to another provider. After such a detour the program calls
// [Endpoint.Complete] with the request that it kept.
type Login interface {
	Login(w http.ResponseWriter, r *http.Request, request *Request) Decision
}

// Decision is the outcome of a login. The zero value is [Answered].
type Decision struct {
	user    *grant.User
	refusal *oauth.Error
	byUser  bool // the refusal
}

// Approved returns the decision of a user who consents.
func Approved(user grant.User) Decision { return Decision{user: &user} }

// Denied returns the decision of a user who does not consent.
func Denied() Decision {
	return Decision{refusal: oauth.BadRequest("access_denied", "the user did not consent"), byUser: true}
}

// Refused returns the decision not to give a code, for the reason that the client
// is sent.
func Refused(reason *oauth.Error) Decision { return Decision{refusal: reason} }

// Answered returns the decision for a request to which the login has responded
// itself.
func Answered() Decision { return Decision{} }

// LoginRequired returns the reason to refuse a request that allows no page.
func LoginRequired(description string) *oauth.Error {
	return oauth.BadRequest("login_required", description)
}
