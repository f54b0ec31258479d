package authserver

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/finding"
)

// judgeIssuers compares the documents' issuers with the expected one.
func judgeIssuers(want string, documents []*place) (found finding.List) {
	reported := map[string]bool{}
	for _, p := range documents {
		got := p.document.Issuer
		if got == want || reported[got] {
			continue
		}
		reported[got] = true
		found.Add("issuer_mismatch", got, "The document at %s has an issuer other than %s: %s.", p.shown, want, issuerDifference(want, got))
	}
	if len(found) == 0 {
		found.Add("issuer_identical", "", "The issuer in the metadata is the expected one, byte for byte.")
	}
	return found
}

// issuerDifference describes how the issuer in a document differs from the
// expected one.
func issuerDifference(want, got string) string {
	if strings.TrimSuffix(got, "/") == strings.TrimSuffix(want, "/") {
		if strings.HasSuffix(got, "/") {
			return "the document's issuer ends in a slash and the expected one does not"
		}
		return "the document's issuer does not end in a slash and the expected one does"
	}
	if strings.TrimSpace(got) == want {
		return "the document's issuer has white space around it"
	}
	if strings.EqualFold(got, want) {
		return "they differ in upper and lower case"
	}
	w, errWant := url.Parse(want)
	g, errGot := url.Parse(got)
	if errWant != nil || errGot != nil || g.Host == "" {
		return "the document's issuer is not a URL"
	}
	parts := differentParts(w, g)
	if len(parts) == 0 {
		return "they are spelled differently"
	}
	return "they differ in " + strings.Join(parts, " and ")
}

func differentParts(a, b *url.URL) (parts []string) {
	if a.Scheme != b.Scheme {
		parts = append(parts, "the scheme")
	}
	if !strings.EqualFold(a.Hostname(), b.Hostname()) {
		parts = append(parts, "the host")
	}
	if a.Port() != b.Port() {
		parts = append(parts, "the port")
	}
	if a.EscapedPath() != b.EscapedPath() {
		parts = append(parts, "the path")
	}
	return parts
}

// compareDocuments compares the documents in several places.
func compareDocuments(documents []*place) (found finding.List) {
	if len(documents) < 2 {
		return nil
	}
	first := documents[0]
	for _, p := range documents[1:] {
		if names := differentMembers(first.raw, p.raw); len(names) > 0 {
			found.Add("documents_differ", strings.Join(names, ", "), "The documents at %s and %s differ.", first.shown, p.shown)
		}
	}
	if len(found) == 0 {
		found.Add("documents_agree", "", "The documents in the %d places agree.", len(documents))
	}
	return found
}

// decisive lists the members whose absence from one document changes how a
// client behaves that reads only that one.
func decisive() []string {
	return []string{
		"authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint",
		"code_challenge_methods_supported", "grant_types_supported", "response_types_supported",
		"token_endpoint_auth_methods_supported", "client_id_metadata_document_supported",
		"authorization_response_iss_parameter_supported",
	}
}

// differentMembers names the members whose values differ in two documents, and
// the decisive ones that only one of them has. judgeIssuers compares issuer.
func differentMembers(a, b []byte) []string {
	var left, right map[string]json.RawMessage
	if json.Unmarshal(a, &left) != nil || json.Unmarshal(b, &right) != nil {
		return nil
	}
	dropNulls(left)
	dropNulls(right)
	var names []string
	for name, value := range left {
		if name == "issuer" {
			continue
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

// dropNulls removes the members that are null, which means absent.
func dropNulls(members map[string]json.RawMessage) {
	maps.DeleteFunc(members, func(_ string, raw json.RawMessage) bool { return string(raw) == "null" })
}

// sameValue compares two JSON values, lists as sets.
func sameValue(a, b json.RawMessage) bool {
	var left, right any
	if json.Unmarshal(a, &left) != nil || json.Unmarshal(b, &right) != nil {
		return false
	}
	return canonical(left) == canonical(right)
}

// canonical returns the same text for equal values, and different texts for
// different ones.
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
