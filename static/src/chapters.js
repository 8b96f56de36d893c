// The chapters of a video. A button shows the current chapter and opens a list from which the viewer can jump to another. From the same track,
// media-chrome divides the seek bar and shows the names above it.
import { createIndicator } from 'media-chrome/dist/menu/media-chrome-menu.js';

// The IDs are constants, since only one video on a page has chapters.
const menuID = 'player-chapters', buttonID = 'player-chapters-button';

// chapterTrack returns the track of chapters in the reader's language. The browser loads it without displaying it, because it is the default track of its kind.
export const chapterTrack = (element, src) => element('track', { kind: 'chapters', srclang: document.documentElement.lang || 'en', src, default: true });

// chapterControls returns the button and its list, both hidden until there are chapters.
export function chapterControls(element, texts) {
  const icon = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  icon.setAttribute('viewBox', '0 0 24 24');
  icon.setAttribute('aria-hidden', 'true');
  const lines = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  lines.setAttribute('d', 'M4 5.5h2v2H4v-2Zm4.5 0H20v2H8.5v-2ZM4 11h2v2H4v-2Zm4.5 0H20v2H8.5v-2ZM4 16.5h2v2H4v-2Zm4.5 0H20v2H8.5v-2Z');
  icon.append(lines);
  return {
    menu: element('media-chrome-menu', { id: menuID, class: 'player-chapters', hidden: true, anchor: buttonID, 'aria-label': texts.chapters }),
    button: element('media-chrome-menu-button', { id: buttonID, invoketarget: menuID, class: 'player-chapter', hidden: true, notooltip: true,
      'aria-label': texts.chapters }, icon, element('span', { class: 'player-chapter-name' })),
  };
}

// showChapters fills the list once the track has loaded.
export function showChapters(element, media, { menu, button }, texts, clock) {
  const fill = track => {
    const cues = [...track.track.cues ?? []];
    if (!cues.length) return;
    // The track may have loaded before media-chrome listened. A change of its mode makes media-chrome read it again.
    track.track.mode = 'disabled';
    track.track.mode = 'hidden';
    const items = cues.map((cue, n) => element('media-chrome-menu-item', { type: 'radio', value: n }, createIndicator(menu, 'checked-indicator'),
      element('span', { class: 'player-chapter-time' }, clock(cue.startTime)), element('span', {}, cue.getCueAsHTML().textContent)));
    menu.append(...items);
    button.hidden = false;

    const choose = event => {
      const item = event.target.closest('media-chrome-menu-item');
      // The position is slightly after the chapter's start, so that the previous chapter is not shown as the current one.
      if (item && (event.type === 'click' || event.key === 'Enter' || event.key === ' ')) media.currentTime = cues[item.value].startTime + 0.01;
    };
    menu.addEventListener('click', choose, true);
    menu.addEventListener('keydown', choose, true);

    const now = () => {
      const at = media.currentTime, n = cues.findLastIndex(cue => cue.startTime <= at);
      items.forEach((item, m) => { if (item.checked !== (m === n)) item.checked = m === n; });
      const name = n < 0 ? '' : items[n].lastChild.textContent, said = name ? `${texts.chapters}: ${name}` : texts.chapters;
      if (button.getAttribute('aria-label') === said) return;
      button.setAttribute('aria-label', said);
      button.lastChild.textContent = name;
    };
    media.addEventListener('timeupdate', now);
    media.addEventListener('seeking', now);
    now();
  };
  media.addEventListener('loadedmetadata', () => {
    const track = media.nativeEl?.querySelector('track[kind="chapters"]');
    if (track?.readyState === HTMLTrackElement.LOADED) fill(track);
    else track?.addEventListener('load', () => fill(track), { once: true });
  }, { once: true });
}
