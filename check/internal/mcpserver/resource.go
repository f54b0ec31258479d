package mcpserver

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/mcp-auth/go/check/internal/endpoint"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/check/internal/transport"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

const (
	// maxMetadataAge is how long metadata may be cached without a warning.
	maxMetadataAge = 24 * time.Hour

	oauthWellKnown = "/.well-known/oauth-authorization-server"
)

// place is a URL where clients look for the metadata.
type place struct {
	url     string
	missing finding.Code // for a place without a document
	purpose string
	// document is nil if there is none that can be parsed.
	document *metadata.ProtectedResource
	raw      any
}

func (p *place) shown() string { return redact.URL(p.url) }

// resourceMetadata looks where clients look (MCP, Protected Resource Metadata
// Discovery): at the URL in the challenge, at the well-known path, at its root.
// It returns the document that clients use, or nil.
func resourceMetadata(ctx context.Context, e *endpoint.Endpoint, a *admission) *metadata.ProtectedResource {
	places := placesOf(e.URL, usableLink(a.refusal, e.Probe), e.PlainHosts())
	for _, p := range places {
		fetchPlace(ctx, e, p)
	}
	first := slices.IndexFunc(places, func(p *place) bool { return p.document != nil })
	if first >= 0 {
		e.Add(finding.New("resource_metadata_found", "", "The protected resource metadata is at %s.", places[first].shown()))
	} else if ctx.Err() != nil {
		return nil // not every place was looked at
	}
	if a.state == protected {
		e.Add(judgeMissingLink(a.refusal, first >= 0)...)
	}
	if first < 0 {
		if a.state == protected {
			e.Add(finding.New("resource_metadata_missing", "", "There is no protected resource metadata where clients look for it."))
		}
		return nil
	}
	if ctx.Err() == nil {
		e.Add(missingPlaces(places)...)
	}
	document := places[first].document
	e.Add(comparePlaces(places)...)
	e.Add(judgeDocument(document, e.PlainHosts())...)
	e.Add(judgeIdentifier(e.URL, document.Resource)...)
	if a.state == protected {
		e.Add(judgeScopes(a.refusal, document.ScopesSupported)...)
	}
	legacyMetadata(ctx, e, document.AuthorizationServers)
	return document
}

// placesOf returns the places in the order in which clients look. link is the
// URL in the challenge, or "".
func placesOf(server, link string, plain fetch.PlainHosts) (list []*place) {
	add := func(p *place, err error) {
		if err == nil && p.url != "" && !slices.ContainsFunc(list, func(o *place) bool { return o.url == p.url }) {
			list = append(list, p)
		}
	}
	add(&place{url: link, missing: "resource_metadata_unreachable", purpose: "metadata that the challenge names"}, nil)
	path, err := metadata.ResourceMetadataURL(plain.Secured(server))
	add(&place{url: fetch.SchemeOf(server, path), missing: "resource_metadata_not_at_path", purpose: "metadata at the well-known path"}, err)
	root, err := metadata.RootResourceMetadataURL(plain.Secured(server))
	add(&place{url: fetch.SchemeOf(server, root), missing: "resource_metadata_not_at_root", purpose: "metadata at the root"}, err)
	return list
}

// fetchPlace fetches the metadata as a web page does: with an Origin.
func fetchPlace(ctx context.Context, e *endpoint.Endpoint, p *place) {
	if ctx.Err() != nil {
		return
	}
	origin := pageOrigin(e.Loopback())
	header := http.Header{"Accept": {"application/json"}, "Origin": {origin}}
	resp, err := e.Do(ctx, p.purpose, fetch.Request{URL: p.url, Header: header})
	if err != nil || resp.Status != http.StatusOK {
		return
	}
	document, err := metadata.ParseProtectedResource(resp.Body)
	if err != nil {
		e.Add(finding.New("resource_metadata_malformed", string(resp.Body), "The metadata at %s cannot be parsed.", p.shown()))
		return
	}
	p.document = document
	_ = json.Unmarshal(resp.Body, &p.raw) // it has just been parsed
	e.Add(p.judgeDelivery(resp, origin, e.Now())...)
}

// judgeDelivery judges how the metadata is served.
func (p *place) judgeDelivery(resp *fetch.Response, origin string, now time.Time) (found finding.List) {
	header := resp.Header
	if transport.MediaType(header) != "application/json" {
		found.Add("resource_metadata_content_type", header.Get("Content-Type"), "The metadata at %s is not of type application/json.", p.shown())
	}
	if resp.URL != p.url {
		found.Add("resource_metadata_redirects", redact.URL(resp.URL), "%s redirects to the metadata.", p.shown())
	}
	if !transport.AllowsOrigin(header, origin) {
		found.Add("resource_metadata_no_cors", transport.OriginEvidence(header), "Web pages cannot read the metadata at %s.", p.shown())
	}
	if age, ok := fetch.FreshFor(header, now); ok && age > maxMetadataAge {
		found.Add("resource_metadata_cached_long", header.Get("Cache-Control"), "The metadata at %s may be cached for %s.", p.shown(), age)
	}
	return append(found, judgeVary(header, p.shown())...)
}

func missingPlaces(places []*place) (found finding.List) {
	for _, p := range places {
		if p.document == nil {
			found.Add(p.missing, "", "There is no metadata at %s.", p.shown())
		}
	}
	return found
}

// comparePlaces compares the documents with the one that clients use.
func comparePlaces(places []*place) (found finding.List) {
	var first *place
	for _, p := range places {
		switch {
		case p.document == nil:
		case first == nil:
			first = p
		case p.document.Resource != first.document.Resource:
			found.Add("resource_metadata_of_another", p.document.Resource, "The metadata at %s is for another resource than the metadata at %s.", p.shown(), first.shown())
		case !reflect.DeepEqual(p.raw, first.raw):
			found.Add("resource_metadata_differs", "", "The metadata at %s differs from the metadata at %s.", p.shown(), first.shown())
		}
	}
	return found
}

// judgeDocument judges the content of the metadata, except for its resource. URLs of
// the hosts that may be plain http count as https.
func judgeDocument(document *metadata.ProtectedResource, plain fetch.PlainHosts) finding.List {
	secured := *document
	secured.Resource, secured.AuthorizationServers = plain.Secured(document.Resource), slices.Clone(document.AuthorizationServers)
	for i, issuer := range secured.AuthorizationServers {
		secured.AuthorizationServers[i] = plain.Secured(issuer)
	}
	found := finding.Validation(secured.Validate().Findings)
	if document.SignedMetadata != "" {
		found.Add("signed_metadata", "", "The metadata is also signed (signed_metadata).")
	}
	return found
}

// legacyMetadata fetches what clients of MCP 2025-03-26 look for: metadata of
// an authorization server at the origin of the MCP server. It is expected if
// the authorization server is at that origin.
func legacyMetadata(ctx context.Context, e *endpoint.Endpoint, issuers []string) {
	if ctx.Err() != nil || slices.Contains(issuers, e.Origin) || slices.Contains(issuers, e.Origin+"/") {
		return
	}
	resp, err := e.Do(ctx, "metadata for clients of 2025-03-26", fetch.Request{URL: e.Origin + oauthWellKnown, Header: http.Header{"Accept": {"application/json"}}})
	if err != nil || resp.Status != http.StatusOK {
		return
	}
	if as, err := metadata.ParseAuthorizationServer(resp.Body); err == nil {
		e.Add(finding.New("legacy_metadata", as.Issuer, "The MCP server also serves authorization server metadata."))
	}
}
