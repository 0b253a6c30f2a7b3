// Removes calls of a bundle that give a function the name that it has already. esbuild's `keepNames` adds one for each
// function and class, and they run each time that an inner function is made.

const OF_FUNCTION = /^([ \t]*)__name\((\w+), "\2"\);$/gm;
const OF_CLASS = /\bclass (\w+)( extends [^\n{]+)? \{\n[ \t]*static \{\n[ \t]*__name\(this, "\1"\);\n[ \t]*\}/g;

/** Keeps the number of lines, so that a source map still fits. */
export const withoutRedundantNames = (code) =>
  code.replace(OF_FUNCTION, '$1').replace(OF_CLASS, (all, name, parent = '') => `class ${name}${parent} {\n\n\n`);
