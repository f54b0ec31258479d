package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// steps is what the client does once it is connected.
type steps func(context.Context, *mcp.ClientSession, facts) error

// scenarios are those that want something else than the usual.
var scenarios = map[string]steps{
	"tools_call":                          callTool("add_numbers", map[string]any{"a": 5, "b": 3}),
	"elicitation-sep1034-client-defaults": callTool("test_client_elicitation_defaults", map[string]any{}),
	"sse-retry":                           callTool("test_reconnection", map[string]any{}),
	"request-metadata":                    func(context.Context, *mcp.ClientSession, facts) error { return nil },
	"json-schema-ref-no-deref":            listTools,
	"json-schema-2020-12-preservation":    echoSchema,
	"sep-2322-client-request-state":       callEachState,
	"http-standard-headers":               useEveryVerb,
	"http-custom-headers":                 callAsTold,
	"http-invalid-tool-headers":           callAll,
}

// options give the client what some scenarios ask of it.
func options(scenario string) *mcp.ClientOptions {
	accept := func(content map[string]any) *mcp.ClientOptions {
		return &mcp.ClientOptions{
			ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
				return &mcp.ElicitResult{Action: "accept", Content: content}, nil
			},
		}
	}
	switch scenario {
	case "elicitation-sep1034-client-defaults":
		return accept(map[string]any{})
	case "sep-2322-client-request-state":
		o := accept(map[string]any{"confirmed": true})
		o.Capabilities = &mcp.ClientCapabilities{Elicitation: &mcp.ElicitationCapabilities{}}
		return o
	}
	return nil
}

// useEverything lists the tools and calls each: what needs a token, and more
// scopes than the first, is used.
func useEverything(ctx context.Context, session *mcp.ClientSession, _ facts) error {
	tools, err := session.ListTools(ctx, nil)
	if err != nil {
		return err
	}
	for _, tool := range tools.Tools {
		if _, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool.Name, Arguments: map[string]any{}}); err != nil {
			return fmt.Errorf("tool %s: %w", tool.Name, err)
		}
	}
	return nil
}

func callTool(name string, arguments map[string]any) steps {
	return func(ctx context.Context, session *mcp.ClientSession, _ facts) error {
		if _, err := session.ListTools(ctx, nil); err != nil {
			return err
		}
		_, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: arguments})
		return err
	}
}

func listTools(ctx context.Context, session *mcp.ClientSession, _ facts) error {
	_, err := session.ListTools(ctx, nil)
	return err
}

func echoSchema(ctx context.Context, session *mcp.ClientSession, _ facts) error {
	tools, err := session.ListTools(ctx, nil)
	if err != nil {
		return err
	}
	for _, tool := range tools.Tools {
		if tool.Name == "json_schema_2020_12_tool" {
			_, err := session.CallTool(ctx, &mcp.CallToolParams{
				Name: "json_schema_echo", Arguments: map[string]any{"schema": tool.InputSchema},
			})
			return err
		}
	}
	return errors.New("the tool to echo is missing")
}

// The referee judges what is sent in the following; some calls must fail.

func callEachState(ctx context.Context, session *mcp.ClientSession, _ facts) error {
	for _, name := range []string{"test_mrtr_echo_state", "test_mrtr_no_state", "test_mrtr_unrelated", "test_mrtr_no_result_type"} {
		_, _ = session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: map[string]any{}})
	}
	return nil
}

func useEveryVerb(ctx context.Context, session *mcp.ClientSession, _ facts) error {
	if tools, err := session.ListTools(ctx, nil); err == nil && len(tools.Tools) > 0 {
		_, _ = session.CallTool(ctx, &mcp.CallToolParams{Name: tools.Tools[0].Name, Arguments: map[string]any{}})
	}
	if resources, err := session.ListResources(ctx, nil); err == nil && len(resources.Resources) > 0 {
		_, _ = session.ReadResource(ctx, &mcp.ReadResourceParams{URI: resources.Resources[0].URI})
	}
	if prompts, err := session.ListPrompts(ctx, nil); err == nil && len(prompts.Prompts) > 0 {
		_, _ = session.GetPrompt(ctx, &mcp.GetPromptParams{Name: prompts.Prompts[0].Name, Arguments: map[string]string{}})
	}
	return nil
}

func callAsTold(ctx context.Context, session *mcp.ClientSession, facts facts) error {
	if _, err := session.ListTools(ctx, nil); err != nil {
		return err
	}
	for _, call := range facts.ToolCalls {
		if call.Arguments == nil {
			call.Arguments = map[string]any{}
		}
		_, _ = session.CallTool(ctx, &mcp.CallToolParams{Name: call.Name, Arguments: call.Arguments})
	}
	return nil
}

func callAll(ctx context.Context, session *mcp.ClientSession, _ facts) error {
	tools, err := session.ListTools(ctx, nil)
	if err != nil {
		return err
	}
	for _, tool := range tools.Tools {
		_, _ = session.CallTool(ctx, &mcp.CallToolParams{Name: tool.Name, Arguments: map[string]any{"region": "us-west1"}})
	}
	return nil
}
