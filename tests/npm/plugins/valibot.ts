import * as v from 'valibot';

const Login = v.pipe(
  v.object({
    email: v.pipe(v.string(), v.trim(), v.email()),
    password: v.pipe(v.string(), v.minLength(8, 'too short')),
    age: v.optional(v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.integer())),
  }),
  v.check(({ password }) => password !== 'password', 'too easy'),
);

export async function handle() {
  const good = v.parse(Login, { email: ' ann@example.com ', password: 'long enough', age: '30' });
  const bad = v.safeParse(Login, { email: 'x', password: 'y' });
  return {
    good,
    flat: v.flatten(bad.issues as never),
    easy: v.safeParse(Login, { email: 'a@b.cd', password: 'password' }).issues?.[0].message,
    is: v.is(v.variant('t', [v.object({ t: v.literal(1) })]), { t: 1 }),
  };
}
