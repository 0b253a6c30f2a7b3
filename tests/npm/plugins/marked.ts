import { Marked, marked } from 'marked';

export async function handle() {
  const text =
    '# Title\n\n- a **b**\n- [x] done `code`\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n```js\nlet a = 1 < 2;\n```\n\nhttps://example.com <b>raw</b>\n';
  const own = new Marked({
    renderer: { heading: ({ depth, text: title }) => `<h${depth} id="x">${title}</h${depth}>` },
  });
  return {
    html: marked.parse(text),
    own: await own.parse('## Own'),
    tokens: marked.lexer('*a*').map((token) => token.type),
    inline: marked.parseInline('_x_ ~~y~~'),
  };
}
