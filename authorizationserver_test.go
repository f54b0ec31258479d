package mcpauth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/reason"
)

// serveKeys has the server answer with the text as its key set.
func serveKeys(server *mcpauthtest.Server, text string) {
	server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Body: []byte(text)}})
}

// editKeys returns the server's key set with each key changed.
func editKeys(t *testing.T, server *mcpauthtest.Server, edit func(key map[string]any)) string {
	t.Helper()
	text, err := server.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Keys {
		edit(key)
	}
	text, err = json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// logBuffer is a log that may be written to while it is read.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// A key set that was fetched replaces the one before, whatever is in it: tokens of
// keys that were withdrawn are refused from then on.
//
// Covers RS9, AS10.
func TestWithdrawnKeys(t *testing.T) {
	t.Parallel()
	for name, keySet := range map[string]func(t *testing.T, server *mcpauthtest.Server) string{
		"none":            func(*testing.T, *mcpauthtest.Server) string { return `{"keys":[]}` },
		"an empty object": func(*testing.T, *mcpauthtest.Server) string { return `{"keys":[{}]}` },
		"for encryption": func(t *testing.T, s *mcpauthtest.Server) string {
			return editKeys(t, s, func(k map[string]any) { k["use"] = "enc" })
		},
		"of unknown types": func(t *testing.T, s *mcpauthtest.Server) string {
			return editKeys(t, s, func(k map[string]any) { k["kty"] = "AKP" })
		},
		"of another name": func(t *testing.T, s *mcpauthtest.Server) string {
			return editKeys(t, s, func(k map[string]any) { k["kid"] = "x" })
		},
		"null": func(*testing.T, *mcpauthtest.Server) string { return `{"keys":[null],"next":"x"}` },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, server, auth := newClocked(t, mcpauthtest.Config{AccessTokenTTL: 100 * time.Hour})
			token := admitted(t, server, auth)
			good := server.Requests().JWKS
			serveKeys(server, keySet(t, server))
			// Any unknown key has the set fetched, and so does the end of its freshness.
			if got := status(auth, mint(t, server, mcpauthtest.UnknownKey())); got == http.StatusOK {
				t.Error("an unknown key was admitted")
			}
			if got := server.Requests().JWKS; got != good+1 {
				t.Fatalf("%d fetches, want one more than %d", got, good)
			}
			c.advance(10 * time.Second)
			if got := outcome(auth, token); got == nil || got.Status != http.StatusUnauthorized || got.Reason != reason.UnknownKey {
				t.Errorf("a token of a withdrawn key: %v", got)
			}
			server.SetFaults(mcpauthtest.Faults{})
			c.advance(10 * time.Second)
			if got := status(auth, token); got != http.StatusOK {
				t.Errorf("with the key back: %d", got)
			}
		})
	}
}

// Covers RS9. What is not a key set withdraws nothing.
func TestGarbageWithdrawsNothing(t *testing.T) {
	t.Parallel()
	for _, garbage := range []string{``, `[]`, `{}`, `null`, `{"keys":null}`, `{"keys":{}}`, `{"keys":[]`, `{"keys":[],"keys":[]}`, `<html>`} {
		t.Run(garbage, func(t *testing.T) {
			t.Parallel()
			c, server, auth := newClocked(t, mcpauthtest.Config{AccessTokenTTL: 100 * time.Hour})
			token := admitted(t, server, auth)
			server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Body: []byte(garbage), Status: http.StatusOK}})
			if got := status(auth, mint(t, server, mcpauthtest.UnknownKey())); got != http.StatusServiceUnavailable {
				t.Errorf("an unknown key: %d, want 503", got)
			}
			c.advance(time.Hour)
			if got := status(auth, token); got != http.StatusOK {
				t.Errorf("a token of a known key: %d", got)
			}
		})
	}
}

// Serialisers write members that a key does not have as null.
//
// Covers RS9.
func TestNullMembersOfKeys(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	serveKeys(server, editKeys(t, server, func(key map[string]any) {
		for _, name := range []string{"use", "key_ops", "alg", "kid", "d", "p", "q", "dp", "dq", "qi", "oth", "k", "x5c", "x5t", "x5u"} {
			key[name] = nil
		}
	}))
	if got := outcome(newAuth(t, trusting(server.Issuer())), mint(t, server, mcpauthtest.Header("kid", nil))); got != nil {
		t.Errorf("refused: %v", got.Unwrap())
	}
}

// standardBase64 is what a serialiser writes that knows one base64 only.
func standardBase64(t *testing.T) func(key map[string]any) {
	return func(key map[string]any) {
		for _, name := range []string{"n", "x", "y"} {
			text, ok := key[name].(string)
			if !ok {
				continue
			}
			data, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil {
				t.Error(err)
			}
			key[name] = base64.StdEncoding.EncodeToString(data)
		}
	}
}

// repairBase64 mends a key set whose numbers are in padded or standard base64.
func repairBase64(keySet []byte) ([]byte, error) {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(keySet, &set); err != nil {
		return nil, err
	}
	for _, key := range set.Keys {
		for _, name := range []string{"n", "e", "x", "y"} {
			if text, ok := key[name].(string); ok {
				key[name] = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
			}
		}
	}
	return json.Marshal(set)
}

