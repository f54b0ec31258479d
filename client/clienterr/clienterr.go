// Package clienterr holds the errors of package client: why a token could not
// be obtained, refreshed, stored or revoked.
//
// Most programs only print such an error. A program that explains it to its user
// finds the type with errors.As:
//
//	var registration *clienterr.RegistrationError
//	if errors.As(err, &registration) && registration.Kind == clienterr.RegistrationNeeded {
//
// Package metadata has the errors of authorization server metadata, package
// configerr the mistakes in a configuration.
package clienterr

import "fmt"

// LoginRequiredError reports that a user must log in and cannot be asked: no
// function of client.AuthorizationCode is set, or the call was Client.Token,
// which never asks.
type LoginRequiredError struct {
	ServerURL string
}

// Error names the server.
func (e *LoginRequiredError) Error() string { return e.ServerURL + " needs a user to log in" }

// UnsuitableError reports that an authorization server lacks something that MCP
// demands.
type UnsuitableError struct {
	Issuer string
	// Reason says what is missing.
	Reason string
	// PKCENotAdvertised reports whether only the announcement of PKCE is missing
	// (client.AuthorizationServer.DangerouslyAssumePKCE).
	PKCENotAdvertised bool
}

// Error names the authorization server and what is missing.
func (e *UnsuitableError) Error() string {
	return fmt.Sprintf("the authorization server %s cannot be used: %s", e.Issuer, e.Reason)
}

// AssertionError reports that an assertion was not sent, because it is not meant
// for the authorization server that the MCP server names.
type AssertionError struct {
	Issuer string
	// Reason says what is wrong with the assertion.
	Reason string
}

// Error names the authorization server and the reason.
func (e *AssertionError) Error() string {
	return fmt.Sprintf("the assertion was not sent to %s: %s", e.Issuer, e.Reason)
}

// StoreError reports that the token store failed, or that a record in it cannot
// be read.
type StoreError struct{ Err error }

// Error names the cause.
func (e *StoreError) Error() string { return "the token store failed: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// described joins an error code of OAuth with its description, if they are there.
func described(code, description string) string {
	if description == "" || code == "" {
		return code + description
	}
	return code + ": " + description
}
