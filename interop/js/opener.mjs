#!/usr/bin/env node
// What a program runs to open a page in the user's browser: signs the user in and goes back to the client, as the
// browser would. It stands in for xdg-open and the like, see parts.Browser.
//
// usage: opener.mjs AUTHORIZATION-URL, the fields of the pages as JSON in the environment variable INTEROP_BROWSER
import { authorize } from './user-agent.mjs';

const [authorizationUrl] = process.argv.slice(2);
const redirectUri = new URL(authorizationUrl).searchParams.get('redirect_uri');
const url = await authorize(authorizationUrl, { redirectUri, fields: JSON.parse(process.env.INTEROP_BROWSER) });
const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
if (!response.ok) throw new Error(`the client answers the browser with ${response.status}`);
