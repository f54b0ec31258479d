package mcpauth

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/dpop"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/internal/senderconstraint"
)

const (
	defaultProofLifetime = time.Minute
	maxProofLifetime     = 5 * time.Minute
	defaultReplayEntries = 1 << 18
	maxReplayEntries     = 1 << 26
)

// DPoP lets a resource accept access tokens that are bound to a key of the
// client (RFC 9449). The zero value accepts them beside bearer tokens. A bound
// token is never accepted as a bearer token, with or without this.
//
// A proof is made for a URL. Behind a proxy that changes the path, the handler
// does not see the URL that the client used, and every proof is refused. The
// host does not matter: it is taken from the resource identifier.
type DPoP struct {
	// Required refuses every token that is not bound to a key.
	Required bool
	// RequireNonce demands a nonce of this server in each proof (RFC 9449 §9),
	// so that no proof can be made in advance. Clients get it in the header
	// DPoP-Nonce of each answer.
	RequireNonce bool
	// NonceKey is the secret that nonces are made with, at least 32 random
	// bytes: the same in all replicas that answer for the resource. Nil means a
	// random one for this process, which is right for a single replica only, so
	// New warns of it: behind a load balancer each replica would refuse the nonces
	// of the others.
	NonceKey []byte `json:"-"`
	// Algorithms is the allow-list for proofs, such as "ES256". Empty means RS,
	// PS and ES with 256, 384 and 512 bits, and EdDSA.
	Algorithms []string
	// ProofLifetime is how long after its iat a proof is accepted. Zero means
	// one minute; five minutes is the most. [Config.Leeway] applies to an iat
	// in the future.
	ProofLifetime time.Duration
	// ReplayCache remembers proofs, so that each is accepted once. Nil means a
	// cache in memory, for one process: several replicas need a shared one.
	ReplayCache ReplayCache
	// ReplayCacheSize is how many proofs the cache in memory holds, 262,144 if
	// zero: at the default lifetime, 4,000 requests per second, 60 MB at most.
	// When it is full of proofs that could still be replayed, further ones are
	// answered with 503. None is ever forgotten early. One key may hold as many
	// as there are free places, half of all if it is alone, so that a client
	// that floods the cache shuts out only itself.
	ReplayCacheSize int
}

// Format prints what is demanded, whatever the verb, and not the key.
func (d DPoP) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{Required:%t RequireNonce:%t}", d.Required, d.RequireNonce)
}

// ReplayCache remembers which DPoP proofs were used (RFC 9449 §11.1).
//
// Seen stores an id until a time and reports whether it was stored already.
// Both are one atomic step: of several calls with one id at the same time,
// exactly one gets false. With a store such as Redis, that is SET with NX and
// EXAT. The id has 43 characters of base64url and holds nothing secret.
//
// An error or a panic is answered with 503, because the proof may have been used before.
// Seen must honour ctx and be safe for concurrent use.
type ReplayCache interface {
	Seen(ctx context.Context, id string, until time.Time) (bool, error)
}

func (d *DPoP) clone() *DPoP {
	if d == nil {
		return nil
	}
	c := *d
	c.NonceKey, c.Algorithms = slices.Clone(d.NonceKey), slices.Clone(d.Algorithms)
	return &c
}

// parse returns what checks the proofs for a resource, nil if none are accepted,
// and reports mistakes.
func (d *DPoP) parse(faults *configerr.List, field, resource string, leeway time.Duration, now func() time.Time) *senderconstraint.DPoP {
	if d == nil {
		return nil
	}
	d.checkLimits(faults, field)
	p := &senderconstraint.DPoP{
		Required: d.Required, Names: d.Algorithms, Algorithms: parseAlgorithms(faults, field, d.Algorithms),
		Lifetime: cmp.Or(d.ProofLifetime, defaultProofLifetime), Leeway: leeway, Now: now,
	}
	if p.Algorithms == nil {
		p.Algorithms = jose.Algorithms()
		p.Names = names(p.Algorithms)
	}
	if d.RequireNonce {
		p.Nonces = dpop.NewNonces(d.NonceKey, resource)
	}
	if d.ReplayCache != nil {
		p.Replays = sharedReplays{d.ReplayCache}
	} else {
		p.Replays = dpop.NewReplays(cmp.Or(d.ReplayCacheSize, defaultReplayEntries), p.Lifetime)
	}
	return p
}

// sharedReplays is a [ReplayCache] as the engine uses it.
type sharedReplays struct{ cache ReplayCache }

