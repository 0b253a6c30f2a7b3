import Ajv2020 from 'ajv/dist/2020.js';
import Ajv from 'ajv';

export async function handle() {
  const ajv = new Ajv({ allErrors: true, coerceTypes: true, useDefaults: true });
  ajv.addKeyword({ keyword: 'even', validate: (on: boolean, value: number) => !on || value % 2 === 0 });
  const validate = ajv.compile({
    type: 'object',
    required: ['name'],
    additionalProperties: false,
    properties: {
      name: { type: 'string', minLength: 2 },
      age: { type: 'integer', minimum: 0, even: true },
      tags: { type: 'array', items: { enum: ['a', 'b'] }, default: ['a'] },
    },
  });
  const good: Record<string, unknown> = { name: 'Ann', age: '30' };
  const isGood = validate(good);
  const isBad = validate({ name: 'x', age: 3, tags: ['c'], more: 1 });
  const errors = validate.errors?.map(({ instancePath, keyword, message }) => [instancePath, keyword, message]);
  const modern = new Ajv2020().compile({
    prefixItems: [{ type: 'number' }, { $ref: '#/$defs/t' }],
    items: false,
    $defs: { t: { type: 'string' } },
  });
  return {
    isGood,
    good,
    isBad,
    errors,
    text: ajv.errorsText(validate.errors),
    modern: [modern([1, 'a']), modern([1, 2]), modern([1, 'a', 3])],
  };
}
