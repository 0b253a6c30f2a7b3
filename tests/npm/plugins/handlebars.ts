import Handlebars from 'handlebars';

export async function handle() {
  Handlebars.registerHelper('loud', (text: string) => text.toUpperCase());
  Handlebars.registerHelper(
    'list',
    (items: string[], options) => `<ul>${items.map((item) => `<li>${options.fn(item)}</li>`).join('')}</ul>`,
  );
  Handlebars.registerPartial('sign', 'Yours, {{from}}');
  const template = Handlebars.compile(
    'Hello {{loud name}}!{{#if vip}} VIP{{else}} guest{{/if}}{{#each items}} {{@index}}:{{this.sku}}{{#unless @last}},{{/unless}}{{/each}} {{#list tags}}{{.}}{{/list}} {{{raw}}} {{raw}} {{> sign from="Bob"}}',
  );
  const failed = (() => {
    try {
      return Handlebars.compile('{{#if}}')({});
    } catch (error) {
      return (error as Error).message.split('\n')[0];
    }
  })();
  return {
    text: template({ name: 'Ann', vip: true, items: [{ sku: 'a' }, { sku: 'b' }], tags: ['x', 'y'], raw: '<b>&</b>' }),
    failed,
  };
}
