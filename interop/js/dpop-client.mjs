// An MCP client whose access token is bound to its key (DPoP, RFC 9449): the proofs are those of oauth4webapi, a
// certified client library; the MCP client is the official TypeScript one. Then the same requests again, each with
// one thing wrong.
//
// usage: node dpop-client.mjs, settings on stdin as JSON:
//   resource, other   URL of the server; another resource of the same authorization server
//   algorithm         of the key, such as ES256
//   scope             to ask for
//   client            {clientId, clientSecret} for client_credentials, or {clientId, login} to sign a user in
//   bearer            {clientId, clientSecret} of a client that asks for tokens without a proof
//   requests          names of the requests to send, in this order, see below
// Prints as JSON: metadata of the resource, tokenType, thumbprint of the key, tokenRequests (statuses), mcp (steps of
// the MCP client and the tool's answer), requests (status and challenges of each, and whether there is a nonce), and
// the tokens, which must not stand in the server's log.
import { createHash, createHmac } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as oauth from 'oauth4webapi';
import { asMachine, asUser, discover, insecure, retry } from './oauth.mjs';

const settings = JSON.parse(await text(process.stdin));
const resource = new URL(settings.resource);
const { metadata, server } = await discover(resource);
const key = await oauth.generateKeyPair(settings.algorithm, { extractable: true });
const stranger = await oauth.generateKeyPair(settings.algorithm, { extractable: true });
const client = { client_id: settings.client.clientId };
const dpop = oauth.DPoP(client, key);

const tokenRequests = [];
let serverNonce; // the last one that the authorization server sent
const { access_token: bound, token_type: tokenType } = await getToken(settings.client, settings.resource);
const tokenRequestsOfFirst = [...tokenRequests];

let nonce; // the last one that the resource server sent
const mcp = await useMCP();

// The tokens that some of the requests need.
const second = (await getToken(settings.client, settings.resource)).access_token;
const elsewhere = (await getToken(settings.client, settings.other)).access_token;
const unbound = (await asMachine(server, settings.bearer, { resource: settings.resource, scope: settings.scope })).access_token;

