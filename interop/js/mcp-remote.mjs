// A host that knows local servers only starts mcp-remote, which brings it to a protected server: the official
// TypeScript client over standard input and output.
//
// usage: node mcp-remote.mjs, settings on stdin as JSON:
//   args    of mcp-remote
//   calls   names of tools to call, in this order
// Prints as JSON: tools (the names listed first), and calls (text or error).
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const settings = JSON.parse(await text(process.stdin));
const program = fileURLToPath(new URL('../node_modules/mcp-remote/dist/proxy.js', import.meta.url));
const client = new Client({ name: 'interop-host', version: '1.0.0' });
await client.connect(new StdioClientTransport({
  command: process.execPath,
  args: [program, ...settings.args],
  env: process.env,
  stderr: 'inherit',
}));
const { tools } = await client.listTools();
const calls = [];
for (const name of settings.calls) calls.push(await call(name));
await client.close();
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name).sort(), calls }));

async function call(name) {
  try {
    const result = await client.callTool({ name, arguments: {} });
    return { name, text: result.content[0].text, ...(result.isError && { error: 'isError' }) };
  } catch (err) {
    return { name, error: err.message };
  }
}
