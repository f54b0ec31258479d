// Somebody with a real browser on a narrow screen, Chromium without one, holds pages to the rules of axe-core.
//
// usage: node accessible.mjs, settings on stdin as JSON:
//   chromium     path of the browser
//   pages        {name, url, fields}, one after the other: fields, names with what to type in, are filled in and sent, and
//                the page that follows is the one that is looked at
//   screenshots  directory for the pictures
// Prints as JSON for each page, in light and dark: name, scheme, title, wide (whether a screen of 360 pixels has to scroll
// sideways), violations (rules of axe-core with the elements that break them)
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { chromium } from 'playwright-core';

const settings = JSON.parse(await text(process.stdin));
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const browser = await chromium.launch({
  executablePath: settings.chromium,
  timeout: 60_000,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync', '--no-first-run'],
});
try {
  const looked = [];
  for (const page of settings.pages) looked.push(...(await visit(page)));
  console.log(JSON.stringify(looked));
} finally {
  await browser.close();
}

async function visit({ name, url, fields }) {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  context.setDefaultTimeout(60_000);
  try {
    const page = await context.newPage();
    await page.goto(url);
    if (fields) {
      for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
      await Promise.all([page.waitForURL((other) => other.host !== new URL(url).host), page.keyboard.press('Enter')]);
      await page.waitForLoadState();
    }
    const looked = [];
    for (const scheme of ['light', 'dark']) looked.push(await look(page, name, scheme));
    return looked;
  } finally {
    await context.close();
  }
}

// look evaluates axe-core in the page, whose content security policy lets in no script of another origin.
async function look(page, name, scheme) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.screenshot({ path: `${settings.screenshots}/accessible-${name.replaceAll(/\W+/g, '-')}-${scheme}.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  await page.evaluate(axe);
  const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: 'tag', values } }), rules);
  return {
    name, scheme, wide, title: await page.title(),
    violations: violations.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.map((node) => node.html).join(', ')}`),
  };
}
