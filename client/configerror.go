package client

import (
	"errors"
	"fmt"

	"github.com/mcp-auth/go/internal/fetch"
)

// ConfigFault is a kind of mistake in a [Config]. Each is an error of its own:
// errors.Is(err, client.InvalidServerURL) finds it in what [New]
// and [OpenStore] return.
type ConfigFault string

// Error describes the fault.
func (f ConfigFault) Error() string { return string(f) }

// The faults [New] and [OpenStore] report.
const (
	InvalidServerURL       ConfigFault = "the server URL is not an absolute https URL (http on loopback) such as https://mcp.example.com/mcp, without userinfo and fragment"
	InvalidIssuer          ConfigFault = "the issuer is not an https URL (http on loopback) without query and fragment (RFC 8414 §2)"
	InvalidEndpoint        ConfigFault = "the endpoint is not an https URL (http on loopback)"
	DuplicateIssuer        ConfigFault = "two credentials are of one issuer"
	InvalidClientID        ConfigFault = "the client identifier is empty or not printable ASCII"
	InvalidAuthMethod      ConfigFault = "the client authentication method is unknown or does not go with the credentials"
	InvalidClientKey       ConfigFault = "the key cannot sign client assertions"
	ConflictingSecrets     ConfigFault = "a client authenticates by a secret or by a key, not by both"
	InvalidMetadataURL     ConfigFault = "the client ID metadata document's URL is not an https URL with a path (no dot segments, fragment or userinfo)"
	InvalidRedirectURI     ConfigFault = "the redirect URI is neither https nor http on a loopback host, or has a fragment or userinfo (OAuth 2.1 §1.5)"
	RedirectNotLoopback    ConfigFault = "nothing can listen at a redirect URI that is not http on loopback: set Callback"
	ConflictingUI          ConfigFault = "OpenURL and Callback exclude each other"
	InvalidScope           ConfigFault = "the scope is empty or has a character that RFC 6749 §3.3 does not allow"
	InvalidDPoPMode        ConfigFault = "the DPoP mode is unknown"
	InvalidLegacyDiscovery ConfigFault = "the legacy discovery is unknown"
	InvalidTimeout         ConfigFault = "the timeout is negative or too long"
	NoCredentials          ConfigFault = "the grant needs credentials that were registered beforehand"
	NoAssertion            ConfigFault = "the grant needs a source of assertions"
	NoSubjectToken         ConfigFault = "the grant needs a source of subject tokens"
	NoDirectory            ConfigFault = "the store needs a directory"
	InvalidKeyKind         ConfigFault = "the kind of key is not keyring, passphrase or empty"
)

// ConfigError is one mistake in a [Config]. errors.As finds it in what [New]
// returns, and [errors.Is] compares its [ConfigFault].
type ConfigError struct {
	// Field is the place of the mistake, such as "Credentials[1].Issuer".
	Field string
	// Value is the offending value, where it is not secret.
	Value string
	// Fault is the kind of mistake.
	Fault ConfigFault

	detail error
}

// Error names the place, the value and the fault.
func (e *ConfigError) Error() string {
	text := "client: " + e.Field
	if e.Value != "" {
		text += fmt.Sprintf(" %q", e.Value)
	}
	text += ": " + e.Fault.Error()
	if e.detail != nil {
		text += ": " + e.detail.Error()
	}
	return text
}

// Unwrap returns the fault and, where there is one, the underlying error.
func (e *ConfigError) Unwrap() []error {
	if e.detail == nil {
		return []error{e.Fault}
	}
	return []error{e.Fault, e.detail}
}

// faults collects the mistakes of a configuration.
type faults []error

func (f *faults) add(fault ConfigFault, value, field string, args ...any) {
	f.addDetail(fault, nil, value, field, args...)
}

func (f *faults) addDetail(fault ConfigFault, detail error, value, field string, args ...any) {
	value = fetch.HideUserinfo(value)
	*f = append(*f, &ConfigError{Field: fmt.Sprintf(field, args...), Value: value, Fault: fault, detail: detail})
}

func (f faults) err() error { return errors.Join(f...) }
