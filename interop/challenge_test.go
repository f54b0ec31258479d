package interop_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/mcp-auth/go/interop/internal/parts"
)

const scriptTimeout = 120 * time.Second

// refusal is what an answer that refuses a request must say.
type refusal struct {
	status   int
	code     string // of the challenge; empty when the request carried no credentials
	resource string
	scopes   []string
}

// check checks an answer against RS3, RS4, RS5 and RS12 and returns its
// challenge.
func (want refusal) check(t *testing.T, got parts.Answer) string {
	t.Helper()
	if got.Status != want.status {
		t.Fatalf("status %d, want %d; body %s", got.Status, want.status, got.Body)
	}
	values := got.Header.Values("WWW-Authenticate")
	if len(values) != 1 {
		t.Fatalf("WWW-Authenticate %q, want one value", values)
	}
	want.checkParams(t, parseGo(t, values[0]))
	want.checkBody(t, got)
	return values[0]
}

func (want refusal) checkParams(t *testing.T, got map[string]string) {
	t.Helper()
	params := map[string]string{"resource_metadata": parts.MetadataURL(want.resource)}
	if len(want.scopes) > 0 {
		params["scope"] = strings.Join(want.scopes, " ")
	}
	if want.code != "" {
		params["error"] = want.code
		params["error_description"] = got["error_description"]
		if got["error_description"] == "" {
			t.Errorf("challenge %v has no error_description", got)
		}
	}
	if !maps.Equal(got, params) {
		t.Errorf("challenge %v, want %v", got, params)
	}
}

func (want refusal) checkBody(t *testing.T, got parts.Answer) {
	t.Helper()
	if ct := got.Header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q, want application/json", ct)
	}
	body := make(map[string]string)
	if err := json.Unmarshal(got.Body, &body); err != nil {
		t.Fatalf("body %q is no JSON object of strings: %v", got.Body, err)
	}
	if names := slices.Sorted(maps.Keys(body)); !slices.Equal(names, []string{"error", "error_description"}) {
		t.Errorf("body has the members %q, want error and error_description", names)
	}
	if body["error"] == "" || body["error_description"] == "" {
		t.Errorf("body %s has an empty member", got.Body)
	}
	if want.code != "" && body["error"] != want.code {
		t.Errorf("error %q in the body, want %q", body["error"], want.code)
	}
}

// parseGo parses a challenge with go-sdk's parser.
func parseGo(t *testing.T, value string) map[string]string {
	t.Helper()
	challenges, err := oauthex.ParseWWWAuthenticate([]string{value})
	if err != nil {
		t.Fatalf("go-sdk cannot parse %q: %v", value, err)
	}
	if len(challenges) != 1 || challenges[0].Scheme != "bearer" {
		t.Fatalf("go-sdk parses %q as %v, want one Bearer challenge", value, challenges)
	}
	return challenges[0].Params
}

// checkParsers checks that the TypeScript SDK reads from each challenge what
// go-sdk reads from it.
func checkParsers(t *testing.T, challenges []string) {
	t.Helper()
	if len(challenges) == 0 {
		t.Fatal("no challenges to parse")
	}
	in, err := json.Marshal(challenges)
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]string
	out := parts.Script(t, scriptTimeout, in, "sdk-v1-challenge.mjs")
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(got) != len(challenges) {
		t.Fatalf("%d answers for %d challenges", len(got), len(challenges))
	}
	for i, challenge := range challenges {
		want := parseGo(t, challenge)
		delete(want, "error_description") // the TypeScript SDK does not extract it
		if !maps.Equal(got[i], want) {
			t.Errorf("%s: the TypeScript SDK reads %v, go-sdk %v", challenge, got[i], want)
		}
	}
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodDelete}
