// Finds out what a processor needs and what it cannot do in a plugin, from its source: `toril plugin check`.
//
// It reads the author's own files, and not the packages that they import. It sees names and texts, and no values: what a
// processor computes, such as the name of a queue, is reported as such.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isAbsolute, relative, resolve } from 'node:path';
import { bundle } from './bundle.js';
import { databaseLines, databases, isDatabaseClient } from './check-databases.js';
import { isSocketClient, sockets } from './check-sockets.js';
import { ADVICE, CLIENTS, isClient, REFUSED_METHODS, PROCESSOR_METHODS, STUBS, WORKING_IMPORTS } from './check-facts.js';

/**
 * @typedef {{ file: string, line: number, what: string, why?: string }} Finding
 * @returns {Promise<{ works: Finding[], grants: { key: string, values: string[], at: Finding[] }[], fails: Finding[] }>}
 */
export async function check(entry) {
  const path = isAbsolute(entry) ? entry : resolve(entry);
  const typescript = typescriptOf(path);
  const report = new Report();
  let files = [path];
  try {
    const { metafile } = await bundle(path);
    files = Object.keys(metafile.inputs).filter(isOwn).map((file) => resolve(file));
  } catch (error) {
    for (const { text, location } of error.errors ?? []) {
      report.fails.push({ file: location?.file ?? entry, line: location?.line ?? 1, what: 'the bundle', why: text });
    }
    if (!error.errors) throw error;
  }
  for (const file of files) scan(typescript, file, await readFile(file, 'utf8'), report);
  return report.sorted();
}

