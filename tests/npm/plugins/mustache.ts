import Mustache from 'mustache';

export async function handle() {
  const view = {
    name: 'Ann & Bob',
    items: [{ n: 1 }, { n: 2 }],
    none: [],
    bold: () => (text: string, render: (t: string) => string) => `<b>${render(text)}</b>`,
  };
  return {
    text: Mustache.render(
      'Hi {{name}} {{{name}}} {{#items}}[{{n}}]{{/items}}{{^none}} nothing{{/none}} {{#bold}}x {{name}}{{/bold}} {{> p}}',
      view,
      { p: 'partial {{name}}' },
    ),
    tags: Mustache.render('<% name %> {{name}}', view, {}, ['<%', '%>']),
    parsed: Mustache.parse('a {{b}}'),
  };
}
