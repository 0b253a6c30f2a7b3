import * as yup from 'yup';

export async function handle() {
  const schema = yup.object({
    name: yup.string().trim().required(),
    age: yup
      .number()
      .integer()
      .min(18, ({ min }) => `at least ${min}`),
    email: yup.string().email(),
    kind: yup.string().oneOf(['a', 'b']).default('a'),
    extra: yup.string().when('kind', { is: 'b', then: (inner) => inner.required('extra is needed') }),
    when: yup.date(),
  });
  const good = await schema.validate({ name: ' Ann ', age: '30', when: '2026-01-02T03:04:05Z' });
  const bad = await schema.validate({ age: 3, email: 'x', kind: 'b' }, { abortEarly: false }).catch((error) => error);
  return { good, name: bad.name, errors: [...bad.errors].sort(), valid: schema.isValidSync({ name: 'x' }) };
}
