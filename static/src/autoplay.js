// Plays a video at once that somebody has opened to watch. Browsers require a press on the page if nothing was pressed on the way to it,
// and some require one before any sound. refused is then called, so that the page can show a button. A background tab waits until it is visible.
// The returned function cancels it, for a video that was refused or taken down meanwhile.
export function autoplay(media, controller, refused) {
  const off = new AbortController(), { signal } = off, once = { once: true, signal };
  const play = () => media.play()?.catch(why => { if (why.name === 'NotAllowedError' && !signal.aborted) refused(); });
  function begin() {
    play();
    // A viewer who has paused meanwhile, in the player or with a key of the device, is not overruled once the video has run.
    controller.addEventListener('mediapauserequest', () => off.abort(), once);
    media.addEventListener('playing', () => media.addEventListener('pause', () => off.abort(), once), once);
    // The first load of hls.js interrupts a request to play that came before it.
    media.addEventListener('canplay', () => { if (media.paused) play(); }, once);
  }
  if (document.visibilityState === 'visible') begin();
  else document.addEventListener('visibilitychange', begin, once);
  return () => off.abort();
}
