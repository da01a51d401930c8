/* report.js - brings a report to life: values under the pointer and by keyboard, the player, zoom, sorting.
 *
 * (1) The page can be read without it; it only adds.
 * (2) Times are milliseconds; `pinned` is the moment that was chosen by a click, a key or the player, and what is shown
 *     when the pointer is elsewhere.
 * (3) Windows of a lane do not overlap and are in order, so the one that speaks for a moment is found by halving.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
'use strict';
(() => {
  const $ = (query, root = document) => root.querySelector(query);
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const data = JSON.parse($('#data').textContent);
  const plot = $('#plot'), view = $('#view'), audio = $('audio');
  let pinned = 0, shown = -1, lane = 0, zoom = 1, playable = false;

  document.documentElement.classList.add('js');

  /* ---- numbers ---- */

  const unpack = (pairs) => {
    const list = [];
    for (let i = 0; i < pairs.length; i += 2)
      for (let n = pairs[i + 1]; n > 0; n--) list.push(pairs[i]);
    return list;
  };

  for (const one of data.lanes) {
    for (const field of ['from', 'length', 'lead', 'duration', 'label', 'level', 'flags']) one[field] = unpack(one[field]);
    one.offset = [];
    let time = 0, offset = 0;
    one.from = one.from.map((distance) => (time += distance));
    for (const label of one.label) {
      one.offset.push(offset);
      if (label >= 0) offset += data.labels.length;
    }
  }

  /* the window that speaks for `time`, else -1 */
  const find = (one, time) => {
    let low = 0, high = one.from.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (one.from[middle] <= time) low = middle + 1; else high = middle;
    }
    const last = low === one.from.length && time === one.from[low - 1] + one.length[low - 1];
    return low > 0 && (time < one.from[low - 1] + one.length[low - 1] || last) ? low - 1 : -1;
  };

  const clock = (time, digits = 2) => {
    const parts = 10 ** digits, all = Math.round(time / 1000 * parts), seconds = Math.floor(all / parts);
    const two = (n) => String(n).padStart(2, '0');
    const tail = digits ? '.' + String(all % parts).padStart(digits, '0') : '';
    const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
    return (hours ? hours + ':' + two(minutes) : minutes) + ':' + two(seconds % 60) + tail;
  };

  const percent = (thousandths) => (thousandths / 10).toFixed(1) + '%';
  const nameOf = (label) => label < 0 ? 'silent' : data.labels[label];

  /* "angry 93.1%" and what else is known of a window */
  const describe = (one, index) => {
    if (index < 0) return 'nothing was heard';
    const label = one.label[index];
    const words = [nameOf(label)];
    if (label >= 0) words[0] += ' ' + percent(data.lanes && one.scores[one.offset[index] + label]);
    if (one.level[index] > -999) words.push(one.level[index] + ' dBFS');
    if (one.flags[index] & 1) words.push('shorter than a window');
    if (one.flags[index] & 2) words.push('below the threshold');
    return words.join(', ');
  };

  /* ---- what is shown ---- */

  const svg = (name, attributes) => {
    const node = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    return node;
  };
  const drawing = plot && $('svg', plot);
  const span = svg('rect', { class: 'span', y: 0, height: '100%' });
  const cursor = svg('line', { class: 'cursor', y1: 0, y2: '100%' });
  if (drawing) drawing.append(span, cursor);

  const share = (time) => (100 * time / data.end).toFixed(4) + '%';

  const rows = data.lanes.map((_, i) => all(`.emotions[data-lane="${i}"] tbody tr`));
  const showScores = (one, i, index) => {
    for (const row of rows[i]) {
      const label = row.dataset.label;
      const has = index >= 0 && one.label[index] >= 0 && label !== undefined;
      $('.now', row).textContent = has ? percent(one.scores[one.offset[index] + Number(label)]) : '';
      row.classList.toggle('top', has && Number(label) === one.label[index]);
    }
  };

  const readout = $('#readout');
  const showWords = (time) => {
    const one = data.lanes[lane], index = find(one, time);
    let text = clock(time);
    if (index >= 0) {
      const start = one.from[index] - one.lead[index];
      text = clock(start) + '–' + clock(start + one.duration[index]);
    }
    const key = document.createElement('i');
    key.className = 'key ' + (index < 0 || one.label[index] < 0 ? 'silent' : 'c' + one.label[index]);
    readout.replaceChildren((data.lanes.length > 1 ? one.name + ', ' : '') + text + ' ', key, describe(one, index));
    return text.replace('–', ' to ') + ': ' + describe(one, index);
  };

  const show = (time) => {
    if (!drawing || time === shown) return;
    shown = time;
    cursor.setAttribute('x1', share(time));
    cursor.setAttribute('x2', share(time));
    span.setAttribute('width', 0);
    if (!data.lanes.length) return;
    const one = data.lanes[lane], index = find(one, time);
    if (index >= 0) {
      span.setAttribute('x', share(one.from[index]));
      span.setAttribute('width', share(one.length[index]));
    }
    data.lanes.forEach((each, i) => showScores(each, i, find(each, time)));
    const words = showWords(time);
    plot.setAttribute('aria-valuenow', (time / 1000).toFixed(2));
    plot.setAttribute('aria-valuetext', (data.lanes.length > 1 ? one.name + ', ' : '') + words);
  };

  const pin = (time) => {
    pinned = Math.max(0, Math.min(data.end, time));
    show(pinned);
  };

  const keepInView = () => {
    const x = pinned / data.end * plot.clientWidth, room = view.clientWidth;
    if (x < view.scrollLeft + 20 || x > view.scrollLeft + room - 20) view.scrollLeft = x - room / 2;
  };

  /* ---- player ---- */

  const seek = (time, play) => {
    pin(time);
    if (!playable) return;
    audio.currentTime = time / 1000;
    if (play) audio.play().catch(() => {});
  };

  const follow = () => {
    if (audio.paused) return;
    pin(audio.currentTime * 1000);
    keepInView();
    requestAnimationFrame(follow);
  };

  const showPlayer = () => {
    playable = true;
    $('#player').hidden = false;
    if ($('#play-keys')) $('#play-keys').hidden = false;
    addPlayButtons();
  };

  if (audio) {
    if (audio.readyState > 0) setTimeout(showPlayer); else audio.addEventListener('loadedmetadata', showPlayer);
    audio.addEventListener('play', follow);
    audio.addEventListener('seeked', () => pin(audio.currentTime * 1000));
  }

  /* ---- pointer and keys ---- */

  const timeAt = (event) => {
    const box = plot.getBoundingClientRect();
    return Math.round(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * data.end);
  };

  /* the middle of the window `steps` further on this lane */
  const neighbour = (steps) => {
    const one = data.lanes[lane], n = one.from.length;
    let index = find(one, pinned);
    if (index < 0) {
      /* between windows: the next one in the direction */
      const after = one.from.findIndex((from) => from > pinned);
      index = steps > 0 ? (after < 0 ? n : after) - 1 : after < 0 ? n : after;
    }
    index = Math.max(0, Math.min(n - 1, index + steps));
    return one.from[index] + Math.floor(one.length[index] / 2);
  };

  const keys = {
    ArrowLeft: () => seek(neighbour(-1)),
    ArrowRight: () => seek(neighbour(1)),
    PageUp: () => seek(neighbour(-10)),
    PageDown: () => seek(neighbour(10)),
    Home: () => seek(0),
    End: () => seek(data.end),
    ArrowUp: () => changeLane(-1),
    ArrowDown: () => changeLane(1),
    '+': () => setZoom(zoom * 2),
    '-': () => setZoom(zoom / 2),
    ' ': () => playable && (audio.paused ? seek(pinned, true) : audio.pause()),
    Enter: () => playable && seek(pinned, true),
  };

  const changeLane = (by) => {
    lane = Math.max(0, Math.min(data.lanes.length - 1, lane + by));
    shown = -1;
    show(pinned);
  };

  /* the lane under the pointer: the last one whose ribbon or areas begin above it */
  const laneAt = (event) => {
    const tops = all('.area, .ribbon', drawing).filter((node) => node.matches('.area') || !$('.area', drawing));
    let found = 0;
    tops.forEach((node, i) => { if (node.getBoundingClientRect().top - 24 <= event.clientY) found = i; });
    return found;
  };

  const listen = () => {
    plot.tabIndex = 0;
    plot.setAttribute('role', 'slider');
    plot.setAttribute('aria-label', 'Moment in the recording');
    plot.setAttribute('aria-orientation', 'horizontal');
    plot.setAttribute('aria-valuemin', '0');
    plot.setAttribute('aria-valuemax', (data.end / 1000).toFixed(2));
    const point = (event) => {
      const other = laneAt(event);
      if (other !== lane) { lane = other; shown = -1; }
      show(timeAt(event));
    };
    plot.addEventListener('pointermove', point);
    plot.addEventListener('pointerdown', point);
    plot.addEventListener('pointerleave', () => show(pinned));
    plot.addEventListener('click', (event) => seek(timeAt(event)));
    plot.addEventListener('dblclick', (event) => seek(timeAt(event), true));
    plot.addEventListener('keydown', (event) => {
      const act = keys[event.key];
      if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      act();
      keepInView();
    });
    pin(0);
  };

  /* ---- zoom ---- */

  const longest = Math.max(1, ...data.lanes.map((one) => one.from.length));

  /* as far as a window is as wide as a word */
  const maxZoom = () => Math.max(1, 2 ** Math.floor(Math.log2(longest * 80 / view.clientWidth)));

  const LETTER = 6.7, MARGIN = 12;
  const fitWords = () => {
    const width = plot.clientWidth;
    for (const word of all('.ribbon text', drawing)) {
      const room = parseFloat($('rect', word.parentNode).getAttribute('width')) / 100 * width;
      word.style.display = word.textContent.length * LETTER + MARGIN <= room ? 'inline' : 'none';
    }
  };

  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const drawClock = () => {
    const group = $('.clock', drawing), end = data.end / 1000, height = $('line', group).getAttribute('y2');
    const step = STEPS.find((seconds) => plot.clientWidth * seconds / end > 76) || 86400;
    group.replaceChildren();
    for (let time = 0; time <= end; time += step) {
      const x = share(time * 1000);
      const text = svg('text', { x, y: Number(height) + 16, class: time === 0 ? 'first' : time + step / 2 > end ? 'last' : '' });
      text.textContent = clock(time * 1000, 0);
      group.append(svg('line', { x1: x, x2: x, y2: height }), text);
    }
  };

  const setZoom = (to) => {
    zoom = Math.max(1, Math.min(maxZoom(), to));
    plot.style.width = 100 * zoom + '%';
    fitWords();
    drawClock();
    const x = pinned / data.end * plot.clientWidth;
    view.scrollLeft = x - view.clientWidth / 2;
    updateZoom();
  };

  const updateZoom = () => {
    $('#zoom').hidden = maxZoom() === 1;
    $('[data-zoom="2"]').disabled = zoom >= maxZoom();
    $('[data-zoom="0.5"]').disabled = $('[data-zoom="0"]').disabled = zoom === 1;
  };

  /* ---- segments ---- */

  const table = $('#segments');
  const timeOf = (text) => 1000 * text.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
  const valueOf = (cell) => {
    const text = cell.textContent;
    return /^[\d:.]+%?$/.test(text) ? (text.includes(':') ? timeOf(text) : parseFloat(text)) : text;
  };

  const sortBy = (head) => {
    const column = head.cellIndex, body = table.tBodies[0];
    const down = head.getAttribute('aria-sort') === 'ascending';
    for (const other of all('th', table)) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const sorted = [...body.rows].map((row) => [valueOf(row.cells[column]), row]);
    const compare = (a, b) => typeof a === typeof b ? (a > b) - (a < b) : typeof a === 'number' ? 1 : -1;
    sorted.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]));
    body.append(...sorted.map((pair) => pair[1]));
  };

  const addSorting = () => {
    for (const head of all('th', table)) {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => sortBy(head));
    }
    $('th', table).setAttribute('aria-sort', 'ascending');
  };

  const addPlayButtons = () => {
    if (!table || table.tBodies[0].rows.length > 2000) return;
    for (const row of table.tBodies[0].rows) {
      const button = document.createElement('button'), text = row.cells[0].textContent;
      button.type = 'button';
      button.setAttribute('aria-label', 'Play from ' + text);
      button.textContent = text;
      button.addEventListener('click', () => seek(timeOf(text), true));
      row.cells[0].replaceChildren(button);
    }
  };

  if (table) addSorting();
  if (drawing && data.lanes.length) {
    listen();
    updateZoom();
    for (const button of all('#zoom button'))
      button.addEventListener('click', () => setZoom(zoom * Number(button.dataset.zoom)));
    addEventListener('resize', () => setZoom(zoom));
  }
})();
