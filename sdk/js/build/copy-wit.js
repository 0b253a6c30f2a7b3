// Copies the plugin interface into the package before it is packed or installed from its folder, and removes it
// again.
import { cp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const copy = fileURLToPath(new URL('../wit/toril-plugin', import.meta.url));

if (process.argv.includes('--remove')) {
  await rm(copy, { recursive: true, force: true });
} else {
  await cp(fileURLToPath(new URL('../../../wit/since-0.2', import.meta.url)), copy, { recursive: true });
}
