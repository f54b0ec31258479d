package mcpauthtest

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func TestTokenDefaults(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now; config.Resources = []string{testResource, otherTarget} })
	header, claims := verified(t, s, mint(t, s, TokenClaims{Scopes: []string{"read", "write"}}))
	if got, want := sortedKeys(header), []string{"alg", "kid", "typ"}; !reflect.DeepEqual(got, want) {
		t.Errorf("header %v, want %v", got, want)
	}
	if claims["jti"] == "" {
		t.Error("no jti")
	}
	delete(claims, "jti")
	now := float64(c.now().Unix())
	want := map[string]any{
		"iss": testIssuer, "sub": "sub-alice", "aud": testResource, "client_id": "test-client",
		"scope": "read write", "iat": now, "exp": now + 3600,
	}
	if !reflect.DeepEqual(claims, want) {
		t.Errorf("claims %v, want %v", claims, want)
	}
}

func TestTokenClaims(t *testing.T) {
	t.Parallel()
	at := time.Unix(2_000_000_000, 0)
	s := start(t, nil)
	_, claims := verified(t, s, mint(t, s, TokenClaims{
		Issuer: "https://i.example", Subject: "s", Audience: []string{"a", "b"}, ClientID: "c", ID: "j",
		IssuedAt: at, ExpiresAt: at.Add(time.Minute), NotBefore: at.Add(time.Second),
		Extra: map[string]any{"client_id": nil, "scp": []string{"x", "y"}, "iss": 42},
	}))
	want := map[string]any{
		"iss": 42.0, "sub": "s", "aud": []any{"a", "b"}, "jti": "j",
		"iat": 2e9, "exp": 2e9 + 60, "nbf": 2e9 + 1, "scp": []any{"x", "y"},
	}
	if !reflect.DeepEqual(claims, want) {
		t.Errorf("claims %v, want %v", claims, want)
	}
}

func TestTokenThatCannotBeMade(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for name, claims := range map[string]TokenClaims{
		"no audience": {},
		"no JSON":     {Audience: []string{"a"}, Extra: map[string]any{"f": math.NaN()}},
	} {
		if token, err := s.Token(claims); err == nil || token != "" {
			t.Errorf("%s: got %q, %v", name, token, err)
		}
	}
}

// Covers RS7, RS8, RS9, RS10.
func TestDefects(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now })
	claims := TokenClaims{Audience: []string{testResource}, Scopes: []string{"read"}}
	now := float64(c.now().Unix())
	for _, test := range []struct {
		name   string
		option TokenOption
		signed bool           // verifies under the published keys
		header map[string]any // nil: absent
		claims map[string]any
	}{
		{"good", TokenOption{}, true, map[string]any{"typ": "at+jwt"}, nil},
		{"expired", Expired(), true, nil, map[string]any{"exp": now - 3600, "iat": now - 7200}},
		{"not yet valid", NotYetValid(), true, nil, map[string]any{"nbf": now + 3600, "exp": now + 7200}},
		{"wrong issuer", WrongIssuer(), true, nil, map[string]any{"iss": "https://other-issuer.example"}},
		{"wrong audience", WrongAudience(), true, nil, map[string]any{"aud": "https://other-resource.example/mcp"}},
		{"ID token", IDToken(), true, map[string]any{"typ": "JWT"}, map[string]any{"client_id": nil, "scope": nil, "aud": testResource}},
		{"unknown key", UnknownKey(), false, nil, nil},
		{"wrong key", WrongKey(), false, map[string]any{"kid": kidInUse(s)}, nil},
		{"embedded key", EmbeddedKey(), false, map[string]any{"kid": nil}, nil},
		{"unsigned", Unsigned(), false, map[string]any{"alg": "none"}, nil},
		{"HMAC", HMACWithPublicKey(), false, map[string]any{"alg": "HS256", "kid": kidInUse(s)}, nil},
		{"broken signature", BrokenSignature(), false, map[string]any{"alg": "ES256"}, nil},
		{"tampered", TamperedClaims(), false, nil, map[string]any{"sub": "mallory"}},
		{"header added", Header("crit", []string{"exp"}), false, map[string]any{"crit": []any{"exp"}}, nil},
		{"header replaced", Header("typ", "JWT"), true, map[string]any{"typ": "JWT"}, nil},
		{"header removed", Header("typ", nil), true, map[string]any{"typ": nil}, nil},
		{"kid removed", Header("kid", nil), false, map[string]any{"kid": nil}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			token := mint(t, s, claims, test.option)
			check(t, part(t, token, 0), test.header)
			check(t, part(t, token, 1), test.claims)
			if got := verifies(t, s, token); got != test.signed {
				t.Errorf("signature verifies: %v, want %v", got, test.signed)
			}
		})
	}
}

func check(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
}

// verifies verifies with go-jose, by kid. It refuses any crit.
func verifies(t *testing.T, s *Server, token string) bool {
	t.Helper()
	id, _ := part(t, token, 0)["kid"].(string)
	keys := keySet(t, s).Key(id)
	if len(keys) != 1 {
		return false
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	return err == nil && parsed.Claims(keys[0].Key, &map[string]any{}) == nil
}

// The key confusion token really verifies for a verifier that falls for it.
func TestHMACWithPublicKeyIsTheRealThing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := mint(t, s, TokenClaims{Audience: []string{testResource}}, HMACWithPublicKey())
	secret, err := publicPEM(s.keys.Current(time.Time{}))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Claims(secret, &map[string]any{}); err != nil {
		t.Error(err)
	}
}

func TestIDTokenForTheClient(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Resources = []string{testResource} })
	_, claims := verified(t, s, mint(t, s, TokenClaims{ClientID: "me"}, IDToken()))
	if claims["aud"] != "me" || claims["nonce"] == nil || claims["auth_time"] == nil {
		t.Errorf("claims %v", claims)
	}
}

func TestTokenActive(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now })
	claims := TokenClaims{Audience: []string{testResource}}
	good := mint(t, s, claims)
	for name, test := range map[string]struct {
		token string
		want  bool
	}{
		"good":         {good, true},
		"empty":        {"", false},
		"garbage":      {"a.b.c", false},
		"expired":      {mint(t, s, claims, Expired()), false},
		"no exp":       {mint(t, s, TokenClaims{Audience: []string{"a"}, Extra: map[string]any{"exp": nil}}), false},
		"wrong key":    {mint(t, s, claims, WrongKey()), false},
		"unsigned":     {mint(t, s, claims, Unsigned()), false},
		"tampered":     {mint(t, s, claims, TamperedClaims()), false},
		"HMAC":         {mint(t, s, claims, HMACWithPublicKey()), false},
		"ID token":     {mint(t, s, claims, IDToken()), false},
		"wrong issuer": {mint(t, s, claims, WrongIssuer()), false},
	} {
		if got := s.TokenActive(t.Context(), test.token); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	c.advance(time.Hour)
	if s.TokenActive(t.Context(), good) {
		t.Error("still active when it has expired")
	}
}
