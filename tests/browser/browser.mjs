// The common part of all scripts: one JSON argument as input, one JSON line as output, and a browser that is closed
// at the end.

import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

/// The width of a desktop, and of the narrowest supported phone.
export const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };
export const SCHEMES = ['light', 'dark'];

/// Runs `main(input, open)` and prints its result. `open(options)` returns a page of a fresh session, which collects
/// every complaint of the browser in `page.complaints`.
export async function script(main) {
  const input = JSON.parse(process.argv[2] ?? '{}');
  const browser = await chromium.launch({
    executablePath: input.chromium,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  try {
    const result = await main(input, (options) => open(browser, input, options));
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } catch (error) {
    console.error(error?.stack ?? String(error));
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

async function open(browser, { base }, { size = 'wide', scheme = 'light', script: javaScriptEnabled = true } = {}) {
  const context = await browser.newContext({ baseURL: base, viewport: SIZES[size], colorScheme: scheme, javaScriptEnabled });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.message}`));
  page.on('dialog', async (dialog) => {
    page.complaints.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(`console: ${message.text()}`);
  });
  return page;
}

/// The problems that axe rates as serious or worse, each as one line. Legacy mode runs axe in the page itself, which
/// is several times as fast as the default mode. The modes differ only for pages with frames, and the dashboard has
/// none.
export async function axe(page) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  const serious = violations.filter(({ impact }) => ['serious', 'critical', 'moderate'].includes(impact));
  return serious.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes[0].html.slice(0, 200)}`);
}

/// By how many pixels the page is wider than the screen.
export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/// Saves a screenshot, if the caller passed a folder for them.
export async function picture(page, { pictures }, name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
}
