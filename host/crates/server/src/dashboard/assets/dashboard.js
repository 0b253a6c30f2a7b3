// Follows along: when the server says that something has changed, the page is loaded again and its parts are put in the
// places of the old ones. Without this script the page shows what was so when it was loaded.
'use strict';

(() => {
  const address = document.body.dataset.live;
  if (!address || !window.EventSource) return;

  const status = document.getElementById('live');
  const say = (text) => {
    status.hidden = false;
    if (status.textContent !== text) status.textContent = text;
  };

  // A page that was shown after something was done is loaded again without saying so.
  const url = new URL(location.href);
  const here = () => {
    const wanted = new URL(location.href);
    wanted.searchParams.delete('done');
    wanted.searchParams.delete('n');
    return wanted;
  };
  if (url.searchParams.has('done')) history.replaceState(null, '', here());

  let loading = false;
  let again = false;

  async function load() {
    if (document.hidden) return void (again = true);
    if (loading) return void (again = true);
    loading = true;
    again = false;
    try {
      const answer = await fetch(here(), { headers: { accept: 'text/html' }, redirect: 'error' });
      if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), 'text/html'));
      else if (answer.status === 404) say('Gone');
    } catch {
      say('Not connected');
    } finally {
      loading = false;
      if (again && !document.hidden) setTimeout(load, 1000);
    }
  }

  function replace(page) {
    for (const part of document.querySelectorAll('[data-part]')) {
      const name = CSS.escape(part.dataset.part);
      const fresh = page.querySelector(`[data-part="${name}"]`);
      if (!fresh || fresh.outerHTML === part.outerHTML) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement : null;
      // What somebody fills in stays.
      if (focused && focused.matches('input, select, textarea')) continue;
      const opened = [...part.querySelectorAll('details[id]')].map((details) => [details.id, details.open]);
      const scrolled = [...part.querySelectorAll('.scroll, pre, .log')].map((box) => [box.scrollLeft, box.scrollTop]);
      part.replaceWith(document.importNode(fresh, true));
      const put = document.querySelector(`[data-part="${name}"]`);
      for (const [id, open] of opened) {
        const details = put.querySelector(`#${CSS.escape(id)}`);
        if (details) details.open = open;
      }
      [...put.querySelectorAll('.scroll, pre, .log')].forEach((box, place) => {
        if (scrolled[place]) [box.scrollLeft, box.scrollTop] = scrolled[place];
      });
      if (focused) refocus(put, focused);
    }
    // Parts that were not there before come with the next page.
    const count = (document_) => document_.querySelectorAll('main [data-part]').length;
    if (count(page) !== count(document) && !busy()) {
      const main = document.getElementById('main');
      const notice = main.querySelector('.notice');
      main.replaceWith(document.importNode(page.getElementById('main'), true));
      document.getElementById('live').replaceWith(status);
      if (notice) document.querySelector('.title').after(notice);
    }
  }

  const busy = () => document.getElementById('main').contains(document.activeElement);

  function refocus(put, focused) {
    const href = focused.getAttribute('href');
    const found = href && put.querySelector(`[href="${CSS.escape(href)}"]`);
    const same = found || [...put.querySelectorAll(focused.tagName)].find((one) => one.textContent === focused.textContent);
    if (same) same.focus({ preventScroll: true });
  }

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && again) load();
  });

  const source = new EventSource(address);
  source.addEventListener('open', () => say('Live'));
  source.addEventListener('changed', load);
  source.addEventListener('error', () => say(source.readyState === EventSource.CLOSED ? 'Not live' : 'Not connected'));
  // The server's first word: what has happened since the page was made is not lost.
  source.addEventListener('begun', load);
  addEventListener('pagehide', () => source.close());
})();
