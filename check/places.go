package check

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// browserOrigin is sent as Origin, to see whether any web page may read the
// answer.
const browserOrigin = "https://mcp-client.example"

// candidate is one place where metadata may stand, and what is there.
type candidate struct {
	url, purpose string
	shown        string // the URL as reports show it
	resp         *fetch.Response
	err          error // of the fetch
	document     *metadata.AuthorizationServer
	raw          []byte // of the document, repaired
	fault        error  // why an answer is no document
}

// look fetches one place.
func (s *issuerCheck) look(ctx context.Context, src *metadata.Source, at, purpose string) *candidate {
	p := &candidate{url: at, purpose: purpose, shown: s.shownURL(at)}
	p.resp, p.err = s.do(ctx, purpose, fetch.Request{
		URL:    at,
		Header: http.Header{"Accept": {"application/json"}, "Origin": {browserOrigin}},
	})
	if p.err != nil && ctx.Err() != nil { // it was given no time
		p.err = &fetch.Error{URL: p.shown, Kind: fetch.Canceled, Err: ctx.Err()}
	}
	if p.err != nil || p.resp.Status != http.StatusOK {
		return p
	}
	p.raw = p.resp.Body
	if src.Repair != nil {
		if p.raw, p.fault = src.Repair(p.raw); p.fault != nil {
			return p
		}
	}
	p.document, p.fault = metadata.ParseAuthorizationServer(p.raw)
	return p
}

// lookAround fetches each place of the source that is not among those seen.
func (s *issuerCheck) lookAround(ctx context.Context, src *metadata.Source, seen []*candidate) []*candidate {
	if src.URL != "" {
		// Whoever configured a place on loopback means it. What is named there
		// has no such right.
		own := *s.checker
		own.loopback = own.loopback || fetch.IsLoopbackURL(src.URL)
		return []*candidate{(&issuerCheck{checker: &own}).look(ctx, src, src.URL, "metadata, as configured")}
	}
	candidates, err := metadata.CandidateURLs(src.Issuer, src.Type)
	if err != nil {
		return seen
	}
	var places []*candidate
	for _, at := range candidates {
		i := slices.IndexFunc(seen, func(p *candidate) bool { return p.url == at })
		switch {
		case i >= 0:
			places = append(places, seen[i])
		case ctx.Err() == nil:
			places = append(places, s.look(ctx, src, at, purposeOf(at)))
		}
	}
	for _, p := range seen { // a client would not find it, and yet it was asked for
		if !slices.Contains(places, p) {
			places = append([]*candidate{p}, places...)
		}
	}
	return places
}

const (
	oauthWellKnown = wellKnown + "oauth-authorization-server"
	oidcWellKnown  = wellKnown + "openid-configuration"
)

func purposeOf(at string) string {
	switch {
	case strings.Contains(at, oauthWellKnown):
		return "metadata, RFC 8414"
	case strings.HasSuffix(at, oidcWellKnown):
		return "metadata, OpenID Connect"
	}
	return "metadata, OpenID Connect, inserted"
}

// issuerOf returns the issuer that a document found at a URL is to be of: its
// own, if that leads to this URL, or the one the URL was made of.
func (s *issuerCheck) issuerOf(given *candidate, target string) string {
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
	if candidates, err := metadata.CandidateURLs(own, metadata.AnyType); err == nil && slices.Contains(candidates, target) {
		return own
	}
	return derived
}

// judge tells what was found in the places, and takes over the document that a
// client would.
func (s *issuerCheck) judge(src *metadata.Source, places []*candidate) {
	first := slices.IndexFunc(places, func(p *candidate) bool { return p.document != nil })
	told := map[string]bool{}
	for i, p := range places {
		// A server that is down is so in each place.
		if p.err != nil && told[failureText(p.err)] {
			continue
		}
		if p.err != nil {
			told[failureText(p.err)] = true
		}
		// What stands before the document keeps clients from it.
		s.judgePlace(p, first >= 0 && i > first)
	}
	if first < 0 {
		s.nothingFound(places)
		return
	}
	var found []*candidate
	for _, p := range places {
		if p.document != nil {
			found = append(found, p)
		}
	}
	s.document = found[0].document
	s.issuers(src.Issuer, found)
	s.compare(found)
	s.wellKnownKinds(places, found)
	s.delivery(found)
}

