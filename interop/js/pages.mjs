// Somebody with a real browser, Chromium without a screen, walks the pages of an authorization server for development.
//
// usage: node pages.mjs, settings on stdin as JSON:
//   chromium      path of the browser
//   issuer        of the authorization server
//   resource      that the clients want to use
//   scope         that they ask for
//   clients       {name, redirectUri, clientId}; without clientId it registers itself
//   username, password
//   screenshots   directory for the pictures
// Prints as JSON:
//   consent  for each client, the lines of its page
//   logins   at the first client, without scripts and with: scripts (whether they run), wide (whether a narrow screen
//            has to scroll sideways), wrong (alert, username and password on the page after a wrong one), granted and
//            denied (the parameters that the client gets), and scope (of the token, after the client has redeemed the code)
//   error    the lines of the page for a client that is not known
//   status   the lines of the status page
// No token, code or secret is in it.
import { createHash, randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { chromium } from 'playwright-core';

const settings = JSON.parse(await text(process.stdin));
const verifier = randomBytes(32).toString('base64url');
const state = 'the state';
const timeout = 60_000;

const browser = await chromium.launch({
  executablePath: settings.chromium,
  timeout,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync', '--no-first-run',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', // nothing leaves this machine
  ],
});
try {
  const [first] = settings.clients;
  for (const client of settings.clients) client.clientId ??= await register(client);
  const report = { consent: [], logins: [] };
  for (const client of settings.clients) report.consent.push(await show(client.name, authorization(client)));
  for (const javaScriptEnabled of [false, true]) report.logins.push(await logIn(first, { javaScriptEnabled }));
  report.error = await show('error', authorization({ ...first, clientId: 'nobody' }));
  report.status = await show('status', settings.issuer);
  console.log(JSON.stringify(report));
} finally {
  await browser.close();
}

// show takes pictures of a page and returns its lines.
async function show(name, url) {
  return visit(url, { javaScriptEnabled: false }, async (page) => {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await picture(page, `${name} ${colorScheme}`);
    }
    const shown = await page.locator('main').innerText();
    return shown.split('\n').map((line) => line.trim()).filter(Boolean);
  });
}

// logIn is all that a user may do, each time in a browser without cookies.
async function logIn(client, options) {
  const url = authorization(client);
  const { scripts, wide, wrong } = await visit(url, options, async (page) => ({
    wide: await isWide(page),
    wrong: await mistype(page),
    scripts: await runsScripts(page),
  }));
  const granted = await visit(url, options, async (page) => {
    await fillIn(page, settings.password);
    return leave(page, client, () => page.keyboard.press('Enter'));
  });
  const scope = await redeem(client, granted.code);
  granted.code = 'redeemed';
  const denied = await visit(url, options, (page) =>
    leave(page, client, () => page.getByRole('button', { name: 'Deny' }).click()));
  return { scripts, wide, wrong, granted, scope, denied };
}

// visit opens a page in a browser that knows nothing yet.
async function visit(url, options, act) {
  const context = await browser.newContext({ viewport: { width: 800, height: 900 }, ...options });
  context.setDefaultTimeout(timeout);
  try {
    const page = await context.newPage();
    await page.goto(url);
    return await act(page);
  } finally {
    await context.close();
  }
}

async function fillIn(page, password) {
  await page.getByLabel('Username').fill(settings.username);
  await page.getByLabel('Password').fill(password);
}

// leave does what sends the browser back to the client, where nobody listens, and returns what it would tell it.
async function leave(page, { redirectUri }, act) {
  const [request] = await Promise.all([
    page.waitForRequest((sent) => sent.url().startsWith(`${redirectUri}?`)),
    act(),
  ]);
  return Object.fromEntries(new URL(request.url()).searchParams);
}

// isWide leaves the screen narrow.
async function isWide(page) {
  await page.setViewportSize({ width: 320, height: 640 });
  await picture(page, 'narrow');
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}

async function mistype(page) {
  await fillIn(page, 'not the password');
  await page.getByRole('button', { name: 'Log in and allow' }).click();
  await picture(page, 'narrow wrong password');
  return {
    alert: await page.getByRole('alert').innerText(),
    username: await page.getByLabel('Username').inputValue(),
    password: await page.getByLabel('Password').inputValue(),
  };
}

async function runsScripts(page) {
  await page.goto('data:text/html,<p>no</p><script>document.querySelector("p").textContent = "yes"</script>');
  return (await page.locator('p').innerText()) === 'yes';
}

function picture(page, name) {
  return page.screenshot({ path: `${settings.screenshots}/${name.replaceAll(/\W+/g, '-')}.png`, fullPage: true });
}

function authorization({ clientId, redirectUri }) {
  const url = new URL('/authorize', settings.issuer);
  url.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    resource: settings.resource,
    scope: settings.scope,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  return url.href;
}

async function register({ name, redirectUri }) {
  const { client_id } = await post('/register', { 'content-type': 'application/json' }, JSON.stringify({
    client_name: name,
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
  }));
  return client_id;
}

async function redeem({ clientId, redirectUri }, code) {
  const { scope } = await post('/token', {}, new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  }));
  return scope;
}

async function post(path, headers, body) {
  const response = await fetch(new URL(path, settings.issuer), { method: 'POST', headers, body, signal: AbortSignal.timeout(timeout) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}
