// The player: mountPlayer(el) for a video that needs an authorisation, mountTrailer(el) for a clip that anybody may see.
// start.js loads it when something is about to play (about 180 KB compressed: hls.js light, media-chrome, hls-video-element, bundled;
// player-sounds.js is the same with all of hls.js, 250 KB, for videos with several sounds).
//
// The page's CSP stays strict: script-src 'nonce-…' 'strict-dynamic'; style-src 'self' 'nonce-…'; img-src 'self' data:;
// connect-src 'self' (plus the CDN that serves segments); media-src 'self' blob: (MediaSource). media-chrome writes <style>
// into its shadow roots: the build puts the nonce of this script's tag on each, so 'unsafe-inline' is not needed. hls.js runs
// without a worker (fMP4 needs no transmuxing, AES runs in WebCrypto), so worker-src may stay 'none'.
//
// Attributes of a video's element (views/ui.Player writes them):
//   data-player                marks the element
//   data-auth-url              GET → {token, playlistUrl, expiresAt, sessionId, segmentPrefix, heartbeatUrl, heartbeatSeconds};
//                              POST {takeover: true} → the same, ending the stream elsewhere;
//                              refusal: problem+json with code, looked up in data-texts as refused_<code>
//   data-title                 names the player for a screen reader
//   data-resume                position in seconds at which the viewer stopped; below 5, the video starts at the beginning
//   data-thumbs                address of the thumbnails' WebVTT
//   data-captions              JSON [{lang, label, src}]
//   data-chapters              address of the chapters' WebVTT, in the reader's language
//   data-watermark             pseudonymous text; if it is empty, there is no watermark
//   data-buy-url               link for a viewer who is refused because they have not bought the video
//   data-sign-in-url           link for a viewer who is refused because they are not signed in
//   data-devices-url           link to the page where a viewer with too many devices removes one
//   data-sounds                the video has several sounds to choose from; needs player-sounds.js
//   data-autoplay              the video starts by itself if the browser permits it; otherwise, and without the attribute, a button starts it
//   data-busy                  something is about to play; removed once it plays or a message is shown instead
//   data-texts                 JSON of words: speed, quality, captions, chapters, sound, described, resumed, restart, takeover, retry, offline, buy, sign_in,
//                              devices, refused_<code>…, refused_unavailable
// An <img> inside is the poster. A <template data-end> inside is shown over the video when it has ended; a button with data-again in it plays the video once more.
// The heartbeat is POST heartbeatUrl {position: seconds, sessionId} with Authorization: Bearer <token>, every heartbeatSeconds,
// on pause and when the viewer leaves. It saves the position, and its answer may renew any member of the authorisation. The refusal
// stream_ended (another screen took over) is shown at once. Any other 4xx except 409 and 429 leads to a new GET of data-auth-url,
// whose refusal is shown.
// Attributes of a trailer's element: data-trailer, data-src (a public .m3u8), data-title.
// Events on the element: mall:ready, mall:refused {detail: {code}}, mall:authorized.
import Hls from 'hls.js/light';
import 'hls-video-element';
import { autoplay } from './autoplay.js';
import { chapterControls, chapterTrack, showChapters } from './chapters.js';
import { connection } from './connection.js';
import { bigPlayButton, element, videoControls, show, trailerControls } from './controls.js';
import { captionsFor, remember } from './preferences.js';
import { Refused, Session, authorizeAt } from './session.js';
import { rememberSound, soundMenu } from './sounds.js';
import { watermark } from './watermark.js';

const clock = seconds => {
  const s = Math.floor(seconds), two = n => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
};

const buyable = new Set(['not_entitled', 'rental_expired', 'entitlement_revoked', 'not_free']);

function notice(el, texts, why, actions) {
  el.querySelector('.player-notice')?.remove();
  const text = texts[`refused_${why.code}`] ?? texts.refused_unavailable;
  const box = element('div', { class: 'player-notice', role: 'alert', tabindex: -1 }, element('p', {}, text),
    element('div', { class: 'player-actions' }, ...actions));
  el.append(box);
  box.focus({ preventScroll: true });
}

const act = (label, press) => {
  const b = element('button', { type: 'button', class: 'btn btn-primary' }, label);
  b.addEventListener('click', press, { once: true });
  return b;
};
const go = (label, href) => element('a', { class: 'btn btn-primary', href }, label);

