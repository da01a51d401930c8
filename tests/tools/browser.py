"""browser.py - WebVTT files as the parser behind <track> in Chromium sees them.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading

# Loads each track and puts what it has into the document, which Chromium prints in the end.
PAGE = """<!doctype html><meta charset=utf-8><pre id=answer></pre><script>
const files = %s;
function load(file) {
  return new Promise((resolve, reject) => {
    const video = document.createElement('video');
    const track = document.createElement('track');
    track.onload = () => resolve(Array.from(track.track.cues, read));
    track.onerror = () => reject(file);
    track.src = file;
    video.append(track);
    document.body.append(video);
    track.track.mode = 'hidden';
  });
}
function read(cue) {
  const text = cue.getCueAsHTML();
  const voice = text.querySelector('span[title]');
  return {start: cue.startTime, end: cue.endTime, text: text.textContent, voice: voice && voice.title};
}
Promise.all(files.map(load)).then((all) => {
  const text = JSON.stringify(all);
  document.getElementById('answer').textContent =
      'BEGIN' + Array.from(new TextEncoder().encode(text), (b) => b.toString(16).padStart(2, '0')).join('') + 'END';
}, (file) => { document.getElementById('answer').textContent = 'FAILED ' + file; });
</script>"""


def found():
    return shutil.which('chromium') or shutil.which('google-chrome')


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def read_cues(paths):
    """For each file a list of cues: start and end in seconds, text without markup, and the voice or None."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        names = []
        for number, path in enumerate(paths):
            names.append(f'{number}.vtt')
            shutil.copy(path, os.path.join(folder, names[-1]))
        with open(os.path.join(folder, 'page.html'), 'w', encoding='utf-8') as file:
            file.write(PAGE % json.dumps(names))
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=folder))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            done = subprocess.run(
                [found(), '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
                 f'--user-data-dir={folder}/profile', '--virtual-time-budget=100000', '--dump-dom',
                 f'http://127.0.0.1:{server.server_port}/page.html'], capture_output=True, text=True, check=True)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
    answer = re.search('BEGIN([0-9a-f]*)END', done.stdout.split('id="answer"')[-1])
    if not answer:
        raise AssertionError(f'no answer from the browser: {done.stdout[-2000:]} {done.stderr[-2000:]}')
    return json.loads(bytes.fromhex(answer[1]).decode())
