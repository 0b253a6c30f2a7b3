// Adds jobs through forms that are generated from schemas.
//
//   {base, chromium, pictures?, message, number} (two queues) → {…}

import { axe, picture, script } from './browser.mjs';

await script(async (input, open) => {
  const page = await open({ size: 'phone', scheme: 'dark' });
  const seen = {};
  const add = () => page.getByRole('button', { name: 'Add the job' }).click();
  const data = () => page.locator('section', { has: page.locator('#data') }).locator('pre').innerText();

  await page.goto(`/queues/${input.message}/add`);
  await page.getByRole('link', { name: 'send', exact: true }).click();
  await page.getByLabel('metadata').fill('[1]');
  await add();
  seen.messageWrong = await wrongAt(page, page.getByLabel('message'));
  seen.metadataWrong = await wrongAt(page, page.getByLabel('metadata'));
  seen.kept = await page.getByLabel('metadata').inputValue();
  seen.axe = await axe(page);
  await picture(page, input, 'form-wrong');
  // A text or a list of parts, so the form takes it as JSON.
  await page.getByLabel('message').fill(JSON.stringify('Hello, "you" & <b>all</b>'));
  await page.getByLabel('metadata').fill('{"deep": {"a": [1, 2]}}');
  await add();
  seen.message = JSON.parse(await data());

  await page.goto(`/queues/${input.number}/add`);
  await page.getByLabel('n', { exact: true }).fill('many');
  await add();
  seen.numberWrong = await wrongAt(page, page.getByLabel('n', { exact: true }));
  await page.getByLabel('n', { exact: true }).fill('2.5');
  await add();
  seen.number = JSON.parse(await data());

  await page.goto(`/queues/${input.number}/add`);
  await page.getByRole('link', { name: 'Write the data as JSON' }).click();
  await page.getByLabel('Data').fill('{"n": "x"}');
  await add();
  seen.jsonWrong = await page.locator('#data-wrong').innerText();

  // Every kind of field: a choice, yes or no, nested objects, defaults, JSON.
  await page.goto(`/queues/${input.parcel}/add`);
  seen.types = await page.locator('.choices a').allInnerTexts();
  await page.getByRole('link', { name: 'send' }).click();
  seen.pieces = await page.getByLabel('pieces').inputValue();
  seen.choices = await page.getByLabel('speed').locator('option').allInnerTexts();
  seen.parcelAxe = await axe(page);
  await picture(page, input, 'form-parcel');
  const to = page.getByRole('group', { name: 'to', exact: true });
  await to.getByLabel('name').fill('Ada');
  await page.getByLabel('weight').fill('2.5');
  await page.getByLabel('pieces').fill('999');
  await add();
  seen.speedWrong = await wrongAt(page, page.getByLabel('speed'));
  seen.piecesWrong = await wrongAt(page, page.getByLabel('pieces'));
  seen.keptName = await to.getByLabel('name').inputValue();
  await page.getByLabel('speed').selectOption({ label: 'fast' });
  await page.getByLabel('pieces').fill('3');
  await page.getByLabel('signature').selectOption({ label: 'yes' });
  await page.getByLabel('labels').fill('{"fragile": "very"}');
  await add();
  seen.parcel = JSON.parse(await data());
  return seen;
});

/// The message at a field, and whether the field is marked as invalid.
async function wrongAt(page, field) {
  const described = (await field.getAttribute('aria-describedby')).split(' ').at(-1);
  return `${await field.getAttribute('aria-invalid')}: ${await page.locator(`#${described}`).innerText()}`;
}
