// An official TypeScript MCP client logs in with the scopes that the first challenge asks for, and later calls tools
// that need more. What it then does is its own: the provider only sends the user's browser, which has no screen, where
// the client tells it to, and the client is given what comes back.
//
// usage: node step-up.mjs, settings on stdin as JSON:
//   client     sdk-v1 (@modelcontextprotocol/sdk), or 2025-11-25 or 2026-07-28 (the revision that
//              @modelcontextprotocol/client is to speak)
//   resource   URL of the server
//   fields     of the pages of the authorization server, such as {login, password}
//   clientId   of a client that is registered beforehand; without it the client registers itself
//   document   URL of the client's metadata document, with which it does so where the authorization server can
//   grants     grant types that the client asks for; default: authorization_code and refresh_token
//   calls      names of tools to call, in this order
// Prints as JSON: version (as negotiated), registered (the scope), http (method, URL and status of each request, the
// MCP method and tool of those to the server, the grant and scope of those for tokens, and the challenge of a 403),
// authorizations (scope, prompt, and the error if refused), tools (the first list, and the last), and calls (text or
// error). No token, code or secret is in it.
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { authorize } from './user-agent.mjs';

const settings = JSON.parse(await text(process.stdin));
const resource = new URL(settings.resource);
const redirectUri = 'http://127.0.0.1:33418/callback'; // the user agent stops before it: nothing listens there
const sdk = await load(settings.client);
const http = [];
const authorizations = [];
const provider = newProvider();

let { client, transport } = newClient();
await signIn(() => client.connect(transport));
({ client, transport } = newClient()); // one that has failed to connect cannot do so again
await client.connect(transport);

const version = sdk.version();
const before = await listTools();
const calls = [];
for (const name of settings.calls) calls.push(await call(name));
const after = await listTools();
if (transport.sessionId) await transport.terminateSession(); // there are none in 2026-07-28
await client.close();

console.log(JSON.stringify({
  version,
  registered: provider.clientInformation()?.scope,
  http,
  authorizations,
  tools: [before, after],
  calls,
}));

async function load(name) {
  if (name === 'sdk-v1') {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const { UnauthorizedError } = await import('@modelcontextprotocol/sdk/client/auth.js');
    return {
      Client, StreamableHTTPClientTransport, UnauthorizedError,
      options: {},
      finish: (params) => transport.finishAuth(params.get('code')),
      version: () => transport.protocolVersion,
    };
  }
  const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await import('@modelcontextprotocol/client');
  return {
    Client, StreamableHTTPClientTransport, UnauthorizedError,
    options: { versionNegotiation: { mode: name === '2025-11-25' ? 'legacy' : { pin: name } } },
    finish: (params) => transport.finishAuth(params),
    version: () => client.getNegotiatedProtocolVersion(),
  };
}

function newClient() {
  return {
    client: new sdk.Client({ name: 'interop-step-up', version: '1.0.0' }, sdk.options),
    transport: new sdk.StreamableHTTPClientTransport(resource, { authProvider: provider, fetch: record }),
  };
}

// signIn does something for which the client has to send the user to the authorization server, and tells the client
// what came back.
async function signIn(attempt) {
  try {
    return await attempt();
  } catch (err) {
    if (!(err instanceof sdk.UnauthorizedError)) throw err;
  }
  const params = provider.callback;
  if (params.get('state') !== provider.state()) throw new Error('the authorization response has another state');
  if (params.get('error')) throw new Error(`authorization refused: ${params.get('error')}`);
  await sdk.finish(params);
  return undefined;
}

async function call(name) {
  const attempt = () => client.callTool({ name, arguments: {} });
  try {
    const result = (await signIn(attempt)) ?? (await attempt());
    return { name, text: result.content[0].text };
  } catch (err) {
    return { name, error: err.message };
  }
}

async function listTools() {
  const { tools } = await client.listTools();
  return tools.map((tool) => tool.name).sort();
}

// record notes each request. The streams that a client opens on the side come when they will, and are left out.
async function record(input, init) {
  const url = new URL(input instanceof Request ? input.url : input);
  const step = { method: init?.method ?? 'GET', url: url.origin + url.pathname };
  if (step.method !== 'GET' || url.href !== resource.href) http.push(step);
  if (init?.body instanceof URLSearchParams) {
    step.grant = init.body.get('grant_type');
    step.scope = init.body.get('scope') ?? undefined;
  } else if (url.href === resource.href && init?.body) {
    const { method, params } = JSON.parse(init.body);
    step.mcp = [method, params?.name].filter(Boolean).join(' ');
  }
  const response = await fetch(input, init);
  step.status = response.status;
  if (response.status === 403) step.challenge = response.headers.get('www-authenticate');
  return response;
}

function newProvider() {
  let information = settings.clientId && { client_id: settings.clientId };
  let tokens, verifier, discovery;
  const state = randomBytes(16).toString('base64url');
  return {
    redirectUrl: redirectUri,
    clientMetadataUrl: settings.document,
    clientMetadata: {
      client_name: 'interop-step-up',
      application_type: 'native',
      redirect_uris: [redirectUri],
      grant_types: settings.grants ?? ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    state: () => state,
    clientInformation: () => information,
    saveClientInformation: (value) => { information = value; },
    tokens: () => tokens,
    saveTokens: (value) => { tokens = value; },
    codeVerifier: () => verifier,
    saveCodeVerifier: (value) => { verifier = value; },
    discoveryState: () => discovery,
    saveDiscoveryState: (value) => { discovery = value; },
    async redirectToAuthorization(url) {
      const { searchParams } = await authorize(url, { redirectUri, fields: settings.fields });
      authorizations.push({
        scope: url.searchParams.get('scope'),
        prompt: url.searchParams.get('prompt') ?? undefined,
        error: searchParams.get('error') ?? undefined,
      });
      this.callback = searchParams;
    },
  };
}
