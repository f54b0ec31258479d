// Package authserver checks an authorization server: its metadata in each place
// where clients look, its keys, and the CORS rules of its endpoints. It sends
// only GET and OPTIONS requests.
package authserver

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/capability"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/keyset"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
)

// Source is what is known of an authorization server, and where the rest of its
// metadata is.
type Source struct {
	metadata.Source
	// Metadata, if set, is used instead of a fetched document.
	Metadata *metadata.AuthorizationServer
	// JWKS, if set, is used instead of a fetched JWK Set.
	JWKS []byte
	// RepairJWKS, if set, repairs a fetched JWK Set before it is judged.
	RepairJWKS func(keySet []byte) ([]byte, error)
	// Keyless means that the keys are not needed, because tokens are
	// introspected or verified by other code.
	Keyless bool
	// OwnResource means that the resource server belongs to the authorization
	// server, as in a server that issues the tokens which it accepts. How it
	// verifies them cannot be seen from outside.
	OwnResource bool
}

// Result is what was learnt about an authorization server.
type Result struct {
	// Document is nil if no usable metadata was found.
	Document *metadata.AuthorizationServer
	// Keys is nil if no JWK Set was read.
	Keys *jose.KeySet
}

// ValidateTarget returns an error if target is neither an issuer nor the URL of
// its metadata. It reports whether the target is insecure: plain http to a host
// that is not on loopback, which is a finding rather than an error.
func ValidateTarget(target string) (insecure bool, err error) {
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

// CheckTarget checks the server at target: an issuer or the URL of its
// metadata, which ValidateTarget has accepted.
func CheckTarget(ctx context.Context, p *probe.Probe, target string) {
	warnOfPlain(p, target)
	src := metadata.Source{Issuer: target}
	var seen []*place
	if strings.Contains(target, wellKnown) {
		given := look(ctx, p, &src, target, "metadata, as given")
		src.Issuer = issuerOf(given, target, p.PlainHosts())
		seen = append(seen, given)
	}
	if src.Issuer != "" {
		seen = lookAround(ctx, p, &src, seen)
	}
	document := judgePlaces(p, &src, seen)
	follow(ctx, p, &Source{}, document)
}

// CheckSource checks a server that an MCP server or a configuration names. Its
// findings are a part of p's record.
func CheckSource(ctx context.Context, p *probe.Probe, s *Source) Result {
	p = p.Part(probe.AuthorizationServer, s.Issuer)
	if insecure, err := ValidateTarget(p.PlainHosts().Secured(s.Issuer)); insecure || err != nil {
		p.Add(finding.New("insecure_target", s.Issuer, "The authorization server is not named by an https URL."))
		return Result{}
	}
	warnOfPlain(p, s.Issuer)
	document := s.Metadata
	if document == nil {
		src := &s.Source
		document = judgePlaces(p, src, lookAround(ctx, p, src, nil))
	}
	return follow(ctx, p, s, document)
}

// warnOfPlain warns of a server that is http on a host that may be.
func warnOfPlain(p *probe.Probe, issuer string) {
	if p.PlainHosts().Plain(issuer) {
		p.Add(finding.New("plain_http_allowed", redact.URL(issuer), "The authorization server has a plain http URL."))
	}
}

// follow checks what the document says, and what it leads to. The document may
// be nil.
func follow(ctx context.Context, p *probe.Probe, s *Source, document *metadata.AuthorizationServer) Result {
	result := Result{Document: document}
	if ctx.Err() != nil {
		return result
	}
	if s.JWKS != nil {
		var signing []string
		if document != nil {
			signing = document.IDTokenSigningAlgValuesSupported
		}
		keys, found := keyset.Judge(s.JWKS, signing)
		p.Add(found...)
		result.Keys = keys
	}
	if document == nil {
		return result
	}
	needsKeys := s.JWKS == nil && !s.Keyless
	p.Add(capability.Judge(document, p, needsKeys && !s.OwnResource)...)
	if needsKeys {
		keys, found := fetchKeys(ctx, p, document, s.RepairJWKS)
		if s.OwnResource {
			found = unlessVerifiedOtherwise(found)
		}
		p.Add(found...)
		result.Keys = keys
	}
	preflights(ctx, p, document)
	return result
}

// unlessVerifiedOtherwise lowers what is wrong with keys that the resource
// server may not use.
func unlessVerifiedOtherwise(found finding.List) finding.List {
	needed := []finding.Code{"keys_unavailable", "keys_malformed", "no_usable_key"}
	for i := range found {
		if slices.Contains(needed, found[i].Code) {
			found[i].Severity = metadata.Warning
		}
	}
	return found
}
