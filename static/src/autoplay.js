// Plays at once what somebody has opened to watch it. Browsers ask for a press on the page itself where nothing was pressed on the way to it,
// and some before any sound: refused is called then, so that there is something to press. A tab in the background waits until it is looked at.
export function autoplay(media, controller, refused) {
  const paused = new AbortController();
  const play = () => media.play()?.catch(why => { if (why.name === 'NotAllowedError') refused(); });
  function begin() {
    play();
    // hls.js' first load interrupts what was asked before it. Who presses pause meanwhile is not overruled.
    controller.addEventListener('mediapauserequest', () => paused.abort(), { once: true });
    media.addEventListener('canplay', () => { if (media.paused) play(); }, { once: true, signal: paused.signal });
  }
  if (document.visibilityState === 'visible') begin();
  else document.addEventListener('visibilitychange', begin, { once: true });
}
