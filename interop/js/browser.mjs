// The user's browser: signs in at an authorization server and prints where it is sent back to.
//
// usage: node browser.mjs AUTHORIZATION-URL LOGIN
import { authorize } from './user-agent.mjs';

const [authorizationUrl, login] = process.argv.slice(2);
const redirectUri = new URL(authorizationUrl).searchParams.get('redirect_uri');
const url = await authorize(authorizationUrl, { redirectUri, fields: { login, password: 'any password' } });
console.log(url.href);
