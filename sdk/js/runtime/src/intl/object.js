// Defines the global `Intl`, before the classes that become its properties.
Object.defineProperty(globalThis, 'Intl', {
  value: Object.defineProperty({}, Symbol.toStringTag, { value: 'Intl', configurable: true }),
  writable: true,
  configurable: true,
});
