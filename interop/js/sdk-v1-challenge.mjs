// How the TypeScript SDK 1.x reads challenges: reads a JSON array of WWW-Authenticate values from stdin, prints a JSON
// array of {error, scope, resource_metadata}, a member absent where the SDK finds none.
import { text } from 'node:stream/consumers';
import { extractWWWAuthenticateParams } from '@modelcontextprotocol/sdk/client/auth.js';

const challenges = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(challenges.map((value) => {
  const response = new Response(null, { status: 401, headers: { 'WWW-Authenticate': value } });
  const { error, scope, resourceMetadataUrl } = extractWWWAuthenticateParams(response);
  return { error, scope, resource_metadata: resourceMetadataUrl?.href };
})));
