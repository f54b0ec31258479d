package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	mcpauth "github.com/mcp-auth/go"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/bench/internal/measure"
)

// hopeless is a token that needs no key to be refused.
type hopeless struct{ name, token string }

func hopelessTokens(s *fixture.Server) ([]hopeless, error) {
	good, err := s.Token("ES256", nil)
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(good, ".")
	stranger, err := s.Token("ES256", func(c map[string]any) { c["iss"] = "https://other.example.com" })
	if err != nil {
		return nil, err
	}
	noise := make([]byte, 600)
	rand.Read(noise)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	return []hopeless{
		{"garbage, one word", "garbage"},
		{"garbage, random bytes", base64.RawURLEncoding.EncodeToString(noise)},
		{"garbage, three parts", strings.Repeat("A", 100) + "." + strings.Repeat("A", 400) + "." + strings.Repeat("A", 86)},
		{"garbage, alg none", none + "." + rest},
		{"oversized", strings.Repeat("A", 100<<10)},
		{"unknown issuer", stranger},
	}, nil
}

// refusals measures how fast hopeless tokens are refused, through the engine and
// through the handler, and that none of them causes a fetch (P3).
func refusals(ctx context.Context, s *fixture.Server, o options, report *measure.Report) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	auth, err := contender.Ours(ctx, s, 0)
	if err != nil {
		return err
	}
	door, err := contender.OurMiddleware(ctx, s, contender.OursWarm, 0)
	if err != nil {
		return err
	}
	tokens, err := hopelessTokens(s)
	if err != nil {
		return err
	}
	fetches := s.Fetches()
	var engine, handler []measure.Case
	for _, h := range tokens {
		request := mcpauth.Request{
			Method: http.MethodPost, URL: "/notes", Header: http.Header{"Authorization": {"Bearer " + h.token}},
		}
		engine = append(engine, measure.Case{Name: h.name, Run: func() error { return expectRefusal(auth.Authorize(ctx, request)) }})
		serve := door.Serve(h.token)
		handler = append(handler, measure.Case{Name: h.name, Run: func() error { return expect(serve(), http.StatusUnauthorized) }})
	}
	for _, part := range []struct {
		title string
		cases []measure.Case
	}{{"engine", engine}, {"handler", handler}} {
		results, err := measure.Interleave(part.cases, o.rounds, o.slice)
		if err != nil {
			return err
		}
		report.Tables = append(report.Tables, measure.Table{Title: "Refuse, " + part.title, Results: results})
		for _, r := range results {
			report.AtMost("P3", part.title+", "+r.Name, r.Nanoseconds, 2000, " ns")
		}
	}
	report.Exactly("P3", "fetches by all of them", float64(s.Fetches()-fetches), 0, "")
	return nil
}

func expectRefusal(_ *mcpauth.AuthInfo, err error) error {
	var refused *mcpauth.Challenge
	if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		return fmt.Errorf("not refused as it should be: %v", err)
	}
	return nil
}
