import { z } from 'zod';

const Order = z.object({
  id: z.uuid(),
  email: z.email().transform((text) => text.toLowerCase()),
  lines: z
    .array(z.object({ sku: z.string().regex(/^[A-Z]{3}-\d+$/), count: z.coerce.number().int().positive() }))
    .min(1),
  when: z.iso.datetime().optional(),
  kind: z.discriminatedUnion('type', [
    z.object({ type: z.literal('gift'), text: z.string().max(10) }),
    z.object({ type: z.literal('plain') }),
  ]),
});

export async function handle() {
  const good = Order.parse({
    id: '6f1ed002-ab5d-4f2c-9a3e-0d1f7a3c5b11',
    email: 'Someone@Example.COM',
    lines: [{ sku: 'ABC-12', count: '3' }],
    when: '2026-01-02T03:04:05Z',
    kind: { type: 'gift', text: 'hello' },
  });
  const bad = Order.safeParse({ id: 'x', email: 'y', lines: [], kind: { type: 'gift', text: 'much too long' } });
  const refined = await z
    .string()
    .refine(async (text) => text.length > 2, 'too short')
    .safeParseAsync('ab');
  return {
    good,
    issues: bad.error?.issues,
    refined: refined.error?.issues[0].message,
    schema: z.toJSONSchema(z.object({ a: z.number() })),
  };
}
