// Stores what a viewer chose in the player, for the next video: speed, quality, captions, volume. The choices stay in this browser.
// A browser that stores nothing (private windows, blocked storage) forgets them when the page is closed.

const key = 'player';
let chosen = {}; // used by this page if storage is blocked

function read() {
  try { return { ...chosen, ...JSON.parse(localStorage.getItem(key) ?? '{}') }; } catch { return chosen; }
}

function keep(change) {
  chosen = { ...read(), ...change };
  try { localStorage.setItem(key, JSON.stringify(chosen)); } catch { /* storage is blocked */ }
}

// chosenSound and keepSound read and store the sound that was chosen for a video with several: {lang, label, purpose}.
export const chosenSound = () => read().sound;
export const keepSound = sound => keep({ sound });

const base = lang => lang.toLowerCase().split('-')[0];

// matching finds the track in a language: one with the same tag, or otherwise one in the same language of another region.
export const matching = (tracks, lang) => lang && (tracks.find(t => t.lang === lang) ?? tracks.find(t => base(t.lang) === base(lang)));

// captionsFor returns which captions are shown at first: those chosen last, or those in the reader's language, or none. The list begins with the captions
// that the captions button turns on again.
export function captionsFor(tracks, reader) {
  const { captions } = read();
  const off = captions === 'off';
  const shown = matching(tracks, off ? reader : captions) ?? matching(tracks, reader);
  return { tracks: shown ? [shown, ...tracks.filter(t => t !== shown)] : tracks, shown: off ? undefined : shown };
}

// remember applies earlier choices to media, and stores new ones. Only requests of the controls count, since a browser
// also changes speed and volume by itself, for example when it loads another video. It returns a function that applies the quality, once there are renditions.
export function remember(el, media) {
  const setRate = rate => { media.defaultPlaybackRate = rate; media.playbackRate = rate; };
  const { rate, volume, muted } = read();
  if (rate > 0) setRate(rate);
  if (volume >= 0 && volume <= 1) media.volume = volume;
  if (muted) media.muted = true;

  // A later listener carries out the request.
  const after = (name, keepIt) => el.addEventListener(name, () => setTimeout(keepIt), true);
  after('mediaplaybackraterequest', () => { setRate(media.playbackRate); keep({ rate: media.playbackRate }); });
  for (const name of ['mediavolumerequest', 'mediamuterequest', 'mediaunmuterequest']) {
    after(name, () => keep({ volume: media.volume, muted: media.muted }));
  }
  after('mediarenditionrequest', () => keep({ height: media.videoRenditions[media.videoRenditions.selectedIndex]?.height ?? 0 }));
  for (const name of ['mediashowsubtitlesrequest', 'mediadisablesubtitlesrequest', 'mediatogglesubtitlesrequest']) {
    after(name, () => keep({ captions: [...media.textTracks].find(t => t.kind === 'captions' && t.mode === 'showing')?.language ?? 'off' }));
  }

  // Selects the best rendition that is not higher than the chosen one. With 0 the player goes on choosing by the speed of the connection.
  return () => {
    const { height } = read();
    if (!height) return;
    const list = [...media.videoRenditions].map((r, n) => ({ n, height: r.height })).filter(r => r.height <= height);
    if (list.length) media.videoRenditions.selectedIndex = list.reduce((best, r) => r.height > best.height ? r : best).n;
  };
}
