"""webdriver.py - a real browser for tests: headless Chromium, driven over W3C WebDriver with nothing but the standard library.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import base64
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
KEYS = {'ArrowLeft': '\ue012', 'ArrowUp': '\ue013', 'ArrowRight': '\ue014', 'ArrowDown': '\ue015', 'Home': '\ue011',
        'End': '\ue010', 'PageUp': '\ue00e', 'PageDown': '\ue00f', 'Tab': '\ue004', 'Enter': '\ue007', ' ': ' '}
# Answers come from this machine, whatever proxy the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def is_there():
    return bool(shutil.which('chromedriver') and (shutil.which('chromium') or shutil.which('google-chrome')))


class Browser:
    """One window. `folder`: for its profile; script=False: a browser without JavaScript."""

    def __init__(self, folder, script=True):
        self.driver = subprocess.Popen(['chromedriver', '--port=0'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       text=True, env={**os.environ, 'HOME': folder, 'TMPDIR': folder})
        self.session = None
        port = self._read_port()
        self.root = f'http://127.0.0.1:{port}'
        arguments = ['--headless=new', '--disable-gpu', '--no-sandbox', '--disable-dev-shm-usage', '--mute-audio',
                     '--autoplay-policy=no-user-gesture-required', '--force-device-scale-factor=1',
                     '--disable-background-networking', '--no-first-run', f'--user-data-dir={folder}/profile']
        options = {'args': arguments, 'perfLoggingPrefs': {'enableNetwork': True, 'enablePage': False}}
        if not script:
            options['prefs'] = {'profile.managed_default_content_settings.javascript': 2}
        reply = self._send('POST', '/session', {'capabilities': {'alwaysMatch': {
            'browserName': 'chrome', 'goog:chromeOptions': options,
            'goog:loggingPrefs': {'browser': 'ALL', 'performance': 'ALL'}}}})
        self.session = f'/session/{reply["sessionId"]}'

    def _read_port(self):
        for line in self.driver.stdout:
            found = re.search(r'started successfully on port (\d+)', line)
            if found:
                return int(found[1])
        raise RuntimeError('chromedriver did not start')

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, {'Content-Type': 'application/json'}, method=method)
        try:
            with OPENER.open(request, timeout=120) as reply:
                return json.load(reply)['value']
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)['value']['message']) from None

    def call(self, method, path, body=None):
        return self._send(method, self.session + path, body)

    def close(self):
        if self.session:
            self.call('DELETE', '')
        self.driver.terminate()
        self.driver.wait()
        self.driver.stdout.close()

    # ---- pages

    def open(self, address):
        """Loads a page; its console and its requests begin anew."""
        self.console()
        self.requests()
        self.call('POST', '/url', {'url': address})

    def run(self, script, *arguments):
        """The value of a function body in the page."""
        return self.call('POST', '/execute/sync', {'script': script, 'args': list(arguments)})

    def wait(self, script, *arguments):
        """Resolves when the promise that `script` gives does."""
        return self.call('POST', '/execute/async', {
            'script': f'const done = arguments[arguments.length - 1];'
                      f'Promise.resolve((() => {{ {script} }})()).then(done, (error) => done("error: " + error));',
            'args': list(arguments)})

    def text(self, query):
        return self.run('return document.querySelector(arguments[0]).textContent', query)

    def cdp(self, command, **parameters):
        return self.call('POST', '/goog/cdp/execute', {'cmd': command, 'params': parameters})

    def size(self, width, height):
        self.cdp('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, **features):
        """As media(prefers_color_scheme='dark')."""
        self.cdp('Emulation.setEmulatedMedia', features=[{'name': name.replace('_', '-'), 'value': value}
                                                         for name, value in features.items()])

    # ---- hands

    def element(self, query):
        return self.call('POST', '/element', {'using': 'css selector', 'value': query})[ELEMENT]

    def _point(self, x, y, *actions):
        moves = [{'type': 'pointerMove', 'duration': 0, 'x': round(x), 'y': round(y)}]
        moves += [{'type': action, 'button': 0} for action in actions]
        self.call('POST', '/actions', {'actions': [{'type': 'pointer', 'id': 'mouse', 'actions': moves}]})

    def hover(self, x, y):
        self._point(x, y)

    def click(self, x, y):
        self._point(x, y, 'pointerDown', 'pointerUp')

    def press(self, *names):
        actions = [{'type': kind, 'value': KEYS.get(name, name)} for name in names for kind in ('keyDown', 'keyUp')]
        self.call('POST', '/actions', {'actions': [{'type': 'key', 'id': 'keyboard', 'actions': actions}]})

    # ---- what came of it

    def screenshot(self, path, whole=True):
        picture = self.cdp('Page.captureScreenshot', format='png', captureBeyondViewport=whole)
        with open(path, 'wb') as file:
            file.write(base64.b64decode(picture['data']))

    def pdf(self, path):
        data = self.call('POST', '/print', {'page': {'width': 21.0, 'height': 29.7}, 'background': False})
        with open(path, 'wb') as file:
            file.write(base64.b64decode(data))

    def console(self):
        """Messages since the last call."""
        return [row['message'] for row in self.call('POST', '/se/log', {'type': 'browser'})]

    def requests(self):
        """Addresses that were asked for since the last call."""
        rows = [json.loads(row['message'])['message'] for row in self.call('POST', '/se/log', {'type': 'performance'})]
        return [row['params']['request']['url'] for row in rows if row['method'] == 'Network.requestWillBeSent']
