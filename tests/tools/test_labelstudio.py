#!/usr/bin/env python3
"""test_labelstudio.py - predictions in Label Studio's own front end, in a browser: its regions against the segments.

The front end is the npm package of its makers, fetched with npm into the build folder. 1.4.0 is the newest of them with the
program inside (1.8.0 has only pictures). Its <Audio> has no regions yet, and today's is called <AudioPlus>; it knows of no
channels. Skipped without a browser, without npm and where the package cannot be had.

EMOTION2VEC_WRITE_FORMATS names write-formats, EMOTION2VEC_SOURCE the source tree.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import functools
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest
from xml.sax.saxutils import quoteattr

import browser
import heard
import testkit
import webdriver

SECOND = heard.SECOND
PACKAGE = '@heartexlabs/label-studio@1.4.0'
ARCHIVE = 'heartexlabs-label-studio-1.4.0.tgz'
SHA512 = ('35ccc5da00c5fd686aefec48ded6192eb024f0faba85a7178581039967c7010219d1e8a27b2accc711f3e0a214ef09da802a26686bfe409d'
          '9973a4817019ae0a')
PARTS = {'package/build/static/js/main.js': 'main.js', 'package/build/static/css/main.css': 'main.css'}
PATIENCE = 3                            # times 100 s
WORDS = ('error', 'emotion', 'audio', 'label', 'region', 'prediction')

PAGE = """<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">
<link rel="stylesheet" href="main.css"></head><body><div id="label-studio"></div><script src="main.js"></script><script>
fetch(location.search.slice(1) + '.json').then((reply) => reply.json()).then((given) => new LabelStudio('label-studio', {
  config: given.config,
  interfaces: ['panel', 'side-column', 'predictions:menu'],
  // the server around it shows a prediction under the name of its model
  task: {id: 1, annotations: [], data: given.task.data, predictions: given.task.predictions.map((prediction) =>
    ({...prediction, createdBy: prediction.model_version}))},
  onLabelStudioLoad: (studio) => { window.studio = studio; },
}));
</script></body></html>"""

# Resolves once the audio is decoded and all regions of the prediction that is shown are drawn over it.
READY = """
return new Promise((resolve) => {
  function look() {
    const store = window.studio && window.studio.annotationStore;
    const audio = store && store.names.get('audio');
    if (audio && audio._ws && audio._ws.isReady &&
        Array.from(store.selected.areas.values()).every((region) => region._ws_region))
      resolve('ready');
    else
      setTimeout(look, 100);
  }
  look();
});"""

REGIONS = """
return window.studio.annotationStore.predictions.map((one) => ({
  model: one.createdBy, selected: one.selected, regions: one.serializeAnnotation(),
  drawn: Array.from(one.areas.values(), (region) => region._ws_region &&
    [region.cleanId, region._ws_region.start, region._ws_region.end, region.labels])}));"""


def bilingual():
    """Labels of emotion2vec's own model cards, and some that need escapes in XML and JSON."""
    labels = ['生气/angry', '开心/happy', '中立/neutral', '<unk>', 'a&b "c"', "it's", 'سعيد 😀', '=1+1', ']]>', '&amp;&#60;', 'x' * 300]
    case = heard.Heard(2 * SECOND, SECOND, 20 * SECOND, labels=labels)
    case.add_grid(list(range(len(labels))) + [None, 0, 1, 1, 2])
    return case


CASES = {'talk': heard.ALL['talk'], 'odd': heard.ALL['odd'], 'channels': heard.ALL['channels'],
         'documented': heard.ALL['documented'], 'bilingual': bilingual()}


def skip(words):
    print(f'skipped: {words}')
    sys.exit(77)


def fetch(cache):
    """The path of the package, whose checksum is right; it stays in `cache`."""
    path = os.path.join(cache, ARCHIVE)
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            try:
                subprocess.run(['npm', 'pack', PACKAGE, '--ignore-scripts', '--silent', '--fetch-retries=1', '--fetch-timeout=60000'],
                               cwd=folder, env={**os.environ, 'npm_config_cache': os.path.join(folder, 'npm')}, check=True,
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=240)
                os.replace(os.path.join(folder, ARCHIVE), path)
            except (OSError, subprocess.SubprocessError) as error:
                skip(f'npm cannot fetch {PACKAGE}: {error}')
    with open(path, 'rb') as file:
        if hashlib.sha512(file.read()).hexdigest() != SHA512:
            skip(f'{path} is not the package that this test was written for; remove it')
    return path


def documented_config(labels):
    """The labelling configuration of docs/formats.md with these labels, for this version."""
    page = (pathlib.Path(os.environ['EMOTION2VEC_SOURCE']) / 'docs' / 'formats.md').read_text(encoding='utf-8')
    config = re.search(r'^```xml\n(<View>.*?</View>)\n```', page, re.M | re.S)[1]
    config = re.sub(r'( *<Label value=.*?/>\n)+', lambda _: ''.join(f'<Label value={quoteattr(label)}/>' for label in labels), config)
    return config.replace('<Audio ', '<AudioPlus ')


