// The controls of a video, made of media-chrome's elements: a full set for the video and a smaller one for the trailer.
import 'media-chrome/dist/media-controller.js';
import 'media-chrome/dist/media-captions-button.js';
import 'media-chrome/dist/media-control-bar.js';
import 'media-chrome/dist/media-fullscreen-button.js';
import 'media-chrome/dist/media-loading-indicator.js';
import 'media-chrome/dist/media-mute-button.js';
import 'media-chrome/dist/media-pip-button.js';
import 'media-chrome/dist/media-play-button.js';
import 'media-chrome/dist/media-seek-backward-button.js';
import 'media-chrome/dist/media-seek-forward-button.js';
import 'media-chrome/dist/media-time-display.js';
import 'media-chrome/dist/media-time-range.js';
import 'media-chrome/dist/media-volume-range.js';
import 'media-chrome/menu';
import 'media-chrome/dist/lang/zh-CN.js';

export function element(name, attributes = {}, ...children) {
  const el = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) if (v !== undefined && v !== false) el.setAttribute(k, v === true ? '' : v);
  el.append(...children);
  return el;
}

// The reader's language. media-chrome falls back to English if it does not have that language.
const language = () => document.documentElement.lang || 'en';

// The shortcut sheet (Shift+/) is off, because media-chrome has it in English only. The poster is the page's own picture, which is moved from el
// into the frame: a new element would be fetched, decoded and painted again.
function frame(el, media, ...chrome) {
  const poster = el.querySelector(':scope > img');
  if (poster) poster.slot = 'poster';
  // preferences.js stores what a viewer chooses, and copes with browsers whose storage is blocked.
  return element('media-controller', { class: 'player-frame', lang: language(), tabindex: 0, keyboardforwardseekoffset: 10, keyboardbackwardseekoffset: 10,
    hotkeys: 'noshift+/', novolumepref: true, nomutedpref: true, nosubtitleslangpref: true }, media,
    ...(poster ? [poster] : []),
    element('media-loading-indicator', { slot: 'centered-chrome', noautohide: true }), ...chrome);
}

// videoControls takes the results of chapterControls, if the video has chapters, and of soundMenu, if it has several sounds.
export function videoControls(el, media, { texts, chapters, sounds }) {
  const speed = element('media-settings-menu-item', {}, texts.speed, element('media-playback-rate-menu', { slot: 'submenu', hidden: true, rates: '0.5 0.75 1 1.25 1.5 2' },
    element('div', { slot: 'title' }, texts.speed)));
  const quality = element('media-settings-menu-item', {}, texts.quality, element('media-rendition-menu', { slot: 'submenu', hidden: true },
    element('div', { slot: 'title' }, texts.quality)));
  const captions = element('media-settings-menu-item', {}, texts.captions, element('media-captions-menu', { slot: 'submenu', hidden: true },
    element('div', { slot: 'title' }, texts.captions)));
  return frame(el, media,
    element('media-settings-menu', { hidden: true, anchor: 'auto' }, speed, quality, ...(sounds ? [element('media-settings-menu-item', {}, texts.sound, sounds)] : []), captions),
    ...(chapters ? [chapters.menu] : []),
    element('media-control-bar', { class: 'player-line' }, element('media-time-range')),
    element('media-control-bar', { class: 'player-bar' },
      element('media-play-button'),
      element('media-seek-backward-button', { seekoffset: 10 }),
      element('media-seek-forward-button', { seekoffset: 10 }),
      element('media-mute-button'),
      element('media-volume-range', { class: 'player-wide' }),
      element('media-time-display', { showduration: true, notoggle: true }),
      element('span', { class: 'player-space' }),
      ...(chapters ? [chapters.button] : []),
      element('media-captions-button'),
      element('media-settings-menu-button'),
      element('media-pip-button', { class: 'player-wide' }),
      element('media-fullscreen-button')));
}

// bigPlayButton covers the middle of a video until it has begun.
export const bigPlayButton = () => element('media-play-button', { slot: 'centered-chrome', class: 'player-big' });

export function trailerControls(el, media) {
  return frame(el, media,
    bigPlayButton(),
    element('media-control-bar', { class: 'player-bar' },
      element('media-play-button'), element('media-mute-button'), element('media-time-range'), element('media-time-display', { remaining: true, notoggle: true }),
      element('media-fullscreen-button')));
}

// show puts the controls in place. Once connected, media-chrome names every controller "video player" and makes the captions
// button role=button with aria-checked, which ARIA forbids.
export function show(el, controller) {
  el.replaceChildren(controller);
  controller.fullscreenElement = el; // so that messages over the video are visible in full screen, too
  if (el.dataset.title) controller.setAttribute('aria-label', el.dataset.title);
  controller.querySelector('media-captions-button')?.setAttribute('role', 'switch');
}
