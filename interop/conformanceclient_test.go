package interop_test

import (
	"fmt"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
)

// Package client and the Go SDK under the MCP conformance suite: every client
// scenario of both revisions, what they list as extensions included, and each
// extension's by itself. Not one check may fail or warn.
//
// Covers CL1-CL11.
func TestConformanceOfTheClient(t *testing.T) {
	// Not beside other tests: the suite starts all of its servers and clients at
	// once, and gives them little time.
	// How many checks are made depends on how chatty the client is.
	for _, run := range []struct {
		flag, value string
		least       int
	}{
		{"--requirements", "2026-07-28", 400},
		{"--requirements", "2025-11-25", 250},
		{"--scenario", "auth/dpop", 8},
		{"--scenario", "auth/dpop-nonce", 8},
		{"--scenario", "auth/wif-jwt-bearer", 4},
		{"--scenario", "auth/enterprise-managed-authorization", 4},
		{"--scenario", "auth/client-credentials-jwt", 4},
		{"--scenario", "auth/client-credentials-basic", 4},
	} {
		// One after the other: the suite starts a process for each scenario.
		t.Run(run.value, func(t *testing.T) {
			checks := parts.ConformanceOfClient(t, "conformance-client", run.flag, run.value)
			passed := map[string]int{}
			for _, check := range checks {
				passed[check.Status]++
				if check.Status == "FAILURE" || check.Status == "WARNING" {
					t.Errorf("%s: %s %s", check.ID, check.Status, check.ErrorMessage)
				}
			}
			if passed["SUCCESS"] < run.least {
				t.Errorf("%d checks passed, want %d at least", passed["SUCCESS"], run.least)
			}
			t.Log(run.value, fmt.Sprint(passed))
		})
	}
}
