// An MCP server that issues its own tokens, with the TypeScript SDK's router:
// an authorization server without keys and without introspection.
import express from "express";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { mcpAuthRouter } from "@modelcontextprotocol/sdk/server/auth/router.js";
import { DemoInMemoryAuthProvider } from "@modelcontextprotocol/sdk/examples/server/demoInMemoryOAuthProvider.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

const origin = new URL(`http://127.0.0.1:${process.env.PORT}`);
const resource = new URL("/mcp", origin);
const resourceMetadataUrl = new URL("/.well-known/oauth-protected-resource/mcp", origin).href;

// The demonstration's own answer to a bad token is a failure of the server.
class Provider extends DemoInMemoryAuthProvider {
  async verifyAccessToken(token) {
    try {
      return await super.verifyAccessToken(token);
    } catch {
      throw new InvalidTokenError("The token is not valid");
    }
  }
}

const provider = new Provider();
const app = express();
app.use(mcpAuthRouter({ provider, issuerUrl: origin, resourceServerUrl: resource, scopesSupported: ["mcp:tools"] }));
app.all("/mcp", requireBearerAuth({ verifier: provider, resourceMetadataUrl }), express.json(), async (request, response) => {
  const server = new McpServer({ name: "all-in-one", version: "1" });
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.listen(Number(process.env.PORT), "127.0.0.1");
