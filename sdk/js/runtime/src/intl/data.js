// The data of a locale, which the builder packs as texts.

const isTree = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** `base` with what `changes` has, and without what is null there. */
function merge(base, changes) {
  const merged = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete merged[key];
    else merged[key] = isTree(value) && isTree(base[key]) ? merge(base[key], value) : value;
  }
  return merged;
}

/** Parses the text of a locale. That of British English has what differs from American English. */
export const parseData = (texts, name) => (name === 'en-GB' ? merge(JSON.parse(texts.en), JSON.parse(texts[name])) : JSON.parse(texts[name]));
