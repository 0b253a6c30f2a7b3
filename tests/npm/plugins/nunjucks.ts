import nunjucks from 'nunjucks';

export async function handle() {
  const environment = new nunjucks.Environment(null, { autoescape: true });
  environment.addFilter('shorten', (text: string, count: number) => text.slice(0, count));
  return {
    text: environment.renderString(
      '{% macro field(name) %}<i>{{ name }}</i>{% endmacro %}{% for item in items %}{{ loop.index }}:{{ item | upper }}{% if not loop.last %},{% endif %}{% endfor %} {{ field("x") }} {{ raw }} {{ long | shorten(3) }} {% set a = 1 + 2 * 3 %}{{ a }}',
      { items: ['a', 'b'], raw: '<b>', long: 'abcdef' },
    ),
    compiled: nunjucks.renderString('Hello {{ name | default("you") }} {{ [3, 1, 2] | sort | join("-") }}', {}),
    missing: (() => {
      try {
        return environment.renderString('{{ a | nothing }}', {});
      } catch (error) {
        return (error as Error).message.includes('filter not found: nothing');
      }
    })(),
  };
}
