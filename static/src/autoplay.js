// Starts a video that somebody has opened to watch. Browsers require a press on the page if nothing was pressed on the way to it, and
// some require one before they play sound. In that case refused is called, so that the page can show a button. In a background tab the
// video starts when the tab becomes visible. The returned function cancels the start, for a video that was refused or taken down meanwhile.
export function autoplay(media, controller, refused) {
  const off = new AbortController(), { signal } = off, once = { once: true, signal };
  const play = () => media.play()?.catch(why => { if (why.name === 'NotAllowedError' && !signal.aborted) refused(); });
  function begin() {
    play();
    // A viewer may pause meanwhile: in the player, or with a media key once the video has played. The video is then not started again.
    controller.addEventListener('mediapauserequest', () => off.abort(), once);
    media.addEventListener('playing', () => media.addEventListener('pause', () => off.abort(), once), once);
    // The first load of hls.js interrupts a request to play that came before it.
    media.addEventListener('canplay', () => { if (media.paused) play(); }, once);
  }
  if (document.visibilityState === 'visible') begin();
  else document.addEventListener('visibilitychange', begin, once);
  return () => off.abort();
}
