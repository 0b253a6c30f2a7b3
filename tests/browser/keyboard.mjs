// Navigates pages with the keyboard only.
//
//   {base, chromium, pages: [path]} → {pages: [{path, first, skipped, missed, unseen}]}

import { script } from './browser.mjs';

await script(async (input, open) => {
  const seen = [];
  for (const path of input.pages) {
    const page = await open();
    // Live updates must not replace the elements that are counted.
    await page.route('**/live?*', (route) => route.abort());
    await page.goto(path);
    const all = await page.evaluate(() => {
      const wanted = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
      const found = [...document.querySelectorAll(wanted)].filter((one) => one.checkVisibility());
      found.forEach((one, place) => (one.dataset.place = place));
      return found.map((one) => one.outerHTML.slice(0, 120));
    });
    const reached = new Set();
    const unseen = [];
    let first;
    for (let presses = 0; presses <= all.length; presses += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const one = document.activeElement;
        const style = getComputedStyle(one);
        const seen = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2;
        return { place: one.dataset.place, text: one.textContent, seen, tag: one.outerHTML.slice(0, 120) };
      });
      first ??= at.text;
      if (at.place === undefined) continue;
      reached.add(Number(at.place));
      if (!at.seen) unseen.push(at.tag);
    }
    const missed = all.filter((_, place) => !reached.has(place));

    await page.reload();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const skipped = await page.evaluate(() => document.activeElement.id);
    seen.push({ path, first, skipped, missed, unseen });
    await page.context().close();
  }
  return { pages: seen };
});
