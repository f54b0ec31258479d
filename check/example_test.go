package check_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"

	mcpauth "github.com/mcp-auth/go"
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
		log.Fatal(err) // the target is not a URL, or ctx ended
	}
	for f := range report.All(metadata.Error) {
		fmt.Println(f.Code, f.Message, f.Fix)
	}
	fmt.Println(report.OK())

	// Output:
	// true
}

// Configuration reports to operators what is wrong with a configuration and with
// its authorization servers.
func ExampleConfiguration() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Scopes: []string{"read"}})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()
	config := mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/notes",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
		ScopesSupported:      []string{"read"},
	}}}
	logger := slog.New(slog.NewTextHandler(os.Stdout, nil))
	ctx := context.Background()

	diagnose := func() error {
		report, err := check.Configuration(ctx, config, check.Options{})
		if err != nil {
			return err // ctx ended
		}
		for f := range report.All(metadata.Error) {
			logger.Error(f.Message, "code", f.Code, "fix", f.Fix)
		}
		fmt.Println(report.OK())
		return nil
	}
	if err := diagnose(); err != nil {
		log.Fatal(err)
	}

	// Output:
	// true
}
