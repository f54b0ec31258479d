package check_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
	"github.com/mcp-auth/go/policy"
)

// TestOwnServer holds that a server behind this module's door has nothing to be
// warned of, with sessions and without, whatever token comes. Covers RS1, RS2,
// RS3, RS4, RS5, RS6, RS7, RS9, RS13, RS15, RS16 and RS20 from outside.
func TestOwnServer(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"sessions": false, "stateless": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource, as := ownServer(t, stateless)
			report, err := check.Server(t.Context(), resource, check.Options{
				Token:              mint(t, as, resource),
				WrongAudienceToken: mint(t, as, "https://other.example/mcp"),
			})
			if err != nil {
				t.Fatal(err)
			}
			wantTroubles(t, report)
			u, _ := url.Parse(resource)
			golden(t, report, "server/own_"+name, "http://"+u.Host, "http://mcp.test", as.Issuer(), "http://as.test")
		})
	}
}

// ownServer starts an MCP server that mcpauth protects.
func ownServer(t *testing.T, stateless bool) (resource string, as *mcpauthtest.Server) {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	resource = server.URL + "/mcp"
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Resources: []string{resource}, Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { as.Close() })
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           resource,
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
		ScopesSupported:      []string{"read"},
		Policy:               &policy.Policy{Default: policy.Authenticated()},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle("/mcp", auth.Protect(newOpenMCP(stateless), mcpauth.Scopes("read")))
	handler = mux
	return resource, as
}

