// Builds a component from a plugin's source.
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundle } from './bundle.js';
import { usesFetch, withNamedFetch } from './named-fetch.js';
import { withQuickStrings } from './quick-strings.js';
import { writeWorld } from './world.js';

register('./undeclared.js', import.meta.url);
const { componentize } = await import('@bytecodealliance/componentize-js');
// The bindings generator has no hook to change its output.
const { splicer } = await import(
  new URL('../lib/spidermonkey-embedding-splicer.js', import.meta.resolve('@bytecodealliance/componentize-js'))
);
const splice = splicer.spliceBindings;
splicer.spliceBindings = (...what) => {
  const spliced = splice(...what);
  return { ...spliced, jsBindings: withQuickStrings(spliced.jsBindings) };
};

/** Builds a plugin. Returns its size and the interfaces that it imports, except those of the engine. */
export async function buildPlugin(entry, output) {
  const { code, interfaces, warnings } = await bundle(entry);
  const folder = await mkdtemp(join(tmpdir(), 'toril-plugin-'));
  try {
    await writeFile(join(folder, 'plugin.js'), withNamedFetch(code));
    await writeWorld(join(folder, 'wit'), interfaces);
    const { component } = await componentize({
      sourcePath: join(folder, 'plugin.js'),
      witPath: join(folder, 'wit'),
      worldName: 'plugin',
      disableFeatures: usesFetch(code) ? ['fetch-event'] : ['http', 'fetch-event'],
    });
    await mkdir(dirname(output), { recursive: true });
    // A host that watches the folder must never see an incomplete component.
    const partial = `${output}.partial`;
    await writeFile(partial, component);
    await rename(partial, output);
    return { bytes: component.length, interfaces, warnings };
  } catch (error) {
    throw new Error(inShort(error.message), { cause: error });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The error of a module's top level, without the messages of the engine and its tool around it. */
const inShort = (message) => message.replace(/^Failed to initialize component .*\n/, '').split('\nAdditionally, ')[0];
