// Logs in with the token, and logs out.
//
//   {base, chromium, pictures?, token, queue} → {…}

import { axe, picture, script } from './browser.mjs';

await script(async (input, open) => {
  const page = await open({ size: 'phone' });
  const seen = {};
  const path = () => new URL(page.url()).pathname;

  await page.goto(`/queues/${input.queue}?state=failed`);
  seen.sentTo = path();
  seen.axe = await axe(page);
  await picture(page, input, 'login');
  await page.getByLabel('Token').fill('a wrong token, long enough');
  await page.keyboard.press('Enter');
  seen.wrong = await page.getByRole('alert').innerText();
  seen.stranger = (await page.context().cookies()).length;

  // With the keyboard only.
  await page.getByLabel('Token').fill(input.token);
  await page.keyboard.press('Tab');
  seen.focused = await page.evaluate(() => document.activeElement.textContent);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/queues/**');
  seen.cameTo = page.url().replace(input.base, '');
  const [cookie] = await page.context().cookies();
  seen.cookie = { httpOnly: cookie.httpOnly, sameSite: cookie.sameSite, isToken: cookie.value.includes(input.token) };
  seen.scriptSees = await page.evaluate(() => document.cookie);

  await page.getByRole('button', { name: 'Pause' }).click();
  seen.paused = await page.locator('.notice').innerText();

  // The same form without the session's CSRF token, and with one of another session.
  const send = (csrf) =>
    page.evaluate(async ([url, body]) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return (await fetch(url, { method: 'POST', body, headers, redirect: 'manual' })).status;
    }, [`/queues/${input.queue}/resume`, csrf]);
  seen.forged = [await send(''), await send('csrf=0123456789')];

  await page.getByRole('button', { name: 'Log out' }).click();
  seen.wentTo = path();
  await page.context().addCookies([cookie]);
  await page.goto('/');
  seen.oldCookie = path();
  return seen;
});
