import slugify from 'slugify';

export async function handle() {
  slugify.extend({ '☢': 'radioactive' });
  return [
    slugify('Héllo Wörld & más!'),
    slugify('ÄÖÜ ß 10€', { lower: true, locale: 'de' }),
    slugify('a  b--c', { strict: true, replacement: '_' }),
    slugify('unicode ☢ x'),
    slugify('Привет мир'),
  ];
}
