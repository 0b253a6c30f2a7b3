// Module loader hooks for componentize-js 0.23, which imports a package that it does not declare as a dependency.
// Whether Node finds it depends on npm's layout of the other packages. These hooks always use this package's own
// dependency.
const UNDECLARED = '@bytecodealliance/preview2-shim';

export function resolve(specifier, context, next) {
  const ours = specifier === UNDECLARED || specifier.startsWith(`${UNDECLARED}/`);
  return next(specifier, ours ? { ...context, parentURL: import.meta.url } : context);
}
