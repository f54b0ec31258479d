package identity

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway/internal/headers"
)

const (
	// Header is the header of an assertion.
	Header = "Mcp-Auth-Assertion"
	// Type is the typ of an assertion.
	Type = "mcp-auth+jwt"
	// Lifetime is how long an assertion is valid.
	Lifetime = time.Minute
)

// The faults of configurations, in addition to those in package configerr.
const (
	// InvalidHeader is the fault of the name of a header for an identity.
	InvalidHeader configerr.Fault = "the value is not the name of a header for an identity, such as X-Auth-Subject"
	// DuplicateHeader is the fault of a header that is to hold two things.
	DuplicateHeader configerr.Fault = "the header is named twice"
	// NothingToSay is the fault of a configuration without keys and headers.
	NothingToSay configerr.Fault = "there are neither keys for assertions nor headers"
)

// Config says what an MCP server is told. [New] copies it.
type Config struct {
	// Resource is the resource identifier. Its origin is the issuer of assertions.
	Resource string
	// Audience is whom assertions are for, usually the URL of the MCP server. It is
	// required with Keys.
	Audience string
	// Keys sign assertions. Nil means that there are none.
	Keys *Keys
	// Headers are set in addition, or instead.
	Headers Headers
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}

// Headers name plain headers; an empty name stands for none. Such headers prove
// nothing: they are for an MCP server that only the gateway can reach.
//
// In values, every byte that is not a visible character of ASCII, and the characters
// %, comma, semicolon, quotation mark and backslash, are percent-encoded (RFC 3986
// §2.1). A header without a value is left out.
type Headers struct {
	// Subject holds the subject, which is unique at its authorization server only.
	Subject string
	// Issuer holds the issuer identifier of that authorization server.
	Issuer string
	// ClientID holds the OAuth client.
	ClientID string
	// Scope holds the scopes, separated by spaces.
	Scope string
}

// Identity adds to a request who is calling: it is a gateway.Credential. Make one with
// [New]; it is safe for concurrent use.
type Identity struct {
	config Config
	issuer string
	names  Headers // canonical
}

// New returns an Identity. Every mistake is reported, each as a [*configerr.Error],
// joined.
func New(config Config) (*Identity, error) {
	var faults configerr.List
	if config.Now == nil {
		config.Now = time.Now
	}
	i := &Identity{config: config}
	u, err := url.Parse(config.Resource)
	if err != nil || u.Scheme == "" || u.Host == "" {
		faults.Add(configerr.InvalidIdentifier, "Resource", config.Resource)
	} else {
		i.issuer = u.Scheme + "://" + u.Host
	}
	if config.Keys != nil && config.Audience == "" {
		faults.Add(configerr.MissingValue, "Audience", "")
	}
	if config.Keys == nil && config.Headers == (Headers{}) {
		faults.Add(NothingToSay, "", "")
	}
	i.readNames(&faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return i, nil
}

func (i *Identity) readNames(faults *configerr.List) {
	h := &i.config.Headers
	seen := map[string]bool{Header: true}
	for _, one := range []struct {
		field, name string
		canonical   *string
	}{
		{"Subject", h.Subject, &i.names.Subject}, {"Issuer", h.Issuer, &i.names.Issuer},
		{"ClientID", h.ClientID, &i.names.ClientID}, {"Scope", h.Scope, &i.names.Scope},
	} {
		name := http.CanonicalHeaderKey(one.name)
		switch {
		case name == "":
		case !headers.MayBeAdded(name) || headers.IsCredential(name):
			faults.Add(InvalidHeader, "Headers."+one.field, one.name)
		case seen[name]:
			faults.Add(DuplicateHeader, "Headers."+one.field, one.name)
		}
		seen[name], *one.canonical = true, name
	}
}

// claims are those of an assertion.
type claims struct {
	Issuer    string     `json:"iss"`
	Audience  string     `json:"aud"`
	Subject   string     `json:"sub,omitempty"`
	SubjectID *subjectID `json:"sub_id,omitempty"`
	ClientID  string     `json:"client_id,omitempty"`
	Scope     string     `json:"scope,omitempty"`
	IssuedAt  int64      `json:"iat"`
	Expiry    int64      `json:"exp"`
	ID        string     `json:"jti"`
}

// subjectID names a subject together with its authorization server (RFC 9493 §3.2.3).
type subjectID struct {
	Format  string `json:"format"`
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
}

// Apply sets the headers of a caller, and takes out those that came in. A caller
// without a token, for whom info is nil, has none.
func (i *Identity) Apply(_ context.Context, info *mcpauth.AuthInfo, h http.Header) error {
	delete(h, Header)
	for _, name := range []string{i.names.Subject, i.names.Issuer, i.names.ClientID, i.names.Scope} {
		delete(h, name)
	}
	if info == nil {
		return nil
	}
	set(h, i.names.Subject, encode(info.Subject))
	set(h, i.names.Issuer, encode(info.Issuer))
	set(h, i.names.ClientID, encode(info.ClientID))
	scopes := make([]string, len(info.Scopes))
	for n, scope := range info.Scopes {
		scopes[n] = encode(scope)
	}
	set(h, i.names.Scope, strings.Join(scopes, " "))
	if i.config.Keys == nil {
		return nil
	}
	signed, err := i.config.Keys.signer.Sign(Type, i.claims(info))
	set(h, Header, signed)
	return err
}

func (i *Identity) claims(info *mcpauth.AuthInfo) *claims {
	now := i.config.Now()
	c := &claims{
		Issuer: i.issuer, Audience: i.config.Audience, Subject: info.Subject, ClientID: info.ClientID,
		Scope: strings.Join(info.Scopes, " "), IssuedAt: now.Unix(), Expiry: now.Add(Lifetime).Unix(), ID: rand.Text(),
	}
	if info.Subject != "" {
		c.SubjectID = &subjectID{"iss_sub", info.Issuer, info.Subject}
	}
	return c
}

func set(h http.Header, name, value string) {
	if name != "" && value != "" {
		h[name] = []string{value}
	}
}

// encode makes a text one that no header can be broken with, and no list.
func encode(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for n := range len(text) {
		if c := text[n]; c <= ' ' || c > '~' || strings.IndexByte(`%,;"\`, c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
