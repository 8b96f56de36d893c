// Updates the page of a flash sale: the countdown, by the server's clock, and the units that are left, from the server's events. Without scripts the page
// shows them as they were when it was loaded. A purchase is a plain form, so nothing here decides whether it succeeds.

const page = document.querySelector('[data-sale]');

if (page) {
  const number = new Intl.NumberFormat('en'); // groups digits as the server does
  const two = n => String(n).padStart(2, '0');
  let starts = +page.dataset.starts, ends = +page.dataset.ends, phase = page.dataset.phase;
  // How far the visitor's clock is ahead of the server's. The answer took a while, so the server's current time is a little later than the answer says.
  let ahead = Date.now() - page.dataset.now;

  function draw() {
    const now = Date.now() - ahead;
    const left = Math.max(0, Math.floor(((phase === 'before' ? starts : ends) - now) / 1000));
    const units = { days: Math.floor(left / 86400), hours: two(Math.floor(left / 3600) % 24), minutes: two(Math.floor(left / 60) % 60), seconds: two(left % 60) };
    for (const el of page.querySelectorAll('[data-unit]')) {
      const value = String(units[el.dataset.unit]);
      if (el.textContent !== value) el.textContent = value;
    }
  }

  // show shows the elements of one phase in root. On the page it skips those inside a lot.
  function show(root, now) {
    for (const el of root.querySelectorAll('[data-shows]')) {
      if (root === page && el.closest('[data-lot]')) continue;
      el.hidden = el.dataset.shows !== now;
    }
  }

  function lot(state) {
    const root = page.querySelector(`[data-lot="${state.sku}"]`);
    if (!root) return;
    show(root, state.phase);
    root.querySelector('[data-over]').hidden = state.phase !== 'sold_out' && state.phase !== 'ended';
    root.querySelector('[data-stock]').hidden = state.phase === 'ended';
    root.querySelector('[data-bar]').value = state.left;
    const words = root.querySelector('[data-left]');
    words.textContent = words.dataset.left.replace('{left}', number.format(state.left));
    const buy = root.querySelector('[data-buy]');
    if (buy.dataset.buy !== 'never') buy.hidden = state.phase !== 'running';
  }

  function take(state) {
    ({ starts, ends } = state);
    ahead = Date.now() - state.now;
    if (phase !== state.phase) {
      phase = state.phase;
      page.dataset.phase = phase;
      show(page, phase);
      page.querySelector('[data-clock]').hidden = phase === 'ended';
    }
    state.lots.forEach(lot);
    draw();
    if (phase === 'ended') stop();
  }

  let events, ticking, again;
  function stop() {
    clearInterval(ticking);
    clearTimeout(again);
    events?.close();
    events = ticking = undefined;
  }

  function start() {
    if (events || phase === 'ended') return;
    draw();
    ticking = setInterval(draw, 1000);
    events = new EventSource(page.dataset.sale);
    events.onmessage = e => take(JSON.parse(e.data));
    // A browser reconnects by itself after a broken stream, but never after a refusal.
    events.onerror = () => {
      if (events?.readyState !== EventSource.CLOSED) return;
      stop();
      again = setTimeout(start, 5000 + Math.random() * 10000);
    };
  }

  // A page in the background needs no stream, and a page that is restored from the history needs a new one.
  const follow = () => (document.hidden ? stop() : start());
  document.addEventListener('visibilitychange', follow);
  addEventListener('pagehide', stop);
  addEventListener('pageshow', follow);
  follow();
}
