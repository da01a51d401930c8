#!/usr/bin/env python3
"""test_report.py - the HTML report in a real browser: values, keyboard, player, dark mode, phone, paper, no script, no network.

What the reports say is compared with the JSON Lines that were written of the same annotation.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

import webdriver

WRITER = os.environ.get('EMOTION2VEC_WRITE_REPORT')
CLIPS = os.environ.get('EMOTION2VEC_CLIPS')
TALK = 'conversation.opus'
HEAR = 'audioconvert ! audio/x-raw,format=F32LE'
SINK = 'fakesink name=sink signal-handoffs=true'
DECODE = f'filesrc location={CLIPS}/{TALK} ! decodebin ! {HEAR},channels=1'
MADE = ('empty', 'headless', 'silent', 'hostile', 'hours')
folder = None


def write(*arguments):
    subprocess.run([WRITER, *arguments, folder], check=True)


def write_reports():
    element = 'emotion2vec name=e mode=sync'
    write('heard', f'{DECODE} ! {element} ! {SINK}', TALK)
    # the second channel hears the same and an echo of it
    write('heard', f'interleave name=i ! {HEAR} ! {element} channel-mode=each trigger=interval+speech ! {SINK} '
                   f'{DECODE} ! queue ! i. {DECODE} ! audioecho delay=4000000000 max-delay=5000000000 intensity=1 ! '
                   'queue ! i.', 'two.opus')
    for case in MADE:
        write('made', case)
    shutil.copy(os.path.join(CLIPS, TALK), folder)


def address(name):
    return f'file://{folder}/{name}.html'


def read(name):
    with open(f'{folder}/{name}.jsonl', encoding='utf-8') as file:
        return [json.loads(line) for line in file]


def nearest(windows, seconds):
    """The window whose centre is nearest: the one that speaks for the moment, on a grid without breaks."""
    return min(windows, key=lambda window: abs(window['timestamp'] + window['duration'] / 2 - seconds * 1e9))


def percent(score):
    return f'{100 * score:.1f}%'


class ReportTest(unittest.TestCase):
    script = True

    @classmethod
    def setUpClass(cls):
        cls.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.page = webdriver.Browser(cls.profile.name, script=cls.script)
        cls.page.size(1100, 900)

    @classmethod
    def tearDownClass(cls):
        cls.page.close()
        cls.profile.cleanup()

    def open(self, name):
        self.page.open(address(name))

    def open_with_player(self):
        self.open(TALK)
        self.page.wait('const audio = document.querySelector("audio");'
                       'const ready = () => document.querySelector("#segments td button") ? null :'
                       '  new Promise((done) => requestAnimationFrame(done)).then(ready); return ready();')

    def point_at(self, seconds, act='hover', row=0.3):
        """The pointer at a moment; `row`: how far down the drawing."""
        left, top, width, height = self.page.run(
            'document.querySelector("#plot").scrollIntoView();'
            'const box = document.querySelector("#plot").getBoundingClientRect();'
            'return [box.left, box.top, box.width, box.height]')
        end = float(self.page.run('return JSON.parse(document.querySelector("#data").textContent).end')) / 1000
        getattr(self.page, act)(left + width * seconds / end, top + height * row)

    def shown(self, lane=0):
        """What the table of emotions says of the moment: {label: text}."""
        return dict(self.page.run(
            'return [...document.querySelectorAll(`.emotions[data-lane="${arguments[0]}"] tbody tr`)]'
            '.map((row) => [row.querySelector("bdi").textContent, row.querySelector(".now").textContent])', lane))

    def check_shown(self, window, lane=0):
        shown = self.shown(lane)
        for label, score in zip(window['labels'], window['scores']):
            self.assertAlmostEqual(float(shown[label].rstrip('%')), 100 * score, delta=0.0501, msg=label)

    def value(self, name='valuetext'):
        return self.page.run('return document.querySelector("#plot").getAttribute("aria-" + arguments[0])', name)

    def audio(self, name):
        return self.page.run('return document.querySelector("audio")[arguments[0]]', name)


class Values(ReportTest):
    def test_pointer_shows_the_scores_of_the_window(self):
        self.open(TALK)
        windows = read(TALK)
        for k in (0, 3, 7, 13, 17, 22, 28):
            self.point_at(k + 1.5)
            window = nearest(windows, k + 1.5)
            self.check_shown(window)
            words = self.page.text('#readout')
            self.assertIn(window['label'], words)
            self.assertIn(f'0:{k:02}.00–0:{k + 3:02}.00', words)
            self.assertIn(percent(window['confidence']), words)
            self.assertIn(f'{round(window["level"])} dBFS'.replace('-', '−'), words)

    def test_ten_hours(self):
        self.assertLess(os.path.getsize(f'{folder}/hours.html'), 4e6)
        self.open('hours')
        windows = read('hours')
        self.page.run('document.querySelector("#plot").focus()')
        self.page.press('PageDown', 'PageDown', 'PageDown', 'ArrowRight')
        self.check_shown(windows[31])
        self.page.press('End', 'PageUp')
        self.assertIn('9:59:49.00 to 9:59:52.00', self.value())
        self.check_shown(windows[35989])
        self.assertEqual(self.page.run('return document.querySelectorAll("#segments tbody tr").length > 15000'), True)

    def test_zoom_draws_every_window(self):
        self.open('hours')
        self.page.run('document.querySelector("#plot").focus()')
        self.page.press(*['ArrowRight'] * 7, *['+'] * 12)
        words = self.page.run(
            'const view = document.querySelector("#view").getBoundingClientRect();'
            'return [...document.querySelectorAll(".ribbon title")].filter((title) => {'
            '  const box = title.parentNode.querySelector("rect").getBoundingClientRect();'
            '  return box.right > view.left && box.left < view.right }).map((title) => title.textContent)')
        windows = read('hours')
        # labels last for two windows; the first one speaks from the start
        for k in (2, 4, 6):
            self.assertIn(f'{windows[k]["label"]} 0:{k + 1:02}.00–0:{k + 3:02}.00', words)
        self.page.press('-')
        self.assertEqual(self.page.run('return document.documentElement.scrollWidth <= innerWidth'), True)

    def test_two_channels_and_stretches_of_speech(self):
        self.open('two.opus')
        lanes = [[window for window in read('two.opus') if window['channel'] == channel and window['trigger'] == trigger]
                 for trigger in ('interval', 'speech') for channel in (0, 1)]
        height = self.page.run('return document.querySelector("#plot").clientHeight')
        tops = self.page.run('return [...document.querySelectorAll(".band")].map((band) => Number(band.dataset.y))')
        self.assertEqual(len(tops), 4)
        stretch = lanes[3][2]
        moment = (stretch['timestamp'] + stretch['duration'] / 2) / 1e9
        self.point_at(moment, row=(tops[3] + 40) / height)
        self.check_shown(stretch, 3)
        self.assertTrue(self.page.text('#readout').startswith('Channel 2, stretches of speech, '))
        self.point_at(7.5, row=(tops[1] + 40) / height)
        self.check_shown(nearest(lanes[0], 7.5), 0)
        self.check_shown(nearest(lanes[1], 7.5), 1)
        self.assertTrue(self.page.text('#readout').startswith('Channel 2, 0:06.00–0:09.00'))
        # nobody speaks at the start
        self.point_at(0.1)
        self.assertEqual(set(self.shown(2).values()), {''})

    def test_shares(self):
        self.open(TALK)
        times = {}
        for row in self.page.run('return [...document.querySelectorAll("#segments tbody tr")]'
                                 '.map((row) => [...row.cells].map((cell) => cell.textContent))'):
            times[row[3]] = times.get(row[3], 0) + float(row[2])
        total = sum(times.values())
        shares = self.page.run('return [...document.querySelectorAll(".emotions tbody tr")].map((row) =>'
                               '[row.querySelector("bdi").textContent, row.querySelector("td.share").textContent])')
        self.assertEqual(len(shares), 9)
        for label, share in shares:
            self.assertAlmostEqual(float(share.rstrip('%')), 100 * times.get(label, 0) / total, delta=0.6)
        best = max(times, key=times.get)
        self.assertTrue(self.page.text('.summary').startswith(f'Mostly {best} ('))

    def test_sorting(self):
        self.open(TALK)
        column = ('return [...document.querySelectorAll("#segments tbody tr")]'
                  '.map((row) => parseFloat(row.cells[4].textContent))')
        before = self.page.run(column)
        self.page.run('document.querySelector("#segments th:last-child button").click()')
        self.assertEqual(self.page.run(column), sorted(before))
        self.page.run('document.querySelector("#segments th:last-child button").click()')
        self.assertEqual(self.page.run(column), sorted(before, reverse=True))
        self.page.run('document.querySelector("#segments th button").click()')
        self.assertEqual(self.page.run(column), before)


class Keyboard(ReportTest):
    def focus(self):
        for _ in range(40):
            self.page.press('Tab')
            if self.page.run('return document.activeElement.id') == 'plot':
                return
        self.fail('Tab does not reach the drawing')

    def test_keys_go_from_window_to_window(self):
        self.open(TALK)
        windows = read(TALK)
        self.focus()
        self.assertNotEqual(self.page.run('return getComputedStyle(document.activeElement).outlineStyle'), 'none')
        self.assertEqual(self.value('valuenow'), '0.00')
        for keys, k in ((['ArrowRight'], 1), (['ArrowRight'] * 3, 4), (['ArrowLeft'], 3), (['PageDown'], 13), (['PageUp'], 3),
                        (['Home'], 0), (['End'], 30)):
            self.page.press(*keys)
            window = windows[k]
            start, end = (f'0:{time / 1e9:05.2f}' for time in (window['timestamp'],
                                                               window['timestamp'] + window['duration']))
            self.assertTrue(self.value().startswith(f'{start} to {end}: {window["label"]} '), (k, self.value()))
            self.check_shown(window)

    def test_up_and_down_change_the_channel(self):
        self.open('two.opus')
        self.focus()
        for keys, name in ((['ArrowDown'], 'Channel 2, 0:'), (['ArrowDown'], 'Channel 1, stretches'),
                           (['ArrowUp'] * 5, 'Channel 1, 0:'), (['ArrowDown'] * 9, 'Channel 2, stretches')):
            self.page.press(*keys)
            self.assertTrue(self.value().startswith(name), self.value())

    def test_screen_readers_meet_a_slider(self):
        self.open(TALK)
        nodes = self.page.cdp('Accessibility.getFullAXTree')['nodes']
        roles = {}
        for node in nodes:
            roles.setdefault(node.get('role', {}).get('value'), []).append(node)
        names = [node['name']['value'] for node in roles['slider'] if 'name' in node]
        self.assertIn('Moment in the recording', names)
        self.assertEqual([node['name']['value'] for node in roles['heading']][:2], [TALK, 'Emotions'])
        for button in roles['button']:
            self.assertTrue(button['name']['value'])


class Player(ReportTest):
    def seeked(self):
        self.page.wait('const audio = document.querySelector("audio"); const done = () => audio.seeking ?'
                       'new Promise((go) => audio.addEventListener("seeked", go, {once: true})) : null; return done();')

    def test_click_seeks(self):
        self.open_with_player()
        self.assertEqual(self.page.run('return document.querySelector("#player").hidden'), False)
        self.assertAlmostEqual(self.audio('duration'), 32.94, delta=0.1)
        self.point_at(12.5, 'click')
        self.seeked()
        self.assertAlmostEqual(self.audio('currentTime'), 12.5, delta=0.05)
        self.assertTrue(self.audio('paused'))

    def test_space_plays_from_the_moment(self):
        self.open_with_player()
        self.page.run('document.querySelector("#plot").focus()')
        self.page.press('PageDown')
        self.page.press(' ')
        self.page.wait('const audio = document.querySelector("audio"); return audio.currentTime > 12 ? null :'
                       'new Promise((go) => audio.addEventListener("timeupdate", () => audio.currentTime > 12 && go()))')
        self.assertFalse(self.audio('paused'))
        self.page.press(' ')
        self.assertTrue(self.audio('paused'))
        # the cursor went along
        self.assertGreater(float(self.value('valuenow')), 11.9)

    def test_segments_play(self):
        self.open_with_player()
        start = self.page.run('const button = document.querySelectorAll("#segments td button")[2]; button.click();'
                              'return button.textContent')
        self.seeked()
        minutes, seconds = start.split(':')
        self.assertGreaterEqual(self.audio('currentTime'), 60 * int(minutes) + float(seconds) - 0.05)
        self.assertFalse(self.audio('paused'))
        self.page.run('document.querySelector("audio").pause()')

    def test_no_player_without_media(self):
        self.open('two.opus')
        self.page.wait('const audio = document.querySelector("audio"); return audio.error ? null :'
                       'new Promise((go) => audio.addEventListener("error", go))')
        self.assertEqual(self.page.run('return document.querySelector("#player").hidden'), True)
        self.assertEqual(self.page.run('return document.querySelector("#play-keys").hidden'), True)

    def test_over_http(self):
        handler = functools.partial(Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
            threading.Thread(target=server.serve_forever).start()
            try:
                root = f'http://127.0.0.1:{server.server_port}/'
                self.page.open(f'{root}{TALK}.html')
                self.page.wait('const audio = document.querySelector("audio"); return audio.readyState > 0 ? null :'
                               'new Promise((go) => audio.addEventListener("loadedmetadata", go))')
                requests = {url for url in self.page.requests() if not url.startswith('data:')}
                self.assertEqual(requests, {f'{root}{TALK}.html', root + TALK})
                self.page.open('about:blank')
            finally:
                server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def copyfile(self, source, outputfile):
        try:
            super().copyfile(source, outputfile)
        except ConnectionError:
            pass  # the browser has enough


class Looks(ReportTest):
    def light_of(self, colour):
        """Relative luminance of WCAG 2, from "rgb(r, g, b)"."""
        parts = [int(part) / 255 for part in colour[colour.index('(') + 1:-1].split(',')[:3]]
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    def contrast(self, query, style='color'):
        colours = self.page.run('const node = document.querySelector(arguments[0]);'
                                'return [getComputedStyle(node)[arguments[1]],'
                                'getComputedStyle(document.documentElement).backgroundColor]', query, style)
        light = sorted(self.light_of(colour) for colour in colours)
        return (light[1] + 0.05) / (light[0] + 0.05)

    def test_light_and_dark(self):
        for scheme in ('light', 'dark'):
            self.page.media(prefers_color_scheme=scheme)
            self.open(TALK)
            ground = self.page.run('return getComputedStyle(document.documentElement).backgroundColor')
            self.assertEqual(self.light_of(ground) > 0.5, scheme == 'light')
            for query in ('h1', '.care', 'a', 'dt', 'figcaption', 'thead th', '.summary'):
                self.assertGreaterEqual(self.contrast(query), 4.5, (scheme, query))
            self.assertGreaterEqual(self.contrast('.clock text', 'fill'), 4.5, scheme)
        self.page.media(prefers_color_scheme='light')

    def test_words_stay_within_the_ribbon(self):
        """No word is wider than its piece, and none is missing where it has room: the longest one takes 80 pixels."""
        for width in (400, 640, 800, 1100):
            self.page.size(width, 900)
            self.open(TALK)
            pieces = self.page.run(
                'return [...document.querySelectorAll(".ribbon g")].map((group) => [group.querySelector("rect"),'
                'group.querySelector("text")].map((node) => node.getBoundingClientRect()))'
                '.map(([rect, word]) => [rect.width, word.width, word.right - rect.right])')
            self.assertEqual(len(pieces), len(self.page.run('return [...document.querySelectorAll("#segments tbody tr")]')))
            for room, taken, over in pieces:
                with self.subTest(width=width, room=room):
                    self.assertTrue(taken == 0 or over <= 0)
                    self.assertTrue(taken > 0 or room < 100)
        self.assertTrue(any(taken > 0 for _, taken, _ in pieces))
        self.page.size(1100, 900)

    def test_a_phone_does_not_scroll_sideways(self):
        self.page.size(400, 800)
        for name in (TALK, 'two.opus', *MADE):
            with self.subTest(name=name):
                self.open(name)
                self.assertLessEqual(self.page.run('return document.documentElement.scrollWidth'), 400)
        self.page.size(1100, 900)

    def print(self):
        path = os.path.join(self.profile.name, 'report.pdf')
        self.page.pdf(path)
        return subprocess.run(['pdftotext', '-layout', path, '-'], capture_output=True, text=True, check=True).stdout

    @unittest.skipUnless(shutil.which('pdftotext'), 'poppler-utils is not installed')
    def test_paper_gets_all_that_is_zoomed(self):
        self.open('hours')
        self.page.run('document.querySelector("#plot").focus()')
        self.page.press('ArrowRight', *['+'] * 8)
        text = self.print()
        for hour in range(1, 10):
            self.assertIn(f' {hour}:00:00', text)
        self.assertGreater(self.page.run('const plot = document.querySelector("#plot"); return plot.clientWidth /'
                                         'plot.parentNode.clientWidth'), 200)

    @unittest.skipUnless(shutil.which('pdftotext'), 'poppler-utils is not installed')
    def test_paper(self):
        self.open(TALK)
        self.point_at(5)
        text = self.print()
        self.assertLessEqual(text.count('\f'), 3)
        for words in (TALK, 'Mostly', 'surprised', 'Confidence', 'How to read this', '3 s long, one every 1 s'):
            self.assertIn(words, text)
        for words in ('Score at', 'Keys:', 'Fit'):
            self.assertNotIn(words, text)


class Trust(ReportTest):
    def test_nothing_is_loaded_and_nothing_goes_wrong(self):
        self.open_with_player()
        self.point_at(3)
        self.page.run('document.querySelector("#plot").focus()')
        self.page.press('ArrowRight', '+', '-')
        self.assertEqual(self.page.console(), [])
        # the player of the browser itself has pictures in data: addresses
        self.assertEqual({url for url in self.page.requests() if not url.startswith('data:')},
                         {address(TALK), f'file://{folder}/{TALK}'})

    def test_every_kind_without_errors(self):
        for name in ('two.opus', *MADE):
            with self.subTest(name=name):
                self.open(name)
                if self.page.run('return !!document.querySelector("#plot")'):
                    self.point_at(4)
                    self.point_at(6, 'click')
                    self.page.press('ArrowRight', 'ArrowLeft', 'PageDown', 'Home', 'End', ' ')
                # the media is not there
                self.assertEqual([line for line in self.page.console() if 'ERR_FILE_NOT_FOUND' not in line], [])

    def test_hostile_names(self):
        self.open('hostile')
        self.assertNotEqual(self.page.run('return document.title'), 'bad')
        self.assertEqual(self.page.run('return [document.scripts.length, document.images.length]'), [2, 0])
        labels = read('hostile')[0]['labels']
        data = self.page.run('return JSON.parse(document.querySelector("#data").textContent).labels')
        self.assertEqual(data, labels)
        shown = list(self.shown())
        for label in labels[:3] + labels[4:7]:
            self.assertIn(label, shown)
        self.assertFalse(set('\u202e\u2028') & set(''.join(shown)))
        self.point_at(1)
        self.assertIn(labels[0], self.page.text('#readout'))
        self.point_at(7.5)
        self.assertIn('reversed', self.page.text('#readout'))
        self.assertNotIn('\u202e', self.page.text('#readout'))
        for url in self.page.requests():
            self.assertTrue(url.startswith('file:///'), url)

    def test_foreign_scripts_do_not_run(self):
        self.open(TALK)
        self.page.run('const script = document.createElement("script"); script.textContent = "document.title = \'bad\'";'
                      'document.body.append(script); const image = new Image(); image.src = "http://127.0.0.1:9/";')
        self.page.wait('return fetch("http://127.0.0.1:9/").catch(() => null)')
        self.assertNotEqual(self.page.run('return document.title'), 'bad')
        faults = [line for line in self.page.console() if 'Content Security Policy' in line]
        for directive in ('script-src', 'img-src', 'default-src'):
            self.assertRegex('\n'.join(faults), f'directive:? ["\']{directive} ')

    def test_what_is_said_when_there_is_nothing_to_say(self):
        for name, words in (('empty', 'Nothing was heard'), ('headless', 'has no head'), ('silent', 'all is silent')):
            self.open(name)
            self.assertIn(words, self.page.text('.summary'))
            self.assertIn('does not say what a person feels', self.page.text('#reading'))


class WithoutScript(ReportTest):
    script = False

    def test_the_page_can_be_read(self):
        self.open(TALK)
        # the driver's own scripts run all the same
        self.assertEqual(self.page.run('return document.documentElement.className'), '')
        self.assertTrue(self.page.run('return document.querySelector("#player").hidden'))
        for query in ('#readout', '.emotions .now', '.keys'):
            self.assertEqual(self.page.run('return document.querySelector(arguments[0]).offsetHeight', query), 0, query)
        for query in ('.area', '.wave', '.ribbon', '.clock', '#segments', '.emotions', 'dl', '#reading'):
            self.assertGreater(self.page.run('return document.querySelector(arguments[0]).getBoundingClientRect().height',
                                             query), 20, query)
        titles = self.page.run('return [...document.querySelectorAll(".ribbon title")].map((title) => title.textContent)')
        rows = self.page.run('return [...document.querySelectorAll("#segments tbody tr")].map((row) =>'
                             '`${row.cells[3].textContent} ${row.cells[0].textContent}–${row.cells[1].textContent}`)')
        self.assertEqual(titles, rows)


def main():
    global folder
    if not WRITER or not CLIPS:
        sys.exit('set EMOTION2VEC_WRITE_REPORT and EMOTION2VEC_CLIPS')
    if not webdriver.is_there():
        print('chromium and chromedriver are not installed')
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        write_reports()
        unittest.main(exit=False).result.wasSuccessful() or sys.exit(1)


if __name__ == '__main__':
    main()
