// Whether a text is an IP address.

export const isIPv4 = (text) => /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(String(text));

export function isIPv6(text) {
  const [address, zone, ...rest] = String(text).split('%');
  if (rest.length > 0 || zone === '') return false;
  const lastColon = address.lastIndexOf(':');
  const tail = address.slice(lastColon + 1);
  // An IPv4 address at the end takes the place of two groups.
  const whole = tail.includes('.') ? (isIPv4(tail) ? `${address.slice(0, lastColon + 1)}0:0` : 'no') : address;
  const halves = whole.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

/** 4, 6 or 0. */
export const isIP = (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0);
