
'use strict';
const D = JSON.parse(document.getElementById('data').textContent);
const $ = (id) => document.getElementById(id);
const KINDS = { debian: 'Debian package', npm: 'npm package', tool: 'tool', binary: 'single binary', unowned: 'unowned', dead: 'dead bytes' };
const MEASURES = ['unpacked', 'compressed'];
const state = { by: 'directory', m: 0, colour: 'kind', at: null, ticked: new Set(), gone: new Map(), all: false, find: '' };
const packed = D.image.packed;

/* Words. */
function bytes(n) {
  for (const [unit, name] of [[1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB']]) {
    if (n >= unit - unit / 20000) return (Math.round(n * 10 / unit) / 10).toFixed(1) + ' ' + name;
  }
  return n + ' B';
}
const change = (n) => n === 0 ? '0' : (n > 0 ? '+' : '−') + bytes(Math.abs(n));
const percent = (part, whole) => whole ? (100 * part / whole).toFixed(1) + ' %' : '';
function make(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key in node) node[key] = value; else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/* A tree for each way of grouping; a node's sizes are those of all below it. */
const leaves = D.leaves.map(([dir, name, owner, layer, u, p, bu, bp, count]) => {
  const folder = D.directories[dir];
  const label = name || (count === 0 ? 'folders and links' : count === 1 ? '1 small file' : count + ' small files');
  const path = '/' + (folder && folder + '/') + (name || '');
  return { label, path: name ? path : path + ' (' + label + ')', folder, owner, layer, size: [u, p], before: [bu, bp], count, heap: !name, kids: [] };
});
const group = (name, path, parent) => {
  const node = { label: name, path, parent, kids: [], size: [0, 0], before: [0, 0], count: 0, by: new Map(), hues: {} };
  if (parent) parent.kids.push(node);
  return node;
};
function child(parent, key, name, path) {
  if (!parent.by.has(key)) parent.by.set(key, group(name, path, parent));
  return parent.by.get(key);
}
function place(leaf, parent, label) {
  const node = Object.assign({}, leaf, { parent, label: label || leaf.label, leaf: true, kind: leaf.kind || D.owners[leaf.owner].kind });
  node.hue = node.kind === 'dead' ? 'dead' : hueOf(node.owner);
  parent.kids.push(node);
  for (let at = parent; at; at = at.parent) {
    for (const m of [0, 1]) { at.size[m] += node.size[m]; at.before[m] += node.before[m]; }
    at.count += node.count;
    at.hues[node.hue] = (at.hues[node.hue] || 0) + Math.max(node.size[0], node.before[0]);
  }
}
/* The largest owners have a colour of their own, all others that of their kind. */
const own = D.owners.map(() => [0, 0]);
for (const leaf of leaves) for (const m of [0, 1]) own[leaf.owner][m] += leaf.size[m];
const HUES = [250, 55, 150, 320, 95, 195, 20, 285, 125];
const special = D.owners.map((_, at) => at).filter((at) => D.owners[at].kind !== 'unowned' && own[at][0] > 0).sort((a, b) => own[b][0] - own[a][0]).slice(0, HUES.length);
const hueOf = (at) => special.includes(at) ? '#' + special.indexOf(at) : D.owners[at].kind;
const css = (hue) => hue[0] === '#' ? `light-dark(oklch(86% .075 ${HUES[hue.slice(1)]}), oklch(43% .085 ${HUES[hue.slice(1)]}))` : `var(--${hue})`;
const trees = {};
function tree(by) {
  if (trees[by]) return trees[by];
  const root = group(by === 'directory' ? '/' : 'image', '/', null);
  for (const leaf of leaves) {
    if (by === 'directory') {
      let at = root, path = '';
      for (const part of leaf.folder ? leaf.folder.split('/') : []) {
        path += '/' + part;
        at = child(at, part, part, path);
      }
      place(leaf, at);
      continue;
    }
    const owner = D.owners[leaf.owner];
    let at = root;
    if (by === 'layer') {
      if (leaf.layer < 0) continue;
      const made = D.image.layers[leaf.layer].made;
      at = child(root, leaf.layer, 'layer ' + (leaf.layer + 1), 'layer ' + (leaf.layer + 1) + (made ? ': ' + made : ''));
    }
    const name = owner.kind === 'unowned' ? 'unowned' : owner.name;
    at = child(at, leaf.owner, name, (at === root ? '' : at.path + ' › ') + KINDS[owner.kind] + ' ' + name);
    place(leaf, at, leaf.path);
  }
  if (by === 'layer') {
    D.image.layers.forEach((layer, number) => {
      if (!layer.dead[0] && !layer.dead[1]) return;
      const at = child(root, number, 'layer ' + (number + 1), 'layer ' + (number + 1) + (layer.made ? ': ' + layer.made : ''));
      place({ label: 'dead bytes', path: 'hidden by later layers', owner: 0, size: layer.dead, before: [0, 0], count: 1, kids: [], kind: 'dead' }, at);
    });
  }
  return trees[by] = root;
}

/* What goes with what was ticked: the same steps as `lightship image what-if`. */
const users = D.owners.map(() => []);
D.owners.forEach((owner, at) => (owner.needs || []).flat().forEach((needed) => users[needed].push(at)));
function without(ticked) {
  const gone = new Map();
  const next = [...ticked];
  next.forEach((at) => gone.set(at, ['ticked']));
  while (next.length) {
    const lost = next.pop();
    for (const held of D.owners[lost].holds || []) {
      if (!gone.has(held)) { gone.set(held, ['inside', lost]); next.push(held); }
    }
    for (const user of users[lost]) {
      const misses = (D.owners[user].needs || []).some((group) => group.includes(lost) && group.every((one) => gone.has(one)));
      if (misses && !gone.has(user)) { gone.set(user, ['needs', lost]); next.push(user); }
    }
  }
  const stays = new Set();
  const reach = D.roots.filter((root) => !gone.has(root));
  while (reach.length) {
    const at = reach.pop();
    if (stays.has(at) || gone.has(at)) continue;
    stays.add(at);
    reach.push(...(D.owners[at].needs || []).flat());
  }
  const lost = [...gone.keys()];
  while (lost.length) {
    const at = lost.pop();
    for (const needed of (D.owners[at].needs || []).flat()) {
      if (!stays.has(needed) && !gone.has(needed)) { gone.set(needed, ['only for', at]); lost.push(needed); }
    }
  }
  return gone;
}
const isGone = (node) => node.leaf ? node.kind !== 'dead' && state.gone.has(node.owner) : node.kids.length > 0 && node.kids.every(isGone);

/* Squarified rectangles (Bruls, Huizing, van Wijk): rows as near to squares as can be. */
function squarify(nodes, weigh, x, y, w, h, out) {
  const items = nodes.map((node) => [node, weigh(node)]).filter((item) => item[1] > 0).sort((a, b) => b[1] - a[1]);
  let total = items.reduce((sum, item) => sum + item[1], 0);
  let at = 0;
  while (at < items.length && w > 0 && h > 0) {
    const side = Math.min(w, h), scale = w * h / total;
    let row = 0, end = at, worst = Infinity;
    for (; end < items.length; end++) {
      const sum = row + items[end][1] * scale;
      const large = items[at][1] * scale, small = items[end][1] * scale;
      const now = Math.max(side * side * large / (sum * sum), sum * sum / (side * side * small));
      if (now > worst) break;
      worst = now;
      row = sum;
    }
    const thick = row / side;
    let along = 0;
    for (; at < end; at++) {
      const length = items[at][1] * scale / thick;
      out(items[at][0], ...(w >= h ? [x, y + along, thick, length] : [x + along, y, length, thick]));
      along += length;
      total -= items[at][1];
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
  }
}

function tint(node) {
  if (state.colour === 'change') {
    const now = node.size[state.m], before = node.before[state.m];
    if (now === before) return 'var(--same)';
    const share = Math.min(1, .35 + .65 * Math.abs(now - before) / Math.max(now, before));
    return `color-mix(in oklab, var(--${now > before ? 'grown' : 'shrunk'}) ${Math.round(100 * share)}%, var(--same))`;
  }
  const hues = node.leaf ? [[node.hue, 1]] : Object.entries(node.hues);
  hues.sort((a, b) => b[1] - a[1]);
  return css(hues.length ? hues[0][0] : 'unowned');
}
function told(node) {
  const m = state.m, parts = [node.path, bytes(node.size[m]) + ' ' + MEASURES[m]];
  if (packed) parts.push(bytes(node.size[1 - m]) + ' ' + MEASURES[1 - m]);
  parts.push(percent(node.size[m], tree(state.by).size[m]) + ' of the image');
  if (D.against) parts.push(change(node.size[m] - node.before[m]));
  if (node.leaf && node.kind !== 'dead') {
    const owner = D.owners[node.owner];
    parts.push(owner.kind === 'unowned' ? 'unowned' : KINDS[owner.kind] + ' ' + owner.name);
  } else if (!node.leaf) parts.push(node.count + (node.count === 1 ? ' file' : ' files'));
  if (isGone(node)) parts.push('would go');
  return parts.join(' · ');
}
function draw() {
  const map = $('map'), width = map.clientWidth, height = map.clientHeight, m = state.m;
  const tiles = [];
  const weigh = (node) => node.size[m];
  function fill(node, x, y, w, h, deep) {
    squarify(node.kids, weigh, x, y, w, h, (kid, kx, ky, kw, kh) => {
      if (kw < 3 || kh < 3) return;
      const open = kid.kids.length > 0 && deep < 4 && kw > 46 && kh > 40;
      const name = make('b', { textContent: kid.label });
      const tile = make('button', { type: 'button', className: 'tile' + (open ? ' box' : '') + (isGone(kid) ? ' gone' : ''), tabIndex: -1 });
      tile.setAttribute('aria-label', told(kid) + (kid.kids.length ? ' · opens' : ''));
      const shown = D.against && state.colour === 'change' ? change(kid.size[m] - kid.before[m]) : bytes(kid.size[m]);
      const size = make('small', { textContent: shown });
      if (open) tile.append(make('span', {}, name, kw > 110 ? size : ''));
      else if (kw > 34 && kh > 15) { tile.append(name); if (kh > 32 && kw > 52) tile.append(size); }
      tile.style.cssText = `left:${kx}px;top:${ky}px;width:${kw}px;height:${kh}px`;
      tile.style.setProperty('--tint', tint(kid));
      tile.node = kid;
      tile.box = [kx, ky, kw, kh];
      tiles.push(tile);
      if (open) fill(kid, kx + 3, ky + 18, kw - 6, kh - 21, deep + 1);
    });
  }
  fill(state.at, 0, 0, width, height, 1);
  map.replaceChildren(...tiles);
  if (tiles.length) tiles[0].tabIndex = 0;
  else map.append(make('p', { className: 'soft', textContent: 'Nothing here weighs anything in this measure.', style: 'padding:1rem' }));
  map.setAttribute('aria-label', 'Map of ' + state.at.path + ', ' + MEASURES[m] + ', ' + tiles.length + ' tiles');
}
function go(node, focus) {
  if (!node) return;
  const from = state.at;
  state.at = node.leaf ? node.parent : node;
  render();
  if (!focus) return;
  const tiles = [...$('map').querySelectorAll('.tile')];
  const tile = tiles.find((one) => one.node === from) || tiles[0];
  if (tile) move(tile);
}
function move(tile) {
  const before = $('map').querySelector('[tabindex="0"]');
  if (before) before.tabIndex = -1;
  tile.tabIndex = 0;
  tile.focus();
}
/* The nearest tile whose middle lies in the direction of the key. */
function beside(tile, key) {
  const middle = ([x, y, w, h]) => [x + w / 2, y + h / 2];
  const [ax, ay] = middle(tile.box);
  let best = null, least = Infinity;
  for (const other of $('map').querySelectorAll('.tile')) {
    if (other === tile) continue;
    const [bx, by] = middle(other.box);
    const [along, across] = { ArrowRight: [bx - ax, by - ay], ArrowLeft: [ax - bx, by - ay], ArrowDown: [by - ay, bx - ax], ArrowUp: [ay - by, bx - ax] }[key];
    const far = along + 2 * Math.abs(across);
    if (along > 1 && far < least) { least = far; best = other; }
  }
  return best;
}
$('map').addEventListener('click', (event) => {
  const tile = event.target.closest('.tile');
  if (!tile) return;
  if (tile.node.kids.length) go(tile.node, event.detail === 0);
  else { move(tile); $('info').textContent = told(tile.node); }
});
$('map').addEventListener('keydown', (event) => {
  const tile = event.target.closest('.tile');
  if (!tile) return;
  if (event.key === 'Escape' || event.key === 'Backspace') {
    event.preventDefault();
    go(state.at.parent, true);
  } else if (event.key.startsWith('Arrow')) {
    event.preventDefault();
    const other = beside(tile, event.key);
    if (other) move(other);
  }
});
for (const kind of ['mouseover', 'focusin']) {
  $('map').addEventListener(kind, (event) => {
    const tile = event.target.closest('.tile');
    if (tile) $('info').textContent = told(tile.node);
  });
}

/* Tables. */
function fillTable(table, heads, rows) {
  const head = make('tr', {}, ...heads.map(([text, kind]) => make('th', { scope: 'col', className: kind || '', textContent: text })));
  table.replaceChildren(make('thead', {}, head), make('tbody', {}, ...rows));
}
const cell = (text, kind) => make('td', { className: kind || '', textContent: text });
const sizeHeads = () => [['Unpacked', 'n'], ...(packed ? [['Compressed', 'n']] : [])];
const sizeCells = (size) => [cell(bytes(size[0]), 'n'), ...(packed ? [cell(bytes(size[1]), 'n')] : [])];
function share(part, whole) {
  const bar = make('i');
  bar.style.width = (whole ? 100 * part / whole : 0) + '%';
  return make('td', { className: 'n wide' }, make('span', { className: 'share', ariaHidden: 'true' }, bar));
}
function here() {
  const m = state.m, kids = [...state.at.kids].sort((a, b) => b.size[m] - a.size[m]);
  $('h-here').textContent = 'Here: ' + state.at.path;
  const heads = [['Name'], ...sizeHeads(), ['Share', 'n'], ['', 'n wide'], ...(D.against ? [['Change', 'n']] : [])];
  fillTable($('here'), heads, kids.filter((kid) => kid.size[m] || kid.before[m]).slice(0, 25).map((kid) => {
    const name = kid.kids.length ? make('button', { type: 'button', textContent: kid.label, onclick: () => { go(kid); $('map').scrollIntoView({ block: 'nearest' }); } }) : kid.label;
    return make('tr', {}, make('th', { scope: 'row' }, name), ...sizeCells(kid.size), cell(percent(kid.size[m], state.at.size[m]), 'n'), share(kid.size[m], state.at.size[m]), ...(D.against ? [cell(change(kid.size[m] - kid.before[m]), 'n')] : []));
  }));
}
function below(node, found = []) {
  if (node.leaf) { if (!node.heap && node.kind !== 'dead') found.push(node); } else node.kids.forEach((kid) => below(kid, found));
  return found;
}
function files() {
  const m = state.m, all = below(state.at).sort((a, b) => b.size[m] - a.size[m]).slice(0, 20);
  $('h-files').textContent = 'Largest files' + (state.at.parent ? ' in ' + state.at.path : '');
  fillTable($('files'), [['Path'], ...sizeHeads(), ['Owner', 'wide']], all.filter((file) => file.size[m] > 0).map((file) => make('tr', {}, make('th', { scope: 'row', textContent: file.path }), ...sizeCells(file.size), cell(D.owners[file.owner].name, 'wide'))));
}
function changes() {
  if (!D.against) return;
  $('changes').closest('section').hidden = false;
  const m = state.m, far = (leaf) => Math.abs(leaf.size[m] - leaf.before[m]);
  const all = leaves.filter((leaf) => far(leaf) > 0).sort((a, b) => far(b) - far(a)).slice(0, 30);
  fillTable($('changes'), [['Path'], ['Before', 'n'], ['Now', 'n'], ['Change', 'n']], all.map((leaf) => make('tr', {}, make('th', { scope: 'row', textContent: leaf.path }), cell(leaf.before[m] ? bytes(leaf.before[m]) : '–', 'n'), cell(leaf.size[m] ? bytes(leaf.size[m]) : '–', 'n'), cell(change(leaf.size[m] - leaf.before[m]), 'n'))));
}
function layers() {
  const rows = D.image.layers.map((layer, number) => make('tr', {}, make('th', { scope: 'row', textContent: number + 1 }), ...sizeCells(layer.shipped), cell(layer.dead[0] || layer.dead[1] ? bytes(layer.dead[state.m]) : '–', 'n'), cell(layer.made || layer.digest || '', 'wide')));
  fillTable($('layers'), [['Layer'], ...sizeHeads(), ['Dead', 'n'], ['Made by', 'wide']], rows);
}

/* What if. */
const nameable = D.owners.map((_, at) => at).filter((at) => D.owners[at].sliced);
const WHY = { ticked: () => 'ticked', needs: (name) => 'needs ' + name, 'only for': (name) => 'only for ' + name, inside: (name) => 'inside ' + name };
const why = ([word, at]) => WHY[word](at === undefined ? '' : D.owners[at].name);
function whatIf() {
  const m = state.m, find = state.find.toLowerCase();
  const order = nameable.filter((at) => D.owners[at].name.toLowerCase().includes(find)).sort((a, b) => own[b][m] - own[a][m]);
  const short = state.all || find ? order : order.filter((at, place) => place < 15 || state.gone.has(at));
  const heads = [['Name'], ['Kind', 'wide'], ...sizeHeads(), ['As sliced', 'n wide'], ['Goes']];
  fillTable($('if'), heads, short.slice(0, 2000).map((at) => {
    const owner = D.owners[at], gone = state.gone.get(at);
    const box = make('input', { type: 'checkbox', checked: state.ticked.has(at), onchange: () => tick(at) });
    box.dataset.owner = at;
    const chip = make('span', { className: 'chip', ariaHidden: 'true' });
    chip.style.setProperty('--tint', css(hueOf(at)));
    const name = owner.name + (owner.version ? ' ' + owner.version : '');
    const kind = make('td', { className: 'wide' }, chip, KINDS[owner.kind]);
    return make('tr', { className: gone ? 'gone' : '' }, make('th', { scope: 'row' }, make('label', {}, box, name)), kind, ...sizeCells(own[at]), cell(bytes(owner.sliced[m]), 'n wide'), cell(gone ? why(gone) : ''));
  }));
  const left = order.length - short.length;
  $('more').hidden = left === 0 && !state.all;
  $('more').textContent = state.all ? 'Show the largest only' : 'Show ' + left + ' more';
  $('none').hidden = state.ticked.size === 0;
}
function saved() {
  if (!state.ticked.size) { $('saved').textContent = ''; return; }
  const sum = (m) => [...state.gone.keys()].reduce((sum, at) => sum + own[at][m], 0);
  const named = [...state.ticked].map((at) => D.owners[at].name);
  const more = state.gone.size - named.length;
  const list = named.length > 4 ? named.slice(0, 4).join(', ') + ' and ' + (named.length - 4) + ' others' : named.join(', ');
  const one = (m) => bytes(D.image.live[m]) + ' → ' + bytes(D.image.live[m] - sum(m)) + ' ' + MEASURES[m] + ' (' + change(-sum(m)) + ')';
  $('saved').textContent = 'Without ' + list + (more ? ' and ' + more + ' that ' + (more === 1 ? 'goes' : 'go') + ' with it' : '') + ': ' + one(0) + (packed ? ', ' + one(1) : '');
}
function tick(at) {
  if (!state.ticked.delete(at)) state.ticked.add(at);
  state.gone = without(state.ticked);
  whatIf();
  saved();
  draw();
  const box = document.querySelector(`input[data-owner="${at}"]`);
  if (box) box.focus();
}
$('more').onclick = () => { state.all = !state.all; whatIf(); };
$('none').onclick = () => { state.ticked.clear(); state.gone = new Map(); whatIf(); saved(); draw(); $('find').focus(); };
$('find').oninput = () => { state.find = $('find').value; whatIf(); };

/* The head, the switches, and everything at once. */
function crumbs() {
  const path = [];
  for (let at = state.at; at; at = at.parent) path.unshift(at);
  $('crumbs').replaceChildren(...path.map((node) => {
    const button = make('button', { type: 'button', textContent: node.label, onclick: () => go(node) });
    if (node === state.at) button.setAttribute('aria-current', 'location');
    return make('li', {}, button);
  }));
}
function legend() {
  const others = (kind) => kind === 'dead' ? state.by === 'layer' && D.image.dead[0] : D.owners.some((owner, at) => owner.kind === kind && own[at][0] && !special.includes(at));
  const entries = state.colour === 'change' ? [['grown', 'larger than before'], ['shrunk', 'smaller'], ['same', 'the same']] : [...special.map((at, place) => ['#' + place, D.owners[at].name.split('/').pop()]), ...Object.entries(KINDS).filter(([kind]) => others(kind)).map(([kind, text]) => [kind, kind === 'unowned' || kind === 'dead' ? text : 'another ' + text])];
  $('legend').replaceChildren(...entries.map(([kind, text]) => {
    const chip = make('i', { ariaHidden: 'true' });
    chip.style.setProperty('--tint', css(kind));
    return make('span', {}, chip, text);
  }));
}
function choice(id, name, options, set) {
  options.forEach(([value, text], at) => {
    const input = make('input', { type: 'radio', name, value, checked: at === 0, onchange: () => set(value) });
    $(id).append(make('label', {}, input, make('span', { textContent: text })));
  });
}
function facts() {
  const fact = (name, pair, before) => {
    const small = [];
    if (packed) small.push(bytes(pair[1]) + ' compressed');
    if (before) small.push(change(pair[0] - before[0]));
    return make('div', {}, make('dt', { textContent: name }), make('dd', {}, bytes(pair[0]) + ' ', make('small', { textContent: small.join(', ') })));
  };
  const { image, against } = D, old = against || {};
  $('facts').append(fact('Shipped', image.shipped, old.shipped), fact('Live', image.live, old.live), fact('Dead', image.dead, old.dead), fact('Duplicates', image.duplicates, old.duplicates));
  $('facts').append(make('div', {}, make('dt', { textContent: 'Files' }), make('dd', { textContent: image.files })));
  $('name').textContent = image.name;
  if (image.platform) $('kind').append(' · ' + image.platform);
  if (against) { $('versus').hidden = false; $('versus').textContent = 'held against ' + against.name; }
  $('warnings').append(...D.warnings.map((text) => make('li', { textContent: text })));
  $('warnings').hidden = !D.warnings.length;
}
function render() { draw(); crumbs(); legend(); here(); files(); changes(); layers(); whatIf(); saved(); }
choice('by', 'by', [['directory', 'Directory'], ['package', 'Package'], ['layer', 'Layer']], (value) => { state.by = value; state.at = tree(value); render(); });
choice('measure', 'measure', packed ? [[0, 'Unpacked'], [1, 'Compressed']] : [[0, 'Unpacked']], (value) => { state.m = Number(value); render(); });
if (D.against) {
  state.colour = 'change';
  $('colour').hidden = false;
  choice('colour', 'colour', [['change', 'Change'], ['kind', 'Owner']], (value) => { state.colour = value; render(); });
}
state.at = tree('directory');
facts();
render();
new ResizeObserver(() => draw()).observe($('map'));
