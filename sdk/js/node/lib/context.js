// The context of asynchronous code: the values of all AsyncLocalStorages. It is an immutable Map, or undefined.
let current;
let isInstalled = false;

export const capture = () => current;

/** Calls a function in a context. */
export function run(context, callback) {
  const before = current;
  current = context;
  try {
    return callback();
  } finally {
    current = before;
  }
}

/** Changes the context for the rest of the running code. */
export const enter = (context) => {
  current = context;
};

/** A function that runs in the context of now. The same function, if there is no AsyncLocalStorage. */
export function keep(callback) {
  if (!isInstalled || typeof callback !== 'function') return callback;
  const context = current;
  return function (...args) {
    return run(context, () => Reflect.apply(callback, this, args));
  };
}

/** The same for the reaction to a promise, which is most of them: it has one argument. */
function keepReaction(callback) {
  if (typeof callback !== 'function') return callback;
  const context = current;
  return (value) => {
    const before = current;
    current = context;
    try {
      return callback(value);
    } finally {
      current = before;
    }
  };
}

/**
 * Makes everything that calls back later keep its context. The engine's `await` of a promise does not call `then`, so
 * the bundler rewrites the asynchronous functions of a bundle that has an AsyncLocalStorage: see `build/bundle.js`.
 */
export function install() {
  if (isInstalled) return;
  isInstalled = true;
  const { then } = Promise.prototype;
  Object.defineProperty(Promise.prototype, 'then', {
    value: function (onFulfilled, onRejected) {
      return then.call(this, keepReaction(onFulfilled), keepReaction(onRejected));
    },
    writable: true,
    configurable: true,
  });
  for (const name of ['queueMicrotask', 'setTimeout', 'setInterval']) {
    const original = globalThis[name];
    if (typeof original !== 'function') continue;
    globalThis[name] = (callback, ...args) => original(keep(callback), ...args);
  }
}
