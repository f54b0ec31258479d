// A browser without a screen: cookies, redirects and plain HTML forms. It signs a user in at an authorization
// server and stops where the browser would return to the client.

const maxSteps = 20;

// authorize follows an authorization request to its end and returns the URL it is redirected to under
// redirectUri. fields fills form inputs by name, e.g. {login: 'ada', password: '...'}.
export async function authorize(authorizationUrl, { redirectUri, fields, timeoutMs = 30_000 }) {
  const jar = new CookieJar();
  const signal = AbortSignal.timeout(timeoutMs);
  let request = { url: new URL(authorizationUrl) };
  for (let step = 0; step < maxSteps; step++) {
    const response = await fetch(request.url, {
      method: request.body ? 'POST' : 'GET',
      body: request.body,
      headers: { accept: 'text/html', cookie: jar.header(request.url) },
      redirect: 'manual',
      signal,
    });
    jar.store(request.url, response.headers.getSetCookie());
    const location = response.headers.get('location');
    if (location) {
      await response.body?.cancel();
      const url = new URL(location, request.url);
      if (url.origin + url.pathname === redirectUri) return url;
      request = { url };
      continue;
    }
    const page = await response.text();
    const where = `${request.url.origin}${request.url.pathname}`;
    if (!response.ok) throw new Error(`${where} answered ${response.status}`);
    const form = parseForm(page);
    if (!form) throw new Error(`${where} shows no form to submit`);
    for (const name of form.inputs.keys()) {
      if (fields[name] !== undefined) form.inputs.set(name, fields[name]);
    }
    request = { url: new URL(form.action, request.url), body: new URLSearchParams([...form.inputs]) };
  }
  throw new Error(`no way back to the client within ${maxSteps} steps`);
}

// parseForm reads the first POST form of a page as its default button would submit it: enough for pages that work
// without scripts.
function parseForm(page) {
  for (const [, tag, content] of page.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)) {
    const form = attributes(tag);
    if (form.method?.toLowerCase() === 'post') return { action: form.action ?? '', inputs: successful(content) };
  }
  return undefined;
}

// successful returns the controls of a form that are submitted, and of its buttons only the first one (HTML §4.10.21).
function successful(content) {
  const inputs = new Map();
  let pressed = false;
  for (const [, element, tag] of content.matchAll(/<(input|button)\b((?:"[^"]*"|'[^']*'|[^>"'])*)>/gi)) {
    const control = attributes(tag);
    const type = (control.type ?? (element.toLowerCase() === 'button' ? 'submit' : 'text')).toLowerCase();
    if (type === 'button' || type === 'reset') continue;
    if (type === 'submit') {
      if (pressed) continue;
      pressed = true;
    }
    if (control.name) inputs.set(control.name, control.value ?? '');
  }
  return inputs;
}

function attributes(tag) {
  const found = tag.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g);
  return Object.fromEntries([...found].map(([, name, double, single]) => [name.toLowerCase(), decode(double ?? single)]));
}

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

// decode resolves character references. One it does not know would be submitted wrongly, so it stops there.
function decode(text) {
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|([a-z][a-z\d]*));/gi, (reference, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number.parseInt(decimal, 10));
    if (!Object.hasOwn(entities, name)) throw new Error(`the page has the unknown character reference ${reference}`);
    return entities[name];
  });
}

// CookieJar keeps host-only cookies per path (RFC 6265 §5), which is what a sign-in at one host needs.
class CookieJar {
  #cookies = new Map();

  store(url, lines) {
    for (const line of lines) {
      const [pair, ...rest] = line.split(';').map((part) => part.trim());
      const [name, value] = cut(pair);
      const attrs = new Map(rest.map((part) => cut(part)).map(([key, val]) => [key.toLowerCase(), val]));
      const path = attrs.get('path')?.startsWith('/') ? attrs.get('path') : '/';
      const key = JSON.stringify([url.host, path, name]);
      const gone = attrs.get('max-age') === '0' || Date.parse(attrs.get('expires')) <= Date.now();
      if (gone) this.#cookies.delete(key);
      else this.#cookies.set(key, { host: url.host, path, pair: `${name}=${value}` });
    }
  }

  header(url) {
    return [...this.#cookies.values()]
      .filter((cookie) => cookie.host === url.host && matchesPath(url.pathname, cookie.path))
      .sort((a, b) => b.path.length - a.path.length)
      .map((cookie) => cookie.pair)
      .join('; ');
  }
}

function matchesPath(path, cookiePath) {
  if (path === cookiePath) return true;
  return path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

function cut(text) {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
