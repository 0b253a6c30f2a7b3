// Counters, outside of a component.
export function increment(bucket, key, delta) {
  const before = bucket.get(key);
  const sum = BigInt(before ? new TextDecoder().decode(before) : 0) + delta;
  bucket.set(key, new TextEncoder().encode(String(sum)));
  return sum;
}
