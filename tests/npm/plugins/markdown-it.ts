import MarkdownIt from 'markdown-it';

export async function handle() {
  const text =
    '# Title\n\n1. a **b**\n2. "quotes" (c)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n    code\n\nSee https://example.com/ä and <b>raw</b> &amp;\n';
  const own = new MarkdownIt({ html: false, linkify: true, typographer: true });
  own.renderer.rules.strong_open = () => '<b class="own">';
  return {
    html: own.render(text),
    inline: new MarkdownIt('commonmark').renderInline('*a* `b`'),
    tokens: own.parse('- a', {}).map((token) => token.type),
  };
}
