package keys_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authtest"
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
			c, server, auth := authtest.NewClocked(t, mcpauthtest.Config{AccessTokenTTL: 100 * time.Hour})
			token := authtest.Admitted(t, server, auth)
			good := server.Requests().JWKS
			serveKeys(server, keySet(t, server))
			// Any unknown key has the set fetched, and so does the end of its freshness.
			if got := authtest.Status(auth, authtest.Mint(t, server, mcpauthtest.UnknownKey())); got == http.StatusOK {
				t.Error("an unknown key was admitted")
			}
			if got := server.Requests().JWKS; got != good+1 {
				t.Fatalf("%d fetches, want one more than %d", got, good)
			}
			c.Advance(10 * time.Second)
			if got := authtest.Refusal(auth, token); got == nil || got.Status != http.StatusUnauthorized || got.Reason != reason.UnknownKey {
				t.Errorf("a token of a withdrawn key: %v", got)
			}
			server.SetFaults(mcpauthtest.Faults{})
			c.Advance(10 * time.Second)
			if got := authtest.Status(auth, token); got != http.StatusOK {
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
			c, server, auth := authtest.NewClocked(t, mcpauthtest.Config{AccessTokenTTL: 100 * time.Hour})
			token := authtest.Admitted(t, server, auth)
			server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Body: []byte(garbage), Status: http.StatusOK}})
			if got := authtest.Status(auth, authtest.Mint(t, server, mcpauthtest.UnknownKey())); got != http.StatusServiceUnavailable {
				t.Errorf("an unknown key: %d, want 503", got)
			}
			c.Advance(time.Hour)
			if got := authtest.Status(auth, token); got != http.StatusOK {
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
	server := authtest.NewServer(t, mcpauthtest.Config{})
	serveKeys(server, editKeys(t, server, func(key map[string]any) {
		for _, name := range []string{"use", "key_ops", "alg", "kid", "d", "p", "q", "dp", "dq", "qi", "oth", "k", "x5c", "x5t", "x5u"} {
			key[name] = nil
		}
	}))
	if got := authtest.Refusal(authtest.NewAuth(t, authtest.Trusting(server.Issuer())), authtest.Mint(t, server, mcpauthtest.Header("kid", nil))); got != nil {
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
	server := authtest.NewServer(t, mcpauthtest.Config{})
	serveKeys(server, editKeys(t, server, standardBase64(t)))
	token := authtest.Mint(t, server)

	var log authtest.Log
	config := authtest.Trusting(server.Issuer())
	config.Logger = log.Logger()
	broken := authtest.NewAuth(t, config)
	want := regexp.MustCompile(`key 1 of the set \(kid .*\): [nxy] is (padded|in base64)`)
	for what, err := range map[string]error{"Ready": broken.Ready(t.Context()), "refusal": authtest.Refusal(broken, token).Unwrap()} {
		if err == nil || !want.MatchString(err.Error()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// With a sound key beside it, it is a token of that key that is refused.
	sound := authtest.NewServer(t, mcpauthtest.Config{})
	text, err := sound.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	both := strings.TrimSuffix(editKeys(t, server, standardBase64(t)), "]}") + "," + strings.TrimPrefix(string(text), `{"keys":[`)
	serveKeys(server, both)
	half := authtest.NewAuth(t, config)
	refused := authtest.Refusal(half, token)
	if refused == nil || refused.Status != http.StatusUnauthorized || !want.MatchString(refused.Unwrap().Error()) {
		t.Errorf("got %v: %v", refused, errors.Unwrap(refused))
	}
	if !strings.Contains(log.String(), `level=WARN msg="mcpauth: key ignored" issuer=`+server.Issuer()) || !strings.Contains(log.String(), "key 1 of the set") {
		t.Errorf("the log does not name the key: %s", log.String())
	}

	config.Resources[0].AuthorizationServers[0].RepairJWKS = repairBase64
	if got := authtest.Refusal(authtest.NewAuth(t, config), token); got != nil {
		t.Errorf("repaired: %v: %v", got, got.Unwrap())
	}
}

// Covers RS9. A repair function that fails or panics is an outage.
func TestRepairJWKSFails(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	for name, repair := range map[string]func([]byte) ([]byte, error){
		"error":   func([]byte) ([]byte, error) { return nil, errors.New("no") },
		"panic":   func([]byte) ([]byte, error) { panic("no") },
		"nothing": func([]byte) ([]byte, error) { return nil, nil },
	} {
		config := authtest.Trusting(server.Issuer())
		config.Resources[0].AuthorizationServers[0].RepairJWKS = repair
		if got := authtest.Status(authtest.NewAuth(t, config), authtest.Mint(t, server)); got != http.StatusServiceUnavailable {
			t.Errorf("%s: %d, want 503", name, got)
		}
	}
	keys, err := server.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	config := authtest.Trusting(server.Issuer())
	config.Resources[0].AuthorizationServers[0].JWKS = keys
	config.Resources[0].AuthorizationServers[0].RepairJWKS = repairBase64
	if _, err := mcpauth.New(config); !errors.Is(err, configerr.ConflictingSources) {
		t.Errorf("with keys by hand: %v", err)
	}
}
