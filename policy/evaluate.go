package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/scope"
)

// maxClaimsDepth bounds the nesting of a token's claims.
const maxClaimsDepth = 16

var errArgumentsUnknown = errors.New("the arguments are not known, since only the headers were read")

// evaluation is what requirements are held against: one operation of one caller.
// It must not be allocated for each request. So requirements are evaluated by its
// methods, not by their own behind an interface, and it holds nothing but pointers
// that a [CheckFunc] never gets.
type evaluation struct {
	caller *Caller // nil: no token
	op     *Operation
}

// outcome is the result of a requirement.
type outcome struct {
	ok bool
	// final is set if no other scopes would help.
	final bool
	// missing counts the scopes that the caller lacks.
	missing int32
	// scopes are all that the requirement needs, also those that the caller has.
	scopes []string
	// cause is the error of a check or claim, for the log.
	cause error
}

// evaluate holds the caller and the operation against a requirement.
func (e *evaluation) evaluate(ctx context.Context, r Requirement) outcome {
	switch r := r.(type) {
	case scopes:
		return e.scopes(r)
	case public:
		return outcome{ok: true}
	case claim:
		return e.claim(r)
	case check:
		return e.check(ctx, r)
	case all:
		return e.all(ctx, r)
	case alternatives:
		return e.any(ctx, r)
	}
	return outcome{final: true} // denied
}

func (e *evaluation) scopes(needed []string) outcome {
	if e.caller == nil {
		return outcome{missing: int32(len(needed)), scopes: needed}
	}
	missing := e.caller.missing(needed)
	return outcome{ok: missing == 0, missing: int32(missing), scopes: needed}
}

func (e *evaluation) claim(c claim) outcome {
	if e.caller == nil {
		return outcome{}
	}
	if len(e.caller.claims) == 0 {
		return outcome{final: true, cause: ErrNoClaims}
	}
	fits, err := c.holds(e.caller.claims, c.path)
	return outcome{ok: err == nil && fits, final: true, cause: err}
}

// holds reports whether the value at the end of the path fits. What is on the way
// and is not an object does not.
func (c claim) holds(object []byte, path []string) (fits bool, err error) {
	err = jsonx.Members(object, maxClaimsDepth, func(name string, raw []byte) error {
		switch {
		case name != path[0]:
		case len(path) == 1:
			fits = c.fits(raw)
		case raw[0] == '{':
			fits, err = c.holds(raw, path[1:])
			return err
		}
		return nil
	})
	return fits, err
}

func (c claim) fits(raw []byte) bool {
	values, ok := jsonx.StringOrStrings(raw)
	return ok && slices.ContainsFunc(values, func(value string) bool { return slices.Contains(c.values, value) })
}

func (e *evaluation) check(ctx context.Context, c check) (o outcome) {
	if e.caller == nil {
		return outcome{}
	}
	o.final = true
	if e.op.ArgumentsUnknown {
		o.cause = fmt.Errorf("check %s: %w", c.name, errArgumentsUnknown)
		return o
	}
	defer func() {
		if r := recover(); r != nil {
			o = outcome{final: true, cause: fmt.Errorf("check %s panicked: %v", c.name, r)}
		}
	}()
	caller := *e.caller
	caller.Scopes = slices.Clone(caller.Scopes) // lest a check change what other requests see
	o.ok, o.cause = c.allowed(ctx, caller, *e.op)
	if o.cause != nil {
		o.ok, o.cause = false, fmt.Errorf("check %s: %w", c.name, o.cause)
	}
	return o
}

func (e *evaluation) all(ctx context.Context, requirements []Requirement) outcome {
	total := outcome{ok: true}
	for _, r := range requirements {
		total = total.and(e.evaluate(ctx, r))
	}
	return total
}

// and returns the outcome of two requirements together.
func (o outcome) and(other outcome) outcome {
	o.ok = o.ok && other.ok
	o.final = o.final || other.final && !other.ok
	o.scopes = scope.Union(o.scopes, other.scopes)
	o.missing += other.missing
	if o.cause == nil {
		o.cause = other.cause
	}
	return o
}

func (e *evaluation) any(ctx context.Context, requirements []Requirement) outcome {
	best := outcome{final: true}
	for _, r := range requirements {
		o := e.evaluate(ctx, r)
		switch {
		case o.ok:
			return o
		case best.cause == nil:
			best.cause = o.cause
		}
		if !o.final && (best.final || o.missing < best.missing) {
			o.cause = best.cause
			best = o
		}
	}
	return best
}

// isPublic reports whether callers without a token meet the requirement. No check
// is called for that.
func isPublic(r Requirement) bool { return (&evaluation{}).evaluate(context.Background(), r).ok }
