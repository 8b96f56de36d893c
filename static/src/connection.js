// Handles a connection that breaks while a video plays. It tells the viewer at once, over what still plays from the buffer, and continues where it stopped
// after a press or when the browser reports that the connection is back.
import { element } from './controls.js';

export function connection(el, texts, resume) {
  let bar;

  async function again() {
    const button = bar?.querySelector('button');
    if (!bar || button.disabled) return;
    button.disabled = true;
    try { await resume(); } finally { button.disabled = false; }
  }

  function lost() {
    if (bar) return;
    const retry = element('button', { type: 'button', class: 'btn btn-sm' }, texts.retry);
    retry.addEventListener('click', again);
    bar = element('div', { class: 'player-note player-lost', role: 'alert' }, element('span', {}, texts.offline), retry);
    el.append(bar);
  }

  // Data that was in transit when the connection broke still arrives, which does not mean that it works again.
  function found() {
    if (bar && !navigator.onLine) return;
    bar?.remove();
    bar = undefined;
  }

  const until = new AbortController(), options = { signal: until.signal };
  addEventListener('offline', lost, options);
  addEventListener('online', again, options);
  return { lost, found, stop() { until.abort(); bar?.remove(); } };
}
