import { DOMParser, parseHTML } from 'linkedom';

export async function handle() {
  const { document, CustomEvent } = parseHTML(
    '<!doctype html><html><body><p class="a">Hi <b>x</b></p><ul><li>1<li>2</ul></body></html>',
  );
  const added = document.createElement('a');
  added.setAttribute('href', '/x?a=1&b=2');
  added.textContent = '<link>';
  document.body.append(added);
  const events: string[] = [];
  added.addEventListener('ping', (event: { detail: string }) => events.push(event.detail));
  added.dispatchEvent(new CustomEvent('ping', { detail: 'pong' }));
  const xml = new DOMParser().parseFromString('<a><b id="1">t</b></a>', 'text/xml');
  return {
    html: document.toString(),
    items: [...document.querySelectorAll('li')].map((li: { textContent: string }) => li.textContent),
    text: document.querySelector('p.a > b')?.textContent,
    events,
    xml: xml.querySelector('b').getAttribute('id'),
    classes: document.querySelector('p').classList.contains('a'),
  };
}
