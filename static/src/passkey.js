// Asks the authenticator for a passkey. A button names the address that says what to sign; the answer goes into a field of its
// form, and the form is sent as if it had been filled in. Where browsers have no passkeys, the page says so instead.

const bytes = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const named = list => list?.map(c => ({ ...c, id: bytes(c.id) }));

// sign returns what the authenticator made, as the JSON of WebAuthn. Not every browser has toJSON and parse…FromJSON.
async function sign(act, options) {
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials), excludeCredentials: named(options.excludeCredentials) };
  if (options.user) publicKey.user = { ...options.user, id: bytes(options.user.id) };
  const made = await navigator.credentials[act]({ publicKey });
  const r = made.response, response = { clientDataJSON: text(r.clientDataJSON) };
  if (act === 'create') Object.assign(response, { attestationObject: text(r.attestationObject), transports: r.getTransports?.() ?? [] });
  else Object.assign(response, { authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: r.userHandle ? text(r.userHandle) : undefined });
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, authenticatorAttachment: made.authenticatorAttachment ?? undefined, clientExtensionResults: made.getClientExtensionResults(), response });
}

for (const button of document.querySelectorAll('[data-passkey][hidden]')) {
  const form = button.closest('form'), trouble = form.querySelector('[data-passkey-trouble]');
  if (!window.PublicKeyCredential || !navigator.credentials) continue;
  button.hidden = false;
  form.querySelector('[data-passkey-none]').hidden = true;
  const begin = async () => {
    if (!form.reportValidity() || button.disabled) return;
    button.disabled = true;
    trouble.hidden = true;
    try {
      const answer = await fetch(button.dataset.ask, { method: 'POST', credentials: 'same-origin', cache: 'no-store', headers: { Accept: 'application/json' } });
      const asked = await answer.json();
      if (asked.code === 'password_required') { // the page is older than the last proof: its first step asks for one
        form.action = button.dataset.ask.replace(/\/ask$/, '');
        return form.submit();
      }
      if (!answer.ok) throw new Error(asked.detail);
      form.elements[button.dataset.field].value = await sign(button.dataset.passkey, asked.publicKey);
      form.submit();
    } catch (e) {
      // Browsers say no more than NotAllowedError when somebody cancels, or has no passkey here.
      trouble.textContent = e instanceof DOMException || !e.message ? button.dataset.failed : e.message;
      trouble.hidden = false;
      button.disabled = false;
    }
  };
  button.addEventListener('click', begin);
  // Enter in a field of the form would send it without the answer.
  form.addEventListener('submit', e => { e.preventDefault(); begin(); });
}
// A page that the back button shows again has to offer its button again.
addEventListener('pageshow', e => { if (e.persisted) for (const b of document.querySelectorAll('[data-passkey]')) b.disabled = false; });
