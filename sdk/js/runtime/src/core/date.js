// Dates as text, as in Node where the time zone is UTC: QuickJS leaves out the zone's name.
const ZONE = ' (Coordinated Universal Time)';

for (const method of ['toString', 'toTimeString']) {
  const native = Date.prototype[method];
  const named = { [method]() { const text = native.call(this); return text === 'Invalid Date' ? text : text + ZONE; } }[method];
  Object.defineProperty(Date.prototype, method, { value: named, writable: true, configurable: true });
}
