// Frames of componentize-js around a plugin, which are of no use to its author.
const AROUND = /\/sources\/initializer\.js/;

/** An error with its stack, as text. Some engines begin the stack with the error itself, some do not. */
export function withStack(error) {
  const head = String(error);
  const stack = (error.stack ?? '').split('\n').filter((line) => line !== '' && !AROUND.test(line)).join('\n');
  if (stack === '') return head;
  return stack.startsWith(head) ? stack : `${head}\n${stack}`;
}
