package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/internal/verdict"
)

// The gateway is one more way in, and comes to the same verdicts, unless it refuses a
// request for its form before anybody decides on it.
//
// Covers GW3, GW7, GW8, GW9, GW10.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	verdict.Run(t, "../internal/verdict/testdata/verdicts", verdict.Door{
		Name:  "gateway",
		Apart: formVerdicts(),
		Build: behindGateway,
		Info:  func(r *http.Request) (*mcpauth.AuthInfo, bool) { return mcpauth.FromContext(r.Context()) },
	})
}

// formVerdicts are those on the form of a request, by file.
func formVerdicts() map[string]string {
	verdicts := map[string]string{}
	for status, files := range map[int][]string{
		http.StatusBadRequest: {
			"credentials/two-headers", "credentials/good-then-basic", "dpop/both-schemes", "message/content-type-twice",
			"header/version-twice", "header/name-twice", "header/method-twice", "session/twice", "operation/get-with-body",
		},
		http.StatusNotFound:             {"dpop/htu-double-slash", "dpop/good-htu-escapes", "dpop/good-get"}, // other paths than the identifier's
		http.StatusMethodNotAllowed:     {"credentials/none-put", "credentials/none-head", "operation/put", "operation/patch"},
		http.StatusUnsupportedMediaType: {"message/identity", "message/gzip"},
	} {
		for _, file := range files {
			verdicts[file] = fmt.Sprintf("status: %d\nerror: invalid_request\n", status)
		}
	}
	return verdicts
}

// addedBody is the message of a request without a body, as most of the files that are
// about tokens have it: to the gateway a POST is a message.
const addedBody = `{"jsonrpc":"2.0","method":"notifications/added"}`

// behindGateway is a gateway with an upstream in the same process. Requests of
// verdict files have no host: they get that of the resource.
func behindGateway(t *testing.T, c mcpauth.Config, next http.Handler) http.Handler {
	t.Helper()
	config := gateway.Config{Auth: c}
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if string(body) == addedBody {
			body = nil
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
	for _, r := range c.Resources {
		config.Resources = append(config.Resources, gateway.Resource{Resource: r, Upstream: upstream})
	}
	config.Auth.Resources = nil
	g, err := gateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	u, err := url.Parse(c.Resources[0].Identifier)
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = u.Host
		if r.Method == http.MethodPost && r.ContentLength == 0 && r.Header["Content-Type"] == nil {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(addedBody)), int64(len(addedBody))
			r.Header.Set("Content-Type", "application/json")
		}
		g.ServeHTTP(w, r)
	})
}
