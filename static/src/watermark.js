// A moving, pseudonymous mark over paid video. It deters recordings and makes them traceable, but cannot prevent them. It is in
// a closed shadow root inside the controller, so that full screen shows it, and is rebuilt when it is removed, hidden or shrunk.

const style = ['position:absolute', 'inset:0', 'pointer-events:none', 'z-index:1', 'display:block', 'opacity:1', 'visibility:visible',
  'transform:none', 'filter:none', 'clip-path:none', 'mask:none', 'translate:none', 'scale:none'].map(s => s + '!important').join(';');

const tolerated = 3; // rebuilds; every further one pauses the video
const moves = 7;     // seconds in one place

export function watermark(controller, media, label) {
  let host, canvas, kept, rebuilt = 0;

  function build() {
    host = document.createElement('div');
    host.slot = 'top-chrome';
    host.setAttribute('noautohide', '');
    host.setAttribute('aria-hidden', 'true');
    host.style.cssText = style;
    kept = host.style.cssText;
    canvas = document.createElement('canvas');
    canvas.style.cssText = 'display:block;width:100%;height:100%';
    host.attachShadow({ mode: 'closed' }).append(canvas);
    controller.append(host);
  }

  function draw() {
    const ratio = devicePixelRatio || 1, width = host.clientWidth, height = host.clientHeight;
    if (!width || !height) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const size = Math.max(12, Math.min(18, width / 50));
    pen.font = `600 ${size}px Inter, sans-serif`;
    // With golden ratio steps the positions never line up, and a seek to the same second shows the same position.
    const step = Math.floor(media.currentTime / moves);
    const room = Math.max(0, width - pen.measureText(label).width - 32);
    const x = 16 + (step * 0.618034 + 0.1) % 1 * room, y = 40 + (step * 0.414214 + 0.2) % 1 * Math.max(0, height - 120);
    pen.strokeStyle = 'rgba(0,0,0,.36)';
    pen.fillStyle = 'rgba(255,255,255,.34)';
    pen.strokeText(label, x, y);
    pen.fillText(label, x, y);
  }

  function broken() {
    const seen = getComputedStyle(host);
    return host.parentElement !== controller || host.style.cssText !== kept || host.hidden || seen.display === 'none'
      || seen.visibility !== 'visible' || Number(seen.opacity) < 1 || host.clientWidth < controller.clientWidth * 0.9;
  }

  function mend() {
    if (!controller.isConnected || !broken()) return;
    host.remove();
    build();
    draw();
    if (++rebuilt > tolerated) media.pause();
  }

  build();
  draw();
  const observer = new MutationObserver(mend);
  observer.observe(controller, { childList: true, subtree: true, attributes: true, attributeFilter: ['style', 'class', 'hidden', 'slot'] });
  const timer = setInterval(() => { mend(); draw(); }, 1000);
  return () => { observer.disconnect(); clearInterval(timer); host.remove(); };
}
