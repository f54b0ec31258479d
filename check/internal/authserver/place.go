package authserver

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/metadata"
)

const (
	wellKnown      = "/.well-known/"
	oauthWellKnown = wellKnown + "oauth-authorization-server"
	oidcWellKnown  = wellKnown + "openid-configuration"

	// pageOrigin is the Origin of a web page that the server cannot know.
	pageOrigin = "https://mcp-client.example"
)

// place is a URL where metadata may be, and what is there.
type place struct {
	url      string
	shown    string // the URL as reports show it
	resp     *fetch.Response
	err      error // of the fetch
	document *metadata.AuthorizationServer
	raw      []byte // of the document, repaired
	fault    error  // why an answer is not a document
	// unlisted means that the user gave the URL and that no client looks there.
	unlisted bool
}

// missing reports whether the place says that there is no document.
func (p *place) missing() bool {
	return p.err == nil && p.fault == nil && p.resp.Status < http.StatusInternalServerError
}

// look fetches one place.
func look(ctx context.Context, p *probe.Probe, src *metadata.Source, url, purpose string) *place {
	found := &place{url: url, shown: redact.URL(url)}
	found.resp, found.err = p.Do(ctx, purpose, fetch.Request{
		URL:    url,
		Header: http.Header{"Accept": {"application/json"}, "Origin": {pageOrigin}},
	})
	if found.err != nil && ctx.Err() != nil { // there was no time left for it
		found.err = &fetch.Error{URL: found.shown, Kind: fetch.Canceled, Err: ctx.Err()}
	}
	if found.err == nil && found.resp.Status == http.StatusOK {
		found.parse(src)
	}
	return found
}

func (p *place) parse(src *metadata.Source) {
	p.raw = p.resp.Body
	if src.Repair != nil {
		if p.raw, p.fault = panics.Call(repairFunction, func() ([]byte, error) { return src.Repair(p.resp.Body) }); p.fault != nil {
			return
		}
	}
	p.document, p.fault = metadata.ParseAuthorizationServer(p.raw)
}

// lookAround fetches each place of the source that has not been seen.
func lookAround(ctx context.Context, p *probe.Probe, src *metadata.Source, seen []*place) []*place {
	if src.URL != "" {
		// A place that was configured on loopback may be reached there. The
		// endpoints that its document names may not.
		return []*place{look(ctx, p.Reaching(src.URL), src, src.URL, "metadata, as configured")}
	}
	candidates, err := metadata.CandidateURLs(p.PlainHosts().Secured(src.Issuer), src.Type)
	if err != nil {
		return seen
	}
	var places []*place
	for _, url := range candidates {
		url = fetch.SchemeOf(src.Issuer, url)
		i := slices.IndexFunc(seen, func(s *place) bool { return s.url == url })
		switch {
		case i >= 0:
			places = append(places, seen[i])
		case ctx.Err() == nil:
			places = append(places, look(ctx, p, src, url, purposeOf(url)))
		}
	}
	for _, s := range seen {
		if !slices.Contains(places, s) {
			s.unlisted = true
			places = append([]*place{s}, places...)
		}
	}
	return places
}

func purposeOf(url string) string {
	switch {
	case strings.Contains(url, oauthWellKnown):
		return "metadata, RFC 8414"
	case strings.HasSuffix(url, oidcWellKnown):
		return "metadata, OpenID Connect"
	}
	return "metadata, OpenID Connect, inserted"
}

// issuerOf returns the issuer that a document at the URL target must have: the
// document's own, if its metadata may be at target, or else the one from which
// target was formed. How the user spells target does not matter.
func issuerOf(given *place, target string, plain fetch.PlainHosts) string {
	target = spelling(target)
	before, after, _ := strings.Cut(target, wellKnown)
	_, path, hasPath := strings.Cut(after, "/")
	derived := before
	if hasPath {
		derived += "/" + path
	}
	if given.document == nil {
		return derived
	}
	own := given.document.Issuer
	candidates, err := metadata.CandidateURLs(plain.Secured(own), metadata.AnyType)
	if err == nil && slices.ContainsFunc(candidates, func(url string) bool { return spelling(fetch.SchemeOf(own, url)) == target }) {
		return own
	}
	return derived
}

// spelling returns a URL as libraries write it, without query and without
// slashes at the end.
func spelling(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.Scheme, u.Host, u.RawQuery, u.ForceQuery = strings.ToLower(u.Scheme), strings.ToLower(u.Host), "", false
	if u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	return strings.TrimRight(u.String(), "/")
}
