// Stacks of errors as text.

/** An error with its stack, as text. Some engines begin the stack with the error itself, some do not. */
export function withStack(error) {
  const head = String(error);
  const stack = (error.stack ?? '').split('\n').filter((line) => line !== '').join('\n');
  if (stack === '') return head;
  return stack.startsWith(head) ? stack : `${head}\n${stack}`;
}
