package crosscheck

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/mcp-auth/go/internal/challenge"
)

// TestFormatForGoSDK holds Format to the parser that go-sdk's clients use.
func TestFormatForGoSDK(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		params []string // names and values in turn
	}{
		{"usual", []string{"error", "insufficient_scope", "error_description", "The token lacks a scope.",
			"scope", "read:notes write:notes", "resource_metadata", "https://api.example.com/.well-known/oauth-protected-resource/mcp"}},
		{"commas", []string{"error_description", "a, b=c, Basic d, e", "scope", "x,y=z a,b", "error", "e"}},
		{"quotes", []string{"realm", `"a", "b", c="d"`, "error", "e,f"}},
		{"quotes at both ends", []string{"realm", `"`, "realm2", `""`, "error", "e, f"}},
		{"backslashes inside", []string{"realm", `a\b, \"c\d`, "error", "e, f"}},
		{"query", []string{"resource_metadata", "https://api.example.com/.well-known/oauth-protected-resource?tenant=a,b&x=%22", "scope", "a b"}},
		{"replaced characters", []string{"realm", "é\r\n\t, x", "scope", "a"}},
		{"an empty value", []string{"realm", "", "scope", "a"}},
		{"no parameters", nil},
		{"backslash at the end, alone", []string{"realm", `C:\`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			header := challenge.Format("Bearer", pairs(tc.params)...)
			ours, err := challenge.Parse([]string{header})
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := oauthex.ParseWWWAuthenticate([]string{header})
			if err != nil || len(theirs) != 1 || theirs[0].Scheme != "bearer" {
				t.Fatalf("%s\ngives %v, %v", header, theirs, err)
			}
			if len(ours[0].Params) != len(theirs[0].Params) {
				t.Errorf("%s\ngives %v there, %v here", header, theirs[0].Params, ours[0].Params)
			}
			for name, value := range ours[0].Params {
				if theirs[0].Params[name] != value {
					t.Errorf("%s is %q there, %q here", name, theirs[0].Params[name], value)
				}
			}
		})
	}
}

func pairs(namesAndValues []string) (params []challenge.Param) {
	for pair := range slices.Chunk(namesAndValues, 2) {
		params = append(params, challenge.Param{Name: pair[0], Value: pair[1]})
	}
	return params
}

// TestGoSDKBackslashBeforeQuote pins the one form that is valid and that go-sdk
// cannot read: a value that ends in a backslash, when a later one has a comma.
// RFC 6750 §3 and RFC 3986 keep backslashes out of every parameter used here.
func TestGoSDKBackslashBeforeQuote(t *testing.T) {
	t.Parallel()
	header := challenge.Format("Bearer", challenge.Param{Name: "realm", Value: `C:\`}, challenge.Param{Name: "error_description", Value: "a, b"})
	if got, err := challenge.Parse([]string{header}); err != nil || got[0].Params["error_description"] != "a, b" {
		t.Errorf("ours: %v, %v", got, err)
	}
	if got, err := oauthex.ParseWWWAuthenticate([]string{header}); err == nil && len(got) == 1 {
		t.Errorf("go-sdk now reads %s: %v", header, got)
	}
}

// FuzzFormatForGoSDK looks for parameters that go-sdk reads differently.
func FuzzFormatForGoSDK(f *testing.F) {
	f.Add("Bearer", "error", "invalid_token", "scope", "a b")
	f.Add("Bearer", "a", `x", b="y`, "b", `\`)
	f.Add("Bearer", "a", "\r\nX: y", "A", "é\xff")
	f.Fuzz(func(t *testing.T, scheme, name1, value1, name2, value2 string) {
		if len(scheme)+len(name1)+len(value1)+len(name2)+len(value2) > 4<<10 || strings.HasSuffix(value1, `\`) {
			return // too long for Parse, or see TestGoSDKBackslashBeforeQuote
		}
		readByGoSDK(t, challenge.Format(scheme, challenge.Param{Name: name1, Value: value1}, challenge.Param{Name: name2, Value: value2}))
	})
}

// TestChallengesOfVerdicts compares what both sides read in every challenge of
// the verdict files.
//
// Covers RS3, RS12.
func TestChallengesOfVerdicts(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../verdict/testdata/verdicts/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^\s*challenge: (.+?)\s*$`)
	found := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range line.FindAllSubmatch(text, -1) {
			found++
			readByGoSDK(t, string(match[1]))
		}
	}
	if found < 10 {
		t.Errorf("only %d challenges", found)
	}
}

// readByGoSDK fails the test if go-sdk reads a header differently.
func readByGoSDK(t *testing.T, header string) {
	t.Helper()
	ours, err := challenge.Parse([]string{header})
	if err != nil || header == "" {
		return
	}
	theirs, err := oauthex.ParseWWWAuthenticate([]string{header})
	if err != nil || len(theirs) != 1 || len(theirs[0].Params) != len(ours[0].Params) {
		t.Fatalf("go-sdk reads %s as %q, %v", header, theirs, err)
	}
	for name, value := range ours[0].Params {
		if theirs[0].Params[name] != value {
			t.Fatalf("go-sdk reads %s of %s as %q", name, header, theirs[0].Params[name])
		}
	}
}