/** TypeScript's parser reads JavaScript, too. It is the project's own, else that of this package. */
function typescriptOf(path) {
  for (const from of [path, import.meta.url]) {
    try {
      return createRequire(from)('typescript');
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error('checking a processor needs TypeScript: npm install --save-dev typescript');
}

/** Whether a file of the bundle is the author's, and not a package's or this SDK's. */
const isOwn = (file) =>
  !file.includes(':') && !file.includes('node_modules/') && file !== 'toril-plugin.js' && !resolve(file).startsWith(SDK);
const SDK = new URL('..', import.meta.url).pathname;

class Report {
  works = [];
  fails = [];
  #grants = new Map();

  /** A value of one of the keys of a plugin's entry. */
  grant(key, value, at) {
    const grant = this.#grants.get(key) ?? { key, values: new Set(), at: [] };
    if (value !== undefined) grant.values.add(value);
    grant.at.push(at);
    this.#grants.set(key, grant);
  }

  sorted() {
    const order = (a, b) => a.file.localeCompare(b.file) || a.line - b.line;
    const grants = [...this.#grants.values()].map(({ key, values, at }) => ({ key, values: [...values].sort(), at: at.sort(order) }));
    return { works: this.works.sort(order), grants, fails: this.fails.sort(order) };
  }
}

function scan(ts, file, text, report) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const shown = relative(process.cwd(), file) || file;
  const at = (node, what, why) => ({
    file: shown,
    line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1,
    what,
    ...(why && { why }),
  });
  const names = namesOf(ts, source);
  const visit = (node) => {
    imports(ts, node, at, report);
    constructions(ts, node, at, report, names);
    databases(ts, node, at, report, names.hasDatabase);
    sockets(ts, node, at, report, names.modules);
    calls(ts, node, at, report, names);
    texts(ts, node, at, report);
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/** The local names of BullMQ's exports, of queues, and of the processor's job. */
function namesOf(ts, source) {
  const names = { bullmq: new Map(), instances: new Map(), job: undefined, hasDatabase: false, modules: [] };
  const visit = (node) => {
    if (ts.isImportDeclaration(node) && node.moduleSpecifier.text === 'bullmq') {
      for (const { name, propertyName } of node.importClause?.namedBindings?.elements ?? []) {
        names.bullmq.set(name.text, (propertyName ?? name).text);
      }
    }
    if (ts.isVariableDeclaration(node) && isRequire(ts, node.initializer, 'bullmq') && ts.isObjectBindingPattern(node.name)) {
      for (const { name, propertyName } of node.name.elements) names.bullmq.set(name.text, (propertyName ?? name).text);
    }
    const isTypeOnly = node.importClause?.isTypeOnly;
    const specifier = ts.isImportDeclaration(node) && !isTypeOnly ? node.moduleSpecifier.text : requiredBy(ts, node);
    if (specifier) names.modules.push(specifier.replace(/^node:/, ''));
    if (isDatabaseClient(specifier) || isRequire(ts, node, 'pg')) names.hasDatabase = true;
    ts.forEachChild(node, visit);
  };
  visit(source);
  const instances = (node) => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer && ts.isNewExpression(node.initializer)) {
      const type = names.bullmq.get(node.initializer.expression.text);
      if (type) names.instances.set(node.name.text, type);
    }
    ts.forEachChild(node, instances);
  };
  instances(source);
  names.job = processorOf(ts, source)?.parameters[0]?.name?.text;
  return names;
}

/** The function that the module exports. */
function processorOf(ts, source) {
  let found;
  const functions = new Map();
  const named = (node) => (node && ts.isIdentifier(node) ? functions.get(node.text) : node);
  for (const node of source.statements) {
    if (ts.isFunctionDeclaration(node) && node.name) functions.set(node.name.text, node);
    for (const { name, initializer } of node.declarationList?.declarations ?? []) {
      if (initializer && ts.isFunctionLike(initializer)) functions.set(name.text, initializer);
    }
  }
  for (const node of source.statements) {
    if (ts.isExportAssignment(node)) found = named(node.expression);
    const modifiers = ts.isFunctionDeclaration(node) ? (ts.getModifiers(node) ?? []) : [];
    if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) found = node;
    const assigned = ts.isExpressionStatement(node) && ts.isBinaryExpression(node.expression) ? node.expression : undefined;
    if (assigned && /^(module\.exports|exports\.default)$/.test(assigned.left.getText(source))) found = named(assigned.right);
  }
  return found && ts.isFunctionLike(found) ? found : undefined;
}

const isRequire = (ts, node, name) =>
  node && ts.isCallExpression(node) && node.expression.getText() === 'require' && node.arguments[0]?.text === name;

/** The name in `require('name')`. */
const requiredBy = (ts, node) =>
  ts.isCallExpression(node) && node.expression.getText() === 'require' ? node.arguments[0]?.text : undefined;

/** Imports: of BullMQ, of Node's modules, and of packages. */
function imports(ts, node, at, report) {
  const isStatic = ts.isImportDeclaration(node) || (ts.isExportDeclaration(node) && node.moduleSpecifier);
  if (isStatic && node.importClause?.isTypeOnly) return;
  const called =
    ts.isCallExpression(node) &&
    (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require');
  const specifier = isStatic ? node.moduleSpecifier : called ? node.arguments[0] : undefined;
  if (!specifier) return;
  if (specifier.text === undefined) {
    report.fails.push(at(node, 'an import of a computed name', 'a plugin is one file, in which every import must be a fixed text'));
    return;
  }
  const name = specifier.text.replace(/^node:/, '');
  if (name.startsWith('.') || name === 'bullmq') return;
  if (STUBS.has(name.split('/')[0])) {
    report.fails.push(at(node, `the module ${name}`, 'its functions fail in a plugin, with a message that names the alternative'));
  } else {
    report.works.push(at(node, `the module ${name}`));
    if (isClient(name)) report.grant('http', CLIENTS.get(name), at(node, `the module ${name} sends requests`));
    if (isDatabaseClient(name)) report.grant('postgres', undefined, at(node, `the module ${name}`));
    // Its calls say which servers.
    if (isSocketClient(name)) report.works.at(-1).why = 'over the grants `tcp` and `tls`';
  }
}

/** `new Queue('mails')` and the other classes of BullMQ. */
function constructions(ts, node, at, report, names) {
  if (ts.isImportSpecifier(node) && node.parent.parent.parent.moduleSpecifier.text === 'bullmq') {
    const name = (node.propertyName ?? node.name).text;
    if (node.isTypeOnly || node.parent.parent.isTypeOnly) return;
    if (WORKING_IMPORTS.has(name)) report.works.push(at(node, `${name} of bullmq`));
    return;
  }
  if (!ts.isNewExpression(node)) return;
  const type = names.bullmq.get(node.expression.text);
  if (type === 'Queue') queueName(node.arguments?.[0], node, at, report);
  else if (ADVICE[type]) report.fails.push(at(node, `new ${type}()`, ADVICE[type]));
}

function queueName(argument, node, at, report) {
  const value = argument?.text;
  report.grant('add_to', value, at(node, value === undefined ? 'a queue whose name is computed' : `the queue ${value}`));
}

/** Calls on queues, flow producers and the job. */
function calls(ts, node, at, report, names) {
  // `queueName: 'mails'` in the tree of a flow.
  if (ts.isPropertyAssignment(node) && node.name.text === 'queueName' && [...names.bullmq.values()].includes('FlowProducer')) {
    queueName(node.initializer, node, at, report);
  }
  for (const name of variables(ts, node)) {
    if (name !== 'NODE_ENV') report.grant('env', name, at(node, `process.env.${name}`));
  }
  if (isComputedVariable(ts, node)) report.grant('env', undefined, at(node, 'a variable whose name is computed'));
  if (!ts.isCallExpression(node)) return;
  // An address that is a text is found by itself.
  if (node.expression.getText() === 'fetch' && ts.isIdentifier(node.arguments[0] ?? node)) {
    report.grant('http', undefined, at(node, 'a request to an address that is computed'));
  }
  if (!ts.isPropertyAccessExpression(node.expression)) return;
  const { expression: object, name } = node.expression;
  const type = names.instances.get(object.text);
  const advice = type && REFUSED_METHODS[type]?.[name.text];
  if (advice) report.fails.push(at(node, `${object.text}.${name.text}()`, advice));
  if (names.job && object.text === names.job) {
    const known = PROCESSOR_METHODS.has(name.text);
    const what = `${object.text}.${name.text}()`;
    if (known) report.works.push(at(node, what));
    else report.fails.push(at(node, what, 'the job of a sandboxed processor has no such method, in Node neither'));
  }
}

const isEnvironment = (node) => node?.getText() === 'process.env';

/** `process.env[name]`. */
const isComputedVariable = (ts, node) =>
  ts.isElementAccessExpression(node) && isEnvironment(node.expression) && node.argumentExpression.text === undefined;

/** The environment variables that an expression or a declaration reads. */
function variables(ts, node) {
  if (ts.isPropertyAccessExpression(node) && isEnvironment(node.expression)) return [node.name.text];
  if (ts.isElementAccessExpression(node) && isEnvironment(node.expression)) return [node.argumentExpression.text ?? []].flat();
  if (!ts.isVariableDeclaration(node) || !isEnvironment(node.initializer) || !ts.isObjectBindingPattern(node.name)) return [];
  return node.name.elements.filter(({ dotDotDotToken }) => !dotDotDotToken).map(({ name, propertyName }) => (propertyName ?? name).text);
}

/** Addresses of servers. */
function texts(ts, node, at, report) {
  const text = ts.isStringLiteralLike(node) || node.kind === ts.SyntaxKind.TemplateHead ? node.text : undefined;
  const origin = text && /^https?:\/\/[^\s/?#'"`$]+/.exec(text)?.[0];
  if (!origin) return;
  // The rest of a template may be the rest of the host's name.
  const isWhole = text.length > origin.length || node.kind !== ts.SyntaxKind.TemplateHead;
  report.grant('http', isWhole ? origin : undefined, at(node, isWhole ? origin : `an address that begins with ${origin}`));
}

/** The lines of a plugin's entry in queues.toml. */
function linesOf(key, values) {
  if (key === 'postgres') return databaseLines(values);
  if (key === 'env') return [`env = { ${values.map((name) => `${name} = "env:${name}"`).join(', ')} }`];
  return [`${key} = [${values.map((value) => JSON.stringify(value)).join(', ')}]`];
}

/** The report as text for people. */
export function describe(entry, { works, grants, fails }) {
  const lines = [];
  const list = (title, findings) => {
    if (findings.length === 0) return;
    lines.push('', title);
    for (const { file, line, what, why } of findings) lines.push(`  ${file}:${line}  ${what}${why ? `: ${why}` : ''}`);
  };
  list('works:', works);
  if (grants.length > 0) {
    lines.push('', 'needs these lines in queues.toml:', '  [plugins.NAME]');
    for (const { key, values, at } of grants) {
      lines.push(...linesOf(key, values).map((line) => `  ${line}`));
      for (const { file, line, what } of at) lines.push(`    # ${file}:${line}  ${what}`);
    }
  }
  list('does not work:', fails);
  const verdict = fails.length === 0 ? 'nothing was found that does not work' : `${fails.length} found that do not work`;
  return [`${entry}: ${verdict}`, ...lines].join('\n');
}
