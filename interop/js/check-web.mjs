// Somebody with a real browser, Chromium without a screen, checks servers on the page of mcpauth check --web.
//
// usage: node check-web.mjs, settings on stdin as JSON:
//   chromium     path of the browser
//   page         URL of the page
//   targets      {name, url, goOn}; with goOn, a URL, the target answers the first three requests and no more until
//                somebody asks for goOn
//   foreign      URL of somebody else's page
//   screenshots  directory for the pictures
// Prints as JSON attacks, what the page answers to somebody else's page: rebound (the status of the page under another host
// name that leads here), form and frame (the statuses of its form sent and of the page framed), fetch (whether its text can
// be read); and reports, for each target without scripts and with:
//   name, scripts (whether they run), first (the requests seen while the check went on), lines (of the report), reloaded
//   (whether the report is the same after a reload), markdown, copied (what is in the clipboard after the button was
//   pressed, which is there with scripts only), json (the target of the report as JSON), wide (the widths of screens that
//   have to scroll sideways), unnamed (fields and buttons without a name), contrast (texts that are hard to read, light
//   and dark), foreign (elements that are not the page's), errors (of the browser's console)
import { text } from 'node:stream/consumers';
import { chromium } from 'playwright-core';

const settings = JSON.parse(await text(process.stdin));
const timeout = 60_000;
const schemes = ['light', 'dark'];

const browser = await chromium.launch({
  executablePath: settings.chromium,
  timeout,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync', '--no-first-run',
    '--host-resolver-rules=MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', // nothing leaves this machine
  ],
});
try {
  const report = { attacks: await attack(), reports: [] };
  for (const target of settings.targets) {
    for (const javaScriptEnabled of [false, true]) report.reports.push(await check(target, javaScriptEnabled));
  }
  console.log(JSON.stringify(report));
} finally {
  await browser.close();
}

// attack is what a page of somebody else can try in the user's browser.
async function attack() {
  const context = await browser.newContext();
  context.setDefaultTimeout(timeout);
  try {
    const page = await context.newPage();
    const url = new URL(settings.page);
    url.hostname = 'evil.example';
    const rebound = (await page.goto(url.href)).status();
    await page.goto(settings.foreign);
    const fetched = await page.evaluate((address) => fetch(address).then((r) => r.text()).then(() => true, () => false), settings.page);
    const answered = (path) => page.waitForResponse((response) => response.url() === `${settings.page}${path}`);
    const framed = answered('');
    await page.evaluate((address) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src: address }));
    }, settings.page);
    const frame = (await framed).status();
    const sent = answered('check');
    await page.evaluate(({ address, target }) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action: `${address}check` });
      form.append(Object.assign(document.createElement('input'), { name: 'url', value: target }));
      document.body.append(form);
      form.submit();
    }, { address: settings.page, target: settings.foreign });
    return { rebound, fetch: fetched, frame, form: (await sent).status() };
  } finally {
    await context.close();
  }
}

async function check(target, scripts) {
  const context = await browser.newContext({
    javaScriptEnabled: scripts, viewport: { width: 900, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(timeout);
  const errors = [];
  try {
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(settings.page);
    if (!scripts) await pictures(page, 'check form');
    const name = `check ${target.name}${scripts ? ' scripts' : ''}`;
    await page.getByLabel('URL of an MCP server').fill(target.url);
    await page.keyboard.press('Enter');
    const first = target.goOn && !scripts ? await watch(page, target, name) : [];
    await page.waitForURL('**/reports/*');
    const main = page.locator('main');
    const shown = await main.innerText();
    const address = page.url();
    await page.reload();
    const reloaded = page.url() === address && (await main.innerText()) === shown;
    await pictures(page, name);
    const wide = await tooWide(page, name);
    const markdown = await page.getByLabel('The report as Markdown').inputValue();
    const copied = await copy(page);
    const json = await context.request.get(`${address}/report.json`).then((response) => response.json());
    const foreign = await page.locator('img, iframe, object, svg, b, a[href^="javascript"]').count();
    return {
      name: target.name, scripts, first, reloaded, wide, markdown, copied, json: json.target, foreign, errors,
      lines: shown.split('\n').map((line) => line.trim()).filter(Boolean),
      unnamed: scripts ? await page.evaluate(unnamedControls) : [],
      contrast: scripts ? await contrasts(page) : [],
    };
  } finally {
    await context.close();
  }
}

// watch sees the first requests while the check goes on.
async function watch(page, target, name) {
  const steps = page.locator('.steps li');
  await steps.nth(2).waitFor();
  const seen = (await steps.allInnerTexts()).map((line) => line.replaceAll(/\s+/g, ' '));
  await pictures(page, `${name} steps`);
  const response = await fetch(target.goOn, { signal: AbortSignal.timeout(timeout) });
  if (!response.ok) throw new Error(`${target.goOn} answered ${response.status}`);
  return seen;
}

async function copy(page) {
  const button = page.getByRole('button', { name: 'Copy' });
  if (!(await button.isVisible())) return '';
  await button.click();
  await page.getByText('Copied.').waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

// tooWide leaves the window as it was.
async function tooWide(page, name) {
  const before = page.viewportSize();
  const wide = [];
  await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
  for (const width of [320, 360, 600]) {
    await page.setViewportSize({ width, height: 740 });
    if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) wide.push(width);
    if (width === 360) await picture(page, `${name} narrow`);
  }
  await page.setViewportSize(before);
  return wide;
}

// unnamedControls runs in the page.
function unnamedControls() {
  return [...document.querySelectorAll('input:not([type=hidden]), textarea, button, a, summary')]
    .filter((e) => !(e.labels?.length || e.ariaLabel || e.textContent.trim()))
    .map((e) => e.outerHTML);
}

async function contrasts(page) {
  const found = [];
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await page.evaluate(poorContrast)).map((line) => `${colorScheme}: ${line}`));
  }
  return found;
}

// poorContrast runs in the page: texts with less than 4.5:1 (WCAG 2.2, 1.4.3).
function poorContrast() {
  const parse = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const light = (color) => {
    const [r, g, b] = parse(color).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (parse(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest('script, style')) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${node.data.trim().slice(0, 60)}`);
  }
  return poor;
}

async function pictures(page, name) {
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    await picture(page, `${name} ${colorScheme}`);
  }
}

function picture(page, name) {
  return page.screenshot({ path: `${settings.screenshots}/${name.replaceAll(/\W+/g, '-')}.png`, fullPage: true });
}
