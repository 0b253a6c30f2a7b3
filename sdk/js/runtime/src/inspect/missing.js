// The formatter reads every global of the language when it is loaded. The engine has no threads, so it lacks these.
const missing = ['Atomics', 'SharedArrayBuffer'].filter((name) => !(name in globalThis));
for (const name of missing) globalThis[name] = class {};

/** Removes them again, so that libraries see what the engine has. */
export function removeMissing() {
  for (const name of missing) delete globalThis[name];
}
