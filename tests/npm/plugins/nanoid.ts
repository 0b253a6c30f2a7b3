import { customAlphabet, nanoid } from 'nanoid';
import { nanoid as insecure } from 'nanoid/non-secure';

export async function handle() {
  const ids = Array.from({ length: 200 }, () => nanoid());
  const digits = customAlphabet('0123456789', 8);
  return {
    lengths: [...new Set(ids.map((id) => id.length))],
    unique: new Set(ids).size,
    alphabet: ids.every((id) => /^[\w-]{21}$/.test(id)),
    digits: /^\d{8}$/.test(digits()),
    insecure: insecure(5).length,
  };
}
