// Opens pages of jobs that try to inject markup and scripts.
//
//   {base, chromium, pictures?, pages: [path]} → {pages: [{text, markup, complaints, ran}]}

import { axe, overflow, picture, script } from './browser.mjs';

await script(async (input, open) => {
  const seen = [];
  for (const [place, path] of input.pages.entries()) {
    const page = await open({ size: 'phone' });
    const answer = await page.goto(path);
    await page.waitForLoadState('load');
    seen.push({
      path,
      status: answer.status(),
      text: await page.locator('main').innerText(),
      // Elements that only a job can have added.
      brought: await page.locator('main :is(script, img, iframe, b, a[href^="javascript"], [onerror], [onclick])').count(),
      ran: await page.evaluate(() => Boolean(globalThis.pwned)),
      overflow: await overflow(page),
      axe: await axe(page),
      complaints: page.complaints,
    });
    await picture(page, input, `hostile-${place}`);
    await page.context().close();
  }
  return { pages: seen };
});
