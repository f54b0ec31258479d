// An MCP server on the TypeScript SDK 1 that knows nothing of authorization: its tools do nothing but say that they ran.
//
// Settings as JSON in INTEROP_PLAIN_SERVER, see internal/settings. Each call of a tool adds its name, a line, to the file
// `record`.
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

const { port, tools, record, stateless } = JSON.parse(process.env.INTEROP_PLAIN_SERVER);
const sessions = new Map();

createServer(async (request, response) => {
  try {
    const transport = await transportFor(request.headers['mcp-session-id']);
    if (transport) await transport.handleRequest(request, response);
    else response.writeHead(404).end();
  } catch (err) {
    console.error(err.message);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}).listen(port, '127.0.0.1');

async function transportFor(session) {
  if (session && !stateless) return sessions.get(session);
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: stateless ? undefined : randomUUID,
    onsessioninitialized: (id) => { sessions.set(id, transport); },
  });
  await newServer().connect(transport);
  return transport;
}

function newServer() {
  const server = new McpServer({ name: 'plain', version: '1.0.0' });
  for (const name of tools) {
    server.registerTool(name, {}, () => {
      appendFileSync(record, `${name}\n`);
      return { content: [{ type: 'text', text: `${name} is done` }] };
    });
  }
  return server;
}
