// The WIT world of a component: the export `handler`, and only the imports that the plugin uses.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const wit = fileURLToPath(new URL('../wit', import.meta.url));

/** In the repository, the interface is next to the SDK. A published package has a copy. */
export const interfaceFolder = [join(wit, '../../../wit/since-0.2'), join(wit, 'toril-plugin')].find((folder) =>
  existsSync(join(folder, 'plugin.wit')),
);

/** Writes the world `plugin` and its dependencies into a folder. */
export async function writeWorld(folder, interfaces) {
  if (!interfaceFolder) {
    throw new Error(
      `the plugin interface is missing from ${wit}. Install this package again, from a checkout of Toril with its scripts allowed`,
    );
  }
  await mkdir(join(folder, 'deps'), { recursive: true });
  await cp(interfaceFolder, join(folder, 'deps/toril-plugin'), { recursive: true });
  await cp(join(wit, 'wasi-config'), join(folder, 'deps/wasi-config'), { recursive: true });
  await cp(join(wit, 'wasi-keyvalue'), join(folder, 'deps/wasi-keyvalue'), { recursive: true });
  const imports = interfaces.map((name) => `    import ${name};\n`).join('');
  const world = `package toril:built;\n\nworld plugin {\n${imports}    export toril:plugin/handler@0.2.0;\n}\n`;
  await writeFile(join(folder, 'world.wit'), world);
}
