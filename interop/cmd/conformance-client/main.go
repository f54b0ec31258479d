// Conformance-client is the client under test of the MCP conformance suite: the
// MCP Go SDK with package client for its authorization. The suite starts it
// with the server's URL as the last argument, the scenario in
// MCP_CONFORMANCE_SCENARIO and what it needs to know in MCP_CONFORMANCE_CONTEXT.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const timeout = 110 * time.Second // less than the suite is told to wait

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance-client:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("usage: conformance-client [FLAG...] SERVER-URL")
	}
	server := args[len(args)-1]
	var facts facts
	if text := os.Getenv("MCP_CONFORMANCE_CONTEXT"); text != "" {
		if err := json.Unmarshal([]byte(text), &facts); err != nil {
			return errors.New("MCP_CONFORMANCE_CONTEXT is not JSON")
		}
	}
	scenario := os.Getenv("MCP_CONFORMANCE_SCENARIO")
	session, closeSession, err := connect(ctx, scenario, server, facts)
	if err != nil {
		return err
	}
	defer closeSession()
	return walk(ctx, scenario, session, facts)
}

// walk does what the scenario watches.
func walk(ctx context.Context, scenario string, session *mcp.ClientSession, facts facts) error {
	steps, known := scenarios[scenario]
	if !known {
		steps = useEverything
	}
	return steps(ctx, session, facts)
}
