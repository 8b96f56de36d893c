// Shows times in the reader's own zone. The server writes them in the zone that the cookie names, so that they are correct from the first paint. Before it
// knows the zone, and on pages that all guests share, it writes them in a default zone, which it names, and this script rewrites them.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function remember() {
  const secure = location.protocol === 'https:' ? ';secure' : '';
  document.cookie = `zone=${zone};path=/;max-age=31536000;samesite=lax${secure}`;
}

// The format is that of package text.
function writers(lang) {
  const day = new Intl.DateTimeFormat(lang, { timeZone: zone, dateStyle: lang.startsWith('zh') ? 'long' : 'medium' });
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return { day: at => day.format(at), moment: at => day.format(at) + (lang.startsWith('zh') ? ' ' : ', ') + clock.format(at) };
}

function rewrite(root, write) {
  for (const el of root.querySelectorAll('time[data-time]')) {
    const at = new Date(el.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    if (el.dataset.time === 'ago') el.title = write.moment(at);
    else el.textContent = write[el.dataset.time](at);
  }
}

if (zone && zone !== document.body.dataset.zone) {
  remember();
  rewrite(document, writers(document.documentElement.lang));
}
