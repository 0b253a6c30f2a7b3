// How the parts of a value become lines, by the rules of Node's `util.inspect`.

/** The columns of a group at most. */
const MOST_COLUMNS = 15;
/** How much higher than wide a character is. */
const HEIGHT = 2.5;
const SEPARATOR = 2;

/** Puts the parts on one line if they fit, else each on its own. */
export function arrange(context, output, base, open, close, mayBeOneLine) {
  const before = base === '' ? '' : `${base} `;
  if (mayBeOneLine) {
    // As Node counts: separators, and some room for the name in front.
    const start = output.length * 2 + context.indentation + open.length + base.length + 10;
    const length = output.reduce((sum, part) => sum + part.length, start);
    const fits = start + output.length <= context.breakLength && length <= context.breakLength;
    const line = output.join(', ');
    if (fits && !line.includes('\n') && !base.includes('\n')) return `${before}${open} ${line} ${close}`;
  }
  const indentation = `\n${' '.repeat(context.indentation)}`;
  return `${before}${open}${indentation}  ${output.join(`,${indentation}  `)}${indentation}${close}`;
}

/** Puts the items of a long array into columns. Returns the same array if that is of no use. */
export function groupInColumns(context, output, value) {
  // The note about further items has its own line.
  const count = context.maxArrayLength < output.length ? output.length - 1 : output.length;
  const lengths = output.slice(0, count).map((part) => part.length);
  const total = lengths.reduce((sum, length) => sum + length + SEPARATOR, 0);
  const longest = Math.max(0, ...lengths);
  const widest = longest + SEPARATOR;
  if (widest * 3 + context.indentation >= context.breakLength || (total / widest <= 5 && longest > 6)) return output;
  const biased = Math.max(widest - 3 - Math.sqrt(widest - total / output.length), 1);
  const columns = Math.min(
    Math.round(Math.sqrt(HEIGHT * biased * count) / biased),
    Math.floor((context.breakLength - context.indentation) / widest),
    context.compact * 4,
    MOST_COLUMNS,
  );
  if (columns <= 1) return output;
  const widths = Array.from({ length: columns }, (_, column) => {
    let width = 0;
    for (let at = column; at < count; at += columns) width = Math.max(width, lengths[at]);
    return width + SEPARATOR;
  });
  const areNumbers = value === undefined || output.every((_, at) => typeof value[at] === 'number' || typeof value[at] === 'bigint');
  const lines = [];
  for (let from = 0; from < count; from += columns) {
    const to = Math.min(from + columns, count);
    let line = '';
    for (let at = from; at < to - 1; at += 1) {
      const part = `${output[at]}, `;
      line += areNumbers ? part.padStart(widths[at - from]) : part.padEnd(widths[at - from]);
    }
    const last = output[to - 1];
    lines.push(line + (areNumbers ? last.padStart(widths[to - 1 - from] - SEPARATOR) : last));
  }
  if (count < output.length) lines.push(output[count]);
  return lines;
}
