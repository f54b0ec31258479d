package main

import (
	"testing"

	"github.com/mcp-auth/go/policy"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
)

// BenchmarkPolicy is for profiles of what package main measures.
func BenchmarkPolicy(b *testing.B) {
	server, err := fixture.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	for name, rules := range map[string]*policy.Policy{
		"without": nil, "with": {Tools: map[string]policy.Requirement{"get-notes": policy.Scopes("read:notes")}},
	} {
		handler, err := contender.OurHandler(b.Context(), server, rules, readBody())
		if err != nil {
			b.Fatal(err)
		}
		token, err := server.Token("ES256", nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range calls() {
			run := c.run(handler, token)
			b.Run(name+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
