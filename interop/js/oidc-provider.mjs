// Runs npm oidc-provider as an MCP authorization server on loopback, for tests.
//
// Settings: the environment variable INTEROP_AUTHORIZATION_SERVER, JSON:
//   port      port on 127.0.0.1; 0 (default) takes a free one. Fix it to restart under the same issuer.
//   keysFile  JWK Set with private keys; created when absent. Needed to restart with the same keys: new keys
//             under an old kid break every client that cached the JWKS.
//   scopes    scopes every resource accepts.
//   nonces    whether DPoP proofs need a nonce of this server.
//   clients   pre-registered clients, in RFC 7591 terms. Two members choose the access tokens a client gets:
//             access_token_format "jwt" (default, RFC 9068) or "opaque", and access_token_ttl in seconds.
//
// Ready: one line {"issuer": ...} on stdout. Stops on SIGTERM, and when stdin closes, so that it never outlives
// the test that started it. Requests are logged to stderr without their query, which may hold codes.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider, { errors } from 'oidc-provider';

const settings = {
  port: 0,
  scopes: [],
  nonces: false,
  clients: [],
  ...JSON.parse(process.env.INTEROP_AUTHORIZATION_SERVER ?? '{}'),
};

const server = createServer();
await new Promise((resolve, reject) => {
  server.once('error', reject);
  server.listen(settings.port, '127.0.0.1', resolve);
});
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  jwks: loadKeys(settings.keysFile),
  clients: settings.clients.map((client) => ({ redirect_uris: [], response_types: [], ...client })),
  // Listed here although they belong to resources: dynamic registration refuses scopes that are not.
  scopes: ['openid', 'offline_access', ...settings.scopes],
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  clientDefaults: { id_token_signed_response_alg: 'ES256', introspection_signed_response_alg: 'ES256' }, // no RSA key
  responseTypes: ['code'],
  pkce: { required: () => true },
  extraClientMetadata: { properties: ['access_token_format', 'access_token_ttl'] },
  features: {
    clientCredentials: { enabled: true },
    dPoP: settings.nonces
      ? { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true }
      : { enabled: true },
    introspection: { enabled: true },
    jwtIntrospection: { enabled: true },
    registration: { enabled: true },
    resourceIndicators: { enabled: true, getResourceServerInfo, useGrantedResource: () => true },
    revocation: { enabled: true },
  },
});
for (const event of ['server_error', 'authorization.error', 'grant.error', 'registration_create.error']) {
  provider.on(event, (_ctx, err) => console.error(`${event}: ${err.name}: ${err.error_description ?? err.message}`));
}

const handle = provider.callback();
server.on('request', (req, res) => {
  const path = req.url.split('?')[0];
  res.on('finish', () => console.error(`${req.method} ${path} ${res.statusCode}`));
  handle(req, res);
});
console.log(JSON.stringify({ issuer }));

process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0)).resume();

// Any loopback http resource is known here: tests pick their ports as they go.
function getResourceServerInfo(_ctx, resource, client) {
  const { protocol, hostname } = new URL(resource);
  if (protocol !== 'http:' || hostname !== '127.0.0.1') throw new errors.InvalidTarget();
  return {
    audience: resource,
    scope: settings.scopes.join(' '),
    accessTokenFormat: client.access_token_format ?? 'jwt',
    accessTokenTTL: client.access_token_ttl ?? 600,
    jwt: { sign: { alg: 'ES256' } },
  };
}

function loadKeys(file) {
  if (file && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = generateKeyPairSync('ed25519'); // a key of another type, and quickly made
  const keys = {
    keys: [
      { ...ec.privateKey.export({ format: 'jwk' }), use: 'sig', kid: 'ec' },
      { ...other.privateKey.export({ format: 'jwk' }), use: 'sig', kid: 'ed' },
    ],
  };
  if (file) writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
  return keys;
}