// Seen implements the interface of package senderconstraint.
func (s sharedReplays) Seen(ctx context.Context, proof *dpop.Proof, _ time.Time) (bool, error) {
	return panics.Call("the ReplayCache", func() (bool, error) { return s.cache.Seen(ctx, proof.ID, proof.Until) })
}

func (d *DPoP) checkLimits(faults *configerr.List, field string) {
	if d.NonceKey != nil && len(d.NonceKey) < dpop.MinNonceKeySize {
		faults.Add(configerr.InvalidNonceKey, field+".NonceKey", "")
	}
	if d.ProofLifetime < 0 || d.ProofLifetime > maxProofLifetime {
		faults.Add(configerr.InvalidProofLifetime, field+".ProofLifetime", d.ProofLifetime.String())
	}
	if d.ReplayCacheSize < 0 || d.ReplayCacheSize > maxReplayEntries {
		faults.Add(configerr.InvalidReplayCacheSize, field+".ReplayCacheSize", strconv.Itoa(d.ReplayCacheSize))
	}
	if d.RequireNonce && d.NonceKey == nil {
		faults.Warn(configerr.NonceKeyNotShared, field+".NonceKey", "", nil)
	}
	if d.ReplayCache != nil && d.ReplayCacheSize != 0 {
		faults.Add(configerr.ConflictingSources, field+".ReplayCache and ReplayCacheSize", "")
	}
}

func names(algorithms []jose.Algorithm) (names []string) {
	for _, alg := range algorithms {
		names = append(names, string(alg))
	}
	return names
}

// MTLS lets a resource accept access tokens that are bound to the client's
// certificate (RFC 8705 §3). The zero value accepts them beside others, and
// compares them with the certificate of the TLS connection: the server must ask
// for one (tls.Config.ClientAuth). It need not verify the certificate's issuer:
// the token names the one certificate that it is for.
type MTLS struct {
	// Required refuses every token that is not bound to a certificate.
	Required bool
	// ForwardedHeader is the header in which a proxy that terminates TLS hands
	// over the client's certificate: "Client-Cert" in the form of RFC 9440, or
	// any other with URL-encoded PEM, as nginx writes it
	// ($ssl_client_escaped_cert). The proxy must remove the header from what
	// clients send.
	ForwardedHeader string
	// TrustedProxies are the networks of those proxies. The header counts only
	// in requests from there, and in those nothing but the header counts: the
	// connection's certificate is then the proxy's own.
	TrustedProxies []netip.Prefix
}

func (m *MTLS) clone() *MTLS {
	if m == nil {
		return nil
	}
	c := *m
	c.TrustedProxies = slices.Clone(m.TrustedProxies)
	return &c
}

// parse returns what checks the certificates, nil if bound tokens are not
// accepted, and reports mistakes.
func (m *MTLS) parse(faults *configerr.List, field string) *senderconstraint.MTLS {
	if m == nil {
		return nil
	}
	if (m.ForwardedHeader == "") != (len(m.TrustedProxies) == 0) {
		faults.Add(configerr.IncompleteForwarding, field+".ForwardedHeader and TrustedProxies", "")
	}
	if !validHeaderName(m.ForwardedHeader) {
		faults.Add(configerr.InvalidHeaderName, field+".ForwardedHeader", m.ForwardedHeader)
	}
	return &senderconstraint.MTLS{
		Required: m.Required, Header: textproto.CanonicalMIMEHeaderKey(m.ForwardedHeader),
		Proxies: parseProxies(faults, field+".TrustedProxies", m.TrustedProxies),
	}
}

// parseProxies returns the networks, and reports those that hold no address or
// every one. IPv4-mapped networks become IPv4 networks, because the addresses of
// peers are compared in that form. A wider one that holds all mapped addresses
// would silently trust no proxy.
func parseProxies(faults *configerr.List, field string, networks []netip.Prefix) (proxies []netip.Prefix) {
	for i, network := range networks {
		unmapped := fetch.Unmap(network)
		if !network.IsValid() || unmapped.Bits() == 0 || unmapped.Masked().Contains(mappedIPv4) {
			faults.Add(configerr.InvalidProxyNetwork, fmt.Sprintf("%s[%d]", field, i), network.String())
		}
		proxies = append(proxies, unmapped)
	}
	return proxies
}

// mappedIPv4 is an address in every network that holds all IPv4-mapped addresses.
var mappedIPv4 = netip.MustParseAddr("::ffff:0:0")

// validHeaderName accepts letters, digits and "-", and no name at all.
func validHeaderName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}
