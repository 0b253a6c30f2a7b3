import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';

export async function handle() {
  const xml =
    '<?xml version="1.0"?><root a="1"><item id="x">10</item><item id="y">&lt;b&gt;</item><![CDATA[raw <x>]]><empty/></root>';
  const parsed = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@' }).parse(xml);
  return {
    parsed,
    ordered: new XMLParser({ preserveOrder: true }).parse('<a><b>1</b><c/><b>2</b></a>'),
    built: new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', format: true }).build({
      order: { '@id': 7, line: [1, 2], text: 'a & b' },
    }),
    valid: XMLValidator.validate(xml),
    invalid: XMLValidator.validate('<a><b></a>'),
  };
}
