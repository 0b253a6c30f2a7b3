// The first code of a component whose plugin sends requests. The engine's error says that a request failed, but not
// which one. With the origin in the message, the host recognizes a request that it has denied, and fails the job for
// good, because another attempt would fail as well.

/** Runs in a component, as text, so it cannot use anything of this file. */
function nameFailedRequests(scope) {
  const send = scope.fetch;
  scope.fetch = async function fetch(input, init) {
    try {
      return await send(input, init);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      let origin;
      try {
        // Not the path, which may contain a secret.
        origin = new URL(typeof input === 'object' && 'url' in input ? input.url : input).origin;
      } catch {
        throw error;
      }
      throw new TypeError(`fetch from ${origin}: ${error.message}`, { cause: error });
    }
  };
}

/** Adds it before a bundle that names `fetch`. Modules that the author's module imports run after this. */
export const withNamedFetch = (code) => (usesFetch(code) ? `(${nameFailedRequests})(globalThis);\n${code}` : code);

/** Whether there may be requests. A plugin that never names `fetch` does not import HTTP. */
export const usesFetch = (code) => /\bfetch\b/.test(code);
