"""test_clusters.py - the recipes for many machines: a real Slurm with two nodes on this machine, and the command of the
Kubernetes job.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ANNOTATE = os.environ['EMOTION2VEC_ANNOTATE']
CLIPS = os.environ['EMOTION2VEC_CLIPS']
EXAMPLES = os.environ['EMOTION2VEC_EXAMPLES']

SLURM = ('munged', 'slurmctld', 'slurmd', 'sbatch', 'sinfo', 'scontrol')


def has_slurm():
    """Its daemons want to be started by root, and its nodes control groups, which a chroot may not have."""
    control_groups = '/sys/fs/cgroup'
    return os.geteuid() == 0 and os.path.isdir(control_groups) and bool(os.listdir(control_groups)) and all(
        shutil.which(name) for name in SLURM)


def free_port():
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


class Corpus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = cls.scratch.name
        for name in os.listdir(CLIPS):
            if name.endswith('.opus'):
                shutil.copy(os.path.join(CLIPS, name), cls.folder)
        with open(cls.path('train.jsonl'), 'w', encoding='utf-8') as file:
            for start in range(14):
                file.write(json.dumps({'path': 'conversation.opus', 'start': 2 * start, 'end': 2 * start + 2}) + '\n')
        # the recipes find the program as an installed one is found
        os.mkdir(cls.path('bin'))
        os.symlink(ANNOTATE, cls.path('bin', 'emotion2vec-annotate'))
        cls.environment = dict(os.environ, PATH=cls.path('bin') + ':' + os.environ['PATH'])
        cls.label(cls.path('alone'))
        cls.expected = cls.read('alone', 'train.emotions.jsonl')

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def path(cls, *names):
        return os.path.join(cls.folder, *names)

    @classmethod
    def label(cls, output):
        subprocess.run(['emotion2vec-annotate', '--manifest', cls.path('train.jsonl'), '--output-dir', output, '--quiet'],
                       env=cls.environment, check=True, timeout=300)

    @classmethod
    def read(cls, *names):
        with open(cls.path(*names), 'rb') as file:
            return file.read()

    def check_shards(self, folder, shards):
        """Put together as docs/labelling.md says they are the list of one process."""
        files = [self.path(folder, f'train.emotions-{k}-of-{shards}.jsonl') for k in range(1, shards + 1)]
        joined = subprocess.run(['sh', '-c', "paste -d '\\n' \"$@\" | grep .", 'sh', *files], check=True, capture_output=True,
                                timeout=60).stdout
        self.assertEqual(joined, self.expected)


class Kubernetes(Corpus):
    def test_command(self):
        """The pod's command, run as the indexed pods would."""
        try:
            import yaml
        except ImportError:
            self.skipTest('needs python3-yaml')
        with open(os.path.join(EXAMPLES, 'label-kubernetes.yaml'), encoding='utf-8') as file:
            job = yaml.safe_load(file)['spec']
        self.assertEqual(job['completionMode'], 'Indexed')
        container = job['template']['spec']['containers'][0]
        settings = {entry['name']: entry['value'] for entry in container['env']}
        self.assertEqual(int(settings['SHARDS']), job['completions'])
        shards = 3
        for index in range(shards):
            environment = dict(self.environment, **settings, JOB_COMPLETION_INDEX=str(index))
            environment.update(CORPUS=self.folder, SHARDS=str(shards))
            subprocess.run(container['command'], env=environment, check=True, timeout=300)
        self.check_shards('labels', shards)


