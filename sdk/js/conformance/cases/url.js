// URLs: the inputs of web-platform-tests.
import setters from '../data/url-setters.json';
import urls from '../data/urls.json';

const PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'];
const partsOf = (url) => PARTS.map((part) => `${part}=${url[part]}`).join(' ');

export function cases(add) {
  for (const [input, base] of urls) add(`parse ${JSON.stringify([input, base])}`, () => partsOf(new URL(input, base)));
  setters.forEach(([part, href, value], at) => {
    add(`set ${at} ${JSON.stringify([part, href, value])}`, () => {
      const url = new URL(href);
      url[part] = value;
      return partsOf(url);
    });
  });
  const params = ['a=b&c=d', '?a=%zz&b=%41+x', 'a&b=&=c&&', 'a=1&a=2&b=ü😀', '%F0%9F%98%80=%ff', 'a=\u0000', '\ufeff=b', 'a+b=c%20d', '='];
  for (const query of params) add(`params ${JSON.stringify(query)}`, () => [[...new URLSearchParams(query)], String(new URLSearchParams(query))]);
  add('params of lone surrogates', () => String(new URLSearchParams([['\ud800x', '\udc00']])));
  add('params sort by UTF-16 units', () => { const params = new URLSearchParams('z=b&a=b&z=a&\uffa0=1&😀=2'); params.sort(); return String(params); });
  add('params delete and has with a value', () => { const params = new URLSearchParams('a=1&a=2'); params.delete('a', '1'); return [params.has('a', '2'), String(params), params.size]; });
  add('params encode', () => String(new URLSearchParams({ key: ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~€' })));
  add('params refuse a tuple of one', () => new URLSearchParams([['a']]));
  add('URL without arguments', () => new URL());
  add('canParse', () => [URL.canParse('x'), URL.canParse('x', 'http://a'), URL.canParse('http://a:99999')]);
}
