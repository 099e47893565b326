// Ties the streams of likenessd to the viewer and the panel. While nobody looks at the page, nothing is asked for.
import { showFigures, showHint, showState } from '/panel.js';
import { Viewer } from '/viewer.js';

const byId = (id) => document.getElementById(id);
const still = window.matchMedia('(prefers-reduced-motion: reduce)');
const chosen = new URLSearchParams(location.search).get('subject');

const page = { name: chosen, status: null, edition: null, editions: null, motion: null, names: [], mirrored: false, loading: null };

let viewer = null;
try {
  viewer = new Viewer(byId('view'), byId('veil'));
  viewer.turning = !still.matches;
} catch (error) {
  byId('empty').textContent = 'This browser cannot draw the avatar (WebGL is switched off); the figures are beside.';
  console.warn(error.message);
}

const path = (ending) => `/subjects/${encodeURIComponent(page.name)}${ending}`;

// Figures, once a second.

async function lookAtStatus() {
  if (document.hidden) return;
  try {
    const answer = await fetch('/api/status', { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(await answer.text());
    page.status = await answer.json();
  } catch {
    showState('lost');
    return;
  }
  const { subjects } = page.status;
  const subject = subjects.find((s) => s.name === page.name) ?? subjects[0];
  if (!subject) return;
  if (subject.name !== page.name || !page.editions) choose(subject.name);
  offer(subjects);
  showState(subject.state);
  showHint(subject.hint);
  showFigures(subject);
  byId('mirror').hidden = !subject.hasMotion || !viewer;
  const pause = byId('pause');
  pause.hidden = !subject.hasControls;
  press(pause, subject.state === 'paused');
  describe(subject);
}

function offer(subjects) {
  const select = byId('subject');
  byId('subject-field').hidden = subjects.length < 2;
  byId('name').textContent = subjects.length < 2 ? page.name : '';
  const names = subjects.map((s) => s.name);
  if ([...select.options].map((o) => o.value).join() !== names.join()) {
    select.replaceChildren(...names.map((name) => new Option(name, name)));
  }
  select.value = page.name;
}

function describe(subject) {
  const { published } = subject;
  document.title = `${subject.name} – Likeness`;
  const moving = page.mirrored ? 'moving with the person' : viewer?.turning ? 'turning slowly' : 'still';
  byId('view').setAttribute('aria-label', published && page.edition
    ? `Avatar of ${subject.name}, edition ${page.edition}, ${Math.round(published.quality.coverage * 100)} % of the face seen, ${moving}`
    : `No avatar of ${subject.name} yet`);
}

// Editions, as they are published.

function choose(name) {
  const another = page.name !== name;
  page.name = name;
  if (another) page.edition = null;
  close();
  open();
}

function open() {
  if (document.hidden || !page.name) return;
  page.editions = new EventSource(path('/events'));
  page.editions.addEventListener('edition', (event) => load(JSON.parse(event.data)));
  if (page.mirrored) listenToMotion();
}

function close() {
  page.editions?.close();
  page.motion?.close();
  page.editions = page.motion = null;
}

/** One at a time; of those that come meanwhile, the newest. */
async function load(manifest) {
  if (!viewer || manifest.edition === page.edition) return;
  if (page.loading) {
    page.loading.next = manifest;
    return;
  }
  page.loading = { next: null };
  const name = page.name;
  try {
    const answer = await fetch(path('.glb'));
    if (!answer.ok) throw new Error(await answer.text());
    const edition = Number(answer.headers.get('X-Edition'));
    await viewer.show(await answer.arrayBuffer(), !still.matches);
    if (name === page.name) {
      page.edition = edition;
      byId('empty').hidden = true;
      document.documentElement.dataset.edition = edition;
      const link = byId('download');
      link.href = path('.glb');
      link.download = `${name}.glb`;
      link.hidden = false;
      const subject = page.status?.subjects.find((s) => s.name === name);
      if (subject) describe(subject);
    }
  } catch (error) {
    console.warn(`the avatar could not be shown: ${error.message}`);
  }
  const { next } = page.loading;
  page.loading = null;
  if (next) load(next);
}

// Motion, as it happens.

function listenToMotion() {
  page.motion?.close();
  page.motion = new EventSource(path('/motion'));
  page.motion.addEventListener('names', (event) => { page.names = JSON.parse(event.data).weights; });
  page.motion.onmessage = (event) => {
    const { rotation, translation, weights } = JSON.parse(event.data);
    viewer.follow({ rotation, translation, weights: Object.fromEntries(page.names.map((name, i) => [name, weights[i]])) });
    document.documentElement.dataset.motion = 'live';
  };
}

// Buttons.

function press(button, on) { button.setAttribute('aria-pressed', on); }

function turn(on) {
  if (viewer) viewer.turning = on;
  press(byId('turn'), on);
}

turn(!still.matches);
byId('turn').addEventListener('click', () => turn(!viewer?.turning));
byId('front').addEventListener('click', () => {
  turn(false);
  viewer?.front();
});
byId('mirror').addEventListener('click', (event) => {
  page.mirrored = !page.mirrored;
  press(event.currentTarget, page.mirrored);
  document.body.classList.toggle('mirrored', page.mirrored);
  if (page.mirrored) {
    turn(false);
    viewer.front();
    listenToMotion();
  } else {
    page.motion?.close();
    page.motion = null;
    viewer.follow(null);
  }
});
byId('pause').addEventListener('click', async (event) => {
  const paused = event.currentTarget.getAttribute('aria-pressed') === 'true';
  await fetch(path(paused ? '/resume' : '/pause'), { method: 'POST' });
  lookAtStatus();
});
byId('subject').addEventListener('change', (event) => {
  choose(event.target.value);
  lookAtStatus();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) close();
  else lookAtStatus();
});

lookAtStatus();
setInterval(lookAtStatus, 1000);
