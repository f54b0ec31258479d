// The official TypeScript MCP client (@modelcontextprotocol/sdk 1.x) calls one tool on a protected server, knowing
// only the server's URL and the user's login: everything else it has to discover.
//
// usage: node sdk-v1-client.mjs SERVER_URL LOGIN PASSWORD TOOL
// Prints one JSON object: {http, registration, authorization, tool}. No token, code or secret is in it.
import { randomBytes } from 'node:crypto';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { authorize } from './user-agent.mjs';

const [serverUrl, login, password, tool] = process.argv.slice(2);
if (!tool) throw new Error('usage: node sdk-v1-client.mjs SERVER_URL LOGIN PASSWORD TOOL');

const redirectUri = 'http://127.0.0.1:33418/callback'; // the user agent stops before it: nothing listens there
const provider = newProvider();
const http = [];

const first = newTransport();
try {
  await newClient().connect(first);
  throw new Error('the server let a client in that has no token');
} catch (err) {
  if (!(err instanceof UnauthorizedError)) throw err;
}

const callback = await authorize(provider.authorizationUrl, {
  redirectUri,
  fields: { login, username: login, password },
});
await first.finishAuth(readAuthorizationResponse(callback));

const client = newClient();
await client.connect(newTransport());
const result = await client.callTool({ name: tool, arguments: {} });
await client.close();

console.log(JSON.stringify({
  http,
  registration: describeRegistration(provider.clientInformation()),
  authorization: describeAuthorization(provider.authorizationUrl, callback),
  tool: result,
}));

function newClient() {
  return new Client({ name: 'interop-sdk-v1', version: '1.0.0' });
}

function newTransport() {
  return new StreamableHTTPClientTransport(new URL(serverUrl), { authProvider: provider, fetch: record });
}

// record notes each request as method, URL without query, status and, for forms, the parameters that are not secret.
async function record(input, init) {
  const url = new URL(input instanceof Request ? input.url : input);
  const step = { method: init?.method ?? 'GET', url: url.origin + url.pathname };
  http.push(step);
  if (init?.body instanceof URLSearchParams) {
    step.form = Object.fromEntries([...init.body].filter(([name]) => ['grant_type', 'resource', 'scope'].includes(name)));
    step.pkce = init.body.has('code_verifier');
  }
  const response = await fetch(input, init);
  step.status = response.status;
  return response;
}

function newProvider() {
  let information, tokens, verifier;
  const state = randomBytes(16).toString('base64url');
  return {
    redirectUrl: redirectUri,
    clientMetadata: {
      client_name: 'interop-sdk-v1',
      application_type: 'native',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
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
    redirectToAuthorization(url) { this.authorizationUrl = url; },
    discoveryState() { return this.discovery; },
    saveDiscoveryState(value) { this.discovery = value; },
  };
}

// readAuthorizationResponse does what the SDK leaves to its host: the state and the issuer (RFC 9207).
function readAuthorizationResponse(url) {
  const params = url.searchParams;
  if (params.get('error')) throw new Error(`authorization refused: ${params.get('error')}`);
  if (params.get('state') !== provider.state()) throw new Error('the authorization response has another state');
  if (params.get('iss') !== provider.discovery.authorizationServerMetadata.issuer) {
    throw new Error('the authorization response has another issuer');
  }
  return params.get('code');
}

function describeRegistration({ client_id, issuer, scope }) {
  return { client_id, issuer, scope };
}

function describeAuthorization(request, response) {
  const params = Object.fromEntries(request.searchParams);
  delete params.state;
  return { request: params, issuer: response.searchParams.get('iss') };
}
