package mcpauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/dpop"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
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
	// random one for this process.
	NonceKey []byte
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
	// zero: at the default lifetime, 4,000 requests per second, some 40 MB.
	// When it is full of proofs that could still be replayed, further ones are
	// answered with 503. None is ever forgotten early.
	ReplayCacheSize int
}

// ReplayCache remembers which DPoP proofs were used (RFC 9449 §11.1).
//
// Seen stores an id until a time and reports whether it was stored already.
// Both are one atomic step: of several calls with one id at the same time,
// exactly one gets false. With a store such as Redis, that is SET with NX and
// EXAT. The id has 43 characters of base64url and holds nothing secret.
//
// An error is answered with 503, because the proof may have been used before.
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

func (d *DPoP) check(f *faults, field string) {
	if d == nil {
		return
	}
	for i, alg := range d.Algorithms {
		if _, ok := jose.ParseAlgorithm(alg); !ok {
			f.add(InvalidAlgorithm, alg, "%s.Algorithms[%d]", field, i)
		}
	}
	if d.NonceKey != nil && len(d.NonceKey) < dpop.MinNonceKeySize {
		f.add(InvalidNonceKey, "", "%s.NonceKey", field)
	}
	if d.ProofLifetime < 0 || d.ProofLifetime > maxProofLifetime {
		f.add(InvalidProofLifetime, d.ProofLifetime.String(), "%s.ProofLifetime", field)
	}
	if d.ReplayCacheSize < 0 || d.ReplayCacheSize > maxReplayEntries {
		f.add(InvalidReplayCacheSize, fmt.Sprint(d.ReplayCacheSize), "%s.ReplayCacheSize", field)
	}
	if d.ReplayCache != nil && d.ReplayCacheSize != 0 {
		f.add(ConflictingSources, "", "%s.ReplayCache and ReplayCacheSize", field)
	}
}

// algorithms are the names to advertise.
func (d *DPoP) algorithms() []string {
	switch {
	case d == nil:
		return nil
	case len(d.Algorithms) > 0:
		return d.Algorithms
	}
	var names []string
	for _, alg := range jose.Algorithms() {
		names = append(names, string(alg))
	}
	return names
}

// proofChecker is a resource's DPoP, ready for use.
type proofChecker struct {
	required   bool
	names      []string // of the algorithms
	algorithms []jose.Algorithm
	lifetime   time.Duration
	leeway     time.Duration
	now        func() time.Time
	nonces     *dpop.Nonces // nil: not required
	replays    ReplayCache
}

func newProofChecker(d *DPoP, resource string, leeway time.Duration, now func() time.Time) *proofChecker {
	if d == nil {
		return nil
	}
	c := &proofChecker{
		required: d.Required, names: d.algorithms(), lifetime: d.ProofLifetime,
		leeway: leeway, now: now, replays: d.ReplayCache,
	}
	for _, name := range c.names {
		if alg, ok := jose.ParseAlgorithm(name); ok { // checked by New
			c.algorithms = append(c.algorithms, alg)
		}
	}
	if c.lifetime == 0 {
		c.lifetime = defaultProofLifetime
	}
	if d.RequireNonce {
		c.nonces = dpop.NewNonces(d.NonceKey, resource)
	}
	if c.replays != nil {
		return c
	}
	size := d.ReplayCacheSize
	if size == 0 {
		size = defaultReplayEntries
	}
	c.replays = dpop.NewReplays(size, now)
	return c
}

// nonce returns what the header DPoP-Nonce says, or nothing.
func (c *proofChecker) nonce() string {
	if c == nil || c.nonces == nil {
		return ""
	}
	return c.nonces.Issue(c.now())
}

// DPoPNonce returns the value of the header DPoP-Nonce to send with the answer
// to an admitted request (RFC 9449 §8.2), or the empty string if the resource
// demands no nonces. An answer with it must not be cached. It is for doors of
// your own: Protect sends the header by itself, and [WriteChallenge] does so in
// refusals.
func (a *Auth) DPoPNonce(resource string) string {
	res, err := a.resource(resource)
	if err != nil {
		return ""
	}
	return res.dpop.nonce()
}

// challenge adds to a refusal what clients need to know of DPoP.
func (c *proofChecker) challenge(refused *Challenge, used authScheme) {
	refused.scheme = used
	if c == nil {
		return
	}
	refused.DPoPAlgorithms, refused.DPoPOnly, refused.DPoPNonce = slices.Clone(c.names), c.required, c.nonce()
}

// check proves that the request comes from who has the token's key.
func (c *proofChecker) check(ctx context.Context, req *Request, target, token, thumbprint string) *refusal.Refusal {
	proofs := req.Header["Dpop"] // the canonical form
	if len(proofs) != 1 {
		return invalidProof(reason.DPoPProofMalformed, "%d DPoP headers, not one", len(proofs))
	}
	proof, err := dpop.Check(proofs[0], &dpop.Expected{
		Method: req.Method, URL: target, Token: token, Thumbprint: thumbprint, Algorithms: c.algorithms,
		Now: c.now(), Lifetime: c.lifetime, Leeway: c.leeway, Nonces: c.nonces,
	})
	if err != nil {
		return proofRefusal(err)
	}
	seen, err := c.replays.Seen(ctx, proof.ID, proof.Until)
	switch {
	case err != nil:
		return refusal.Unavailable(reason.ReplayCacheUnavailable, err)
	case seen:
		return invalidProof(reason.DPoPProofReplayed, "the DPoP proof was used before")
	}
	return nil
}

func proofRefusal(err error) *refusal.Refusal {
	var e *dpop.Error
	if !errors.As(err, &e) {
		return invalidProof(reason.DPoPProofMalformed, "%w", err)
	}
	if e.Reason == dpop.NonceRequired {
		return refusal.New(http.StatusUnauthorized, "use_dpop_nonce", reason.DPoPNonceRequired, "%w", err)
	}
	return invalidProof(reason.Reason(e.Reason), "%w", err)
}

func invalidProof(why reason.Reason, format string, args ...any) *refusal.Refusal {
	return refusal.New(http.StatusUnauthorized, "invalid_dpop_proof", why, format, args...)
}
