// Improves pages that already work without scripts: links, forms and <details> do the basic work, htmx swaps fragments,
// and this file does the rest. All texts come from the page.

import './sale.js';
import './buybar.js';
import './listing.js';
import './seen.js';
import './zone.js';
import { startPlayers } from './start.js';

const on = (name, selector, handle) => document.addEventListener(name, e => {
  const el = e.target.closest?.(selector);
  if (el) handle(el, e);
});

// --- Toast notices ---------------------------------------------------------------------------------------------------

const words = () => document.getElementById('toasts').dataset;

function dress(toast) {
  const error = toast.dataset.toast === 'error';
  toast.className = 'pointer-events-auto flex items-start gap-3 rounded-box border px-4 py-3 text-sm font-medium shadow-lift '
    + (error ? 'border-error bg-base-100 text-error' : 'border-transparent bg-neutral text-neutral-content');
  const body = document.createElement('span');
  body.className = 'min-w-0 flex-1 text-pretty';
  body.append(...toast.childNodes);
  const close = document.createElement('button');
  close.type = 'button';
  close.className = '-my-1 -me-1 cursor-pointer rounded-full px-2 py-1 text-base leading-none';
  close.setAttribute('aria-label', words().dismiss);
  close.textContent = '×';
  close.onclick = () => toast.remove();
  toast.replaceChildren(body, close);
  // A notice stays long enough to be read, and does not disappear while the pointer or the focus is on it.
  const leave = () => toast.matches(':hover, :focus-within') ? setTimeout(leave, 2000) : toast.remove();
  setTimeout(leave, 4000 + body.textContent.length * 60 + (error ? 4000 : 0));
}

export function toast(message, tone = '') {
  const el = document.createElement('div');
  el.dataset.toast = tone;
  el.textContent = message;
  document.querySelector('[data-toast-list]')?.append(el);
}

const list = document.querySelector('[data-toast-list]');
if (list) {
  list.querySelectorAll('[data-toast]').forEach(dress);
  new MutationObserver(changes => changes.forEach(c => c.addedNodes.forEach(n => {
    if (n.nodeType !== Node.ELEMENT_NODE) return;
    if (n.matches('[data-toast]')) dress(n);
  }))).observe(list, { childList: true });
}

// --- Parts that only make sense with scripts --------------------------------------------------------------------------

function enhance(root) {
  root.querySelectorAll('[data-copy], [data-reveal], [data-start]').forEach(b => { b.hidden = false; });
}

on('click', '[data-copy]', async button => {
  await navigator.clipboard.writeText(button.dataset.copy);
  toast(words().copied);
});

on('click', '[data-reveal]', button => {
  const field = document.getElementById(button.dataset.reveal);
  const show = field.type === 'password';
  field.type = show ? 'text' : 'password';
  button.setAttribute('aria-pressed', String(show));
});

// Opens dialogs in browsers without invoker commands.
if (!('commandForElement' in HTMLButtonElement.prototype)) {
  on('click', 'button[commandfor]', button => {
    const dialog = document.getElementById(button.getAttribute('commandfor'));
    if (button.getAttribute('command') === 'show-modal') dialog?.showModal();
    else dialog?.close();
  });
}