// Each request is made as it should be, except for what is said here:
//   token    another access token, of which the proof is made
//   keys     another key pair
//   proof    changes header and claims of the proof before it is signed
//   request  changes the headers of the request
//   url, method of the request
//   repeat   the request is sent twice, and the second answer counts
const privateKey = await crypto.subtle.exportKey('jwk', key.privateKey);
const kinds = {
  'as it should be': {},
  'with another proof': {},
  'with a query, which htu leaves out': { url: `${settings.resource}?page=1` },
  'unbound token as Bearer': { token: unbound, request: asBearer },
  'with a nonce that nobody asked for': { proof: (_, claims) => { claims.nonce = 'nobody-asked'; } },

  'no nonce': { proof: (_, claims) => { delete claims.nonce; } },
  'made-up nonce': { proof: (_, claims) => { claims.nonce = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'; } },
  'nonce of the authorization server': { proof: (_, claims) => { claims.nonce = serverNonce; } },
  'altered nonce': { proof: (_, claims) => { claims.nonce = flip(claims.nonce); } },

  'no proof': { request: (headers) => { delete headers.dpop; } },
  'empty proof': { request: (headers) => { headers.dpop = ''; } },
  'two proofs': { request: (headers) => { headers.dpop = `${headers.dpop}, ${headers.dpop}`; } },
  'replayed': { repeat: true },
  'bound token as Bearer': { request: asBearer },
  'bound token as Bearer, with proof': { request: (headers) => { headers.authorization = `Bearer ${bound}`; } },
  'unbound token as DPoP': { token: unbound },
  'token for another resource': { token: elsewhere },

  'for another path': { proof: (_, claims) => { claims.htu += '/admin'; } },
  'for the URL with a slash': { proof: (_, claims) => { claims.htu += '/'; } },
  'for the URL above': { proof: (_, claims) => { claims.htu = new URL('/', claims.htu).href; } },
  'for another port': { proof: (_, claims) => { claims.htu = settings.other; } },
  'for another host': { proof: (_, claims) => { claims.htu = claims.htu.replace('127.0.0.1', 'localhost'); } },
  'for another scheme': { proof: (_, claims) => { claims.htu = claims.htu.replace('http:', 'https:'); } },
  'for another method': { proof: (_, claims) => { claims.htm = 'GET'; } },
  'for the method in lower case': { proof: (_, claims) => { claims.htm = 'post'; } },
  'POST proof for a GET': { method: 'GET', proof: (_, claims) => { claims.htm = 'POST'; } },
  'no htu': { proof: (_, claims) => { delete claims.htu; } },
  'no htm': { proof: (_, claims) => { delete claims.htm; } },

  'for another token': { proof: (_, claims) => { claims.ath = hash(second); } },
  'no ath': { proof: (_, claims) => { delete claims.ath; } },
  'no jti': { proof: (_, claims) => { delete claims.jti; } },
  'no iat': { proof: (_, claims) => { delete claims.iat; } },
  'stale iat': { proof: (_, claims) => { claims.iat -= 120; } },
  'future iat': { proof: (_, claims) => { claims.iat += 120; } },
  'iat as text': { proof: (_, claims) => { claims.iat = String(claims.iat); } },

  'of another key': { keys: stranger },
  'signed by another key': { keys: { privateKey: stranger.privateKey, publicKey: key.publicKey } },
  'altered after signing': { request: (headers) => { headers.dpop = reclaim(headers.dpop, { jti: 'another' }); } },
  'unsigned': { request: (headers) => { headers.dpop = unsign(headers.dpop); } },
  'alg none': { request: (headers) => { headers.dpop = rename(headers.dpop, 'none'); } },
  'alg none, unsigned': { request: (headers) => { headers.dpop = unsign(rename(headers.dpop, 'none')); } },
  'alg HS256 with the public key': { request: (headers) => { headers.dpop = hmac(headers.dpop); } },
  'with the private key': { proof: (header) => { header.jwk = { ...header.jwk, d: privateKey.d }; } },
  'without the key': { proof: (header) => { delete header.jwk; } },
  'typ JWT': { proof: (header) => { header.typ = 'JWT'; } },
  'no typ': { proof: (header) => { delete header.typ; } },
};

const requests = [];
for (const name of settings.requests) {
  if (!Object.hasOwn(kinds, name)) throw new Error(`there is no request ${JSON.stringify(name)}`);
  requests.push({ name, ...(await send(kinds[name])) });
}

console.log(JSON.stringify({
  metadata,
  tokenType,
  thumbprint: await dpop.calculateThumbprint(),
  tokenRequests: tokenRequestsOfFirst,
  mcp,
  requests,
  tokens: [bound, second, elsewhere, unbound],
}));

async function getToken(who, target) {
  const get = who.login ? asUser : asMachine;
  const options = {
    DPoP: dpop,
    [oauth.customFetch]: async (url, init) => {
      const response = await fetch(url, init);
      tokenRequests.push(response.status);
      serverNonce = response.headers.get('dpop-nonce') ?? serverNonce;
      return response;
    },
  };
  return get(server, who, { resource: target, scope: settings.scope }, options);
}

// useMCP lets the MCP client connect, call the tool and end its session, with a new proof for each request.
async function useMCP() {
  const steps = [];
  const request = (url, init) => retry(() => oauth.protectedResourceRequest(
    bound, init.method ?? 'GET', new URL(url), new Headers(init.headers), init.body,
    { DPoP: dpop, signal: init.signal, [oauth.customFetch]: noteSteps(steps), ...insecure }));
  const transport = new StreamableHTTPClientTransport(resource, { fetch: request });
  const mcpClient = new Client({ name: 'interop-dpop', version: '1.0.0' });
  await mcpClient.connect(transport);
  const tool = await mcpClient.callTool({ name: 'whoami', arguments: {} });
  await transport.terminateSession();
  await mcpClient.close();
  return { steps, tool };
}

function noteSteps(steps) {
  return async (url, init) => {
    const step = { method: init.method };
    steps.push(step); // in the order in which they are sent
    const response = await fetch(url, init);
    step.status = response.status;
    nonce = response.headers.get('dpop-nonce') ?? nonce;
    return response;
  };
}

async function send({ token = bound, keys = key, url = settings.resource, method = 'POST', proof, request, repeat }) {
  const handle = oauth.DPoP(client, keys, {
    [oauth.modifyAssertion]: (header, claims) => {
      if (nonce) claims.nonce = nonce;
      proof?.(header, claims);
    },
  });
  const transmit = async (target, init) => {
    request?.(init.headers, token);
    if (repeat) await drain(await fetch(target, init));
    return fetch(target, init);
  };
  const headers = new Headers({ accept: 'application/json, text/event-stream', 'content-type': 'application/json' });
  try {
    return await report(await oauth.protectedResourceRequest(token, method, new URL(url), headers,
      method === 'POST' ? initialize() : undefined, { DPoP: handle, [oauth.customFetch]: transmit, ...insecure }));
  } catch (err) {
    if (!(err instanceof oauth.WWWAuthenticateChallengeError)) throw err;
    return { ...(await report(err.response)), challenges: err.cause, wantsNonce: oauth.isDPoPNonceError(err) };
  }
}

async function report(response) {
  const fresh = response.headers.get('dpop-nonce');
  nonce = fresh ?? nonce;
  await drain(response);
  return { status: response.status, nonce: fresh !== null };
}

async function drain(response) {
  await response.body?.cancel();
}

function initialize() {
  return JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'interop-dpop', version: '1' } },
  });
}

function asBearer(headers, token) {
  headers.authorization = `Bearer ${token}`;
  delete headers.dpop;
}

function hash(token) {
  return createHash('sha256').update(token).digest('base64url');
}

// flip changes the first character, which is significant in base64url.
function flip(value) {
  return (value[0] === 'A' ? 'B' : 'A') + value.slice(1);
}

function parse(part) {
  return JSON.parse(Buffer.from(part, 'base64url'));
}

function serialize(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function reclaim(proof, changes) {
  const [header, claims, signature] = proof.split('.');
  return [header, serialize({ ...parse(claims), ...changes }), signature].join('.');
}

function unsign(proof) {
  const [header, claims] = proof.split('.');
  return `${header}.${claims}.`;
}

// rename changes the name of the algorithm, and nothing else.
function rename(proof, alg) {
  const [header, ...rest] = proof.split('.');
  return [serialize({ ...parse(header), alg }), ...rest].join('.');
}

// hmac signs a proof with its public key as secret.
function hmac(proof) {
  const [header, claims] = rename(proof, 'HS256').split('.');
  const secret = JSON.stringify(parse(header).jwk);
  return `${header}.${claims}.${createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url')}`;
}
