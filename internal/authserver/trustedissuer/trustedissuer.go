// Package trustedissuer holds the issuers whose assertions an authorization
// server accepts as grants, and finds their keys.
package trustedissuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver/document"
	"github.com/mcp-auth/go/internal/authserver/keyset"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/metadata"
)

// metadataFresh is how long the URL of an issuer's keys is remembered.
const metadataFresh = time.Hour

// Settings describe a trusted issuer.
type Settings struct {
	Issuer  string
	JWKS    []byte
	JWKSURI string // in place of JWKS; without either, found through metadata
	// IdentityAssertions accepts ID-JAGs of the issuer, Workloads are the
	// programs that it vouches for.
	IdentityAssertions bool
	Workloads          []Workload
}

// Workload is a program that an issuer vouches for.
type Workload struct {
	Subject string
	Scopes  []string
	// Resources are the resources that it can ask for. Empty means all that are
	// supported.
	Resources []string
}

// Issuer is a trusted issuer. It is safe for concurrent use.
type Issuer struct {
	Name               string
	IdentityAssertions bool
	workloads          []Workload
	keys               *keyset.Source // nil: found through metadata

	mu    sync.Mutex
	found *keyset.Source
	until time.Time
}

const (
	noMetadata configerr.Fault = "the issuer has no metadata to find its keys with: set JWKS or JWKSURI"
	noTrust    configerr.Fault = "the issuer is trusted for nothing: set IdentityAssertions or Workloads"
)

// ParseAll returns the issuers by their names.
func ParseAll(list *configerr.List, all []Settings, supported *oauth.Supported) map[string]*Issuer {
	issuers := make(map[string]*Issuer, len(all))
	for i, s := range all {
		field := fmt.Sprintf("TrustedIssuers[%d]", i)
		_, taken := issuers[s.Issuer]
		switch {
		case s.Issuer == "":
			list.Add(configerr.MissingValue, field+".Issuer", "")
		case taken:
			list.Add(configerr.DuplicateIssuer, field+".Issuer", s.Issuer)
		case len(s.JWKS) == 0 && s.JWKSURI == "" && metadata.CheckIssuer(supported.Plain().Secured(s.Issuer)) != nil:
			list.Add(noMetadata, field+".Issuer", s.Issuer)
		}
		if !s.IdentityAssertions && len(s.Workloads) == 0 {
			list.Add(noTrust, field, "")
		}
		issuers[s.Issuer] = &Issuer{
			Name: s.Issuer, IdentityAssertions: s.IdentityAssertions,
			keys:      keyset.Parse(list, field, s.JWKS, s.JWKSURI, supported.Plain()),
			workloads: parseWorkloads(list, field, s.Workloads, supported),
		}
	}
	return issuers
}

func parseWorkloads(list *configerr.List, field string, all []Workload, supported *oauth.Supported) []Workload {
	parsed := make([]Workload, 0, len(all))
	for i, w := range all {
		field := fmt.Sprintf("%s.Workloads[%d]", field, i)
		if w.Subject == "" {
			list.Add(configerr.MissingValue, field+".Subject", "")
		}
		for j, s := range w.Scopes {
			if !challenge.ValidScope(s) || !supported.Scope(s) || oauth.IsIdentityScope(s) {
				list.Add(configerr.ScopeNotSupported, fmt.Sprintf("%s.Scopes[%d]", field, j), s)
			}
		}
		for j, r := range w.Resources {
			if !supported.Resource(r) {
				list.Add(configerr.ResourceNotSupported, fmt.Sprintf("%s.Resources[%d]", field, j), r)
			}
		}
		parsed = append(parsed, Workload{w.Subject, slices.Clone(w.Scopes), slices.Clone(w.Resources)})
	}
	return parsed
}

// Workload returns the workload with a subject, compared byte for byte.
func (i *Issuer) Workload(subject string) (Workload, bool) {
	for _, w := range i.workloads {
		if w.Subject == subject {
			return w, true
		}
	}
	return Workload{}, false
}

// KeySource finds the issuer's keys.
func (i *Issuer) KeySource(ctx context.Context, documents *document.Cache) (*keyset.Source, error) {
	if i.keys != nil {
		return i.keys, nil
	}
	now := documents.Now()
	if found := i.remembered(now); found != nil {
		return found, nil
	}
	client, err := documents.Client()
	if err != nil {
		return nil, err
	}
	fetched, err := metadata.Fetch(ctx, client, metadata.Source{Issuer: i.Name, Type: metadata.AnyType})
	if err != nil {
		return nil, err
	}
	if fetched.Server.JWKSURI == "" {
		return nil, errors.New("the issuer's metadata has no jwks_uri")
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.found, i.until = keyset.At(fetched.Server.JWKSURI), now.Add(metadataFresh)
	return i.found, nil
}

func (i *Issuer) remembered(now time.Time) *keyset.Source {
	i.mu.Lock()
	defer i.mu.Unlock()
	if now.Before(i.until) {
		return i.found
	}
	return nil
}
