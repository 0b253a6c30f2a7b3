import { NIL, parse, stringify, v3, v4, v5, v7, validate, version } from 'uuid';

export async function handle() {
  const random = v4();
  const sorted = Array.from({ length: 50 }, () => v7());
  return {
    named: v5('example.com', v5.DNS),
    md5: v3('example.com', v3.DNS),
    valid: validate(random),
    version: [version(random), version(sorted[0])],
    unique: new Set(Array.from({ length: 100 }, () => v4())).size,
    ordered: sorted.every((id, index) => index === 0 || sorted[index - 1] < id),
    bytes: stringify(parse('6ba7b810-9dad-11d1-80b4-00c04fd430c8')),
    nil: NIL,
  };
}
