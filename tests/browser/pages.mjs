// Opens pages on a desktop and on a phone, in light and dark mode.
//
//   {base, chromium, pictures?, pages: {name: path}, token?} → {pages: [{name, size, scheme, status, title, axe, overflow, complaints}]}

import { SCHEMES, SIZES, axe, overflow, picture, script } from './browser.mjs';

await script(async (input, open) => {
  const seen = [];
  for (const size of Object.keys(SIZES)) {
    for (const scheme of SCHEMES) {
      const page = await open({ size, scheme });
      if (input.token) await logIn(page, input.token);
      for (const [name, path] of Object.entries(input.pages)) {
        page.complaints.length = 0;
        const answer = await page.goto(path);
        await page.waitForLoadState('load');
        const one = { name, size, scheme, status: answer.status(), title: await page.title() };
        one.axe = await axe(page);
        one.overflow = await overflow(page);
        one.complaints = [...page.complaints];
        await picture(page, input, `${name}-${size}-${scheme}`);
        seen.push(one);
      }
      await page.context().close();
    }
  }
  return { pages: seen };
});

async function logIn(page, token) {
  await page.goto('/login');
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
}
