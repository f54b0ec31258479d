package policy_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mcp-auth/go/policy"
)

// An enforcement point of one's own compiles a policy once, and asks it for each
// operation of a caller whose token it has verified.
func ExampleCompile() {
	evaluator, err := policy.Compile(&policy.Policy{
		Tools: map[string]policy.Requirement{
			"get-*":  policy.Scopes("read"),
			"delete": policy.All(policy.Scopes("read", "write"), policy.Claim("department", "audit")),
			"about":  policy.Public(),
		},
	}, map[string][]string{"write": {"read"}})
	if err != nil {
		log.Fatal(err)
	}
	alice := policy.Caller{Subject: "alice", Scopes: []string{"read"}}.WithClaims([]byte(`{"department": "audit"}`))
	for _, name := range []string{"get-notes", "delete", "about", "other"} {
		d := evaluator.Decide(context.Background(), &alice, nil, policy.Operation{Method: "tools/call", Name: name})
		fmt.Println(name, d.Outcome, d.Scopes)
	}
	// Output:
	// get-notes allowed [read]
	// delete insufficient scope [read write]
	// about allowed []
	// other denied []
}
