import * as cheerio from 'cheerio';

export async function handle() {
  const $ = cheerio.load(
    '<ul id="l"><li class="a">One</li><li class="b" data-n="2">Two &amp; <b>three</b></li></ul><table><tr><td>1</td></tr></table>',
  );
  $('li.a').addClass('c').attr('title', 'x"y').after('<li>New</li>');
  const xml = cheerio.load('<a><b x="1"/><b x="2">t</b></a>', { xml: true });
  return {
    texts: $('#l > li')
      .map((_, li) => $(li).text())
      .get(),
    data: $('li.b').data('n'),
    html: $('#l').html(),
    nth: $('li:nth-child(2)').text(),
    xml: xml('b[x="2"]').text() + xml.xml(),
    body: $.html('table'),
    extracted: $.extract({ items: ['li'] }),
  };
}
