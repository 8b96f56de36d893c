// The sounds of a film that has several. hls-video lists them once it has read the playlist, and anew each time it reads it.
import { chosenSound, keepSound, matching } from './preferences.js';

// soundMenu is the list to choose from. A sound that its creator gave neither language nor title has a number for a name.
export function soundMenu(element, media, texts) {
  const menu = element('media-audio-track-menu', { slot: 'submenu', hidden: true }, element('div', { slot: 'title' }, texts.sound));
  menu.formatMenuItemText = (name, track) => {
    const said = /^\d+$/.test(name) ? `${texts.sound} ${name}` : name;
    const describes = media.api?.audioTracks[Number(track.id)]?.attrs.CHARACTERISTICS?.includes('describes-video');
    return describes ? `${said} (${texts.described})` : said;
  };
  return menu;
}

// rememberSound keeps which sound is chosen. It returns what plays, once the sounds are known, the one that was chosen before, in this film or
// in another: the same one, else one of its language. Without a choice the creator's default is heard.
export function rememberSound(el, media) {
  // The request is carried out by whoever hears it after this.
  el.addEventListener('mediaaudiotrackrequest', () => setTimeout(() => {
    const track = [...media.audioTracks].find(t => t.enabled);
    if (track) keepSound({ lang: track.language, label: track.label });
  }), true);
  return () => {
    const before = chosenSound();
    if (!before) return;
    const list = [...media.audioTracks].map(t => ({ track: t, lang: t.language, label: t.label }));
    const wanted = list.find(t => t.label === before.label && t.lang === before.lang) ?? matching(list, before.lang);
    if (wanted) for (const { track } of list) track.enabled = track === wanted.track;
  };
}
