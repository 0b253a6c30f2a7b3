// Runs one bundle in Node without Node: its globals are gone, and the modules of the engine are imitated. This finds most
// faults of a bundle without the engine. Started by run.mjs: `node --experimental-vm-modules shell.mjs BUNDLE JOB`.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { imitation } from './imitation.mjs';

const [bundle, job] = process.argv.slice(2);
const code = readFileSync(bundle, 'utf8');
const { exit } = process;
const write = process.stdout.write.bind(process.stdout);

// `Buffer` and `setImmediate` stay, because Node's own fetch needs them. The bundler replaces them in the bundle anyway.
for (const name of ['process', 'navigator']) delete globalThis[name];
const modules = new Map();
const link = async (specifier) => {
  if (!modules.has(specifier)) {
    const exported = imitation(specifier);
    const names = Object.keys(exported);
    const module = new vm.SyntheticModule(names, function () {
      for (const name of names) this.setExport(name, exported[name]);
    });
    modules.set(specifier, module);
  }
  return modules.get(specifier);
};

let isDone = false;
const finish = (result) => {
  if (isDone) return;
  isDone = true;
  write(`\n@@result ${JSON.stringify(result)}\n`, () => exit(0));
};

try {
  const module = new vm.SourceTextModule(code, { identifier: 'plugin.js' });
  await module.link(link);
  await module.evaluate();
  imitation.isLive = true;
  const result = await module.namespace.handler.handle(JSON.parse(job));
  finish({ value: JSON.parse(result) });
} catch (error) {
  finish({ error: error?.stack ?? JSON.stringify(error) });
}
