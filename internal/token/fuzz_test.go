package token

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/credential"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/senderconstraint"
)

const (
	issuerID   = "https://auth.example.com"
	resourceID = "https://api.example.com/mcp"
)

// FuzzClaims reads any payload as if it were signed. Covers RS7, RS8, RS10: what is admitted is also
// for this resource, of this issuer and not expired as encoding/json reads it.
func FuzzClaims(f *testing.F) {
	const now = 1_800_000_000
	for _, payload := range []string{
		`{"iss":"https://auth.example.com","aud":"https://api.example.com/mcp","exp":1800000600,"sub":"a","scope":"read"}`,
		`{"iss":"https://auth.example.com","aud":["x","https://api.example.com/mcp"],"exp":1.8000006e9,"scp":["read"]}`,
		`{"iss":"https://auth.example.com","aud":"https://api.example.com/mcp","exp":1800000600,"exp":1}`,
		`{"iss":"https://auth.example.com","aud":"https://api.example.com/mcp","exp":1e400}`,
		`{"iss":"https://auth.example.com","aud":"https://api.example.com/mcp","exp":1800000600,"cnf":{}}`,
		`{"ISS":"x","iss":"https://auth.example.com","aud":"https://api.example.com/mcp","Exp":1,"exp":1800000600}`, `{}`, `[]`,
	} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		got, err := accept(payload, time.Unix(now, 0))
		if err != nil {
			return
		}
		var want map[string]any
		if err := json.Unmarshal([]byte(payload), &want); err != nil {
			t.Fatalf("admitted what is no JSON object: %q", payload)
		}
		exp, _ := want["exp"].(float64)
		if want["iss"] != issuerID || exp <= now-10 || !holds(want["aud"], resourceID) || want["cnf"] != nil {
			t.Fatalf("admitted %q as %+v", payload, got)
		}
	})
}

func holds(aud any, want string) bool {
	list, ok := aud.([]any)
	if !ok {
		return aud == want
	}
	for _, one := range list {
		if one == want {
			return true
		}
	}
	return false
}

// accept checks a payload for everything but its signature.
func accept(payload string, now time.Time) (*claims.Claims, error) {
	trusted := Server{Expected: claims.Expected{Issuer: issuerID, Audiences: []string{resourceID}}}
	t := New(Config{Servers: []Server{trusted}, Leeway: 5 * time.Second})
	u := unproven{jws: &jose.JWS{Payload: []byte(payload)}}
	s, refused := t.route(&u)
	if refused != nil {
		return nil, refused
	}
	if u.fault != nil {
		return nil, u.fault
	}
	c, _, err := u.payload.Decode(&s.Expected)
	if err != nil {
		return nil, err
	}
	refused = s.bind(&c)
	if refused == nil {
		refused = t.checkTime(&c, now)
	}
	if refused != nil {
		return nil, refused
	}
	checker := senderconstraint.New(senderconstraint.Config{})
	if refused := checker.Check(context.Background(), &senderconstraint.Request{}, credential.Credential{Scheme: credential.Bearer}, c.Confirmation); refused != nil {
		return nil, refused
	}
	return &c, nil
}
