// Compiles static/src into static/dist. Run by developers (`npm ci && npm run build`); the result is committed, so that
// neither the server nor `go build` needs Node. Names in dist carry no hash: package static hashes contents at start, which
// keeps diffs small. A compressed copy is rewritten only if it no longer unpacks to its source, because two versions of
// Node may compress the same bytes differently and CI compares the folder with what is committed.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants, gzipSync, gunzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import subsetFont from 'subset-font';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'static/src'), dist = join(root, 'static/dist'), modules = join(root, 'node_modules');
const only = process.argv[2];
mkdirSync(dist, { recursive: true });

// A rename is atomic, so two builds at once cannot leave half a file.
function write(path, bytes) {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, path);
}

const same = (path, unpack, bytes) => {
  try { return unpack(readFileSync(path)).equals(bytes); } catch { return false; }
};

function emit(name, content) {
  const bytes = Buffer.from(content), path = join(dist, name);
  write(path, bytes);
  if (!['.css', '.js', '.svg', '.json'].includes(extname(name))) return;
  if (!same(`${path}.gz`, gunzipSync, bytes)) write(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  if (!same(`${path}.br`, brotliDecompressSync, bytes)) {
    write(`${path}.br`, brotliCompressSync(bytes, { params: {
      [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
  }
}

// hashed uses the same digest as package static, since the compiled CSS must name the font as the server does.
const hashed = (name, bytes) =>
  name.replace(/(\.[^.]+)$/, `.${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}$1`);

// The font has the letters of western European languages and the characters that the pages use. Others, such as Chinese, come from the reader's own
// fonts. Weights that no style uses are left out, which saves a quarter of the file.
const between = (first, last) => Array.from({ length: last - first + 1 }, (_, n) => String.fromCodePoint(first + n)).join('');
const letters = between(0x20, 0x7e) + between(0xa0, 0xff) + '\u0131\u0152\u0153\u02bb\u02bc\u02c6\u02da\u02dc' + between(0x2000, 0x206f) + '€™↑↓−∕\ufffd';

async function css() {
  const whole = readFileSync(join(modules, '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'));
  const font = await subsetFont(whole, letters, { targetFormat: 'woff2', variationAxes: { wght: { min: 400, max: 700 } } });
  emit('inter.woff2', font);
  const out = join(dist, `.app.${process.pid}.css`);
  execFileSync(process.execPath, [join(modules, '@tailwindcss/cli/dist/index.mjs'), '-i', join(src, 'in.css'), '-o', out, '--minify'],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const text = readFileSync(out, 'utf8').replaceAll('inter.woff2', hashed('inter.woff2', font));
  rmSync(out);
  emit('app.css', text);
}

// media-chrome and custom-media-element put <style> elements into shadow roots. Under a strict style-src they are dropped,
// unless they carry the page's nonce; __NONCE__ is read from the player's own script tag (see the banner below).
const nonceStyles = {
  name: 'nonce-styles',
  setup(build) {
    build.onLoad({ filter: /(media-chrome|custom-media-element)\/dist\/.*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/<style(?=[\s>])/g, '<style nonce="${globalThis.__mallNonce}"'), loader: 'js' }));
  },
};

async function js() {
  emit('htmx.js', readFileSync(join(modules, 'htmx.org/dist/htmx.min.js')));
  const common = { bundle: true, write: false, minify: true, format: 'iife', target: 'es2022', legalComments: 'eof', absWorkingDir: root };
  const app = await esbuild.build({ ...common, entryPoints: ['static/src/app.js'] });
  emit('app.js', app.outputFiles[0].contents);
  const upload = await esbuild.build({ ...common, entryPoints: ['static/src/upload.js'] });
  emit('upload.js', upload.outputFiles[0].contents);
  const passkey = await esbuild.build({ ...common, entryPoints: ['static/src/passkey.js'] });
  emit('passkey.js', passkey.outputFiles[0].contents);
  const playerOptions = { ...common, entryPoints: ['static/src/player.js'], globalName: 'MallPlayer', plugins: [nonceStyles],
    banner: { js: 'globalThis.__mallNonce=document.currentScript?.nonce??"";' } };
  const wholeHls = join(modules, 'hls.js/dist/hls.mjs');
  const player = await esbuild.build({ ...playerOptions, alias: { 'hls.js/dist/hls.mjs': 'hls.js/light' } });
  emit('player.js', player.outputFiles[0].contents);
  // This is the player for videos with several sounds, which hls.js light does not play.
  const sounds = await esbuild.build({ ...playerOptions, alias: { 'hls.js/dist/hls.mjs': wholeHls, 'hls.js/light': wholeHls } });
  emit('player-sounds.js', sounds.outputFiles[0].contents);
  // For the browser tests only; never served.
  write(join(root, 'test/browser/testdata/axe.min.js'), readFileSync(join(modules, 'axe-core/axe.min.js')));
}

function images() {
  for (const name of readdirSync(join(src, 'img')).sort()) emit(name, readFileSync(join(src, 'img', name)));
}

if (!only || only === 'js') await js();
if (!only || only === 'css') await css();
if (!only) images();