@unittest.skipUnless(has_slurm(), 'needs Slurm (slurm-wlm, munge), root and control groups')
class Slurm(Corpus):
    """munged, a controller and two nodes of one machine, all with files and ports of their own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.chmod(cls.folder, 0o755)
        cls.daemons = []
        os.mkdir(cls.path('state'))
        with open(cls.path('key'), 'wb') as file:
            file.write(os.urandom(1024))
        os.chmod(cls.path('key'), 0o400)
        cls.write_configuration()
        cls.environment['SLURM_CONF'] = cls.path('slurm.conf')
        try:
            cls.start('munged', '--foreground', '--force', f'--key-file={cls.path("key")}', f'--socket={cls.path("munge.sock")}',
                      f'--pid-file={cls.path("munge.pid")}', f'--log-file={cls.path("munge.log")}',
                      f'--seed-file={cls.path("munge.seed")}')
            cls.wait_until(lambda: os.path.exists(cls.path('munge.sock')))
            cls.start('slurmctld', '-D', '-f', cls.path('slurm.conf'))
            for node in ('n1', 'n2'):
                cls.start('slurmd', '-D', '-f', cls.path('slurm.conf'), '-N', node)
            cls.wait_until(lambda: cls.states() == ['idle', 'idle'])
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def write_configuration(cls):
        host = socket.gethostname().split('.')[0]
        lines = ['ClusterName=test', 'SlurmctldHost=localhost', 'SlurmUser=root', 'SlurmdUser=root', 'AuthType=auth/munge',
                 f'AuthInfo=socket={cls.path("munge.sock")}', 'CredType=cred/munge', 'MpiDefault=none',
                 'ProctrackType=proctrack/linuxproc', 'TaskPlugin=task/none', 'SelectType=select/cons_tres',
                 'SelectTypeParameters=CR_Core', f'SlurmctldPort={free_port()}', f'SlurmctldPidFile={cls.path("ctld.pid")}',
                 f'SlurmdPidFile={cls.path("%n.pid")}', f'SlurmdSpoolDir={cls.path("spool.%n")}',
                 f'StateSaveLocation={cls.path("state")}', f'SlurmctldLogFile={cls.path("ctld.log")}',
                 f'SlurmdLogFile={cls.path("%n.log")}', 'ReturnToService=2', 'SwitchType=switch/none',
                 'AccountingStorageType=accounting_storage/none', 'JobAcctGatherType=jobacct_gather/none']
        lines += [f'NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={free_port()} CPUs=2 State=UNKNOWN'
                  for node in ('n1', 'n2')]
        lines.append('PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP')
        with open(cls.path('slurm.conf'), 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')

    @classmethod
    def start(cls, *command):
        with open(cls.path('daemons.log'), 'ab') as log:
            cls.daemons.append(subprocess.Popen(command, env=cls.environment, stdout=log, stderr=log))

    @classmethod
    def wait_until(cls, condition):
        """Gives up after two minutes, or when a daemon has ended."""
        deadline = time.monotonic() + 120
        while not condition():
            if time.monotonic() > deadline or any(daemon.poll() is not None for daemon in cls.daemons):
                for name in ('daemons.log', 'ctld.log'):
                    if os.path.exists(cls.path(name)):
                        sys.stderr.write(cls.read(name).decode(errors='replace')[-2000:])
                raise RuntimeError('Slurm does not start')
            time.sleep(0.1)

    @classmethod
    def states(cls):
        done = subprocess.run(['sinfo', '--noheader', '--Node', '--format=%T'], env=cls.environment, capture_output=True, text=True,
                              timeout=60, check=False)
        return done.stdout.split()

    @classmethod
    def tearDownClass(cls):
        for daemon in reversed(cls.daemons):
            daemon.terminate()
        for daemon in cls.daemons:
            try:
                daemon.wait(30)
            except subprocess.TimeoutExpired:
                daemon.kill()
        super().tearDownClass()

    def submit(self, array, output):
        return subprocess.run(['sbatch', '--wait', f'--array={array}', f'--output={self.path("job-%a.out")}',
                               os.path.join(EXAMPLES, 'label-slurm.sh'), '4', self.path('train.jsonl'), self.path(output)],
                              env=self.environment, capture_output=True, text=True, timeout=300, check=False)

    def test_array(self):
        done = self.submit('1-4', 'slurm')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_shards('slurm', 4)

    def test_one_task_again(self):
        """A task that is submitted alone does its own shard and no other."""
        self.assertEqual(self.submit('3', 'again').returncode, 0)
        self.assertEqual([name for name in os.listdir(self.path('again')) if not name.startswith('.')],
                         ['train.emotions-3-of-4.jsonl'])


if __name__ == '__main__':
    # the class that they share has nothing to test by itself
    unittest.main()
