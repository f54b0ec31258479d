// Signs a user in at the authorization server of a resource, and gets tokens that are not bound to anything.
//
// usage: node login.mjs, settings on stdin as JSON: {resource, clientId, login, scope}
// Prints {access_token, refresh_token} as JSON.
import { text } from 'node:stream/consumers';
import { asUser, discover } from './oauth.mjs';

const settings = JSON.parse(await text(process.stdin));
const { server } = await discover(new URL(settings.resource));
const { access_token, refresh_token } = await asUser(server, settings, settings);
console.log(JSON.stringify({ access_token, refresh_token }));