// Escape closes a menu and returns the focus to its summary. A press outside closes it, too.
document.addEventListener('keydown', e => {
  const menu = e.key === 'Escape' && document.querySelector('details[data-menu][open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});
document.addEventListener('pointerdown', e => {
  document.querySelectorAll('details[data-menu][open]').forEach(menu => { if (!menu.contains(e.target)) menu.open = false; });
});

// Filters and sorting apply at once; their button is in <noscript>.
on('change', 'form[data-autosubmit]', form => form.requestSubmit());

// --- One press, one submission ----------------------------------------------------------------------------------------

document.addEventListener('submit', e => {
  const form = e.target;
  if (e.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent) {
    e.preventDefault();
    return;
  }
  form.dataset.sent = 'true';
  form.setAttribute('aria-busy', 'true');
  // This runs after the browser has read the form, since a disabled button would not send its value.
  setTimeout(() => e.submitter?.setAttribute('aria-disabled', 'true'));
});

function release(form) {
  delete form.dataset.sent;
  form.removeAttribute('aria-busy');
  form.querySelectorAll('[aria-disabled]').forEach(b => b.removeAttribute('aria-disabled'));
}

// A page that is restored from the history must be usable again.
addEventListener('pageshow', e => { if (e.persisted) document.querySelectorAll('form[data-sent]').forEach(release); });

// --- htmx -------------------------------------------------------------------------------------------------------------

document.addEventListener('htmx:afterRequest', e => { if (e.detail.elt.matches('form')) release(e.detail.elt); });

document.addEventListener('htmx:beforeSwap', e => {
  const type = e.detail.xhr.getResponseHeader('Content-Type') ?? '';
  if (!type.startsWith('text/html')) e.detail.shouldSwap = false;
});

const failed = () => toast(words().offline, 'error');
document.addEventListener('htmx:sendError', failed);
document.addEventListener('htmx:timeout', failed);

document.addEventListener('htmx:responseError', e => {
  const { status } = e.detail.xhr, say = words();
  if (status === 401) toast(say.signedOut, 'error');
  else if (status === 429) {
    const seconds = parseInt(e.detail.xhr.getResponseHeader('Retry-After') ?? '', 10);
    toast(seconds > 0 ? say.slowDownSeconds.replace('{seconds}', seconds) : say.slowDown, 'error');
  } else if (status === 503 && e.detail.xhr.getResponseHeader('Retry-After')) {
    if (e.detail.elt.matches('form, button, a')) toast(say.crowded, 'warning'); // what asks by itself asks again
  } else toast(say.server, 'error');
});

// After a swap the focus goes to the first invalid field, or to the element that asks for it; otherwise it must not jump to the top of the page.
document.addEventListener('htmx:afterSettle', e => {
  const root = e.detail.elt;
  enhance(root);
  const next = root.querySelector('[aria-invalid="true"]') ?? root.querySelector('[data-focus]');
  if (next) {
    next.focus();
  } else if (document.activeElement === document.body && e.detail.requestConfig?.triggeringEvent && root.isConnected) {
    if (!root.hasAttribute('tabindex')) root.tabIndex = -1;
    root.focus({ preventScroll: true });
  }
});

enhance(document);
startPlayers(failed);
document.querySelector('main [aria-invalid="true"]')?.focus();

// --- Countdowns ------------------------------------------------------------------------------------------------------

// A price that ends soon shows how long it is still valid, by the server's clock. Even without scripts, the page shows when it ends.
function countDown() {
  const two = n => String(n).padStart(2, '0');
  for (const el of document.querySelectorAll('[data-countdown]')) {
    el.ahead ??= Date.now() - el.dataset.now;
    const left = Math.max(0, Math.floor((el.dataset.countdown - (Date.now() - el.ahead)) / 1000));
    const hours = Math.floor(left / 3600);
    el.textContent = (hours > 0 ? `${hours}:` : '') + `${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    el.hidden = left === 0;
  }
}
countDown();
setInterval(countDown, 1000);

// A form on its way decides where the reader goes. What the page asks for by itself meanwhile must not lead elsewhere:
// a payment that the form replaces would lead back to the order. A form whose answer is a file leaves the page as it is.
const onItsWay = 15_000;
let leftAt = -onItsWay;
document.addEventListener('submit', e => {
  setTimeout(() => { if (!e.defaultPrevented) leftAt = performance.now(); });
});
addEventListener('pageshow', () => { leftAt = -onItsWay; });
for (const step of ['htmx:beforeRequest', 'htmx:beforeOnLoad']) {
  document.addEventListener(step, e => { if (performance.now() - leftAt < onItsWay) e.preventDefault(); });
}
