// The poster and the play button of a video or a trailer. The player is by far the heaviest part of its page, so it is loaded only when something is about to
// play: when the button is pressed, or at once if the video starts by itself and the browser permits that. Loaded earlier, it would only wait for the
// press and delay everything else on the page.
//
// views/ui writes the attributes. [data-player] or [data-trailer] marks the frame (see player.js). [data-start] marks the button inside it; its value is
// the address of the player's script. [data-busy] on the frame shows that something is about to play; the player removes it.

const nonce = document.currentScript?.nonce;
let loading;

// player loads the script once for each page. If that fails, the next press tries again.
function player(address) {
  loading ??= new Promise((ready, failed) => {
    const script = document.createElement('script');
    script.nonce = nonce;
    script.src = address;
    script.onload = ready;
    script.onerror = failed;
    document.head.append(script);
  }).catch(why => { loading = undefined; throw why; });
  return loading;
}

// Lets the browser paint and handle input between running the script and building the controls.
const breath = () => new Promise(done => setTimeout(done));

const frameOf = button => button.closest('[data-player], [data-trailer]');

// wait shows or hides the sign that something is about to play. A press while it is shown does nothing.
function wait(frame, button, on) {
  frame.toggleAttribute('data-busy', on);
  if (on) button.setAttribute('aria-busy', 'true');
  else button.removeAttribute('aria-busy');
}

// bring mounts the player in place of the button. pressed says whether the viewer has pressed it.
async function bring(button, pressed, failed) {
  const frame = frameOf(button);
  wait(frame, button, true);
  // Without another press Safari plays only an element that was loaded during the press, and the script arrives later.
  const video = document.createElement('video');
  if (pressed) video.load();
  try {
    await player(button.dataset.start);
    await breath();
    const { mountPlayer, mountTrailer } = globalThis.MallPlayer;
    if ('player' in frame.dataset) mountPlayer(frame, { pressed, video });
    else mountTrailer(frame, { video });
  } catch {
    wait(frame, button, false);
    failed();
  }
}

// lookedAt waits until the page is visible, so that a background tab does not take the stream from another screen.
const lookedAt = () => new Promise(done => {
  if (document.visibilityState === 'visible') done();
  else document.addEventListener('visibilitychange', done, { once: true });
});

// mayPlay returns whether the browser would play sound before anything is pressed on this page, as it does after a press on the previous page.
// The probe has no source and plays nothing, but a browser refuses it as it would refuse a video (HTML, "allowed to play").
async function mayPlay() {
  if (navigator.getAutoplayPolicy) return navigator.getAutoplayPolicy('mediaelement') === 'allowed';
  const probe = document.createElement('video');
  const refused = probe.play().then(() => false, why => why.name === 'NotAllowedError');
  const wasRefused = await Promise.race([refused, breath().then(() => false)]);
  probe.pause();
  return !wasRefused;
}

// fetchAhead downloads the script without running it, once the page is complete and idle, so that a press waits for no download.
function fetchAhead(address) {
  if (navigator.connection?.saveData) return;
  const idle = globalThis.requestIdleCallback ?? setTimeout;
  const go = () => idle(() => fetch(address, { priority: 'low' }).then(answer => answer.blob()).catch(() => { /* the press requests it again */ }));
  if (document.readyState === 'complete') go();
  else addEventListener('load', go, { once: true });
}

async function beginByItself(button, failed) {
  const frame = frameOf(button);
  wait(frame, button, true);
  await lookedAt();
  if (await mayPlay()) {
    bring(button, false, failed);
  } else {
    wait(frame, button, false);
    fetchAhead(button.dataset.start);
  }
}

export function startPlayers(failed) {
  const press = button => { if (!button.hasAttribute('aria-busy')) bring(button, true, failed); };
  document.addEventListener('click', e => {
    const button = e.target.closest?.('[data-start]');
    if (button) press(button);
  });
  // k is the player's key for play. It works here, too, besides the keys that press any button.
  document.addEventListener('keydown', e => {
    const button = e.target.closest?.('[data-start]');
    if (button && e.key === 'k' && !e.ctrlKey && !e.metaKey && !e.altKey) press(button);
  });
  for (const button of document.querySelectorAll('[data-player] [data-start]')) {
    if ('autoplay' in frameOf(button).dataset) beginByItself(button, failed);
    else fetchAhead(button.dataset.start);
  }
}
