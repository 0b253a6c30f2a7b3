// console.table's text.
import { inspect } from './inspect.js';

const show = (value) => inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0 });

function rowsOf(data) {
  if (data instanceof Map) return { index: '(iteration index)', rows: [...data].map(([key, value], at) => [at, { Key: key, Values: value }]), entries: true };
  if (data instanceof Set) return { index: '(iteration index)', rows: [...data].map((value, at) => [at, value]) };
  return { index: '(index)', rows: Object.keys(data).map((key) => [key, data[key]]) };
}

export function table(data, wanted) {
  if (data === null || typeof data !== 'object') return inspect(data);
  const { index, rows } = rowsOf(data);
  const columns = new Set(wanted ?? []);
  let hasValues = false;
  for (const [, value] of rows) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) hasValues = true;
    else if (wanted === undefined) for (const key of Object.keys(value)) columns.add(key);
  }
  const head = [index, ...columns, ...(hasValues ? ['Values'] : [])];
  const body = rows.map(([key, value]) => {
    const isObject = value !== null && (typeof value === 'object' || typeof value === 'function');
    const cells = [...columns].map((column) => (isObject && Object.hasOwn(value, column) ? show(value[column]) : ''));
    return [String(key), ...cells, ...(hasValues ? [isObject ? '' : show(value)] : [])];
  });
  return draw(head, body);
}

function draw(head, body) {
  const widths = head.map((title, column) => Math.max(title.length, ...body.map((row) => row[column].length)) + 2);
  const line = (left, middle, right) => left + widths.map((width) => '─'.repeat(width)).join(middle) + right;
  const row = (cells) => `│${cells.map((cell, column) => center(cell, widths[column])).join('│')}│`;
  return [line('┌', '┬', '┐'), row(head), line('├', '┼', '┤'), ...body.map(row), line('└', '┴', '┘')].join('\n');
}

function center(text, width) {
  const left = Math.floor((width - text.length) / 2);
  return ' '.repeat(left) + text + ' '.repeat(width - text.length - left);
}
