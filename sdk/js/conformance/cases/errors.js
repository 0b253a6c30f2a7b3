// Errors: names, messages that libraries look at, and the shape of stacks.
class Custom extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'Custom';
  }
}

function thrower() {
  throw new TypeError('deep');
}

const caught = (run) => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

export function cases(add) {
  add('text', () => [String(new Error('a')), String(new Error()), String(new Custom('b')), Object.prototype.toString.call(new RangeError('x'))]);
  add('cause', () => { const error = new Error('a', { cause: 'b' }); return [error.cause, Object.keys(error), 'cause' in new Error('x')]; });
  add('AggregateError', () => { const error = new AggregateError([1, 2], 'm'); return [error.message, error.errors]; });
  add('own properties', () => Object.getOwnPropertyNames(new Error('a')).filter((name) => name !== 'stack'));
  add('a stack begins with the error', () => new Error('first\nsecond').stack.split('\n').slice(0, 2));
  add('a stack of a library error', () => new RangeError('r').stack.split('\n')[0]);
  add('a stack names functions', () => caught(thrower).stack.split('\n')[1].trim().split(' ').slice(0, 2));
  add('a stack has file, line and column', () => /:\d+:\d+\)?$/.test(new Error('x').stack.split('\n')[1]));
  add('captureStackTrace', () => { const target = { name: 'N', message: 'm' }; Error.captureStackTrace(target); return [target.stack.split('\n')[0], Object.keys(target)]; });
  add('a stack can be set', () => { const error = new Error('x'); error.stack = 'mine'; return error.stack; });
  add('DOMException', () => { const error = new DOMException('m', 'AbortError'); return [error.name, error.message, error.code, error instanceof Error, String(error)]; });
  const engine = {
    'a property of undefined': () => undefined.x, 'a call of undefined': () => (void 0)(), 'a missing variable': () => missing, 'a constant': new Function('const a = 1; a = 2;'),
    'no constructor': () => new (() => {})(), 'invalid JSON': () => JSON.parse('{'), 'an invalid length': () => new Array(-1), 'an invalid date': () => new Date(NaN).toISOString(),
    'a class without new': () => (class {})(), 'a frozen object': () => { Object.freeze([1]).push(2); }, 'an instance of nothing': () => 1 instanceof 1, 'a symbol as text': () => `${Symbol('a')}`,
  };
  for (const [name, run] of Object.entries(engine)) add(`the class for ${name}`, () => caught(run).constructor.name);
  add('abort reason', () => [AbortSignal.abort().reason.name, AbortSignal.abort().reason.message, AbortSignal.abort('x').reason]);
  add('structuredClone of an error', () => { const copy = structuredClone(new RangeError('m', { cause: 1 })); return [copy instanceof RangeError, copy.message, copy.cause]; });
}
