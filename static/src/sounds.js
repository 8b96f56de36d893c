// The sounds of a video that has several. hls-video lists them each time it has read the playlist.
import { chosenSound, keepSound, matching } from './preferences.js';

// purpose returns what a sound adds to the video, as a key of texts: 'described', 'commentary', or '' for nothing.
function purpose(media, track) {
  const marks = media.api?.allAudioTracks[Number(track.id)]?.attrs.CHARACTERISTICS ?? '';
  return marks.includes('describes-video') ? 'described' : marks.includes('commentary') ? 'commentary' : '';
}

// soundMenu returns the list to choose from. A sound without a language and a title is named by its number.
export function soundMenu(element, media, texts) {
  const menu = element('media-audio-track-menu', { slot: 'submenu', hidden: true }, element('div', { slot: 'title' }, texts.sound));
  menu.formatMenuItemText = (name, track) => {
    const said = /^\d+$/.test(name) ? `${texts.sound} ${name}` : name, why = purpose(media, track);
    return why ? `${said} (${texts[why]})` : said;
  };
  return menu;
}

// rememberSound stores which sound is chosen. It returns a function that selects, once the sounds are known, the one that was chosen before in this
// video or in another: the same one, or otherwise one with its language and purpose. Without an earlier choice the creator's default plays.
export function rememberSound(el, media) {
  const list = () => [...media.audioTracks].map(track => ({ track, lang: track.language, label: track.label, purpose: purpose(media, track) }));
  // A later listener carries out the request.
  el.addEventListener('mediaaudiotrackrequest', () => setTimeout(() => {
    const chosen = list().find(t => t.track.enabled);
    if (chosen) keepSound({ lang: chosen.lang, label: chosen.label, purpose: chosen.purpose });
  }), true);
  return () => {
    const before = chosenSound();
    if (!before) return;
    const alike = list().filter(t => t.purpose === before.purpose);
    const wanted = alike.find(t => t.label === before.label && t.lang === before.lang) ?? matching(alike, before.lang);
    if (wanted) for (const track of media.audioTracks) track.enabled = track === wanted.track;
  };
}
