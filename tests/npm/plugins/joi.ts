import Joi from 'joi';

export async function handle() {
  const schema = Joi.object({
    email: Joi.string().email().required(),
    password: Joi.string().min(8).pattern(/\d/),
    repeat: Joi.ref('password'),
    when: Joi.date().iso(),
    items: Joi.array().items(Joi.number().integer().positive(), Joi.string().valid('x')).unique(),
    site: Joi.string().uri(),
  }).with('password', 'repeat');
  const good = schema.validate({
    email: 'ann@example.com',
    when: '2026-01-02T03:04:05Z',
    items: ['3', 'x'],
    site: 'https://example.com',
  });
  const bad = schema.validate({ email: 'x', password: 'short', items: [-1, 'y'], more: 1 }, { abortEarly: false });
  return {
    good: good.value,
    messages: bad.error?.details.map(({ message, type }) => [type, message]),
    external: await Joi.number()
      .external(async (value) => value * 2)
      .validateAsync(4),
  };
}
