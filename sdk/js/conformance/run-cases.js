// Runs cases and collects a text for each: what it returned, or the error that it threw.

/** `cases(add)` calls `add(label, run)` for each case. */
export async function run(cases) {
  const list = [];
  cases((label, run) => list.push([label, run]));
  const texts = {};
  for (const [label, run] of list) {
    if (Object.hasOwn(texts, label)) throw new Error(`two cases are called ${label}`);
    texts[label] = await textOf(run);
  }
  return texts;
}

async function textOf(run) {
  try {
    return show(await run());
  } catch (error) {
    return error instanceof Error ? `threw ${error.name}${error.code === undefined ? '' : ` ${error.code}`}` : `threw ${show(error)}`;
  }
}

/** A value as text that tells apart what JSON does not. */
function show(value) {
  if (typeof value === 'string') return value.isWellFormed() ? value : JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0';
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return `bytes ${[...new Uint8Array(value)].join(' ')}`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  return JSON.stringify(value) ?? String(value);
}