class Served(unittest.TestCase):
    """A folder with the front end and all cases, on a server, and a browser."""
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        with tarfile.open(package) as archive:
            for member, name in PARTS.items():
                with open(os.path.join(cls.folder, name), 'wb') as file:
                    shutil.copyfileobj(archive.extractfile(member), file)
        with open(os.path.join(cls.folder, 'page.html'), 'w', encoding='utf-8') as file:
            file.write(PAGE)
        cls.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(browser.Quiet, directory=cls.folder))
        cls.addClassCleanup(cls.server.server_close)
        threading.Thread(target=cls.server.serve_forever).start()
        cls.addClassCleanup(cls.server.shutdown)
        cls.root = f'http://127.0.0.1:{cls.server.server_port}/'
        for name, case in CASES.items():
            cls.write_case(name, case)
        profile = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, profile, ignore_errors=True)
        cls.page = webdriver.Browser(profile)
        cls.addClassCleanup(cls.page.close)
        cls.page.call('POST', '/timeouts', {'script': 100000, 'pageLoad': 100000})

    @classmethod
    def write_case(cls, name, case):
        folder = os.path.join(cls.folder, 'written-' + name)
        case.write(folder)
        with open(os.path.join(folder, 'out.labelstudio.json'), encoding='utf-8') as file:
            [task] = json.load(file)
        task['data']['audio'] = f'{cls.root}{name}.wav'         # as docs/formats.md does with jq
        testkit.tone(os.path.join(cls.folder, name + '.wav'), case.duration / SECOND, rate=8000)
        with open(os.path.join(cls.folder, name + '.json'), 'w', encoding='utf-8') as file:
            json.dump({'task': task, 'config': documented_config(case.labels)}, file)


    def wait_until_drawn(self):
        for _ in range(PATIENCE):
            try:
                self.page.wait(READY)
                return
            except RuntimeError as error:               # after the time that setUpClass sets
                last = error
        self.fail(f'{last}; console: {self.page.console()}')

    def load(self, name):
        self.page.open(f'{self.root}page.html?{name}')
        self.wait_until_drawn()
        for message in self.page.console():
            message = message.replace(self.root, '').lower()
            for word in WORDS:
                self.assertNotIn(word, message)
        return self.page.run(REGIONS)


class Predictions(Served):
    def check(self, name):
        case = CASES[name]
        found = {prediction['model']: prediction for prediction in self.load(name)}
        triggers = sorted({window.speech for window in case.windows})
        self.assertEqual(sorted(found), ['tiny, speech' if speech else 'tiny' for speech in triggers])
        for speech in triggers:
            self.check_prediction(case, speech, found['tiny, speech' if speech else 'tiny'])
        self.assertEqual(sum(prediction['selected'] for prediction in found.values()), 1)

    def check_prediction(self, case, speech, prediction):
        segments = [(f's{number}', segment) for number, segment in enumerate(case.segments)
                    if segment.label is not None and segment.speech == speech]
        regions = {region['id']: region for region in prediction['regions']}
        drawn = {region[0]: region[1:] for region in prediction['drawn'] if region}
        self.assertEqual(len(prediction['regions']), len(segments))
        self.assertEqual(sorted(regions), sorted(name for name, _ in segments))
        if prediction['selected']:
            self.assertEqual(sorted(drawn), sorted(regions))
        for name, segment in segments:
            region = regions[name]
            self.assertEqual([region['from_name'], region['to_name'], region['type']], ['emotion', 'audio', 'labels'])
            self.assertEqual(region['value']['labels'], [segment.label])
            self.assertAlmostEqual(region['value']['start'], segment.start / SECOND, places=9)
            self.assertAlmostEqual(region['value']['end'], segment.end / SECOND, places=9)
            self.assertAlmostEqual(region['original_length'], case.duration / SECOND, delta=1e-3)
            self.assertAlmostEqual(region['score'], segment.confidence, places=9)
            if prediction['selected']:
                start, end, labels = drawn[name]
                self.assertAlmostEqual(start, segment.start / SECOND, places=9)
                self.assertAlmostEqual(end, segment.end / SECOND, places=9)
                self.assertEqual(labels, [segment.label])

    def test_talk(self):
        self.check('talk')

    def test_odd_times(self):
        self.check('odd')

    def test_channels_and_triggers(self):
        self.check('channels')

    def test_example_of_the_documentation(self):
        self.check('documented')

    def test_bilingual(self):
        self.check('bilingual')


package = None
if __name__ == '__main__':
    if not webdriver.is_there():
        skip('chromium and chromedriver are not installed')
    package = fetch(os.path.join(os.environ.get('XDG_CACHE_HOME', '.'), 'label-studio'))
    print(PACKAGE)
    unittest.main(verbosity=2)