func (s *issuerCheck) judgePlace(p *candidate, behind bool) {
	severity := metadata.Error
	if behind {
		severity = metadata.Warning
	}
	switch {
	case p.err != nil:
		s.unreachable(p, severity)
	case p.fault != nil:
		s.addAs(severity, MetadataMalformed, start(p.resp), "%s answers with status 200 and what is no metadata document: %s.", p.shown, plainFault(p.fault))
	case p.resp.Status >= http.StatusInternalServerError || p.resp.Status == http.StatusTooManyRequests:
		s.addAs(severity, MetadataUnavailable, fmt.Sprint("status ", p.resp.Status), "%s cannot answer now.", p.shown)
	}
}

// unreachable tells why there was no answer.
func (s *issuerCheck) unreachable(p *candidate, severity metadata.Severity) {
	if code := failureCode(p.err, Unreachable); code != "" {
		s.addAs(severity, code, failureText(p.err), "%s cannot be fetched.", p.shown)
	}
}

// start is the beginning of an answer, as evidence.
func start(resp *fetch.Response) string {
	return resp.Header.Get("Content-Type") + ": " + cut(string(resp.Body), maxEvidence)
}

// plainFault is a fault without the package's name.
func plainFault(err error) string {
	text := err.Error()
	for _, prefix := range []string{"metadata: ", "jose: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return strings.TrimSuffix(text, ".")
}

// nothingFound tells that no place has a document, unless it was said already
// why.
func (s *issuerCheck) nothingFound(places []*candidate) {
	var statuses []string
	for _, p := range places {
		if p.err != nil || p.fault != nil || p.resp.Status >= http.StatusInternalServerError {
			continue
		}
		statuses = append(statuses, fmt.Sprint(p.resp.Status))
	}
	if len(statuses) == len(places) {
		s.add(MetadataNotFound, "status "+strings.Join(statuses, ", "), "None of the places where clients look has a metadata document.")
	}
}

// issuers compares the documents' issuers with the one that was asked for.
func (s *issuerCheck) issuers(want string, found []*candidate) {
	told := map[string]bool{}
	for _, p := range found {
		got := p.document.Issuer
		if got == want || told[got] {
			continue
		}
		told[got] = true
		s.add(IssuerMismatch, got, "The document at %s names another issuer than %s: %s.", p.shown, want, issuerDifference(want, got))
	}
	if len(told) == 0 {
		s.add(IssuerIdentical, "", "The issuer in the metadata is the one asked for, byte for byte.")
	}
}

// issuerDifference says in what two issuers differ.
func issuerDifference(want, got string) string {
	if strings.TrimSuffix(got, "/") == strings.TrimSuffix(want, "/") {
		if strings.HasSuffix(got, "/") {
			return "the document's has a slash at the end and the other has none"
		}
		return "the document's has no slash at the end and the other has one"
	}
	if strings.TrimSpace(got) == want {
		return "the document's has white space around it"
	}
	if strings.EqualFold(got, want) {
		return "they differ in upper and lower case"
	}
	w, errWant := url.Parse(want)
	g, errGot := url.Parse(got)
	if errWant != nil || errGot != nil || g.Host == "" {
		return "the document's is not a URL"
	}
	var parts []string
	if w.Scheme != g.Scheme {
		parts = append(parts, "the scheme")
	}
	if !strings.EqualFold(w.Hostname(), g.Hostname()) {
		parts = append(parts, "the host")
	}
	if w.Port() != g.Port() {
		parts = append(parts, "the port")
	}
	if w.EscapedPath() != g.EscapedPath() {
		parts = append(parts, "the path")
	}
	if len(parts) == 0 {
		return "they differ in how they are written"
	}
	return "they differ in " + strings.Join(parts, " and ")
}

// decisive are the members whose absence in one document matters to who reads
// that one.
func decisive() []string {
	return []string{
		"authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint",
		"code_challenge_methods_supported", "grant_types_supported", "response_types_supported",
		"token_endpoint_auth_methods_supported", "client_id_metadata_document_supported",
		"authorization_response_iss_parameter_supported",
	}
}

// compare compares what documents in several places say.
func (s *issuerCheck) compare(found []*candidate) {
	if len(found) < 2 {
		return
	}
	agree := true
	for _, p := range found[1:] {
		names := differing(found[0].raw, p.raw)
		if len(names) == 0 {
			continue
		}
		agree = false
		s.add(DocumentsDiffer, strings.Join(names, ", "), "The documents at %s and %s differ.", found[0].shown, p.shown)
	}
	if agree {
		s.add(DocumentsAgree, "", "The documents in the %d places say the same.", len(found))
	}
}

// differing names the members that two documents give different values, or
// that only one has though it matters.
func differing(a, b []byte) []string {
	var left, right map[string]json.RawMessage
	if json.Unmarshal(a, &left) != nil || json.Unmarshal(b, &right) != nil {
		return nil
	}
	var names []string
	for name, value := range left {
		if name == "issuer" {
			continue // told by itself
		}
		other, both := right[name]
		if both && !sameValue(value, other) || !both && slices.Contains(decisive(), name) {
			names = append(names, name)
		}
	}
	for name := range right {
		if _, both := left[name]; !both && slices.Contains(decisive(), name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// sameValue compares lists of strings as sets.
func sameValue(a, b json.RawMessage) bool {
	var left, right any
	if json.Unmarshal(a, &left) != nil || json.Unmarshal(b, &right) != nil {
		return false
	}
	return canonical(left) == canonical(right)
}

// canonical is a value as text that tells different ones apart.
func canonical(value any) string {
	if list, ok := value.([]any); ok {
		texts := make([]string, len(list))
		for i, element := range list {
			texts[i] = canonical(element)
		}
		slices.Sort(texts)
		value = texts
	}
	text, err := json.Marshal(value) // sorts the names of objects
	if err != nil {
		return ""
	}
	return string(text)
}

// wellKnownKinds tells where there are documents, and whether old clients look
// there.
func (s *issuerCheck) wellKnownKinds(places, found []*candidate) {
	var names []string
	for _, p := range found {
		names = append(names, p.shown)
	}
	s.add(MetadataFound, "", "The metadata is at %s.", strings.Join(names, " and "))
	for _, p := range places {
		if strings.Contains(p.url, oauthWellKnown) && p.err == nil && p.resp.Status == http.StatusNotFound {
			s.add(OAuthMetadataMissing, "", "There is no document at the place of RFC 8414, only that of OpenID Connect.")
		}
	}
}

// delivery judges how documents are delivered.
func (s *issuerCheck) delivery(found []*candidate) {
	for _, p := range found {
		if p.resp.URL != p.url {
			s.add(MetadataRedirected, s.shownURL(p.resp.URL), "%s redirects elsewhere.", p.shown)
		}
		if mediaType(p.resp.Header) != "application/json" {
			s.add(MetadataContentType, p.resp.Header.Get("Content-Type"), "%s is not sent as application/json.", p.shown)
		}
		if !readableByBrowsers(p.resp.Header) {
			s.add(MetadataWithoutCORS, corsEvidence(p.resp.Header), "Web pages may not read %s.", p.shown)
		}
	}
	s.caching(found[0].resp, "metadata", MetadataNotCacheable)
	s.connection(found[0].resp)
}

func mediaType(h http.Header) string {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}
