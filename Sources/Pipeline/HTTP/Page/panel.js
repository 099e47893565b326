// Shows the figures of /api/status. Everything is text or a simple shape; nothing is drawn that is not also said.
const byId = (id) => document.getElementById(id);
const percent = (share) => `${Math.round(share * 100)} %`;
const count = new Intl.NumberFormat('en');

const states = {
  opening: 'Opening the camera',
  running: 'Watching',
  waiting: 'The camera is away',
  refused: 'The camera cannot be used',
  paused: 'Paused',
  unenrolled: 'Waiting for enrolment',
  ended: 'Finished',
  lost: 'No connection to likenessd',
};

export function showState(state) {
  const element = byId('state');
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  byId('state-text').textContent = states[state] ?? state;
}

/** A hint that comes and goes within a second is not worth reading out. */
let heard = '';
export function showHint(hint) {
  const element = byId('hint');
  const sure = heard === hint.code || element.textContent === '';
  heard = hint.code;
  if (!sure || element.dataset.code === hint.code) return;
  element.dataset.code = hint.code;
  element.textContent = hint.text;
}

export function showFigures(subject) {
  const progress = Math.round(subject.hint.progress * 100);
  const meter = byId('progress');
  meter.setAttribute('aria-valuenow', progress);
  meter.firstElementChild.style.width = `${progress}%`;
  byId('progress-text').textContent = `${progress} %`;
  showFan(subject.keyframesByYaw, subject.yawStepDegrees, subject.keyframes);
  showShares(subject.published?.quality ?? {});
  const { frames, published } = subject;
  list('figures', [
    ['Shape', subject.deviationMillimetres === undefined ? '–' : `± ${subject.deviationMillimetres.toFixed(2)} mm`],
    ['Face seen', subject.coverage === undefined ? '–' : percent(subject.coverage)],
    ['Edition', published ? count.format(published.edition) : 'none yet'],
    ['Frames', count.format(frames.read)],
    ['Frames used', count.format(frames.used)],
    ['Frames dropped', count.format(frames.dropped)],
    ...(subject.reconnects ? [['Camera lost', `${count.format(subject.reconnects)} ×`]] : []),
    ...(subject.synthesizing ? [['Skin', subject.synthesizing]] : []),
    ['Source', subject.source],
  ]);
  const reasons = Object.entries(frames.rejected).sort((a, b) => b[1] - a[1]);
  if (frames.withoutFace) reasons.unshift(['no face', frames.withoutFace]);
  byId('unused').hidden = reasons.length === 0;
  list('reasons', reasons.map(([reason, n]) => [reason, count.format(n)]));
}

function list(id, pairs) {
  const parts = pairs.flatMap(([term, text]) => {
    const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
    [dt.textContent, dd.textContent] = [term, text];
    return [dt, dd];
  });
  byId(id).replaceChildren(...parts);
}

function showShares(quality) {
  const parts = [
    ['seen', 'seen by the camera', quality.seen],
    ['refined', 'seen, fine structure added', quality.refined],
    ['inferred', 'not seen, completed', quality.inferred],
  ].map(([name, text, share]) => [name, text, share ?? 0]);
  const total = parts.reduce((sum, part) => sum + part[2], 0);
  const bar = byId('shares');
  parts.forEach(([, , share], i) => { bar.children[i].style.width = `${share * 100}%`; });
  bar.setAttribute('aria-label', total ? parts.map(([, text, share]) => `${percent(share)} ${text}`).join(', ') : 'No skin yet');
  byId('legend').replaceChildren(...parts.map(([name, text, share]) => {
    const [item, value] = [document.createElement('li'), document.createElement('b')];
    item.className = name;
    item.textContent = text;
    value.textContent = total ? percent(share) : '–';
    item.append(value);
    return item;
  }));
}

/** From above: the person looks up the page, so that their left is on the left. */
function showFan(bins, step, total) {
  const fan = byId('fan');
  const middle = (bins.length - 1) / 2;
  const [cx, cy, inner, outer] = [120, 104, 40, 96];
  const at = (degrees, radius) => {
    const angle = degrees * Math.PI / 180;
    return `${(cx - radius * Math.sin(angle)).toFixed(1)} ${(cy - radius * Math.cos(angle)).toFixed(1)}`;
  };
  const shapes = bins.map((n, i) => {
    const yaw = (i - middle) * step;
    const [from, to] = [yaw - step / 2 + 0.7, yaw + step / 2 - 0.7];
    // Longer and stronger with each keyframe, up to four.
    const reach = n ? inner + (outer - inner) * (0.4 + 0.15 * Math.min(n, 4)) : outer;
    const path = element('path', {
      d: `M${at(from, inner)} L${at(from, reach)} A${reach} ${reach} 0 0 0 ${at(to, reach)} L${at(to, inner)} A${inner} ${inner} 0 0 1 ${at(from, inner)}Z`,
      class: n ? 'bin has' : 'bin',
    });
    path.append(element('title', {}, `${Math.abs(yaw)}° ${yaw > 0 ? 'left' : yaw < 0 ? 'right' : 'ahead'}: ${n}`));
    return path;
  });
  fan.replaceChildren(
    ...shapes,
    element('ellipse', { class: 'head', cx, cy: 106, rx: 17, ry: 19 }),
    element('path', { class: 'head', d: `M${cx - 5} 90 L${cx} 80 L${cx + 5} 90Z` }),
    element('text', { x: 4, y: 114 }, 'your left'),
    element('text', { x: 236, y: 114, 'text-anchor': 'end' }, 'your right'),
  );
  const seen = bins.flatMap((n, i) => (n ? [(i - middle) * step] : []));
  byId('keyframes-text').textContent = total ? `${total} pictures kept` : '';
  fan.setAttribute('aria-label', seen.length
    ? `Pictures from ${Math.abs(seen[0])}° ${side(seen[0])} to ${Math.abs(seen.at(-1))}° ${side(seen.at(-1))}, ${seen.length} of ${bins.length} directions`
    : 'No direction seen yet');
}

function side(yaw) { return yaw > 0 ? 'to the left' : yaw < 0 ? 'to the right' : 'ahead'; }

function element(name, attributes, text) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}
