// Uploads videos. A file is sent in pieces: to the server by tus 1.0, or in parts to a bucket that the server names; the page says which. The script asks
// what has arrived before it sends anything, so nothing is sent twice after a broken connection, a closed tab or a pause of up to a day. Texts come
// from the page; those of refusals come from the server.

const root = document.querySelector('[data-upload]');
if (root) start();

function start() {
  const endpoint = root.dataset.upload, words = JSON.parse(root.dataset.words), lang = document.documentElement.lang;
  const kinds = root.dataset.kinds.split(','), most = +root.dataset.max;
  const list = root.querySelector('[data-list]'), input = root.querySelector('input[type=file]'), drop = root.querySelector('[data-drop]');
  const chunk = 32 * 2 ** 20; // for tus: small enough for proxies that buffer a whole request before they pass it on
  const uploads = [];
  root.hidden = false;

  // --- Texts and numbers ----------------------------------------------------------------------------------------------

  const fill = (s, values) => s.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const unit = (n, unit, digits = 0) => new Intl.NumberFormat(lang, { style: 'unit', unit, unitDisplay: unit.endsWith('byte') ? 'short' : 'long', maximumFractionDigits: digits }).format(n);
  function bytes(n) {
    const units = ['kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
    let i = 0;
    for (n /= 1024; n >= 1024 && i < 3; n /= 1024) i++;
    return unit(n, units[i], i > 1 ? 1 : 0);
  }
  const time = s => s < 60 ? unit(Math.ceil(s), 'second') : s < 5400 ? unit(Math.ceil(s / 60), 'minute') : unit(s / 3600, 'hour', 1);
  const say = message => { root.querySelector('[data-say]').textContent = message; };

  // --- What the browser remembers -------------------------------------------------------------------------------------

  const prefix = 'upload:';
  const fingerprint = file => `${prefix}${file.name}:${file.size}:${file.lastModified}`;
  const recall = key => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
  const remember = (key, value) => { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* after the tab is closed, the upload starts again */ } };
  const forget = key => { try { localStorage.removeItem(key); } catch { /* nothing was stored */ } };
  const remembered = () => { try { return Object.keys(localStorage).filter(k => k.startsWith(prefix)); } catch { return []; } };

  // --- Two protocols: tus and parts -----------------------------------------------------------------------------------

  // Refused is permanent; after any other error the upload is tried again.
  class Refused extends Error {
    constructor(message, code, status) { super(message); Object.assign(this, { code, status }); }
  }
  const gone = e => e instanceof Refused && e.status === 404;

  async function refusal(status, body) {
    let problem = {};
    try { problem = JSON.parse(body); } catch { /* HEAD has none */ }
    if (status === 401) return new Refused(words.signedOut, 'signed_out', status);
    // The upload is busy, is at another offset, is rate-limited, or the server failed. It can go on after it has asked for its offset again.
    if (status >= 500 || status === 423 || status === 429 || status === 408 || problem.code === 'upload_offset' || problem.code === 'upload_busy') return new Error(problem.detail ?? String(status));
    return new Refused(problem.detail ?? words.failed, problem.code, status);
  }

  async function ask(url, options) {
    const response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', ...options });
    if (!response.ok) throw await refusal(response.status, await response.text());
    return response;
  }

  // fetch cannot report how much it has sent.
  function send(method, url, headers, body, progress, signal) {
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      const stop = () => xhr.abort();
      xhr.open(method, url);
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
      xhr.upload.onprogress = e => progress(e.loaded);
      xhr.onload = async () => (xhr.status >= 200 && xhr.status < 300 ? resolve(xhr) : reject(await refusal(xhr.status, xhr.responseText)));
      xhr.onerror = xhr.ontimeout = () => reject(new Error('connection'));
      xhr.onabort = () => reject(new DOMException('stopped', 'AbortError'));
      xhr.onloadend = () => signal.removeEventListener('abort', stop);
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      else xhr.send(body);
    });
  }

  const base64 = s => btoa(String.fromCharCode(...new TextEncoder().encode(s)));
  const version = { 'Tus-Resumable': '1.0.0' };

  const tus = {
    async begin(file) {
      const said = [`filename ${base64(file.name)}`, ...(file.type ? [`filetype ${base64(file.type)}`] : [])].join(',');
      const r = await ask(endpoint, { method: 'POST', headers: { ...version, 'Upload-Length': file.size, 'Upload-Metadata': said } });
      return new URL(r.headers.get('Location'), location.href).pathname;
    },
    async look(url) {
      const r = await ask(url, { method: 'HEAD', headers: version });
      return { offset: +r.headers.get('Upload-Offset'), video: r.headers.get('Mall-Video') };
    },
    // send sends one piece and returns the new offset. An empty piece at the end makes the server finish the upload.
    async send(u, at, progress) {
      const piece = u.file.slice(at.offset, Math.min(at.offset + chunk, u.file.size));
      const headers = { ...version, 'Upload-Offset': at.offset, 'Content-Type': 'application/offset+octet-stream' };
      const r = await send('PATCH', u.url, headers, piece, progress, u.stop.signal);
      return { offset: +r.getResponseHeader('Upload-Offset'), video: r.getResponseHeader('Mall-Video') };
    },
  };

  const json = (url, body) => ask(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body ?? {}) }).then(r => r.json());

  const parts = {
    begin: async file => (await json(endpoint, { name: file.name, type: file.type, size: file.size })).url,
    async look(url) {
      const s = await (await ask(url)).json();
      return { offset: s.offset, video: s.videoId && String(s.videoId), partSize: s.partSize, have: new Set(s.parts.map(p => p.number)) };
    },
    async send(u, at, progress) {
      const count = Math.ceil(u.file.size / at.partSize);
      let number = 1;
      while (at.have.has(number)) number++;
      if (at.offset >= u.file.size || number > count) {
        return { ...at, offset: u.file.size, video: String((await json(`${u.url}/complete`)).videoId) };
      }
      const [part] = (await json(`${u.url}/addresses`, { numbers: [number] })).parts;
      const piece = u.file.slice(part.offset, part.offset + part.size);
      try {
        await send('PUT', part.url, {}, piece, progress, u.stop.signal);
      } catch (e) {
        throw e instanceof Refused ? new Error('bucket') : e; // the address may have expired: request another
      }
      return { ...at, offset: at.offset + part.size, have: new Set([...at.have, number]) };
    },
  };
  const way = 'direct' in root.dataset ? parts : tus;

  // --- One file -------------------------------------------------------------------------------------------------------

  class Upload {
    state = 'queued';
    speed = 0;
    stop = new AbortController();

    constructor(file, key, kept) {
      Object.assign(this, { file, key, url: kept?.url, name: file?.name ?? kept.name, size: file?.size ?? kept.size, sent: kept?.sent ?? 0 });
      const row = root.querySelector('[data-row]').content.firstElementChild.cloneNode(true);
      this.at = name => row.querySelector(`[data-${name}]`);
      this.row = row;
      this.at('name').textContent = this.name;
      this.at('size').textContent = bytes(this.size);
      this.at('bar').setAttribute('aria-label', this.name);
      this.at('pause').onclick = () => this.pause();
      this.at('resume').onclick = () => this.resume();
      this.at('cancel').onclick = () => this.cancel();
      list.append(row);
    }

    show(state, message) {
      const was = this.state;
      this.state = state;
      const running = ['queued', 'checking', 'running', 'waiting'].includes(state);
      const focused = this.row.contains(document.activeElement);
      this.at('pause').hidden = !running;
      this.at('resume').hidden = !(state === 'paused' || state === 'failed') || !this.file;
      this.at('cancel').hidden = state === 'done' || state === 'cancelled';
      this.at('open').hidden = state !== 'done';
      this.at('bar').hidden = state === 'failed' && !this.sent || state === 'cancelled';
      if (focused && document.activeElement?.hidden) this.row.querySelector('button:not([hidden]), a:not([hidden])')?.focus();
      this.at('state').classList.toggle('text-error', state === 'failed');
      this.at('state').textContent = message ?? words[state];
      if (was !== state && ['paused', 'done', 'failed', 'cancelled', 'waiting'].includes(state)) say(`${this.name}: ${this.at('state').textContent}`);
    }

    progress(sent) {
      const now = performance.now();
      if (this.since && now > this.since && sent > this.sent) {
        const speed = (sent - this.sent) / (now - this.since) * 1000;
        this.speed = this.speed ? this.speed * 0.8 + speed * 0.2 : speed;
      }
      const percent = Math.floor(sent / this.size * 100), step = Math.floor(percent / 25);
      if (step > (this.step ?? Math.floor(this.sent / this.size * 4)) && step < 4) say(fill(words.percent, { name: this.name, percent: step * 25 }));
      Object.assign(this, { since: now, sent, step });
      this.at('bar').value = percent;
      const bits = [words.running, fill(words.of, { done: bytes(sent), size: bytes(this.size) }), `${percent} %`];
      if (this.speed) bits.push(`${bytes(this.speed)}/s`, fill(words.left, { time: time((this.size - sent) / this.speed) }));
      this.at('state').textContent = bits.join(' · ');
    }

    // run continues until the file is uploaded or refused.
    async run() {
      for (let tries = 0; ;) {
        try {
          this.since = undefined;
          this.show('checking');
          let at = this.url ? await way.look(this.url).catch(e => { if (gone(e)) return null; throw e; }) : null;
          if (!at) {
            const url = await way.begin(this.file);
            if (this.state === 'cancelled') return void ask(url, { method: 'DELETE', headers: way === tus ? version : {} }).catch(() => {});
            this.url = url;
            at = await way.look(this.url);
          }
          if (this.stop.signal.aborted) return; // paused or cancelled meanwhile: don't show or store the upload as running
          this.sent = at.offset;
          this.keep();
          this.show('running');
          this.progress(at.offset);
          while (!at.video) {
            if (this.stop.signal.aborted) return;
            const from = at.offset;
            at = await way.send(this, at, n => this.progress(Math.min(from + n, this.size)));
            this.progress(at.offset);
            this.keep();
            tries = 0;
          }
          forget(this.key);
          this.at('open').href = `/studio/videos/${encodeURIComponent(at.video)}`;
          this.at('bar').value = 100;
          return this.show('done');
        } catch (e) {
          if (this.stop.signal.aborted) return;
          if (e instanceof Refused) {
            if (e.status !== 401) forget(this.key);
            return this.show('failed', e.message);
          }
          try { await this.file.slice(0, 1).arrayBuffer(); } catch { return this.show('failed', words.unreadable); }
          const seconds = Math.min(2 ** tries++, 60);
          this.show('waiting', fill(words.waiting, { seconds }));
          await this.pauseFor(seconds * 1000);
          if (this.stop.signal.aborted) return;
        }
      }
    }

    keep() { remember(this.key, { url: this.url, name: this.name, size: this.size, sent: this.sent, at: Date.now() }); }

    pauseFor(ms) {
      return new Promise(resolve => {
        const done = () => { clearTimeout(timer); removeEventListener('online', done); this.stop.signal.removeEventListener('abort', done); resolve(); };
        const timer = setTimeout(done, ms);
        addEventListener('online', done);
        this.stop.signal.addEventListener('abort', done);
      });
    }

    pause() { this.stop.abort(); this.show('paused'); }

    resume() { this.stop = new AbortController(); this.speed = 0; this.show('queued'); work(); }

    async cancel() {
      this.stop.abort();
      forget(this.key);
      this.show('cancelled');
      const { url } = this;
      this.url = undefined;
      for (let n = 0; url && n < 5; n++) { // an upload that can't be deleted now expires after a day
        try { return await ask(url, { method: 'DELETE', headers: way === tus ? version : {} }); } catch (e) { if (e instanceof Refused) return; }
        await new Promise(resolve => setTimeout(resolve, 1000 * 2 ** n));
      }
    }
  }

  // --- The queue --------------------------------------------------------------------------------------------------------

  let working = false;
  async function work() {
    if (working) return;
    working = true;
    try {
      for (let u; (u = uploads.find(u => u.state === 'queued'));) await u.run();
    } finally {
      working = false;
    }
    if (uploads.some(u => u.state === 'queued')) work();
  }

  function add(file) {
    const key = fingerprint(file), known = uploads.find(u => u.key === key && u.state !== 'cancelled' && u.state !== 'failed');
    if (known?.file) return say(words.twice);
    if (known) { known.row.remove(); uploads.splice(uploads.indexOf(known), 1); }
    const u = new Upload(file, key, recall(key));
    uploads.push(u);
    if (!kinds.some(k => file.name.toLowerCase().endsWith(k))) return u.show('failed', words.type);
    if (!file.size || file.size > most) return u.show('failed', words.size);
    u.show('queued');
    work();
  }

  root.querySelector('[data-choose]').onclick = () => input.click();
  input.addEventListener('change', () => { [...input.files].forEach(add); input.value = ''; });
  for (const type of ['dragover', 'dragleave', 'drop']) {
    drop.addEventListener(type, e => {
      e.preventDefault();
      drop.classList.toggle('border-primary', type === 'dragover');
      if (type === 'drop') [...e.dataTransfer.files].forEach(add);
    });
  }
  // A file that is dropped outside the area would replace the page.
  for (const type of ['dragover', 'drop']) addEventListener(type, e => e.preventDefault());

  for (const key of remembered()) {
    const kept = recall(key);
    if (!kept?.url || Date.now() - kept.at > 24 * 3600_000) { forget(key); continue; }
    const u = new Upload(null, key, kept);
    uploads.push(u);
    u.show('paused', fill(words.again, { percent: Math.floor(kept.sent / kept.size * 100) }));
    u.at('bar').value = Math.floor(kept.sent / kept.size * 100);
  }

  addEventListener('beforeunload', e => {
    if (!uploads.some(u => ['queued', 'checking', 'running', 'waiting'].includes(u.state))) return;
    e.preventDefault();
    e.returnValue = words.leave;
  });
}
