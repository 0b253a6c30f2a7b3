import ejs from 'ejs';

export async function handle() {
  const template = '<% for (const item of items) { %><li><%= item %></li><% } %><%- raw %><%# comment %>';
  const included = ejs.render(
    '<%- include("head", { title }) %>!',
    { title: 'T' },
    { includer: () => ({ template: '<h1><%= title %></h1>' }) },
  );
  const failed = (() => {
    try {
      return ejs.render('<%= nothing.here %>', {}, { filename: 'x.ejs' });
    } catch (error) {
      return (error as Error).message.includes('nothing is not defined');
    }
  })();
  return {
    text: ejs.render(template, { items: ['a', '<b>'], raw: '<i>' }),
    async: await ejs.render('<%= await value %>', { value: Promise.resolve(3) }, { async: true }),
    compiled: ejs.compile('Hello <%= name %>')({ name: 'Ann' }),
    included,
    failed,
  };
}
