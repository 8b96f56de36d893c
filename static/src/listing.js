// The form of a listing: a chosen picture is uploaded at once, and the name that it gets is stored in the form.

document.addEventListener('change', async e => {
  const input = e.target.closest?.('input[data-cover]');
  const file = input?.files[0];
  if (!file) return;
  const state = document.getElementById('cover-state');
  const say = (message, wrong) => {
    state.textContent = message;
    state.classList.toggle('text-error', wrong);
    state.classList.toggle('text-muted', !wrong);
  };
  say(input.dataset.sending, false);
  const body = new FormData();
  body.append('cover', file);
  try {
    const headers = { ...JSON.parse(document.body.getAttribute('hx-headers') ?? '{}'), Accept: 'application/json' };
    const answer = await fetch(input.dataset.cover, { method: 'POST', body, headers });
    const said = await answer.json();
    if (!answer.ok) {
      say(said.detail ?? input.dataset.failed, true);
      return;
    }
    const cover = document.getElementById('cover'), picture = document.getElementById('cover-picture');
    cover.value = said.cover;
    picture.src = said.url.replace('{w}', '480');
    picture.hidden = false;
    say('', false);
    cover.dispatchEvent(new Event('change', { bubbles: true })); // the form saves itself
  } catch {
    say(input.dataset.failed, true);
  } finally {
    input.value = '';
  }
});
