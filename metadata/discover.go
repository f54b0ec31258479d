package metadata

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
)

// Source says where an authorization server's metadata come from.
type Source struct {
	// Issuer is the issuer identifier, byte for byte.
	Issuer string
	// Type chooses the well-known places; empty tries all.
	Type ServerType
	// URL, if set, is where the document stands instead.
	URL string
	// Repair, if set, mends the document before it is parsed.
	Repair func(document []byte) ([]byte, error)
}

// Fetched is a document that was found.
type Fetched struct {
	Server *AuthorizationServer
	// URL is where it was found.
	URL string
	// FreshFor is how long it may be used, if HasFreshFor.
	FreshFor    time.Duration
	HasFreshFor bool
}

// DiscoveryKind says why a document was not found.
type DiscoveryKind string

// The kinds of [DiscoveryError].
const (
	// NotFound: every place answered that there is nothing.
	NotFound DiscoveryKind = "not found"
	// IssuerMismatch: the document names another issuer (RFC 8414 §3.3).
	IssuerMismatch DiscoveryKind = "issuer mismatch"
	// Malformed: the document cannot be read, or names endpoints that may not be used.
	Malformed DiscoveryKind = "malformed"
	// Unavailable: the server could not be reached or was in trouble.
	Unavailable DiscoveryKind = "unavailable"
	// InvalidSource: the issuer, the type or the URL is wrong.
	InvalidSource DiscoveryKind = "invalid source"
)

// DiscoveryError is why [Discover] or [Fetch] failed.
type DiscoveryError struct {
	// URL is the place that decided.
	URL  string
	Kind DiscoveryKind
	Err  error
}

// Error names the place and what was wrong with it.
func (e *DiscoveryError) Error() string {
	return fmt.Sprintf("metadata: %s: %s: %v", e.URL, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *DiscoveryError) Unwrap() error { return e.Err }

// Discover finds and reads the metadata of an authorization server. It fetches
// from public addresses over https, or from loopback for an issuer there. The
// error is a [*DiscoveryError].
func Discover(ctx context.Context, src Source) (*AuthorizationServer, error) {
	client := fetch.New(fetch.Policy{})
	defer client.Close()
	got, err := Fetch(ctx, client, src)
	if err != nil {
		return nil, err
	}
	return got.Server, nil
}

// Fetch is [Discover] with a fetcher of this module.
func Fetch(ctx context.Context, client *fetch.Client, src Source) (*Fetched, error) {
	places, err := src.places()
	if err != nil {
		return nil, &DiscoveryError{URL: src.Issuer, Kind: InvalidSource, Err: err}
	}
	var worst *DiscoveryError
	for _, place := range places {
		got, failed := src.try(ctx, client, place)
		if failed == nil {
			return got, nil
		}
		if failed.Kind == IssuerMismatch {
			return nil, failed
		}
		if worst == nil || rank(failed.Kind) > rank(worst.Kind) {
			worst = failed
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, worst
}

// rank orders failures: trouble says more than a plain "not here".
func rank(k DiscoveryKind) int {
	switch k {
	case Unavailable:
		return 3
	case Malformed:
		return 2
	}
	return 1
}

func (src *Source) places() ([]string, error) {
	if err := CheckIssuer(src.Issuer); err != nil {
		return nil, err
	}
	if src.URL == "" {
		return CandidateURLs(src.Issuer, src.Type)
	}
	return []string{src.URL}, fetch.CheckURL(src.URL, true)
}

// onLoopback reports whether the source itself stands on loopback, so that its
// documents may lead there.
func (src *Source) onLoopback() bool {
	return fetch.IsLoopbackURL(src.Issuer) || src.URL != "" && fetch.IsLoopbackURL(src.URL)
}

func (src *Source) try(ctx context.Context, client *fetch.Client, place string) (*Fetched, *DiscoveryError) {
	fail := func(kind DiscoveryKind, err error) (*Fetched, *DiscoveryError) {
		return nil, &DiscoveryError{URL: place, Kind: kind, Err: err}
	}
	resp, err := client.Do(ctx, fetch.Request{
		URL: place, Header: http.Header{"Accept": {"application/json"}}, AllowLoopback: src.onLoopback(),
	})
	switch {
	case err != nil:
		return fail(Unavailable, err)
	case resp.Status == http.StatusTooManyRequests || resp.Status >= http.StatusInternalServerError:
		return fail(Unavailable, fmt.Errorf("status %d", resp.Status))
	case resp.Status != http.StatusOK:
		return fail(NotFound, fmt.Errorf("status %d", resp.Status))
	}
	document := resp.Body
	if src.Repair != nil {
		if document, err = src.Repair(document); err != nil {
			return fail(Malformed, fmt.Errorf("repair: %w", err))
		}
	}
	server, err := ParseAuthorizationServer(document)
	if err != nil {
		return fail(Malformed, err)
	}
	if server.Issuer != src.Issuer {
		return fail(IssuerMismatch, fmt.Errorf("the document names the issuer %.200q, expected %q", server.Issuer, src.Issuer))
	}
	if err := server.checkURLs(src.onLoopback()); err != nil {
		return fail(Malformed, err)
	}
	got := &Fetched{Server: server, URL: resp.URL}
	got.FreshFor, got.HasFreshFor = fetch.FreshFor(resp.Header, time.Now())
	return got, nil
}

// ErrEndpoint is an endpoint in a document that may not be used: no absolute
// https URL, or one on loopback although the issuer is not.
var ErrEndpoint = errors.New("metadata: endpoint not allowed")

// checkURLs refuses endpoints that would lead a client astray, such as
// javascript: URLs.
func (s *AuthorizationServer) checkURLs(loopback bool) error {
	for name, raw := range map[string]string{
		"authorization_endpoint": s.AuthorizationEndpoint, "token_endpoint": s.TokenEndpoint,
		"jwks_uri": s.JWKSURI, "registration_endpoint": s.RegistrationEndpoint,
		"introspection_endpoint": s.IntrospectionEndpoint, "revocation_endpoint": s.RevocationEndpoint,
		"userinfo_endpoint": s.UserinfoEndpoint, "end_session_endpoint": s.EndSessionEndpoint,
		"pushed_authorization_request_endpoint": s.PushedAuthorizationRequestEndpoint,
		"device_authorization_endpoint":         s.DeviceAuthorizationEndpoint,
	} {
		if raw == "" {
			continue
		}
		if _, err := url.Parse(raw); err != nil || fetch.CheckURL(raw, loopback) != nil {
			return fmt.Errorf("%w: %s", ErrEndpoint, name)
		}
	}
	return nil
}
