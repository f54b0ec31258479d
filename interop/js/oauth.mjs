// An OAuth client of a protected resource, made with the npm library oauth4webapi: resource metadata (RFC 9728),
// authorization server metadata, client credentials, and a user's sign-in, each with DPoP where there is a key.
import * as oauth from 'oauth4webapi';
import { authorize } from './user-agent.mjs';

export const insecure = { [oauth.allowInsecureRequests]: true }; // plain http: everything is on loopback

const redirectUri = 'http://127.0.0.1:33418/callback'; // the user agent stops before it: nothing listens there

// discover finds the authorization server of a resource from the resource's own metadata.
export async function discover(resource) {
  const answer = await oauth.resourceDiscoveryRequest(resource, insecure);
  const metadata = await oauth.processResourceDiscoveryResponse(resource, answer);
  const issuer = new URL(metadata.authorization_servers[0]);
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  return { metadata, server: await oauth.processDiscoveryResponse(issuer, response) };
}

// retry sends a request, and once more where the server wants a nonce of its own in the proof (RFC 9449 §8, §9).
// oauth4webapi has kept the nonce by then.
export async function retry(send) {
  try {
    return await send();
  } catch (err) {
    if (!oauth.isDPoPNonceError(err)) throw err;
    return send();
  }
}

// asMachine gets an access token by client_credentials.
export async function asMachine(server, { clientId, clientSecret }, { resource, scope }, options) {
  const client = { client_id: clientId };
  return retry(async () => oauth.processClientCredentialsResponse(server, client, await oauth.clientCredentialsGrantRequest(
    server, client, oauth.ClientSecretBasic(clientSecret), { resource, scope }, { ...options, ...insecure })));
}

// asUser signs a user in and gets an access token, and a refresh token where the scope has offline_access.
export async function asUser(server, { clientId, login }, { resource, scope }, options) {
  const client = { client_id: clientId };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    resource,
    scope,
    state,
    prompt: 'consent',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(options?.DPoP && { dpop_jkt: await options.DPoP.calculateThumbprint() }),
  });
  const callback = await authorize(url, { redirectUri, fields: { login, password: state } });
  const params = oauth.validateAuthResponse(server, client, callback, state);
  return retry(async () => oauth.processAuthorizationCodeResponse(server, client, await oauth.authorizationCodeGrantRequest(
    server, client, oauth.None(), params, redirectUri, verifier,
    { additionalParameters: { resource }, ...options, ...insecure })));
}
