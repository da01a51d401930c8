"""audacity.py - Audacity for tests: on a screen of its own, told what to do through its module mod-script-pipe.

Importing and exporting labels are menu items with a file dialog even for scripts; xdotool types the name into it.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import datetime
import fcntl
import glob
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAMS = ('audacity', 'xdotool', 'Xvfb', 'setpriv')
MODULES = glob.glob('/usr/lib/audacity/modules/mod-script-pipe.so') + \
    glob.glob('/usr/lib/*/audacity/modules/mod-script-pipe.so')
PIPES = [f'/tmp/audacity_script_pipe.{way}.{os.getuid()}' for way in ('to', 'from')]       # the module's own names
LIMIT = 300                             # seconds until a program that stands still is given up

# Written before the first start: no welcome, the module is wanted and known. [Version] keeps it from starting afresh.
SETTINGS = """PrefsVersion=1.1.1r1
[GUI]
ShowSplashScreen=0
[Version]
Major=3
Minor=2
Micro=4
[Locale]
Language=en
[Module]
mod-script-pipe=1
[ModulePath]
mod-script-pipe={path}
[ModuleDateTime]
mod-script-pipe={date}
"""


class Trouble(Exception):
    """Audacity or its screen does not do what it is told."""


def missing():
    """What is not installed, or None."""
    for program in PROGRAMS:
        if not shutil.which(program):
            return program
    return None if MODULES else 'mod-script-pipe.so of Audacity'


def version():
    done = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', 'audacity'], capture_output=True, text=True, check=False)
    return done.stdout or 'of unknown version'


class Audacity:
    def __init__(self):
        self.pipes = []
        self.processes = []
        self.trouble = None             # once it stands still, it is not asked again
        self.lock = open(PIPES[0] + '.lock', 'w', encoding='ascii')
        self.home = tempfile.mkdtemp(prefix='e2v', dir='/tmp')          # short and plain: it is typed
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        # the pipes have one name for each user: one at a time, and not while the user's own is running
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        if self._served():
            raise Trouble('another Audacity of this user has the pipes')
        self._remove_pipes()
        self._write_settings()
        self.environment = {**os.environ, 'HOME': self.home, 'DISPLAY': self._start_screen(), 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC',
                            'NO_AT_BRIDGE': '1', 'GDK_BACKEND': 'x11', 'TMPDIR': self.home}
        for name in ('XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'WAYLAND_DISPLAY', 'LANGUAGE'):
            self.environment.pop(name, None)
        self.program = self._spawn(['audacity'], self.environment)
        self._connect()

    def _write_settings(self):
        folder = os.path.join(self.home, '.config', 'audacity')
        os.makedirs(folder)
        date = datetime.datetime.fromtimestamp(int(os.path.getmtime(MODULES[0])), datetime.timezone.utc)
        with open(os.path.join(folder, 'audacity.cfg'), 'w', encoding='utf-8') as file:
            file.write(SETTINGS.format(path=MODULES[0], date=date.strftime('%Y-%m-%dT%H:%M:%S')))

    def _spawn(self, command, environment, **more):
        """Ends with this process, however that ends."""
        process = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', *command], env=environment, cwd=self.home,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True, **more)
        self.processes.append(process)
        return process

    def _start_screen(self):
        """The server chooses a free number."""
        out, into = os.pipe()
        self._spawn(['Xvfb', '-displayfd', str(into), '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], os.environ,
                    pass_fds=[into])
        os.close(into)
        with open(out, encoding='ascii') as file:
            number = file.readline().strip()
        if not number:
            raise Trouble('Xvfb does not start')
        return ':' + number

    # ---- the pipes

    @staticmethod
    def _served():
        """Whether somebody reads them."""
        try:
            os.close(os.open(PIPES[0], os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    @staticmethod
    def _remove_pipes():
        for path in PIPES:
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass

    def _close_pipes(self):
        for pipe in self.pipes:
            os.close(pipe)
        self.pipes = []

    def _connect(self):
        """Until it answers. A child that Audacity starts to try its plug-ins makes the pipes anew, under the same names, while
        the parent waits at the first ones. A signal ends that waiting, and then it opens what is there."""
        patience = 2
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            self._alive()
            try:
                # opened for both, neither side waits for the other
                self.pipes = [os.open(path, os.O_RDWR) for path in PIPES]
            except FileNotFoundError:
                time.sleep(0.1)
                continue
            if self._ask('GetInfo: Type=Tracks Format=JSON', patience) is not None:
                return
            self._close_pipes()
            patience = min(2 * patience, 30)
            self.program.send_signal(signal.SIGSTOP)
            self.program.send_signal(signal.SIGCONT)
        raise Trouble(f'Audacity does not answer; its windows: {self.windows()}')

    def _alive(self):
        if self.trouble:
            raise self.trouble
        if self.program.poll() is not None:
            raise Trouble(f'Audacity has ended with status {self.program.returncode}')

    def _give_up(self, command):
        """A message that waits for its button stands in the way, for instance."""
        self.trouble = Trouble(f'{command} no answer; windows: {self.windows()}')
        raise self.trouble

    def _ask(self, command, patience):
        os.write(self.pipes[0], command.encode() + b'\n')
        return self._answer(patience)

    def _answer(self, patience):
        """The text of a reply, or None. It ends with an empty line."""
        text = b''
        while not text.endswith(b'\n\n'):
            if not select.select([self.pipes[1]], [], [], patience)[0]:
                return None
            text += os.read(self.pipes[1], 1 << 16)
        return text.decode()

    def command(self, command):
        """What it answers to something that must work."""
        self._alive()
        return self._check(command, self._ask(command, LIMIT))

    def _check(self, command, answer):
        if answer is None:
            self._alive()
            self._give_up(command)
        if 'BatchCommand finished: OK' not in answer:
            raise Trouble(f'{command}: {answer}')
        return answer.rsplit('BatchCommand finished', 1)[0]

    def info(self, kind):
        return json.loads(self.command(f'GetInfo: Type={kind} Format=JSON'), strict=False)

    # ---- the dialogs

    def _xdotool(self, *arguments):
        try:
            done = subprocess.run(['xdotool', *arguments], env=self.environment, capture_output=True, text=True, check=False,
                                  timeout=60)
        except subprocess.TimeoutExpired:
            return []
        return done.stdout.split('\n')[:-1]

    def windows(self):
        return [name for window in self._xdotool('search', '--onlyvisible', '--name', '.')
                for name in self._xdotool('getwindowname', window)]

    def with_file(self, command, title, path):
        """A command that asks for a file, in a dialog with `title`."""
        self._alive()
        os.write(self.pipes[0], command.encode() + b'\n')
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            self._alive()
            found = self._xdotool('search', '--onlyvisible', '--name', title)
            if found:
                self._xdotool('windowfocus', '--sync', found[-1], 'key', '--clearmodifiers', 'ctrl+a', 'type', '--delay', '10', path)
                self._xdotool('key', 'Return')
            answer = self._answer(30 if found else 0.2)
            if answer is not None:
                return self._check(command, answer)
        return self._give_up(command)

    def import_labels(self, path):
        self.with_file('ImportLabels:', '^Select a text file containing labels', path)

    def export_labels(self, path):
        self.with_file('ExportLabels:', '^Export Labels', path)

    def clear(self):
        self.command('SelectAll:')
        self.command('RemoveTracks:')

    def close(self):
        self._close_pipes()
        for process in reversed(self.processes):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        if self.processes:
            self._remove_pipes()
        self.lock.close()
        shutil.rmtree(self.home, ignore_errors=True)