func mint(t *testing.T, as *mcpauthtest.Server, audience string) string {
	t.Helper()
	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{audience}, Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// brokenMCP is a fake MCP server with planted faults, and the errors and
// warnings that tell of them.
type brokenMCP struct {
	name  string
	path  string // "/mcp" if empty
	plant func(*fakeMCP)
	token bool // a valid token is given, and one for another resource
	want  []check.Code
}

func brokenMCPs() []brokenMCP {
	return []brokenMCP{
		{name: "in_order", plant: func(*fakeMCP) {}},
		{name: "in_order_with_token", token: true, plant: func(*fakeMCP) {}},
		{
			name: "open", plant: func(f *fakeMCP) { f.accepts = func(string) bool { return true } },
			want: []check.Code{"server_open"},
		}, {
			name: "open_to_every_page",
			plant: func(f *fakeMCP) {
				f.accepts = func(string) bool { return true }
				f.noOriginCheck = true
			},
			want: []check.Code{"server_open", "origin_admitted"},
		}, {
			name: "no_challenge", plant: func(f *fakeMCP) { f.challenge = nil },
			want: []check.Code{"challenge_missing", "token_refusal_without_challenge"},
		}, {
			name: "second_header_without_scheme",
			plant: func(f *fakeMCP) {
				f.challenge = []string{`Bearer scope="read", error="invalid_token"`, `resource_metadata="` + f.URL + `/.well-known/oauth-protected-resource/mcp"`}
			},
			want: []check.Code{"challenge_without_scheme", "challenge_error_without_token", "resource_metadata_not_linked"},
		}, {
			name: "challenge_with_two_links",
			plant: func(f *fakeMCP) {
				f.challenge[0] += `, resource_metadata="` + f.URL + `/.well-known/oauth-protected-resource/mcp"`
			},
			want: []check.Code{"challenge_malformed", "token_refusal_without_challenge"},
		}, {
			name: "basic", plant: func(f *fakeMCP) { f.challenge = []string{`Basic realm="mcp"`} },
			want: []check.Code{"challenge_not_bearer", "token_refusal_without_challenge"},
		}, {
			name: "relative_link",
			plant: func(f *fakeMCP) {
				f.challenge = []string{`Bearer scope="read", resource_metadata="/.well-known/oauth-protected-resource/mcp"`}
			},
			want: []check.Code{"resource_metadata_relative"},
		}, {
			name: "insecure_link",
			plant: func(f *fakeMCP) {
				f.challenge = []string{`Bearer scope="read", resource_metadata="http://mcp.example/.well-known/oauth-protected-resource/mcp"`}
			},
			want: []check.Code{"resource_metadata_insecure"},
		}, {
			name: "link_to_nowhere",
			plant: func(f *fakeMCP) {
				f.challenge = []string{`Bearer scope="read", resource_metadata="` + f.URL + `/.well-known/oauth-protected-resource/mcp/mcp"`}
			},
			want: []check.Code{"resource_metadata_unreachable"},
		}, {
			name: "error_and_offline_access_unasked",
			plant: func(f *fakeMCP) {
				f.challenge[0] = strings.Replace(f.challenge[0], `scope="read"`, `error="invalid_token", scope="read offline_access"`, 1)
				f.path["scopes_supported"] = []string{"read", "offline_access"}
			},
			want: []check.Code{"challenge_error_without_token", "challenge_offline_access", check.Code(metadata.OfflineAccessAdvertised)},
		}, {
			name: "no_scope_in_challenge",
			plant: func(f *fakeMCP) {
				f.challenge = []string{`Bearer resource_metadata="` + f.URL + `/.well-known/oauth-protected-resource/mcp"`}
			},
			want: []check.Code{"challenge_scope_missing"},
		}, {
			name: "no_metadata", plant: func(f *fakeMCP) { f.path, f.root, f.challenge = nil, nil, []string{`Bearer realm="mcp"`} },
			want: []check.Code{"resource_metadata_missing", "resource_metadata_not_linked"},
		}, {
			name: "metadata_at_root_only",
			plant: func(f *fakeMCP) {
				f.path = nil
				f.challenge = []string{`Bearer scope="read", resource_metadata="` + f.URL + `/.well-known/oauth-protected-resource"`}
			},
			want: []check.Code{"resource_metadata_not_at_path"},
		}, {
			name: "root_of_another",
			plant: func(f *fakeMCP) {
				f.root = map[string]any{"resource": f.URL, "authorization_servers": []string{f.as.issuer}}
			},
			want: []check.Code{"resource_metadata_of_another"},
		}, {
			name: "badly_served_metadata",
			plant: func(f *fakeMCP) {
				f.metadataHeader = http.Header{"Content-Type": {"text/plain"}, "Cache-Control": {"max-age=31536000"}}
				f.root = map[string]any{"resource": f.url, "authorization_servers": []string{f.as.issuer}}
			},
			want: []check.Code{
				"resource_metadata_content_type", "resource_metadata_content_type",
				"resource_metadata_cached_long", "resource_metadata_cached_long", "resource_metadata_differs",
			},
		}, {
			name: "resource_of_an_internal_host", plant: func(f *fakeMCP) { f.path["resource"] = "http://localhost:8080/mcp" },
			want: []check.Code{"resource_differs"},
		}, {
			name: "resource_with_a_slash", plant: func(f *fakeMCP) { f.path["resource"] = f.url + "/" },
			want: []check.Code{"resource_slash"},
		}, {
			name: "resource_is_the_host", plant: func(f *fakeMCP) { f.path["resource"] = f.URL },
			want: []check.Code{"resource_above"},
		}, {
			name: "no_authorization_server", plant: func(f *fakeMCP) { delete(f.path, "authorization_servers") },
			want: []check.Code{check.Code(metadata.AuthorizationServersMissing)},
		}, {
			name: "authorization_server_down", plant: func(f *fakeMCP) { f.as.Close() },
			want: []check.Code{"unreachable", "authorization_servers_unusable"},
		}, {
			name: "preflight_behind_the_token", plant: func(f *fakeMCP) { f.noPreflight = true },
			want: []check.Code{"cors_preflight_refused"},
		}, {
			name: "no_cors", plant: func(f *fakeMCP) { f.noCORS = true },
			want: []check.Code{"resource_metadata_no_cors", "resource_metadata_no_cors", "cors_missing", "cors_refusal_unreadable"},
		}, {
			name: "cors_twice", plant: func(f *fakeMCP) { f.corsTwice = true },
			want: []check.Code{"resource_metadata_no_cors", "resource_metadata_no_cors", "cors_missing", "cors_refusal_unreadable"},
		}, {
			name: "no_origin_check", token: true, plant: func(f *fakeMCP) { f.noOriginCheck = true },
			want: []check.Code{"origin_admitted"},
		}, {
			name: "token_before_origin", plant: func(f *fakeMCP) { f.noOriginCheck = true },
			want: []check.Code{"origin_not_refused_first"},
		}, {
			name: "any_token_is_good", token: true, plant: func(f *fakeMCP) { f.accepts = func(token string) bool { return token != "" } },
			want: []check.Code{
				"token_word_accepted", "token_unsigned_accepted", "token_of_unknown_key_accepted",
				"token_altered_accepted", "token_altered_accepted", "token_wrong_audience_accepted",
			},
		}, {
			name: "audience_unchecked", token: true,
			plant: func(f *fakeMCP) {
				f.accepts = func(token string) bool { return token == validToken || token == wrongTokenOfAll }
			},
			want: []check.Code{"token_wrong_audience_accepted"},
		}, {
			name: "token_in_the_query", plant: func(f *fakeMCP) { f.queryTokens = true },
			want: []check.Code{"token_in_query_read"},
		}, {
			name: "anything_in_the_query",
			plant: func(f *fakeMCP) {
				f.queryTokens = true
				f.accepts = func(token string) bool { return strings.HasPrefix(token, "mcpauth-check") }
			},
			want: []check.Code{"token_word_accepted", "token_in_query_accepted"},
		}, {
			name: "crash_on_a_bad_token",
			plant: func(f *fakeMCP) {
				f.badToken = func(w http.ResponseWriter, _ string) {
					http.Error(w, "Error: jwt malformed\n    at verify (/home/app/node_modules/jsonwebtoken/verify.js:70:17)", http.StatusInternalServerError)
				}
			},
			want: []check.Code{"token_refusal_failure", "leak_trace", "leak_path", "leak_library"},
		}, {
			name: "own_path_repeated", path: "/srv/mcp",
			plant: func(f *fakeMCP) {
				f.answers[http.MethodDelete] = func(w http.ResponseWriter, r *http.Request) {
					http.Error(w, "Cannot DELETE "+r.URL.Path, http.StatusNotFound)
				}
			},
			want: []check.Code{"server_method_differs"},
		}, {
			name: "token_echoed",
			plant: func(f *fakeMCP) {
				f.badToken = func(w http.ResponseWriter, token string) {
					http.Error(w, "bad token: "+token, http.StatusForbidden)
				}
			},
			want: []check.Code{"token_refusal_status", "leak_token"},
		}, {
			name: "no_error_code",
			plant: func(f *fakeMCP) {
				f.badToken = func(w http.ResponseWriter, _ string) { f.refuse(w, "") }
			},
			want: []check.Code{"token_refusal_code"},
		}, {
			name: "cacheable_refusal", plant: func(f *fakeMCP) { f.refusalHeader.Set("Cache-Control", "public, max-age=60") },
			want: []check.Code{"refusal_cacheable"},
		}, {
			name: "forbidden",
			plant: func(f *fakeMCP) {
				f.answers[http.MethodPost] = status(http.StatusForbidden)
			},
			want: []check.Code{"server_forbidden"},
		}, {
			name: "redirect",
			plant: func(f *fakeMCP) {
				f.answers[http.MethodPost] = func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, "/mcp/", http.StatusTemporaryRedirect)
				}
			},
			want: []check.Code{"server_redirects"},
		}, {
			name: "web_page", plant: func(f *fakeMCP) { f.answers[http.MethodPost] = html },
			want: []check.Code{"server_not_mcp"},
		}, {
			name: "refusal_in_a_success",
			plant: func(f *fakeMCP) {
				f.answers[http.MethodPost] = func(w http.ResponseWriter, _ *http.Request) {
					rpcAnswer(w, http.StatusOK, `"error":{"code":-32001,"message":"Unauthorized"}`)
				}
			},
			want: []check.Code{"server_refusal_as_success"},
		}, {
			name: "stream_for_everybody",
			plant: func(f *fakeMCP) {
				f.answers[http.MethodGet] = func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					_ = http.NewResponseController(w).Flush()
					<-r.Context().Done() // as such streams do
				}
				f.answers[http.MethodDelete] = status(http.StatusNotFound)
			},
			want: []check.Code{"server_method_open", "server_method_differs"},
		}, {
			name:  "page_for_people",
			plant: func(f *fakeMCP) { f.answers[http.MethodGet] = html },
			want:  []check.Code{"server_method_differs"},
		}, {
			name: "page_for_each_token", token: true,
			plant: func(f *fakeMCP) {
				f.accepts = func(string) bool { return false }
				f.badToken = func(w http.ResponseWriter, token string) {
					if token == validToken {
						html(w, nil)
						return
					}
					f.refuse(w, token)
				}
			},
			want: []check.Code{"server_not_mcp"},
		}, {
			name: "ten_thousand_scopes",
			plant: func(f *fakeMCP) {
				f.path["scopes_supported"] = strings.Split(strings.Repeat("a-scope ", 10_000)+"read", " ")
				f.badToken = func(w http.ResponseWriter, token string) {
					if len(token) > 8<<10 { // as servers do with such a header
						w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
						return
					}
					f.refuse(w, token)
				}
			},
		}, {
			name: "nothing_modern", token: true,
			plant: func(f *fakeMCP) {
				f.noHeaderCheck = true
				f.silentOn = "server/discover"
			},
		}, {
			name: "headers_unchecked", token: true, plant: func(f *fakeMCP) { f.noHeaderCheck = true },
			want: []check.Code{"message_mismatch_accepted", "message_mismatch_accepted"},
		}, {
			name: "crash_on_half_a_message", token: true, plant: func(f *fakeMCP) { f.rude = true },
			want: []check.Code{"message_failure"},
		}, {
			name: "crash_on_every_message", token: true,
			plant: func(f *fakeMCP) {
				f.noOriginCheck = true
				f.failing = map[string]int{"ping": 500, "server/discover": 500, "": 500}
			},
			want: []check.Code{"valid_request_failure"},
		}, {
			name: "crash_on_discover", token: true, plant: func(f *fakeMCP) { f.failing["server/discover"] = 502 },
			want: []check.Code{"valid_request_failure"},
		}, {
			name: "only_initialize", token: true,
			plant: func(f *fakeMCP) { f.failing = map[string]int{"ping": 401, "server/discover": 403} },
			want:  []check.Code{"valid_request_refused"},
		}, {
			name: "no_ping", token: true,
			plant: func(f *fakeMCP) { f.failing["ping"], f.noOriginCheck = 404, true },
			want:  []check.Code{"origin_admitted"},
		}, {
			name: "crash_on_an_origin", token: true, plant: func(f *fakeMCP) { f.originStatus = 500 },
			want: []check.Code{"origin_failure"},
		}, {
			name: "origin_not_found", plant: func(f *fakeMCP) { f.originStatus = 404 },
		}, {
			name: "host_check", plant: func(f *fakeMCP) { f.hostCheck = true },
		}, {
			name: "host_refused",
			plant: func(f *fakeMCP) {
				f.answers[http.MethodPost] = func(w http.ResponseWriter, r *http.Request) {
					http.Error(w, fmt.Sprintf("Forbidden: invalid Host header %q", r.Host), http.StatusForbidden)
				}
			},
			want: []check.Code{"server_host_refused"},
		}, {
			name: "host_refused_after_the_token", token: true,
			plant: func(f *fakeMCP) {
				f.accepts = func(string) bool { return false }
				f.badToken = func(w http.ResponseWriter, token string) {
					if token != validToken {
						f.refuse(w, token)
						return
					}
					http.Error(w, `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Invalid Host: mcp.example.com"},"id":null}`, http.StatusForbidden)
				}
			},
			want: []check.Code{"server_host_refused"},
		}, {
			name:  "step_up",
			plant: func(f *fakeMCP) { f.path["scopes_supported"] = []string{"read", "write", "delete"} },
		}, {
			name: "own_authorization_server",
			plant: func(f *fakeMCP) {
				f.ownAS = maps.Clone(f.as.oauth)
				for _, member := range []string{"jwks_uri", "introspection_endpoint", "revocation_endpoint", "introspection_endpoint_auth_methods_supported", "dpop_signing_alg_values_supported"} {
					delete(f.ownAS, member)
				}
				for member, path := range map[string]string{"issuer": "", "authorization_endpoint": "/authorize", "token_endpoint": "/token", "registration_endpoint": "/register"} {
					f.ownAS[member] = f.URL + path
				}
				f.path["authorization_servers"] = []string{f.URL}
				f.metadataHeader.Set("Cache-Control", "max-age=60")
			},
		}, {
			name: "always_undecided",
			plant: func(f *fakeMCP) {
				f.badToken = func(w http.ResponseWriter, _ string) {
					w.Header().Set("Retry-After", "0")
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			},
		},
	}
}

