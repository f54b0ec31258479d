package authorizer

import (
	"errors"
	"slices"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/stepup"
)

// maxDenials bounds how many denials are remembered.
const maxDenials = 16

// denial is what a user did not grant. The user is not asked for it again until
// the caller wants a login: most callers send another request after a failure,
// and each would open another page.
type denial struct {
	demand stepup.Demand
	err    error
}

// rememberDenial remembers an error of a user who refused, or did not answer. A
// success ends the denials of the same.
func (a *Authorizer) rememberDenial(demand stepup.Demand, err error) {
	var refused *clienterr.AuthorizationError
	var timeout *clienterr.LoginTimeoutError
	isDenial := errors.As(err, &refused) && refused.Denied() || errors.As(err, &timeout)
	if err != nil && !isDenial || a.denied(demand) != nil && isDenial {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.denials = slices.DeleteFunc(a.denials, func(d denial) bool { return demand.Includes(d.demand) })
		return
	}
	if len(a.denials) == maxDenials {
		a.denials = a.denials[1:]
	}
	a.denials = append(a.denials, denial{demand, err})
}

// denied returns the error of an earlier denial of what a refusal asks for, nil
// if there is none.
func (a *Authorizer) denied(demand stepup.Demand) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.denials, func(d denial) bool { return d.demand.Includes(demand) })
	if i < 0 {
		return nil
	}
	return a.denials[i].err
}

func (a *Authorizer) forgetDenials() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.denials = nil
}
