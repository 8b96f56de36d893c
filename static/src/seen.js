// Reports once that a page was seen, after it has loaded and while it is visible. The page names the address in data-seen. The tab remembers the
// source that led to the mall, because the first page that is reported may be the visitor's second one. Without scripts nothing is counted.

const from = document.referrer && new URL(document.referrer).origin !== location.origin ? document.referrer : '';
const query = new URLSearchParams(location.search);
const tag = query.get('utm_source') ?? query.get('ref') ?? '';

let came = { tag, from };
try {
  if (tag || from) sessionStorage.setItem('came', JSON.stringify(came));
  else came = JSON.parse(sessionStorage.getItem('came')) ?? came;
} catch { /* storage is blocked */ }

function tell() {
  const page = document.querySelector('[data-seen]');
  if (!page || document.visibilityState !== 'visible' || document.prerendering) return;
  const address = page.dataset.seen;
  page.removeAttribute('data-seen');
  fetch(address, { method: 'POST', signal: left.signal, body: new URLSearchParams(came) }).catch(() => {});
}

// A pending request would keep the page out of the browser's back/forward cache.
const left = new AbortController();
addEventListener('pagehide', () => left.abort());

document.addEventListener('visibilitychange', tell);
document.addEventListener('prerenderingchange', tell);
addEventListener('load', () => setTimeout(tell, 500)); // after the requests of the page itself