// TestBrokenMCPServers holds that each planted fault is found, that nothing else
// is, and that nothing was sent that changes anything.
func TestBrokenMCPServers(t *testing.T) {
	t.Parallel()
	for _, b := range brokenMCPs() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			path := b.path
			if path == "" {
				path = "/mcp"
			}
			f := newFakeMCP(t, path)
			b.plant(f)
			opts := check.Options{Network: network.Settings{Timeout: 2 * time.Second}}
			if b.token {
				opts.Token, opts.WrongAudienceToken = validToken, wrongTokenOfAll
			}
			report, err := check.Server(t.Context(), f.url, opts)
			if err != nil {
				t.Fatal(err)
			}
			wantTroubles(t, report, b.want...)
			f.hold(t)
			wantNoToken(t, report)
			golden(t, report, "server/"+b.name, f.URL, "http://mcp.test", f.as.URL, "http://as.test")
		})
	}
}

func wantNoToken(t *testing.T, r *check.Report) {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{validToken, wrongTokenOfAll, "eyJ"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("a token is in the report: %s", data)
		}
	}
}

// TestServerOutOfReach holds what is said of servers that cannot be asked.
func TestServerOutOfReach(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	private := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(private.Close)
	for name, c := range map[string]struct {
		url  string
		want check.Code
	}{
		"plain http":  {"http://mcp.example/mcp", "insecure_target"},
		"not running": {gone.URL + "/mcp", "server_unreachable"},
		"certificate": {private.URL + "/mcp", "tls_failed"},
		"private":     {"https://192.168.1.1/mcp", "address_blocked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := check.Server(t.Context(), c.url, check.Options{Network: network.Settings{Timeout: 2 * time.Second}})
			if err != nil {
				t.Fatal(err)
			}
			wantTroubles(t, report, c.want)
			if len(report.Exchanges) > 1 {
				t.Errorf("%d requests were sent", len(report.Exchanges))
			}
			for _, v := range report.Clients {
				if v.Outcome == check.ClientWorks {
					t.Errorf("%s is said to be %s", v.Client, v.Outcome)
				}
			}
		})
	}
}

func TestServerURLsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"", "mcp.example", "ftp://mcp.example/mcp", "https://user:secret@mcp.example/mcp", "https://mcp.example/mcp#x"} {
		report, err := check.Server(t.Context(), target, check.Options{})
		var fault *fetch.Error
		if !errors.As(err, &fault) || report != nil {
			t.Errorf("%q: %v, %v", target, report, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error repeats the userinfo: %v", err)
		}
	}
	for _, token := range []string{"secret\n", " secret", "secret ", "sec\x00ret", "sec\x7fret", "secrét", "secret\r\nX: y"} {
		report, err := check.Server(t.Context(), "https://mcp.example/mcp", check.Options{Token: token})
		if err == nil || report != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("what is no token: %v, %v", report, err)
		}
	}
}

// TestServerHidesTheQuery holds that a key in the URL is in no report.
func TestServerHidesTheQuery(t *testing.T) {
	t.Parallel()
	f := newFakeMCP(t, "/mcp")
	report, err := check.Server(t.Context(), f.url+"?key=s3cr3t", check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := json.Marshal(report); err != nil || bytes.Contains(data, []byte("s3cr3t")) {
		t.Errorf("the report has the query (%v): %s", err, data)
	}
}

// TestServerStopsWithItsContext holds that the check ends when its caller wants.
func TestServerStopsWithItsContext(t *testing.T) {
	t.Parallel()
	f := newFakeMCP(t, "/mcp")
	ctx, cancel := context.WithCancel(t.Context())
	requests := 0
	_, err := check.Server(ctx, f.url, check.Options{OnExchange: func(check.Exchange) {
		if requests++; requests == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if requests > 4 {
		t.Errorf("%d requests were made after the end", requests-3)
	}
}

// TestServerGivesUpOnSilence holds that a server that answers no more is not
// asked over and over.
func TestServerGivesUpOnSilence(t *testing.T) {
	t.Parallel()
	f := newFakeMCP(t, "/mcp")
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	f.answers[http.MethodGet], f.answers[http.MethodDelete] = hang, hang
	report, err := check.Server(t.Context(), f.url, check.Options{Network: network.Settings{Timeout: 200 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	wantTroubles(t, report, "server_method_differs", "server_unreachable")
	wantNot(t, report, "server_methods_alike", "token_forgeries_refused")
}

// wantNot holds that a report does not say what was not seen.
func wantNot(t *testing.T, r *check.Report, codes ...check.Code) {
	t.Helper()
	for _, f := range r.Findings {
		if slices.Contains(codes, f.Code) {
			t.Errorf("it says: %s", f.Message)
		}
	}
}

// TestUnfinishedCheckSaysNothingOfTheRest holds that, whenever a check is ended,
// nothing is found that the whole check does not find.
func TestUnfinishedCheckSaysNothingOfTheRest(t *testing.T) {
	t.Parallel()
	whole := checkUntil(t, 1000)
	for last := 1; last < len(whole.Exchanges)+4; last++ {
		part := checkUntil(t, last)
		for _, severity := range []metadata.Severity{metadata.Error, metadata.Warning, check.Info, metadata.Success} {
			for f := range part.All(severity) {
				if !slices.ContainsFunc(slices.Collect(whole.All(severity)), func(o check.Finding) bool { return o.Code == f.Code }) {
					t.Errorf("ended after %d requests, it says: %s [%s]", last, f.Message, f.Code)
				}
			}
		}
	}
}

// checkUntil checks a server in order and ends the check after a request.
func checkUntil(t *testing.T, last int) *check.Report {
	t.Helper()
	f := newFakeMCP(t, "/mcp")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	requests := 0
	report, err := check.Server(ctx, f.url, check.Options{Token: validToken, OnExchange: func(check.Exchange) {
		if requests++; requests == last {
			cancel()
		}
	}})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return report
}

// TestEchoedTokensAreHidden holds that an opaque token is not shown, nor what is
// left of it in one that was altered or cut short.
func TestEchoedTokensAreHidden(t *testing.T) {
	t.Parallel()
	const opaque = "secret-opaque-token-0123456789"
	f := newFakeMCP(t, "/mcp")
	f.accepts = func(token string) bool { return token == opaque }
	f.badToken = func(w http.ResponseWriter, token string) {
		if strings.HasPrefix(token, opaque[:10]) {
			http.Error(w, token+", that is "+token[:20], http.StatusTeapot)
			return
		}
		f.refuse(w, token)
	}
	report, err := check.Server(t.Context(), f.url, check.Options{Token: opaque})
	if err != nil {
		t.Fatal(err)
	}
	wantTroubles(t, report, "token_refusal_status", "leak_token")
	if data, err := json.Marshal(report); err != nil || bytes.Contains(data, []byte(opaque[:10])) {
		t.Errorf("the report has a part of the token (%v): %s", err, data)
	}
}

// TestTokensOfOddCharacters holds that a token is sent as it is that has characters
// which RFC 6749 §A.12 allows and RFC 6750 §2.1 does not, and that it is hidden.
func TestTokensOfOddCharacters(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"user:grant:s3cr3t", "a,b;s3cr3t", `{"t":"s3cr3t"}`, "s3cr3t=a=b", "two words of a s3cr3t", "s3cr3t|%7C!"} {
		f := newFakeMCP(t, "/mcp")
		f.accepts = func(sent string) bool { return sent == token }
		f.badToken = func(w http.ResponseWriter, sent string) { http.Error(w, "no: "+sent, http.StatusTeapot) }
		report, err := check.Server(t.Context(), f.url, check.Options{Token: token, WrongAudienceToken: "other:" + token})
		if err != nil {
			t.Fatal(err)
		}
		if wantFound(t, report, "token_accepted"); strings.Contains(text(t, report), "s3cr3t") {
			t.Errorf("%s is shown:\n%s", token, text(t, report))
		}
	}
}

// wantFound fails unless a report has the codes.
func wantFound(t *testing.T, r *check.Report, codes ...check.Code) {
	t.Helper()
	for _, code := range codes {
		if !slices.ContainsFunc(r.Findings, func(f check.Finding) bool { return f.Code == code }) {
			t.Errorf("%s is not found", code)
		}
	}
}

// TestCoolDownIsWaitedFor holds that a server which has just fetched keys and does
// not do so again for a while gets the same report as another.
func TestCoolDownIsWaitedFor(t *testing.T) {
	t.Parallel()
	findings := func(undecided int) []check.Finding {
		f := newFakeMCP(t, "/mcp")
		var asked atomic.Int32
		f.badToken = func(w http.ResponseWriter, token string) {
			if strings.HasPrefix(token, "eyJ") && int(asked.Add(1)) <= undecided {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			f.refuse(w, token)
		}
		report, err := check.Server(t.Context(), f.url, check.Options{})
		if err != nil {
			t.Fatal(err)
		}
		wantTroubles(t, report)
		for i := range report.Findings {
			report.Findings[i].Message = volatilePort.ReplaceAllString(report.Findings[i].Message, "")
		}
		return report.Findings
	}
	if once, never := findings(1), findings(0); !reflect.DeepEqual(once, never) {
		t.Errorf("a server in its cool-down gets %+v, another %+v", once, never)
	}
}

// TestResourceIdentifiers holds which difference is which.
func TestResourceIdentifiers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path     string
		resource func(f *fakeMCP) string
		want     []check.Code
	}{
		{"/", func(f *fakeMCP) string { return f.URL + "/" }, nil},
		{"/", func(f *fakeMCP) string { return f.URL }, []check.Code{"resource_root_slash"}},
		{"/mcp", func(f *fakeMCP) string { return strings.Replace(f.url, "http", "HTTP", 1) }, []check.Code{"resource_spelt_otherwise"}},
		{"/mcp", func(f *fakeMCP) string { return f.url + "?x=1" }, []check.Code{"resource_differs"}},
		{"/mcp", func(f *fakeMCP) string { return f.URL + "/mcp2" }, []check.Code{"resource_differs"}},
		{"/mcp2", func(f *fakeMCP) string { return f.URL + "/mcp" }, []check.Code{"resource_differs"}},
		{"/a/mcp", func(f *fakeMCP) string { return f.URL + "/a" }, []check.Code{"resource_above"}},
	} {
		f := newFakeMCP(t, c.path)
		f.path["resource"] = c.resource(f)
		if c.path == "/" {
			f.root, f.challenge = f.path, []string{fmt.Sprintf(`Bearer scope="read", resource_metadata="%s/.well-known/oauth-protected-resource"`, f.URL)}
		}
		report, err := check.Server(t.Context(), f.url, check.Options{})
		if err != nil {
			t.Fatal(err)
		}
		wantTroubles(t, report, c.want...)
	}
}

// TestClientVerdicts holds that who fails is said with why and by whose word.
func TestClientVerdicts(t *testing.T) {
	t.Parallel()
	f := newFakeMCP(t, "/mcp")
	f.path["resource"] = f.url + "/"
	f.path["scopes_supported"] = []string{"read", "write"}
	report, err := check.Server(t.Context(), f.url, check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]check.ClientOutcome{}
	for _, v := range report.Clients {
		outcomes[v.Client] = v.Outcome
		if (v.Outcome == check.ClientWorks) != (len(v.Reasons) == 0) {
			t.Errorf("%s: %s for %d reasons", v.Client, v.Outcome, len(v.Reasons))
		}
		for _, reason := range v.Reasons {
			u, err := url.Parse(reason.Source)
			if _, dateErr := time.Parse(time.DateOnly, reason.Date); err != nil || u.Scheme != "https" || dateErr != nil || reason.Why == "" || len(reason.Codes) == 0 {
				t.Errorf("%s has a reason without a source: %+v", v.Client, reason)
			}
		}
	}
	for client, want := range map[string]check.ClientOutcome{
		"VS Code": check.ClientFails, "Go SDK": check.ClientFails, "Zed": check.ClientWorks, "ChatGPT": check.ClientLimited, "Codex": check.ClientLimited,
	} {
		if outcomes[client] != want {
			t.Errorf("%s: %s, want %s", client, outcomes[client], want)
		}
	}
	for name, write := range map[string]func() (string, error){
		"text":     func() (string, error) { var b strings.Builder; err := report.WriteText(&b); return b.String(), err },
		"Markdown": func() (string, error) { var b strings.Builder; err := report.WriteMarkdown(&b); return b.String(), err },
	} {
		text, err := write()
		if err != nil || !strings.Contains(text, "VS Code fails") || !strings.Contains(text, "microsoft/vscode/issues/259251") {
			t.Errorf("%s does not say that VS Code fails and why (%v)", name, err)
		}
	}
}

// TestOptionsPrintNoToken holds that options can be logged.
func TestOptionsPrintNoToken(t *testing.T) {
	t.Parallel()
	opts := check.Options{Token: validToken}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{opts, &opts, []check.Options{opts}} {
			got := fmt.Sprintf(verb, value)
			if !strings.Contains(got, "{Token:true WrongAudienceToken:false}") || strings.Contains(got, validToken) || strings.Contains(got, hex.EncodeToString([]byte(validToken))) {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
}
