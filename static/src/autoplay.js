// Plays at once what somebody has opened to watch it. Browsers ask for a press on the page itself where nothing was pressed on the way to it,
// and some before any sound: refused is called then, so that there is something to press. A tab in the background waits until it is looked at.
// The function that it returns calls it off: for a video that was refused or taken down meanwhile.
export function autoplay(media, controller, refused) {
  const off = new AbortController(), { signal } = off, once = { once: true, signal };
  const play = () => media.play()?.catch(why => { if (why.name === 'NotAllowedError' && !signal.aborted) refused(); });
  function begin() {
    play();
    // Who pauses meanwhile is not overruled, be it in the player or by a key of the device, once the video has run.
    controller.addEventListener('mediapauserequest', () => off.abort(), once);
    media.addEventListener('playing', () => media.addEventListener('pause', () => off.abort(), once), once);
    // hls.js' first load interrupts what was asked before it.
    media.addEventListener('canplay', () => { if (media.paused) play(); }, once);
  }
  if (document.visibilityState === 'visible') begin();
  else document.addEventListener('visibilitychange', begin, once);
  return () => off.abort();
}