// Covers RS9. A key that cannot be used is named with its reason, and can be
// repaired.
func TestUnusableKeys(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	serveKeys(server, editKeys(t, server, standardBase64(t)))
	token := mint(t, server)

	var log logBuffer
	config := trusting(server.Issuer())
	config.Logger = log.logger()
	broken := newAuth(t, config)
	want := regexp.MustCompile(`key 1 of the set \(kid .*\): [nxy] is (padded|in base64)`)
	for what, err := range map[string]error{"Ready": broken.Ready(t.Context()), "refusal": outcome(broken, token).Unwrap()} {
		if err == nil || !want.MatchString(err.Error()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// With a sound key beside it, it is a token of that key that is refused.
	sound := newServer(t, mcpauthtest.Config{})
	text, err := sound.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	both := strings.TrimSuffix(editKeys(t, server, standardBase64(t)), "]}") + "," + strings.TrimPrefix(string(text), `{"keys":[`)
	serveKeys(server, both)
	half := newAuth(t, config)
	refused := outcome(half, token)
	if refused == nil || refused.Status != http.StatusUnauthorized || !want.MatchString(refused.Unwrap().Error()) {
		t.Errorf("got %v: %v", refused, errors.Unwrap(refused))
	}
	if !strings.Contains(log.String(), `level=WARN msg="mcpauth: key ignored" issuer=`+server.Issuer()) || !strings.Contains(log.String(), "key 1 of the set") {
		t.Errorf("the log does not name the key: %s", log.String())
	}

	config.Resources[0].AuthorizationServers[0].RepairJWKS = repairBase64
	if got := outcome(newAuth(t, config), token); got != nil {
		t.Errorf("repaired: %v: %v", got, got.Unwrap())
	}
}

// Covers RS9. A repair function that fails or panics is an outage.
func TestRepairJWKSFails(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	for name, repair := range map[string]func([]byte) ([]byte, error){
		"error":   func([]byte) ([]byte, error) { return nil, errors.New("no") },
		"panic":   func([]byte) ([]byte, error) { panic("no") },
		"nothing": func([]byte) ([]byte, error) { return nil, nil },
	} {
		config := trusting(server.Issuer())
		config.Resources[0].AuthorizationServers[0].RepairJWKS = repair
		if got := status(newAuth(t, config), mint(t, server)); got != http.StatusServiceUnavailable {
			t.Errorf("%s: %d, want 503", name, got)
		}
	}
	keys, err := server.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	config := trusting(server.Issuer())
	config.Resources[0].AuthorizationServers[0].JWKS = keys
	config.Resources[0].AuthorizationServers[0].RepairJWKS = repairBase64
	if _, err := mcpauth.New(config); !errors.Is(err, configerr.ConflictingSources) {
		t.Errorf("with keys by hand: %v", err)
	}
}

// What cannot be fetched is told in one sentence: what, of whom, from where, why;
// and nothing of it twice.
//
// Covers RS8.
func TestTextsOfOutages(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	issuer := server.Issuer()
	oauth, oidc := issuer+"/.well-known/oauth-authorization-server", issuer+"/.well-known/openid-configuration"
	for name, test := range map[string]struct {
		faults mcpauthtest.Faults
		change func(*mcpauth.AuthorizationServer)
		want   string
	}{
		"metadata": {
			mcpauthtest.Faults{Metadata: mcpauthtest.DocumentFault{Status: 500}}, nil,
			`no metadata of "` + issuer + `": ` + oauth + `: unavailable: status 500; ` + oidc + `: unavailable: status 500`,
		},
		"another issuer": {
			mcpauthtest.Faults{MetadataIssuer: "https://x.example"}, nil,
			`no metadata of "` + issuer + `": ` + oauth + `: issuer mismatch: the document is of the issuer "https://x.example", not of "` + issuer + `"`,
		},
		"no JSON": {
			mcpauthtest.Faults{Metadata: mcpauthtest.DocumentFault{Body: []byte("<html>")}},
			func(s *mcpauth.AuthorizationServer) { s.Type = mcpauth.OAuth },
			`no metadata of "` + issuer + `": ` + oauth + `: malformed: not an acceptable JSON object: json: syntax error at byte 0`,
		},
		"keys": {
			mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Status: 502}}, nil,
			`no keys of "` + issuer + `": ` + issuer + `/jwks: status 502`,
		},
		"no keys": {
			mcpauthtest.Faults{EmptyJWKS: true}, nil,
			`no keys of "` + issuer + `": ` + issuer + `/jwks: the key set is empty`,
		},
		"refused connection": {
			mcpauthtest.Faults{},
			func(s *mcpauth.AuthorizationServer) { s.Issuer, s.Type = "http://127.0.0.1:1", mcpauth.OAuth },
			`no metadata of "http://127.0.0.1:1": http://127.0.0.1:1/.well-known/oauth-authorization-server: unavailable: dial tcp 127.0.0.1:1: connect: connection refused`,
		},
	} {
		server.SetFaults(test.faults)
		config := trusting(issuer)
		if test.change != nil {
			test.change(&config.Resources[0].AuthorizationServers[0])
		}
		auth := newAuth(t, config)
		if err := auth.Ready(t.Context()); err == nil || err.Error() != "mcpauth: "+test.want {
			t.Errorf("%s: Ready: %v\nwant mcpauth: %s", name, err, test.want)
		}
		if test.change != nil {
			continue
		}
		if refused := outcome(auth, mint(t, server)); refused == nil || refused.Unwrap().Error() != test.want {
			t.Errorf("%s: cause: %v\nwant %s", name, errors.Unwrap(refused), test.want)
		}
	}
}
