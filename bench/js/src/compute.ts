// Jobs that compute, as processors typically do. bench/src/inputs.rs makes their data.
import { createHash } from 'node:crypto';
import Mustache from 'mustache';
import Papa from 'papaparse';
import type { Work } from './work.ts';

type Order = {
  id: number;
  customer: { name: string; country: string };
  lines: { sku: string; quantity: number; price: number }[];
};

/** Totals by country, and the orders that are worth most. */
function json({ orders }: { orders: Order[] }) {
  const totals: Record<string, { orders: number; sum: number }> = {};
  const priced = orders.map(({ id, customer, lines }) => {
    const sum = lines.reduce((total, { quantity, price }) => total + quantity * price, 0);
    const of = (totals[customer.country] ??= { orders: 0, sum: 0 });
    of.orders += 1;
    of.sum += sum;
    return { id, name: customer.name.toUpperCase(), sum, skus: lines.map(({ sku }) => sku) };
  });
  return { totals, best: priced.filter(({ sum }) => sum > 100).sort((one, other) => other.sum - one.sum).slice(0, 20) };
}

function csv({ text }: { text: string }) {
  const { data } = Papa.parse<Record<string, string>>(text, { header: true, skipEmptyLines: true });
  return { rows: data.length, sum: data.reduce((sum, row) => sum + Number(row.amount), 0) };
}

const LETTER = `<h1>{{title}}</h1>
{{#items}}
<tr class="{{#important}}important{{/important}}"><td>{{name}}</td><td>{{amount}}</td><td>{{{link}}}</td></tr>
{{/items}}
{{^items}}<p>none</p>{{/items}}`;
// As its documentation advises: later calls find the parsed template.
Mustache.parse(LETTER);

const template = (view: { title: string; items: object[] }) => Mustache.render(LETTER, view).length;

/** The next number of a linear congruential generator. */
const next = (seed: number) => (Math.imul(seed, 1664525) + 1013904223) >>> 0;

/** Makes this many objects, and sorts them by a text and then by a number. */
function sort({ count }: { count: number }) {
  const rows: { key: string; value: number }[] = [];
  for (let index = 0, seed = 7; index < count; index += 1) {
    seed = next(seed);
    rows.push({ key: `group-${seed % 97}`, value: seed % 10_007 });
  }
  rows.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : one.value - other.value));
  return [rows[0], rows[count - 1]];
}

/** Many small objects that live shortly, some of them in a map. */
function objects({ count }: { count: number }) {
  const cells = new Map<number, { hits: number; at: { x: number; y: number } }>();
  for (let index = 0, at = { x: 1, y: 1 }; index < count; index += 1) {
    const [dx, dy] = [index % 3, index % 5];
    at = { ...at, x: (at.x + dx) % 50, y: (at.y + dy) % 20 };
    const id = at.x * 20 + at.y;
    cells.set(id, { hits: (cells.get(id)?.hits ?? 0) + 1, at });
  }
  return [cells.size, Math.max(...[...cells.values()].map(({ hits }) => hits))];
}

/** Finds addresses, times and words in the text of a log. */
function regexp({ text }: { text: string }) {
  const addresses = new Set([...text.matchAll(/\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b/g)].map(([all]) => all));
  const requests = [...text.matchAll(/"(GET|POST) (\/[^\s"]*)[^"]*" \d{3} .*?took=(?<ms>\d+)ms/g)];
  const slow = requests.filter(({ groups }) => Number(groups?.ms) > 500);
  const hidden = text.replace(/[\w.+-]+@[\w-]+\.[a-z]{2,}/gi, '***');
  return [addresses.size, slow.length, hidden.length];
}

const sha256 = ({ text }: { text: string }) => createHash('sha256').update(text).digest('hex');

export const compute: Work = { json, csv, template, sort, objects, regexp, sha256 };