// plays returns an hls-video element around video, the native one. start.js may have created video while the viewer pressed the button, because some
// browsers play only such an element.
function plays(video, preload) {
  const media = document.createElement('hls-video');
  media.slot = 'media';
  Object.assign(video, { slot: 'media', playsInline: true, preload });
  media.append(video);
  return media;
}

// begun removes the sign of waiting as soon as the video plays, or is paused before it does.
function begun(el, media) {
  for (const name of ['playing', 'pause']) media.addEventListener(name, () => idle(el), { once: true });
}

const idle = el => { delete el.dataset.busy; };

// mountPlayer shows a video in el. options: pressed says that the viewer has pressed play, video is the native element,
// and authorize(takeover) replaces the request to data-auth-url (an embed's ticket).
// It returns {media, stop}: the hls-video element, and a function that removes everything.
export function mountPlayer(el, options = {}) {
  const data = el.dataset, texts = JSON.parse(data.texts ?? '{}');
  const session = new Session(options.authorize ?? authorizeAt(data.authUrl));
  const resume = Number(data.resume) >= 5 ? Number(data.resume) : 0;
  const media = plays(options.video ?? document.createElement('video'), 'metadata');
  const captions = captionsFor(JSON.parse(data.captions ?? '[]'), document.documentElement.lang);
  for (const track of captions.tracks) {
    const { lang, label, src } = track;
    media.append(element('track', { kind: 'captions', srclang: lang, label, src, default: track === captions.shown }));
  }
  if (data.thumbs) media.append(element('track', { kind: 'metadata', label: 'thumbnails', src: data.thumbs, default: true }));

  let chapters;
  if (data.chapters) {
    media.append(chapterTrack(element, data.chapters));
    chapters = chapterControls(element, texts);
  }
  const sounds = data.sounds !== undefined;
  const end = el.querySelector('template[data-end]');
  const controller = videoControls(el, media, { texts, chapters, sounds: sounds && soundMenu(element, media, texts) });
  show(el, controller);
  if (options.pressed) controller.focus({ preventScroll: true });
  begun(el, media);
  const chooseQuality = remember(el, media);
  const chooseSound = sounds && rememberSound(el, media);
  const line = connection(el, texts, recover);
  if (chapters) showChapters(element, media, chapters, texts, clock);
  if (end) media.addEventListener('ended', showEnd);
  let unmark = () => {}, callOff = () => {}, stopped = false;

  function refuse(why) {
    callOff();
    idle(el);
    line.restored();
    session.stop();
    media.pause();
    media.api?.stopLoad();
    const actions = [];
    if (why.code === 'stream_limit' || why.code === 'stream_ended') actions.push(act(texts.takeover, () => start(true)));
    else if (buyable.has(why.code)) { if (data.buyUrl) actions.push(go(texts.buy, data.buyUrl)); }
    else if (why.code === 'signed_out') { if (data.signInUrl) actions.push(go(texts.sign_in, data.signInUrl)); }
    else {
      if (why.code === 'device_limit' && data.devicesUrl) actions.push(go(texts.devices, data.devicesUrl));
      actions.push(act(texts.retry, () => start(false)));
    }
    notice(el, texts, why, actions);
    el.dispatchEvent(new CustomEvent('mall:refused', { bubbles: true, detail: { code: why.code } }));
  }

  function showEnd() {
    // The native full screen of a phone shows nothing but the video.
    if (media.nativeEl?.webkitDisplayingFullscreen) media.nativeEl.webkitExitFullscreen();
    el.querySelector('.player-end')?.remove();
    const box = element('div', { class: 'player-notice player-end', role: 'alert', tabindex: -1, 'data-theme': 'mall-dark' }, end.content.cloneNode(true));
    box.querySelector('[data-again]')?.addEventListener('click', () => { media.currentTime = 0; media.play()?.catch(() => { /* the viewer can press play */ }); });
    media.addEventListener('seeking', () => box.remove(), { once: true });
    el.append(box);
    box.focus({ preventScroll: true });
  }

  // refused returns whether the server has refused. Every other error is a broken connection.
  const refused = why => why instanceof Refused;

  // recover is called when a playlist, key or segment was refused, or the connection broke. The heartbeat finds out which, and why. A press on "try again"
  // calls it, too.
  let recoveries = 0, opened = false;
  async function recover(fatal = true) {
    if (!opened) { await start(false); return; }
    try {
      await session.renew(media.currentTime);
      line.restored(); // there may be nothing left to load that would show it
      if (!fatal) return;
      if (++recoveries > 4) throw new Refused('unavailable', 0);
      media.api.startLoad(media.currentTime);
    } catch (why) {
      if (refused(why)) refuse(why);
      else line.lost();
    }
  }

  function offerRestart() {
    const bar = element('div', { class: 'player-note player-resume', role: 'status' }, `${texts.resumed} ${clock(resume)} `);
    const restart = act(texts.restart, () => { media.currentTime = 0; bar.remove(); });
    restart.className = 'btn btn-sm';
    bar.append(restart);
    el.append(bar);
    setTimeout(() => bar.remove(), 12_000);
  }

  function waitForPress() {
    idle(el);
    if (!controller.querySelector('.player-big')) controller.append(bigPlayButton());
  }

  async function start(takeover) {
    el.querySelector('.player-notice')?.remove();
    const from = media.currentTime || resume;
    try {
      await session.open(takeover);
    } catch (why) {
      if (refused(why)) {
        refuse(why);
      } else {
        idle(el);
        line.lost();
      }
      return;
    }
    opened = true;
    line.restored();
    if (stopped) return;
    media.config = { startPosition: from || -1, enableWorker: false, maxBufferLength: 30, backBufferLength: 60, capLevelToPlayerSize: false,
      xhrSetup: (xhr, address) => xhr.open('GET', session.fresh(address), true) };
    if (media.getAttribute('src') === session.playlistUrl) media.load();
    else media.setAttribute('src', session.playlistUrl);
    for (let turns = 0; turns < 20 && !media.api; turns++) await Promise.resolve(); // hls-video makes its Hls a few microtasks later
    media.api?.on(Hls.Events.ERROR, (_, e) => {
      const status = e.response?.code ?? 0;
      if (e.type === Hls.ErrorTypes.MEDIA_ERROR && e.fatal) media.api.recoverMediaError();
      else if (e.type === Hls.ErrorTypes.NETWORK_ERROR && (e.fatal || status === 401 || status === 403)) recover(e.fatal);
      // Without an answer hls.js keeps trying for a minute or two, and the viewer must be told meanwhile.
      else if (e.type === Hls.ErrorTypes.NETWORK_ERROR && !status) line.lost();
    });
    media.api?.on(Hls.Events.MANIFEST_PARSED, chooseQuality);
    if (sounds) media.api?.on(Hls.Events.MANIFEST_PARSED, chooseSound);
    media.api?.on(Hls.Events.FRAG_BUFFERED, () => {
      recoveries = 0;
      line.loaded();
    });
    if (data.watermark) { unmark(); unmark = watermark(controller, media, data.watermark); }
    session.keep(media, refuse);
    if (resume && from === resume && texts.restart) media.addEventListener('loadedmetadata', offerRestart, { once: true });
    if (data.autoplay !== undefined || options.pressed || takeover) callOff = autoplay(media, controller, waitForPress);
    else waitForPress();
    el.dispatchEvent(new CustomEvent('mall:authorized', { bubbles: true }));
  }

  const leave = () => { if (media.currentTime > 0) session.save(media.currentTime); };
  addEventListener('pagehide', leave);
  start(false);
  return { media, stop() { stopped = true; callOff(); session.stop(); line.stop(); unmark(); removeEventListener('pagehide', leave); el.replaceChildren(); } };
}

// mountTrailer plays a public playlist. The player was loaded by the press on the trailer.
export function mountTrailer(el, { video = document.createElement('video') } = {}) {
  const media = plays(video, 'auto');
  media.config = { enableWorker: false };
  const controller = trailerControls(el, media);
  show(el, controller);
  begun(el, media);
  remember(el, media);
  media.setAttribute('src', el.dataset.src);
  controller.focus({ preventScroll: true });
  autoplay(media, controller, () => idle(el)); // the large button is there
  return { media, stop() { el.replaceChildren(); } };
}
