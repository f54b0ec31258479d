package check

import (
	"context"
	"errors"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
)

const wellKnown = "/.well-known/"

// AuthorizationServer checks an authorization server, given as its issuer
// identifier or as the URL of its metadata, which holds "/.well-known/". It
// looks in each place where clients look and at the keys, and asks endpoints
// for their CORS rules; it sends GET and OPTIONS only.
//
// The error is a [*metadata.URLError] if target is not such a URL, or the error
// of ctx. In the latter case the report has what was found until ctx ended.
func AuthorizationServer(ctx context.Context, target string, opts Options) (*Report, error) {
	insecure, err := checkTarget(target)
	if err != nil {
		return nil, err
	}
	c := newChecker(KindAuthorizationServer, target, fetch.IsLoopbackURL(target), opts)
	defer c.close()
	c.report.Target = c.shownURL(target) // a metadata URL may have a query
	if insecure {
		c.add(InsecureTarget, c.shownURL(target), "The authorization server is named by a plain http URL.")
		return c.report, nil
	}
	s := &issuerCheck{checker: c}
	s.checkAt(ctx, target)
	return c.report, ctx.Err()
}

// checkTarget reports whether target is fit to be checked, and whether it is
// plain http where that is not safe, which is a finding.
func checkTarget(target string) (insecure bool, err error) {
	if i := strings.Index(target, wellKnown); i >= 0 {
		target = strings.TrimSuffix(target[:i], "/")
	}
	err = metadata.CheckIssuer(target)
	var fault *metadata.URLError
	if errors.As(err, &fault) && fault.Fault == metadata.InsecureURL {
		return true, nil
	}
	return false, err
}

// issuerCheck is the check of one authorization server.
type issuerCheck struct {
	*checker
	document *metadata.AuthorizationServer // nil: none that can be used
	keys     *jose.KeySet                  // nil: none were read
	// needsKeys says that jwks_uri has to lead to keys.
	needsKeys bool
}

// checkAt checks what a target leads to.
func (s *issuerCheck) checkAt(ctx context.Context, target string) {
	src := metadata.Source{Issuer: target}
	var places []*candidate
	if strings.Contains(target, wellKnown) {
		given := s.look(ctx, &src, target, "metadata, as given")
		src.Issuer = s.issuerOf(given, target)
		places = append(places, given)
	}
	if src.Issuer != "" {
		places = s.lookAround(ctx, &src, places)
	}
	s.judge(&src, places)
	s.follow(ctx, &ServerSource{})
}

// follow checks what the document says and leads to.
func (s *issuerCheck) follow(ctx context.Context, subject *ServerSource) {
	if ctx.Err() != nil {
		return
	}
	if subject.JWKS != nil {
		s.readKeys(subject.JWKS)
	}
	if s.document == nil {
		return
	}
	s.needsKeys = subject.JWKS == nil && !subject.Keyless
	s.capabilities()
	if s.needsKeys {
		s.jwks(ctx)
	}
	s.preflights(ctx)
}

// ServerSource says where what is known of an authorization server comes from:
// what is configured, and what must be fetched.
type ServerSource struct {
	// Source says where the metadata is.
	metadata.Source
	// Metadata, if set, is used, and none is fetched.
	Metadata *metadata.AuthorizationServer
	// JWKS, if set, is the server's JWK Set, and none is fetched.
	JWKS []byte
	// Keyless says that its keys are not needed, because its tokens are
	// introspected or verified by other code.
	Keyless bool
}

// checkIssuerAs checks an authorization server as a part of c's report: one
// that an MCP server names, or that a configuration does.
func (c *checker) checkIssuerAs(ctx context.Context, subject *ServerSource) *issuerCheck {
	s := &issuerCheck{checker: c.part(KindAuthorizationServer, subject.Issuer)}
	if insecure, err := checkTarget(subject.Issuer); insecure || err != nil {
		s.add(InsecureTarget, subject.Issuer, "The authorization server is not named by an https URL.")
		return s
	}
	s.checkSubject(ctx, subject)
	return s
}

// checkSubject is checkAt for a configured server.
func (s *issuerCheck) checkSubject(ctx context.Context, subject *ServerSource) {
	s.document = subject.Metadata
	if s.document == nil {
		src := &subject.Source
		s.judge(src, s.lookAround(ctx, src, nil))
	}
	s.follow(ctx, subject)
}
