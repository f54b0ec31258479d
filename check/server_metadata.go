package check

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// maxMetadataAge is how long metadata may be kept without a warning.
const maxMetadataAge = 24 * time.Hour

// place is one where clients look for the metadata.
type place struct {
	url string
	// missing is the code for when nothing is there.
	missing Code
	purpose string
	// document is nil if none is there that can be read.
	document *metadata.ProtectedResource
	raw      any
}

// resourceMetadata looks where clients look (MCP, Protected Resource Metadata
// Discovery): where the challenge says, at the well-known path, at its root.
func (s *serverCheck) resourceMetadata(ctx context.Context) {
	places := s.places()
	for i := range places {
		s.fetchMetadata(ctx, &places[i])
	}
	found := s.firstDocument(places)
	if !found && ctx.Err() != nil {
		return // not looked for everywhere
	}
	s.challengeWithoutLink(found)
	if !found {
		if s.state == protected {
			s.add(ResourceMetadataMissing, "", "No protected resource metadata is where clients look for it.")
		}
		return
	}
	if ctx.Err() == nil {
		s.missingPlaces(places)
	}
	s.comparePlaces(places)
	s.judgeDocument()
	s.judgeIdentifier(s.document.Resource)
	s.challengeScopes()
	s.legacyMetadata(ctx)
}

func (s *serverCheck) places() []place {
	var list []place
	add := func(p place, err error) {
		if err == nil && p.url != "" && !slices.ContainsFunc(list, func(o place) bool { return o.url == p.url }) {
			list = append(list, p)
		}
	}
	add(place{url: s.link(), missing: ResourceMetadataUnreachable, purpose: "metadata that the challenge names"}, nil)
	path, err := metadata.ResourceMetadataURL(s.url)
	add(place{url: path, missing: ResourceMetadataNotAtPath, purpose: "metadata at the well-known path"}, err)
	root, err := metadata.RootResourceMetadataURL(s.url)
	add(place{url: root, missing: ResourceMetadataNotAtRoot, purpose: "metadata at the root"}, err)
	return list
}

// fetchMetadata fetches as a web page would: with an Origin.
func (s *serverCheck) fetchMetadata(ctx context.Context, p *place) {
	if ctx.Err() != nil {
		return
	}
	header := http.Header{"Accept": {"application/json"}, "Origin": {s.pageOrigin()}}
	resp, err := s.do(ctx, p.purpose, fetch.Request{URL: p.url, Header: header})
	if err != nil || resp.Status != http.StatusOK {
		return
	}
	document, err := metadata.ParseProtectedResource(resp.Body)
	if err != nil {
		s.add(ResourceMetadataMalformed, string(resp.Body), "The metadata at %s cannot be read.", s.shownURL(p.url))
		return
	}
	p.document = document
	_ = json.Unmarshal(resp.Body, &p.raw) // it has just been read
	s.judgeDelivery(p, resp)
}

// judgeDelivery judges how the metadata is served.
func (s *serverCheck) judgeDelivery(p *place, resp *fetch.Response) {
	where := s.shownURL(p.url)
	if mediaType(resp.Header) != "application/json" {
		s.add(ResourceMetadataContentType, resp.Header.Get("Content-Type"), "The metadata at %s is not of type application/json.", where)
	}
	if resp.URL != p.url {
		s.add(ResourceMetadataRedirects, s.shownURL(resp.URL), "%s redirects to the metadata.", where)
	}
	if !allowsOrigin(resp.Header, s.pageOrigin()) {
		s.add(ResourceMetadataNoCORS, corsEvidence(resp.Header), "Web pages cannot read the metadata at %s.", where)
	}
	if age, ok := fetch.FreshFor(resp.Header, s.opts.Now()); ok && age > maxMetadataAge {
		s.add(ResourceMetadataCachedLong, resp.Header.Get("Cache-Control"), "The metadata at %s may be kept for %s.", where, age)
	}
	s.varies(resp.Header, where)
}

// firstDocument takes the document that clients take: the first that there is.
func (s *serverCheck) firstDocument(places []place) bool {
	for _, p := range places {
		if p.document != nil {
			s.document = p.document
			s.add(ResourceMetadataFound, "", "The protected resource metadata is at %s.", s.shownURL(p.url))
			return true
		}
	}
	return false
}

func (s *serverCheck) missingPlaces(places []place) {
	for _, p := range places {
		if p.document == nil {
			s.add(p.missing, "", "There is no metadata at %s.", s.shownURL(p.url))
		}
	}
}

// comparePlaces holds the documents against the one that clients take.
func (s *serverCheck) comparePlaces(places []place) {
	var first *place
	for i := range places {
		p := &places[i]
		switch {
		case p.document == nil:
		case first == nil:
			first = p
		case p.document.Resource != first.document.Resource:
			s.add(ResourceMetadataOfAnother, p.document.Resource, "The metadata at %s is for another resource than that at %s.", s.shownURL(p.url), s.shownURL(first.url))
		case !reflect.DeepEqual(p.raw, first.raw):
			s.add(ResourceMetadataDiffers, "", "The metadata at %s is not that at %s.", s.shownURL(p.url), s.shownURL(first.url))
		}
	}
}

// judgeDocument judges what stands in the metadata, its identifier aside.
func (s *serverCheck) judgeDocument() {
	for _, f := range s.document.Validate().Findings {
		s.addAs(f.Severity, Code(f.Code), "", "%s", f.Message)
	}
	if s.document.SignedMetadata != "" {
		s.add(SignedMetadata, "", "The metadata is signed too (signed_metadata).")
	}
}

// legacyMetadata notes what clients of 2025-03-26 look for.
func (s *serverCheck) legacyMetadata(ctx context.Context) {
	if ctx.Err() != nil || slices.Contains(s.document.AuthorizationServers, s.origin) || slices.Contains(s.document.AuthorizationServers, s.origin+"/") {
		return // the last two: it is the authorization server's own
	}
	target := s.origin + oauthWellKnown
	resp, err := s.do(ctx, "metadata for clients of 2025-03-26", fetch.Request{URL: target, Header: http.Header{"Accept": {"application/json"}}})
	if err != nil || resp.Status != http.StatusOK {
		return
	}
	if as, err := metadata.ParseAuthorizationServer(resp.Body); err == nil {
		s.add(LegacyMetadata, as.Issuer, "Authorization server metadata is at the MCP server too.")
	}
}
