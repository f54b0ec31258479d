package mcpauth

import (
	"errors"
	"fmt"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
)

// ConfigFault is a kind of mistake in a [Config]. Each is an error of its own:
// errors.Is(err, mcpauth.DuplicateIssuer) finds it in what [New] returns.
type ConfigFault string

// Error describes the fault.
func (f ConfigFault) Error() string { return string(f) }

// The faults [New] reports.
const (
	NoResources           ConfigFault = "no protected resource is configured"
	DuplicateResource     ConfigFault = "the resource identifier is configured twice"
	InvalidIdentifier     ConfigFault = "the resource identifier is not an absolute URL such as https://mcp.example.com/mcp, with a host and without userinfo (RFC 8707 §2)"
	IdentifierFragment    ConfigFault = "the resource identifier has a fragment (RFC 8707 §2 forbids it)"
	InsecureURL           ConfigFault = "plain http is accepted for loopback hosts only"
	InvalidURL            ConfigFault = "the value is not an absolute https URL"
	NoAuthorizationServer ConfigFault = "the resource trusts no authorization server: list at least one"
	DuplicateIssuer       ConfigFault = "the resource lists the issuer twice"
	InvalidIssuer         ConfigFault = "the issuer is not an https URL such as https://auth.example.com, without query and fragment (RFC 8414 §2)"
	IssuerMismatch        ConfigFault = "the metadata names another issuer"
	OfflineAccess         ConfigFault = "offline_access is between client and authorization server and must not be asked for by a resource"
	InvalidScope          ConfigFault = "the scope is empty or has a character that RFC 6749 §3.3 does not allow"
	ScopeCycle            ConfigFault = "the scope includes itself by way of others"
	InvalidAlgorithm      ConfigFault = "the algorithm is not a supported asymmetric one"
	InvalidKeySet         ConfigFault = "the JWK Set holds no usable key"
	InvalidAudience       ConfigFault = "the audience is empty"
	InvalidLeeway         ConfigFault = "the leeway is negative or over one minute"
	InvalidCacheSize      ConfigFault = "the token cache is larger than ten million entries"
	InvalidType           ConfigFault = "the type is not oidc, oauth or empty"
	InvalidCORS           ConfigFault = "the CORS origins are not valid"
	ReservedMember        ConfigFault = "the metadata member has a field of its own or cannot be encoded"
	ConflictingSources    ConfigFault = "two settings exclude each other"
	AmbiguousVerifier     ConfigFault = "a resource can have one custom verifier or introspection only: a token that names no issuer must have one place to go"

	NoIntrospectionEndpoint   ConfigFault = "no introspection endpoint is given, and none can be discovered"
	NoClientCredentials       ConfigFault = "introspection must be authenticated, and the credentials are missing (RFC 7662 §2.1)"
	InvalidClient             ConfigFault = "the client identifier is empty"
	InvalidClientKey          ConfigFault = "the key cannot sign client assertions"
	InvalidAuthMethod         ConfigFault = "the client authentication method is not client_secret_basic, client_secret_post or private_key_jwt"
	InvalidIntrospectedTokens ConfigFault = "the tokens to introspect are not opaque, all or empty"
	InvalidCacheTTL           ConfigFault = "the time to remember answers is negative or over one hour"
	InvalidTimeout            ConfigFault = "the timeout is negative or over ten seconds"

	InvalidNonceKey        ConfigFault = "the key for nonces is shorter than 32 bytes"
	InvalidProofLifetime   ConfigFault = "the lifetime of DPoP proofs is negative or over five minutes"
	InvalidReplayCacheSize ConfigFault = "the size of the replay cache is negative or too large"
	IncompleteForwarding   ConfigFault = "a forwarded certificate needs both the header and the proxies that are trusted to set it"
	InvalidHeaderName      ConfigFault = "the header name has a character other than letters, digits and hyphens"
	InvalidProxyNetwork    ConfigFault = "the network of trusted proxies is not valid or holds every address"
	InvalidSigner          ConfigFault = "the metadata cannot be signed with this key and algorithm"

	InvalidRequirement ConfigFault = "the requirement is nil, empty or lacks a name"
	InvalidPattern     ConfigFault = "the key of the rule is not a name, a prefix that ends in * or a URI template"
	InvalidMaxBody     ConfigFault = "the limit of the body is negative or over 1 GiB"
	ScopeNotAdvertised ConfigFault = "the policy names a scope that the resource does not advertise"
	MisspelledKeyword  ConfigFault = "the policy asks for a scope that looks like a misspelled keyword"

	NoMetadata           ConfigFault = "the authorization server's keys are given by hand, and no metadata to publish"
	ResourceNotSpecified ConfigFault = "several resources are configured and none is named: name one, with ForResource or in Request.Resource"
	ResourceUnknown      ConfigFault = "the resource is not configured"
)

// ConfigError is one mistake in a [Config] or in an Option. [errors.As] finds
// it in what [New] returns, and [errors.Is] compares its [ConfigFault].
type ConfigError struct {
	// Field is the place of the mistake, such as "Resources[0].AuthorizationServers[1].Issuer".
	Field string
	// Value is the offending value, where it is not secret.
	Value string
	// Fault is the kind of mistake.
	Fault ConfigFault

	detail error
}

// Error names the place, the value and the fault.
func (e *ConfigError) Error() string {
	text := "mcpauth: " + e.Field
	if e.Value != "" {
		text += fmt.Sprintf(" %q", e.Value)
	}
	return text + ": " + e.text()
}

// text says what is wrong.
func (e *ConfigError) text() string {
	if e.detail == nil {
		return e.Fault.Error()
	}
	return e.Fault.Error() + ": " + e.detail.Error()
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

// addURL adds that a URL is not valid, or only that it is plain http.
func (f *faults) addURL(invalid ConfigFault, raw, field string) {
	if insecure(raw) {
		invalid = InsecureURL
	}
	f.add(invalid, raw, "%s", field)
}

// nest adds the mistakes in err below a field.
func (f *faults) nest(field string, err error) {
	for _, e := range configerr.All(err) {
		*f = append(*f, nestedError(field, e))
	}
}

// nestedError is a mistake in what is below a field.
func nestedError(field string, e *configerr.Error) *ConfigError {
	return &ConfigError{Field: configerr.Below(field, e.Field), Value: e.Value, Fault: ConfigFault(e.Fault), detail: e.Err}
}

func (f faults) err() error { return errors.Join(f...) }
