// Reports once that a page was seen, after it has loaded and while it is visible. The page names the address in data-seen. The source that led
// to the mall is remembered for the tab, because the page that counts may be the second one. Without scripts nothing is counted.

const from = document.referrer && new URL(document.referrer).origin !== location.origin ? document.referrer : '';
const query = new URLSearchParams(location.search);
const tag = query.get('utm_source') ?? query.get('ref') ?? '';

let came = { tag, from };
try {
  if (tag || from) sessionStorage.setItem('came', JSON.stringify(came));
  else came = JSON.parse(sessionStorage.getItem('came')) ?? came;
} catch { /* a browser that keeps nothing */ }

function tell() {
  const page = document.querySelector('[data-seen]');
  if (!page || document.visibilityState !== 'visible' || document.prerendering) return;
  const address = page.dataset.seen;
  page.removeAttribute('data-seen');
  fetch(address, { method: 'POST', signal: left.signal, body: new URLSearchParams(came) }).catch(() => {});
}

// A pending request would keep the browser from restoring the page as it was when somebody comes back to it.
const left = new AbortController();
addEventListener('pagehide', () => left.abort());

document.addEventListener('visibilitychange', tell);
document.addEventListener('prerenderingchange', tell);
addEventListener('load', () => setTimeout(tell, 500)); // after what the page itself needs
