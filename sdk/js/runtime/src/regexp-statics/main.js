// The properties of the last match, such as `RegExp.$1`. They are old, but packages such as linkedom read them. Only bundles
// that do get this part, because it makes each match slower.

let last = null;

const { exec } = RegExp.prototype;
const replacement = {
  exec(text) {
    const match = exec.call(this, text);
    if (match !== null) last = match;
    return match;
  },
};
Object.defineProperty(RegExp.prototype, 'exec', { value: replacement.exec, writable: true, configurable: true });

const endOf = (match) => match.index + match[0].length;
const properties = {
  input: (match) => match.input,
  lastMatch: (match) => match[0],
  lastParen: (match) => (match.length > 1 ? match.at(-1) : ''),
  leftContext: (match) => match.input.slice(0, match.index),
  rightContext: (match) => match.input.slice(endOf(match)),
};
for (let group = 1; group <= 9; group += 1) properties[`$${group}`] = (match) => match[group];
for (const [name, of] of Object.entries(properties)) {
  Object.defineProperty(RegExp, name, { get: () => (last === null ? '' : (of(last) ?? '')), configurable: true });
}
