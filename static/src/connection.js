// A line that breaks while a video plays: said at once, over what still plays from the buffer, and mended where it broke, by a press or by the
// browser's word that the line is back.
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

  // What was on its way when the line broke still arrives; that mends nothing.
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
