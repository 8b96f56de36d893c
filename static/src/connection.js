// Handles a connection that breaks while a video plays. It tells the viewer at once, while the video still plays from the buffer. It continues where it
// stopped when the viewer presses a button, when the browser reports that the connection is back, or by itself after a pause, because browsers do not
// report every restored connection.
import { element } from './controls.js';

const firstPause = 5_000, longestPause = 40_000; // milliseconds until it tries again by itself

// connection calls resume to find out whether the server answers; resume calls restored() if it does.
export function connection(el, texts, resume) {
  const until = new AbortController(), options = { signal: until.signal };
  let bar, timer, pause = firstPause;

  async function again() {
    const button = bar?.querySelector('button');
    if (!bar || button.disabled) return;
    clearTimeout(timer);
    button.disabled = true;
    try { await resume(); } finally { button.disabled = false; }
    if (bar) later();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(again, pause);
    pause = Math.min(pause * 2, longestPause);
  }

  function lost() {
    if (bar || until.signal.aborted) return;
    const retry = element('button', { type: 'button', class: 'btn btn-sm' }, texts.retry);
    retry.addEventListener('click', again);
    bar = element('div', { class: 'player-note player-lost', role: 'alert' }, element('span', {}, texts.offline), retry);
    el.append(bar);
    later();
  }

  // restored is called when the server has answered.
  function restored() {
    clearTimeout(timer);
    bar?.remove();
    bar = undefined;
  }

  // loaded is called when a part of the video has been loaded. Data that was in transit when the connection broke still arrives, which does not mean that
  // the connection works again.
  function loaded() {
    if (bar && !navigator.onLine) return;
    pause = firstPause;
    restored();
  }

  addEventListener('offline', lost, options);
  addEventListener('online', again, options);
  return { lost, loaded, restored, stop() { until.abort(); restored(); } };
}
