// Package stdio serves an MCP server that speaks on its standard input and output as
// an [http.Handler], over streamable HTTP. The server may be written in any language.
//
//	server, err := stdio.New(stdio.Config{
//		Command: []string{"npx", "-y", "@modelcontextprotocol/server-filesystem", "/data"},
//		Env:     map[string]stdio.Variable{"API_KEY": {File: "/run/secrets/key"}},
//	})
//	…
//	http.Handle("/mcp", auth.Protect(server))
//	…
//	err = server.Close(ctx)
//
// No two users share a process. For clients of the protocol revisions 2025-03-26 to
// 2025-11-25 there is a process for each session; for those of 2026-07-28 and later,
// which have no sessions, there is one for each user, and callers without a token
// share one that is theirs only. Who is calling is what [mcpauth.FromContext] says, so
// the handler belongs behind [mcpauth.Auth.Protect], or what else puts an AuthInfo into
// the context. It also leaves it to that to check the header Origin.
//
// Messages pass as they are: one line each, without a byte changed but line ends, and
// the id of a request where several clients share a process.
//
// A process ends with everything that it has started: a process group of its own, or a
// job object on Windows. It does not outlive this program where the operating system
// can see to that (Linux, FreeBSD, Windows). In a container, run the program below an
// init, such as that of docker run --init: processes that leave the group, and end
// later, are for the process with the number 1 to wait for.
package stdio
