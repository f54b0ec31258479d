package oauth

import (
	"fmt"
	"slices"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/scope"
)

// Supported says which scopes and resources clients can ask for.
type Supported struct {
	scopes        []string
	defaultScopes []string
	resources     []string
	plain         PlainHosts
}

// ParseSupported checks the configured scopes and resources. No scopes means
// any, no default scopes means all, and no resources means any. Resources may be
// http on the hosts of plain.
func ParseSupported(list *configerr.List, scopes, defaultScopes, resources []string, plain PlainHosts) *Supported {
	s := &Supported{
		scopes: slices.Clone(scopes), defaultScopes: slices.Clone(defaultScopes), resources: slices.Clone(resources), plain: slices.Clone(plain),
	}
	if len(s.defaultScopes) == 0 {
		s.defaultScopes = slices.Clone(s.scopes)
	}
	for i, text := range s.scopes {
		list.Nest(fmt.Sprintf("Scopes[%d]", i), scope.Check(text))
	}
	for i, scope := range defaultScopes {
		if !challenge.ValidScope(scope) || !s.Scope(scope) {
			list.Add(configerr.ScopeNotSupported, fmt.Sprintf("DefaultScopes[%d]", i), scope)
		}
	}
	for i, resource := range s.resources {
		if !plain.ValidResource(resource) {
			list.Add(configerr.InvalidIndicator, fmt.Sprintf("Resources[%d]", i), resource)
		}
	}
	return s
}

// Scope reports whether clients can ask for the scope.
func (s *Supported) Scope(scope string) bool {
	return len(s.scopes) == 0 || slices.Contains(s.scopes, scope) || IsIdentityScope(scope)
}

// Plain returns the hosts of one's own network that may be plain http.
func (s *Supported) Plain() fetch.PlainHosts { return fetch.PlainHosts(s.plain) }

// Resource reports whether clients can ask for the resource.
func (s *Supported) Resource(resource string) bool {
	return s.plain.ValidResource(resource) && s.knows(resource)
}

func (s *Supported) knows(resource string) bool {
	return len(s.resources) == 0 || slices.Contains(s.resources, resource)
}

// Scopes returns the scopes to advertise (RFC 8414 §2, scopes_supported).
func (s *Supported) Scopes() []string {
	return unique(append(slices.Clone(s.scopes), identityScopes()...))
}

// Resources returns the resources to advertise.
func (s *Supported) Resources() []string { return slices.Clone(s.resources) }

// RequestedScopes returns the scopes that a request asks for, or the default
// ones.
func (s *Supported) RequestedScopes(p Parameters) ([]string, error) {
	scopes, err := s.NamedScopes(p.Get("scope"))
	if err == nil && len(scopes) == 0 {
		return slices.Clone(s.defaultScopes), nil
	}
	return scopes, err
}

// NamedScopes reads a scope parameter, whose scopes must all be supported.
func (s *Supported) NamedScopes(raw string) ([]string, error) {
	scopes, err := SplitScopes(raw)
	if err != nil {
		return nil, err
	}
	for _, scope := range scopes {
		if !s.Scope(scope) {
			return nil, InvalidScope("a scope is not one that the server supports")
		}
	}
	return scopes, nil
}

// RequestedResources returns the resource indicators that a request asks for
// (RFC 8707 §2), or the default one: the first that is configured, if any.
func (s *Supported) RequestedResources(p Parameters) ([]string, error) {
	resources := p.Resources()
	if len(resources) == 0 {
		return slices.Clone(s.resources[:min(1, len(s.resources))]), nil
	}
	for _, resource := range resources {
		if !s.plain.ValidResource(resource) {
			return nil, InvalidTarget("a resource is not an https or loopback URL without a fragment")
		}
		if !s.knows(resource) {
			return nil, InvalidTarget("a resource is not one that the server knows")
		}
	}
	return resources, nil
}
