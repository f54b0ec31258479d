// Package scope has what is common to all OAuth scopes (RFC 6749 §3.3): how a
// list of them is written and checked, and which scopes include which.
package scope

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/challenge"
)

// Offline is the scope that asks for a refresh token. It is between client and
// authorization server, so no resource asks for it (OpenID Connect Core §11).
const Offline = "offline_access"

// Validate returns a [configerr.Error] for each scope that a resource cannot ask
// for, with fields such as "[1]".
func Validate(scopes []string) error {
	var faults configerr.List
	for i, scope := range scopes {
		field := fmt.Sprintf("[%d]", i)
		if scope == Offline {
			faults.Add(configerr.OfflineAccess, field, scope)
			continue
		}
		faults.Nest(field, Check(scope))
	}
	return faults.Err()
}

var (
	errUnset   = errors.New("is a variable not set?")
	errSeveral = errors.New("it looks like several scopes: list each as a string of its own")
	errQuoted  = errors.New("it has quotation marks or brackets of the list that it was in")
)

// Check returns a [configerr.Error] for a scope that cannot be configured. A comma, a
// semicolon or a bracket would be allowed in a scope (RFC 6749 §3.3), but no server
// is known to use one: it is left from a list.
func Check(scope string) error {
	why := error(nil)
	switch {
	case scope == "":
		why = errUnset
	case strings.ContainsAny(scope, " ,;"):
		why = errSeveral
	case strings.ContainsAny(scope, "[]\"'"):
		why = errQuoted
	case challenge.ValidScope(scope):
		return nil
	}
	var faults configerr.List
	faults.AddErr(configerr.InvalidScope, "", scope, why)
	return faults.Err()
}

// Split splits a list of scopes at spaces, the only character that separates
// them. It returns nil for an empty list.
func Split(list string) []string {
	if list == "" {
		return nil
	}
	scopes := make([]string, 0, strings.Count(list, " ")+1)
	for scope := range strings.SplitSeq(list, " ") {
		if scope != "" {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// Union returns a followed by what of b is not in it. It never writes into the
// array of a or b, and may return either.
func Union(a, b []string) []string {
	switch {
	case len(a) == 0:
		return slices.Clip(b)
	case len(b) == 0:
		return slices.Clip(a)
	}
	return unionOfBoth(a, b)
}

func unionOfBoth(a, b []string) []string {
	first := slices.IndexFunc(b, func(scope string) bool { return !slices.Contains(a, scope) })
	if first < 0 {
		return slices.Clip(a)
	}
	union := append(make([]string, 0, len(a)+len(b)-first), a...)
	for _, scope := range b[first:] {
		if !slices.Contains(union, scope) {
			union = append(union, scope)
		}
	}
	return slices.Clip(union)
}
