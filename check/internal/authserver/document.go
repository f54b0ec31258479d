package authserver

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/check/internal/transport"
	"github.com/mcp-auth/go/metadata"
)

// judgePlaces judges what was found where, and returns the document that a
// client would use, or nil.
func judgePlaces(p *probe.Probe, src *metadata.Source, places []*place) *metadata.AuthorizationServer {
	var found []*place
	reported := map[string]bool{}
	for _, at := range places {
		if at.err != nil {
			// A server that is down is down in every place.
			text := transport.FailureText(at.err)
			if reported[text] {
				continue
			}
			reported[text] = true
		}
		severity := metadata.Error
		if len(found) > 0 {
			severity = metadata.Warning // clients find a document before they look here
		}
		p.Add(at.judge(severity)...)
		if at.document != nil {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		p.Add(nothingFound(places)...)
		return nil
	}
	if !slices.ContainsFunc(found, func(at *place) bool { return !at.unlisted }) {
		p.Add(finding.New("metadata_elsewhere", found[0].shown, "Clients do not look for the metadata where it is."))
	}
	p.Add(judgeIssuers(src.Issuer, found)...)
	p.Add(compareDocuments(found)...)
	p.Add(judgeKinds(places, found)...)
	for _, at := range found {
		p.Add(at.judgeDelivery()...)
	}
	first := found[0].resp
	_, caching := transport.Caching(first, p.Now(), "metadata", "metadata_not_cacheable")
	p.Add(caching...)
	p.Add(transport.Connection(first, p.Now())...)
	return found[0].document
}

// judge finds why a place keeps clients from a document.
func (p *place) judge(severity metadata.Severity) (found finding.List) {
	switch {
	case p.err != nil:
		for _, f := range transport.Failure(p.err, "unreachable", "%s cannot be fetched.", p.shown) {
			found = append(found, f.As(severity))
		}
	case p.fault != nil:
		evidence := p.resp.Header.Get("Content-Type") + ": " + redact.Cut(string(p.resp.Body), probe.MaxEvidence)
		found.AddAs(severity, "metadata_malformed", evidence, "%s answers with status 200 but not with a metadata document: %s.", p.shown, finding.Reason(p.fault))
	case p.resp.Status >= http.StatusInternalServerError || p.resp.Status == http.StatusTooManyRequests:
		found.AddAs(severity, "metadata_unavailable", fmt.Sprint("status ", p.resp.Status), "%s cannot answer now.", p.shown)
	}
	return found
}

// nothingFound reports that no place has a document, unless another finding
// says why.
func nothingFound(places []*place) (found finding.List) {
	if len(places) == 0 {
		return nil // there was no time left to look
	}
	var statuses []string
	for _, p := range places {
		if !p.missing() {
			return nil
		}
		statuses = append(statuses, fmt.Sprint(p.resp.Status))
	}
	found.Add("metadata_not_found", "status "+strings.Join(statuses, ", "), "There is no metadata document in any place where clients look.")
	return found
}

// judgeKinds reports where there are documents, and whether clients of old
// revisions look there.
func judgeKinds(places, documents []*place) (found finding.List) {
	var names []string
	for _, p := range documents {
		names = append(names, p.shown)
	}
	found.Add("metadata_found", "", "The metadata is at %s.", strings.Join(names, " and "))
	if slices.ContainsFunc(places, func(p *place) bool {
		return strings.Contains(p.url, oauthWellKnown) && p.document == nil && p.missing() && !p.unlisted
	}) && !slices.ContainsFunc(documents, func(p *place) bool { return strings.Contains(p.url, oauthWellKnown) && !p.unlisted }) {
		found.Add("oauth_metadata_missing", "", "Only the OpenID Connect document exists, and none in the place that RFC 8414 defines.")
	}
	return found
}

// judgeDelivery judges how a document is delivered.
func (p *place) judgeDelivery() (found finding.List) {
	header := p.resp.Header
	if p.resp.URL != p.url {
		found.Add("metadata_redirected", redact.URL(p.resp.URL), "%s redirects elsewhere.", p.shown)
	}
	if transport.MediaType(header) != "application/json" {
		found.Add("metadata_content_type", header.Get("Content-Type"), "%s is not sent as application/json.", p.shown)
	}
	if !transport.AllowsOrigin(header, pageOrigin) {
		found.Add("metadata_without_cors", transport.OriginEvidence(header), "Web pages may not read %s.", p.shown)
	}
	return found
}
