// A user of the MCP Inspector's page, in Chromium without a screen: connects to its server, logs in when the browser is
// sent to log in, and calls a tool. If the page asks for more permissions, the user agrees, logs in again and repeats the call.
//
// usage: node inspector-web.mjs SETTINGS, as JSON:
//   chromium   path of the browser
//   page       URL of the Inspector, with its token
//   fields     of the login page, by name
//   tool, arguments   of the call; without a tool, none is made
// Prints what the page shows at last.
import { chromium } from 'playwright-core';

const settings = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: settings.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync', '--no-first-run'],
});
const page = await browser.newPage();
page.setDefaultTimeout(30_000);
const loginPage = page.locator('input[type=password]');
const tools = page.getByText('Tools', { exact: true }).first();
const results = page.getByText('Results', { exact: true });
const execute = page.getByRole('button', { name: 'Execute Tool' });
const authorize = page.getByRole('button', { name: 'Authorize', exact: true });
try {
  await connect();
  if (settings.tool) await call();
} finally {
  console.log(await page.locator('body').innerText());
  await browser.close();
}

async function connect() {
  await page.goto(settings.page);
  // The switch itself is hidden under its track.
  await page.getByRole('switch', { name: /^Connect or disconnect/ }).click({ force: true });
  await loginPage.or(tools).waitFor();
  if (await loginPage.isVisible()) await logIn();
  await tools.waitFor();
}

async function logIn() {
  for (const [name, value] of Object.entries(settings.fields)) await page.locator(`[name=${name}]`).fill(value);
  await page.keyboard.press('Enter');
}

async function call() {
  await fillIn();
  await execute.click();
  await results.or(authorize).first().waitFor();
  if (!(await authorize.isVisible())) return;
  await authorize.click();
  await loginPage.waitFor();
  await logIn();
  await page.getByText('Retry your action').waitFor();
  await fillIn();
  await execute.click();
  await results.waitFor();
}

async function fillIn() {
  await tools.click();
  await page.getByText(settings.tool, { exact: true }).first().click();
  for (const [name, value] of Object.entries(settings.arguments)) await page.getByRole('textbox', { name }).fill(value);
}
