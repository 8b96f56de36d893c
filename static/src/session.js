// A playback session as the server sees it: an authorisation, renewed by heartbeats, that every request for a playlist, a key
// or a segment must carry. A VOD playlist is loaded once, so the addresses in it become old; fresh() rewrites each request to
// the newest token and the newest signed prefix.

const tokenPath = /\/(p|k)\/[^/]+\//;
const signedPath = /\/s\/\d+\/[^/]+\/[^/]+\//;
const idle = 5 * 60_000; // a player that is paused for longer gives up its place among the streams

// Refused has the server's code: not_entitled, rental_expired, stream_limit, …
export class Refused extends Error {
  constructor(code, status) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

// csrf returns the headers that views.Layout has put on the body for htmx.
const csrf = () => {
  try { return JSON.parse(document.body.getAttribute('hx-headers') ?? '{}'); } catch { return {}; }
};

async function ask(address, options) {
  const response = await fetch(address, { credentials: 'same-origin', ...options, headers: { Accept: 'application/json', ...options?.headers } });
  let body = {};
  try { body = await response.json(); } catch { /* an empty or foreign answer is judged by its status */ }
  if (!response.ok) throw new Refused(body.code ?? (response.status === 401 ? 'signed_out' : 'unavailable'), response.status);
  return body;
}

const post = (address, body, headers, keepalive = false) =>
  ask(address, { method: 'POST', body: JSON.stringify(body), keepalive, headers: { 'Content-Type': 'application/json', ...csrf(), ...headers } });

export const authorizeAt = address => takeover => takeover ? post(address, { takeover: true }) : ask(address);

export class Session {
  #authorize;
  #current;
  #timer;
  #stopped;
  #renewing;
  #pausedAt = Date.now();

  // authorize(takeover) answers {token, playlistUrl, expiresAt, sessionId, segmentPrefix, heartbeatUrl, heartbeatSeconds}.
  constructor(authorize) { this.#authorize = authorize; }

  get playlistUrl() { return this.#current.playlistUrl; }

  async open(takeover = false) { this.#current = await this.#authorize(takeover); }

  fresh(address) {
    const { token, segmentPrefix } = this.#current;
    const signed = segmentPrefix?.match(signedPath)?.[0];
    let out = address.replace(tokenPath, (_, kind) => `/${kind}/${token}/`);
    if (signed) out = out.replace(signedPath, signed);
    return out;
  }

  async #beat(position, keepalive) {
    const { heartbeatUrl, token, sessionId } = this.#current;
    const renewed = await post(heartbeatUrl, { position, sessionId }, { Authorization: `Bearer ${token}` }, keepalive);
    this.#current = { ...this.#current, ...renewed };
  }

  // renew requests a new token. If the old one can no longer be renewed it authorises again, unless the server refuses that too.
  renew(position) {
    this.#renewing ??= this.#beat(position).catch(async why => {
      if (!(why instanceof Refused) || why.status === 409 || why.status === 429 || why.status >= 500) throw why;
      if (why.code === 'stream_ended') throw why;
      await this.open();
    }).finally(() => { this.#renewing = undefined; });
    return this.#renewing;
  }

  // keep sends a heartbeat each interval until refused(why) or stop(). If the network is down, it tries again at the next interval.
  keep(media, refused) {
    this.stop();
    this.#stopped = new AbortController();
    const until = { signal: this.#stopped.signal };
    const tick = () => {
      if (media.paused && Date.now() - this.#pausedAt > idle) return;
      this.renew(media.currentTime).catch(why => { if (why instanceof Refused && why.status < 500 && why.status !== 429) refused(why); });
    };
    this.#timer = setInterval(tick, (this.#current.heartbeatSeconds || 15) * 1000);
    media.addEventListener('pause', () => { this.#pausedAt = Date.now(); this.save(media.currentTime); }, until);
    media.addEventListener('play', () => { if (Date.now() - this.#pausedAt > idle) tick(); }, until);
  }

  // save sends a heartbeat that may complete after the page is closed.
  save(position) { this.#beat(position, true).catch(() => { /* the next heartbeat saves the position; if there is none, the last one has */ }); }

  stop() {
    clearInterval(this.#timer);
    this.#stopped?.abort();
  }
}
