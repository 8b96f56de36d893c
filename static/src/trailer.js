// A trailer's poster and its play button. The player, by far the heaviest thing on the page, comes with the first press, which it then plays.

const nonce = document.currentScript?.nonce;
let loading;

// player loads the script once a page; one that failed is tried again at the next press.
function player(address) {
  loading ??= new Promise((ready, failed) => {
    const script = document.createElement('script');
    script.nonce = nonce;
    script.src = address;
    script.onload = ready;
    script.onerror = failed;
    document.head.append(script);
  }).catch(why => { loading = undefined; throw why; });
  return loading;
}

export function startTrailers(failed) {
  document.addEventListener('click', async e => {
    const button = e.target.closest?.('[data-trailer-start]');
    if (!button || button.getAttribute('aria-busy')) return;
    const frame = button.closest('[data-trailer]');
    button.setAttribute('aria-busy', 'true');
    try {
      await player(button.dataset.trailerStart);
      globalThis.MallPlayer.mountTrailer(frame, true);
    } catch {
      failed();
    } finally {
      button.removeAttribute('aria-busy');
    }
  });
}
