package gosdk_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/gateway/stdio"
	"github.com/mcp-auth/go/internal/mcptest"
)

// envStdio has this test binary be an MCP server on stdin and stdout. Its value is the
// newest protocol revision that the server speaks.
const envStdio = "GOSDK_TEST_STDIO"

func TestMain(m *testing.M) {
	if newest := os.Getenv(envStdio); newest != "" {
		serveStdio(newest)
		return
	}
	os.Exit(m.Run())
}

type nothing struct{}

func serveStdio(newest string) {
	server := mcp.NewServer(&mcp.Implementation{Name: "stdio", Version: "1"}, nil)
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, r mcp.Request) (mcp.Result, error) {
			if method == "server/discover" && newest < mcptest.Modern {
				return nil, errors.New("there is no such method")
			}
			return next(ctx, method, r)
		}
	})
	mcp.AddTool(server, &mcp.Tool{Name: "progress"}, func(ctx context.Context, r *mcp.CallToolRequest, _ nothing) (*mcp.CallToolResult, any, error) {
		err := r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: r.Params.GetProgressToken(), Progress: 1})
		return nil, nothing{}, err
	})
	mcp.AddTool(server, &mcp.Tool{Name: "roots"}, func(ctx context.Context, r *mcp.CallToolRequest, _ nothing) (*mcp.CallToolResult, any, error) {
		//lint:ignore SA1019 servers of older revisions ask for roots
		roots, err := r.Session.ListRoots(ctx, nil)
		return nil, roots, err
	})
	mcp.AddTool(server, &mcp.Tool{Name: "grow"}, func(context.Context, *mcp.CallToolRequest, nothing) (*mcp.CallToolResult, any, error) {
		mcp.AddTool(server, &mcp.Tool{Name: "grown"}, func(context.Context, *mcp.CallToolRequest, nothing) (*mcp.CallToolResult, any, error) {
			return nil, nothing{}, nil
		})
		return nil, nothing{}, nil
	})
	_ = server.Run(context.Background(), &mcp.StdioTransport{})
}

// The SDK's client talks to the SDK's server on stdio, in the newest revision that both
// speak: in the era before 2026-07-28, too, if the server knows no other.
func TestStdio(t *testing.T) {
	t.Parallel()
	for _, newest := range []string{mcptest.Modern, mcptest.Legacy} {
		t.Run(newest, func(t *testing.T) {
			t.Parallel()
			handler, err := stdio.New(stdio.Config{Command: []string{os.Args[0]}, Env: map[string]stdio.Variable{envStdio: {Value: newest}}})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(handler)
			t.Cleanup(func() {
				if err := handler.Close(context.Background()); err != nil {
					t.Error(err)
				}
				server.Close()
			})
			useStdio(t, server.URL, newest)
		})
	}
}

func useStdio(t *testing.T, url, newest string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	changed, progress := make(chan struct{}, 10), make(chan struct{}, 10)
	client := mcp.NewClient(&mcp.Implementation{Name: "c", Version: "1"}, &mcp.ClientOptions{
		ToolListChangedHandler:      func(context.Context, *mcp.ToolListChangedRequest) { changed <- struct{}{} },
		ProgressNotificationHandler: func(context.Context, *mcp.ProgressNotificationClientRequest) { progress <- struct{}{} },
	})
	//lint:ignore SA1019 servers of older revisions ask for roots
	client.AddRoots(&mcp.Root{URI: "file:///root"})
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	version := session.InitializeResult().ProtocolVersion
	if version > newest {
		t.Errorf("the version is %s", version)
	}
	tools := []string{"progress", "grow"}
	if version < mcptest.Modern { // the server asks its client
		tools = append(tools, "roots")
	}
	for _, tool := range tools {
		params := &mcp.CallToolParams{Name: tool}
		params.SetProgressToken("token")
		if result, err := session.CallTool(ctx, params); err != nil || result.IsError {
			t.Errorf("%s: %+v, %v", tool, result, err)
		}
	}
	for what, came := range map[string]chan struct{}{"progress": progress, "a changed list": changed} {
		select {
		case <-came:
		case <-ctx.Done():
			t.Errorf("%s was not told of", what)
		}
	}
}
