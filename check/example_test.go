package check_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
)

func ExampleAuthorizationServer() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()
	ctx := context.Background()

	report, err := check.AuthorizationServer(ctx, as.Issuer(), check.Options{})
	if err != nil {
		log.Fatal(err) // what was to be checked is no URL, or ctx ended
	}
	for f := range report.All(metadata.Error) {
		fmt.Println(f.Code, f.Message, f.Fix)
	}
	fmt.Println(report.OK())

	// Output:
	// true
}
