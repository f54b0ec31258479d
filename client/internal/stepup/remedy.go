package stepup

import "net/http"

// Remedy is what to do about a refusal.
type Remedy int

const (
	// None means that nothing is left to try.
	None Remedy = iota
	// Refresh means to refresh the token.
	Refresh
	// Obtain means to obtain another token.
	Obtain
)

// Attempts are the remedies that one request has already had. Each is tried
// once, so a request ends.
type Attempts struct{ nonced, refreshed, obtained, steppedUp bool }

// Answerable reports whether a token may change the refusal.
func (d *Demand) Answerable() bool {
	return d.Status == http.StatusUnauthorized || d.Status == http.StatusForbidden && d.wantsScopes()
}

// TryNonce reports whether the request may be repeated with another DPoP nonce.
func (a *Attempts) TryNonce() bool {
	again := !a.nonced
	a.nonced = true
	return again
}

// Held is the token that the client has.
type Held struct {
	// Requested are the scopes it was requested with.
	Requested []string
	// Refreshable reports whether it has a refresh token.
	Refreshable bool
}

// Next returns what to do about a refusal. held is nil if there is no token. A
// token that was already requested with the scopes in question is not requested
// again: the answer would be the same.
func (a *Attempts) Next(d Demand, held *Held) Remedy {
	more := held != nil && !covers(held.Requested, d.Scopes)
	switch {
	case d.Status == http.StatusForbidden && (!more || a.steppedUp):
		return None
	case d.Status == http.StatusForbidden, more && !a.steppedUp:
		a.steppedUp = true
		return Obtain
	case held != nil && held.Refreshable && !a.refreshed && !a.obtained:
		a.refreshed = true
		return Refresh
	case !a.obtained:
		a.obtained = true
		return Obtain
	}
	return None
}

// RefreshFailed records that the refresh was no remedy, so another token is
// obtained instead.
func (a *Attempts) RefreshFailed() { a.obtained = true }
