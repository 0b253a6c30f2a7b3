import sanitizeHtml from 'sanitize-html';

export async function handle() {
  const dirty =
    '<p onclick="x()">Hi <script>alert(1)</script><a href="javascript:x">bad</a> <a href="https://example.com" target=_blank>good</a><img src=x onerror=y><b style="color:red; position:fixed">bold</b></p>';
  return {
    plain: sanitizeHtml(dirty),
    strict: sanitizeHtml(dirty, { allowedTags: [], allowedAttributes: {} }),
    own: sanitizeHtml(dirty, {
      allowedTags: ['b', 'a', 'img'],
      allowedAttributes: { b: ['style'], a: ['href'], img: ['src'] },
      allowedStyles: { b: { color: [/^red$/] } },
      transformTags: { a: sanitizeHtml.simpleTransform('a', { rel: 'nofollow' }) },
      disallowedTagsMode: 'escape',
    }),
  };
}
