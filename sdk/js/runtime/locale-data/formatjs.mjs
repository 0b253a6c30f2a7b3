// Reads the data of the FormatJS packages, whose files hand it to a class of `Intl`.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import vm from 'node:vm';

const require = createRequire(import.meta.url);

/** What the package has for a locale. `name` is that of the class. */
export async function dataOf(name, locale) {
  const path = require.resolve(`@formatjs/intl-${name.toLowerCase()}/locale-data/${locale}.js`);
  let added;
  const Intl = { [name]: { __addLocaleData: ({ data }) => { added = data; } } };
  vm.runInNewContext(await readFile(path, 'utf8'), { Intl });
  if (added === undefined) throw new Error(`${path} adds no data`);
  return added;
}
