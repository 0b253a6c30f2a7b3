// What a component begins with whose plugin sends requests. The engine says of a request that failed that it failed, and
// not which it was. With its origin in the message the host knows whether it is one that it has denied, and then fails
// the job for good: no further attempt would be answered otherwise.

/** Runs in a component, as text: it sees nothing of this file. */
function nameFailedRequests(scope) {
  const send = scope.fetch;
  scope.fetch = async function fetch(input, init) {
    try {
      return await send(input, init);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      let origin;
      try {
        // Not the path: it may be a secret.
        origin = new URL(typeof input === 'object' && 'url' in input ? input.url : input).origin;
      } catch {
        throw error;
      }
      throw new TypeError(`fetch from ${origin}: ${error.message}`, { cause: error });
    }
  };
}

/** Puts it before a bundle that names `fetch`. What imports an author's module runs after this. */
export const withNamedFetch = (code) => (usesFetch(code) ? `(${nameFailedRequests})(globalThis);\n${code}` : code);

/** Whether there may be requests: a plugin that never names `fetch` does without HTTP, and its component says so. */
export const usesFetch = (code) => /\bfetch\b/.test(code);
