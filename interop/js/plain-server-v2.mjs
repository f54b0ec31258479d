// An MCP server on the TypeScript SDK 2, of both eras, that knows nothing of authorization: its tools do nothing but say
// that they ran.
//
// Settings as JSON in INTEROP_PLAIN_SERVER, see internal/settings. Each call of a tool adds its name, a line, to the file
// `record`.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';

const { port, tools, record } = JSON.parse(process.env.INTEROP_PLAIN_SERVER);

createServer(toNodeHandler(createMcpHandler(newServer))).listen(port, '127.0.0.1');

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
