// The strings that a component gives to the host. What componentize-js 0.23 puts around a plugin looks at each character
// of a string before it encodes the string. The engine only interprets: that alone takes it 13 ms for 64 KiB. To encode them
// is code of its own, and takes it no time that is felt.
/* global TEXT_ENCODER_UTF8 */

/** Stands in a component, as text, in the place of the function of that name: it sees nothing of this file. */
function _utf8AllocateAndEncode(text, realloc, memory) {
  if (typeof text !== 'string') throw new TypeError(`expected a string, received [${typeof text}]`);
  if (text.length === 0) return { ptr: 1, len: 0 };
  const bytes = TEXT_ENCODER_UTF8.encode(text);
  const ptr = realloc(0, 0, 1, bytes.length);
  new Uint8Array(memory.buffer, ptr, bytes.length).set(bytes);
  return { ptr, len: bytes.length };
}

const slow = /^function _utf8AllocateAndEncode\(s, realloc, memory\) \{$[^]*?^\}$/m;

/** Puts it into the bindings of a component. Those of another version stay what they are. */
export const withQuickStrings = (bindings) => bindings.replace(slow, () => String(_utf8AllocateAndEncode));
