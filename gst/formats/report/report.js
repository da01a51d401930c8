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
  /* without the marks that turn the direction of what comes after them, as in the tables */
  const nameOf = (label) => label < 0 ? 'silent' : data.labels[label].replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd') || '(no name)';

  /* the name of a label, and " 93.1%" and what else is known of a window */
  const describe = (one, index) => {
    if (index < 0) return ['nothing was heard', ''];
    const label = one.label[index], more = [];
    const score = label >= 0 ? ' ' + percent(one.scores[one.offset[index] + label]) : '';
    if (one.level[index] > -999) more.push(String(one.level[index]).replace('-', '−') + ' dBFS');
    if (one.flags[index] & 1) more.push('shorter than a window');
    if (one.flags[index] & 2) more.push('below the threshold');
    return [nameOf(label), [score, ...more].join(', ')];
  };

  /* ---- what is shown ---- */

  const svg = (name, attributes) => {
    const node = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    return node;
  };
  const drawing = plot && $('svg', plot);
  const bands = drawing ? all('.band', drawing) : [];
  const span = svg('rect', { class: 'span' });
  const cursor = svg('line', { class: 'cursor', y1: 0, y2: '100%' });
  if (drawing) drawing.append(span, cursor);

  const share = (time) => (100 * time / data.end).toFixed(4) + '%';

  const moments = data.lanes.map((_, i) => $(`.emotions[data-lane="${i}"] .moment`));
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
    const key = document.createElement('i'), name = document.createElement('bdi'), words = describe(one, index);
    key.className = 'key ' + (index < 0 || one.label[index] < 0 ? 'silent' : 'c' + one.label[index]);
    name.textContent = words[0];
    readout.replaceChildren((data.lanes.length > 1 ? one.name + ', ' : '') + text, key, name, words[1]);
    return text.replace('–', ' to ') + ': ' + words.join('');
  };

  const show = (time) => {
    if (!drawing || time === shown) return;
    shown = time;
    cursor.setAttribute('x1', share(time));
    cursor.setAttribute('x2', share(time));
    span.setAttribute('width', 0);
    plot.setAttribute('aria-valuenow', (time / 1000).toFixed(2));
    plot.setAttribute('aria-valuetext', clock(time));
    if (!data.lanes.length) return;
    const one = data.lanes[lane], index = find(one, time);
    if (index >= 0) {
      span.setAttribute('x', share(one.from[index]));
      span.setAttribute('width', share(one.length[index]));
      span.setAttribute('y', bands[lane].dataset.y);
      span.setAttribute('height', bands[lane].dataset.height);
    }
    data.lanes.forEach((each, i) => showScores(each, i, find(each, time)));
    for (const moment of moments) moment.textContent = ' at ' + clock(time, 0);
    const words = showWords(time);
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
    if (!data.lanes.length) return pinned + 1000 * steps;
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
    ' ': () => audio.paused ? seek(pinned, true) : audio.pause(),
    Enter: () => seek(pinned, true),
  };

  const changeLane = (by) => {
    lane = Math.max(0, Math.min(data.lanes.length - 1, lane + by));
    shown = -1; /* the moment is the same, what is said of it is not */
    show(pinned);
  };

  /* the lane under the pointer: the last one that begins above it, else the first */
  const laneAt = (event) => {
    const y = event.clientY - plot.getBoundingClientRect().top;
    return Math.max(0, bands.filter((band) => Number(band.dataset.y) <= y).length - 1);
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
      if (!act || ((event.key === ' ' || event.key === 'Enter') && !playable) || event.ctrlKey || event.altKey || event.metaKey) return;
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

  /* what lies in view and a screen to either side of it */
  const inView = () => {
    const at = (x) => Math.max(0, Math.min(1, x / plot.clientWidth)) * data.end;
    return [at(view.scrollLeft - view.clientWidth), at(view.scrollLeft + 2 * view.clientWidth)];
  };

  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const drawClock = (from, to) => {
    const group = $('.clock', drawing), end = data.end / 1000, height = $('line', group).getAttribute('y2');
    const step = STEPS.find((seconds) => plot.clientWidth * seconds / end > 76) || 86400;
    const fine = [];
    for (let time = Math.floor(from / 1000 / step) * step; time <= to / 1000; time += step) {
      const x = share(time * 1000);
      const text = svg('text', { x, y: Number(height) + 16, class: time === 0 ? 'first' : time + step / 2 > end ? 'last' : '' });
      text.textContent = clock(time * 1000, 0);
      fine.push(svg('line', { x1: x, x2: x, y2: height }), text);
    }
    group.replaceChildren(...fine);
  };

  /* Outlines of the windows from `first` to before `last`, one a label, as report-svg.c draws them. */
  const outlines = (one, first, last) => {
    const x = (time) => (time / data.end * 10000).toFixed(3), n = data.labels.length;
    const heard = (i) => i >= first && i < last && one.label[i] >= 0;
    const joins = (i, k) => heard(i) && heard(k) && one.from[k] - one.from[i] - one.length[i] <= 2;
    const paths = data.labels.map(() => '');
    for (let i = first; i < last; i++) {
      if (!heard(i)) continue;
      const from = one.from[i], to = from + one.length[i];
      let sum = 0;
      for (let k = 0; k < n; k++) {
        sum += one.scores[one.offset[i] + k];
        const y = k + 1 === n ? 0 : Math.max(0, 500 - sum / 2);
        if (!joins(i - 1, i)) paths[k] += `M${x(from)} 500V${y}`;
        paths[k] += `L${x((from + to) / 2)} ${y}`;
        if (!joins(i, i + 1)) paths[k] += `H${x(to)}V500z`;
      }
    }
    return paths;
  };

  const LETTER = 6.7, MARGIN = 12;
  const fits = (word, share) => word.length * LETTER + MARGIN <= share / data.end * plot.clientWidth;

  /* Neighbours that are alike, joined, as parts of a ribbon. */
  const ribbon = (one, first, last, like) => {
    const parts = [], y = like.getAttribute('y');
    for (let i = first; i < last;) {
      const label = one.label[i], from = one.from[i];
      let to = from;
      for (; i < last && one.label[i] === label && (to === from || one.from[i] - to <= 2); i++) to = one.from[i] + one.length[i];
      const group = svg('g', { class: label < 0 ? 'silent' : 'c' + label }), title = svg('title', {});
      title.textContent = nameOf(label) + ' ' + clock(from) + '–' + clock(to);
      group.append(title, svg('rect', { x: share(from), width: share(to - from), y, height: like.getAttribute('height'), rx: 3 }));
      if (fits(nameOf(label), to - from)) {
        const text = svg('text', { x: share(from), dx: 6, y: Number(y) + 17 });
        text.textContent = nameOf(label);
        group.append(text);
      }
      parts.push(group);
    }
    return parts;
  };

  /* Long recordings come with a drawing that sums up: this draws all that is in view if it is not too much for the eye. */
  const MOST = 3000;
  const coarse = bands.map((band) => {
    const paths = all('.area path[class^=c]', band), group = $('.ribbon', band);
    return band.matches('.merged') && { paths, outlines: paths.map((path) => path.getAttribute('d')), group, parts: [...group.children] };
  });
  const drawLane = (one, old, from, to) => {
    const first = one.from.findIndex((start, i) => start + one.length[i] > from);
    const after = one.from.findIndex((start) => start > to);
    const last = after < 0 ? one.from.length : after;
    const fine = zoom > 1 && first >= 0 && last - first <= MOST;
    const paths = fine ? outlines(one, first, last) : null;
    old.paths.forEach((path, i) => path.setAttribute('d', fine ? paths[data.labels.length - 1 - i] : old.outlines[i]));
    old.group.classList.toggle('dense', !fine);
    old.group.replaceChildren(...(fine ? ribbon(one, first, last, $('rect', old.parts[0])) : old.parts));
  };

  const marks = drawing ? [...$('.clock', drawing).children] : [];
  const drawView = () => {
    const [from, to] = inView();
    if (zoom > 1) drawClock(from, to); else $('.clock', drawing).replaceChildren(...marks);
    coarse.forEach((old, i) => old && drawLane(data.lanes[i], old, from, to));
  };

  /* The style sheet knows what fits when nothing is wider than the page, as on paper. */
  const fitWords = () => {
    bands.forEach((band, i) => {
      if (coarse[i]) return;
      for (const word of all('.ribbon text', band)) {
        const room = parseFloat($('rect', word.parentNode).getAttribute('width')) / 100 * data.end;
        word.style.display = zoom === 1 ? '' : fits(word.textContent, room) ? 'inline' : 'none';
      }
    });
  };

  const setZoom = (to) => {
    zoom = Math.max(1, Math.min(maxZoom(), to));
    plot.style.width = 100 * zoom + '%';
    view.scrollLeft = pinned / data.end * plot.clientWidth - view.clientWidth / 2;
    fitWords();
    drawView();
    updateZoom();
  };

  const updateZoom = () => {
    $('#zoom').hidden = maxZoom() === 1;
    $('[data-zoom="2"]').disabled = zoom >= maxZoom();
    $('[data-zoom="0.5"]').disabled = $('[data-zoom="0"]').disabled = zoom === 1;
  };

  let waiting = false;
  const scrolled = () => {
    if (!waiting && zoom > 1) requestAnimationFrame(() => { waiting = false; drawView(); });
    waiting = zoom > 1;
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
  if (drawing) listen();
  if (drawing && data.lanes.length) {
    updateZoom();
    for (const button of all('#zoom button'))
      button.addEventListener('click', () => setZoom(zoom * Number(button.dataset.zoom)));
    addEventListener('resize', () => setZoom(zoom));
    view.addEventListener('scroll', scrolled);
    /* paper gets all of it, not what is in view */
    let before = 1;
    addEventListener('beforeprint', () => { before = zoom; setZoom(1); });
    addEventListener('afterprint', () => setZoom(before));
  }
})();
