// Node's loader hooks for componentize-js 0.23, which imports a package that it does not depend on: whether that is
// found is up to how npm happened to lay out the others. Here it is always this package's own.
const UNDECLARED = '@bytecodealliance/preview2-shim';

export function resolve(specifier, context, next) {
  const ours = specifier === UNDECLARED || specifier.startsWith(`${UNDECLARED}/`);
  return next(specifier, ours ? { ...context, parentURL: import.meta.url } : context);
}
