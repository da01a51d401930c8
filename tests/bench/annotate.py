#!/usr/bin/env python3
"""annotate.py - emotion2vec-annotate on a folder of clips, against Python with PyTorch on the same weights.

    annotate.py --annotate PROGRAM --tool emotion2vec-model --train FOLDER --clips FOLDER --gst-launch gst-launch-1.0
                --bundled MODEL --work FOLDER [--shape mini|base] [--precision fp32|fp16]
                [--files N] [--rounds N] [--jobs N] [--official FOLDER] [--json FILE]

Makes N clips of 1 to 2 s, no two of a length, and seeded weights of the shape. Then in turn, round after round: ours on
a list with embeddings, the twin (twin.py), ours on the folder; before each, a run of one clip, which is the start-up.
The twin is the same graph as the official code, which is not needed here; the test "twin" checks it
against official numbers. --official FOLDER, a folder with the package `funasr`, puts the official model in its place.

Exit status 1 if the two do not give the same embeddings. Told are medians over the rounds, and the medians of the
rounds' ratios. Processor time is what to trust on a machine with other work.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
RATE = 16000
SHORTEST, LONGEST = RATE, 2 * RATE
TOLERANCE = {'fp32': 1e-4, 'fp16': 1e-2}
LABELS = ('angry', 'disgusted', 'fearful', 'happy', 'neutral', 'other', 'sad', 'surprised', '<unk>')


def call(*command, environment=None):
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(command)} ends with {done.returncode}: {done.stderr.strip()}')
    return done.stdout


# ---- what is worked on

def decode(options, clip, path):
    call(options.gst_launch, '-q', 'filesrc', f'location={clip}', '!', 'decodebin', '!', 'audioconvert', '!', 'audioresample',
         '!', f'audio/x-raw,format=S16LE,rate={RATE},channels=1', '!', 'wavenc', '!', 'filesink', f'location={path}')
    with wave.open(path, 'rb') as file:
        return file.readframes(file.getnframes())


def make_clips(options):
    """Pieces of the project's clips; returns the folder and the seconds in it."""
    folder, scratch = os.path.join(options.work, 'clips'), os.path.join(options.work, 'clip.wav')
    os.makedirs(folder)
    speech = [decode(options, os.path.join(options.clips, name), scratch)
              for name in sorted(os.listdir(options.clips)) if name.endswith('.opus')]
    rng = random.Random(1)
    lengths = rng.sample(range(SHORTEST, LONGEST), options.files)
    for i, length in enumerate(lengths):
        source = speech[i % len(speech)]
        start = rng.randrange(len(source) // 2 - length)
        with wave.open(os.path.join(folder, f'{i:04}.wav'), 'wb') as file:
            file.setparams((1, 2, RATE, length, 'NONE', ''))
            file.writeframes(source[2 * start:2 * (start + length)])
    return folder, sum(lengths) / RATE


def write_list(folder, path, n):
    with open(path, 'w', encoding='utf-8') as file:
        for name in sorted(os.listdir(folder))[:n]:
            print(json.dumps({'path': os.path.join(folder, name)}), file=file)
    return path


def recipe_of_bundled(options):
    """The configuration of a case with the bundled model's shape."""
    shape = json.loads(call(options.tool, 'info', '--json', options.bundled))['shape']
    config = {'seed': 115, 'gain': None, 'labels': LABELS, 'head_classes': len(LABELS), 'model': {
        'embed_dim': shape['embed_dim'], 'depth': shape['depth'], 'prenet_depth': shape['prenet_depth'],
        'num_heads': shape['num_heads'], 'mlp_ratio': shape['mlp_dim'] / shape['embed_dim'], 'norm_eps': shape['norm_eps'],
        'normalize': shape['normalize'], 'num_extra_tokens': shape['num_extra_tokens'], 'conv_layers': shape['conv_layers'],
        'conv_pos_depth': shape['pos_depth'], 'conv_pos_width': shape['pos_depth'] * shape['pos_kernel'],
        'conv_pos_groups': shape['pos_groups'], 'use_alibi_encoder': shape['alibi_heads'] > 0,
        'alibi_scale_per_layer': shape['alibi_layers'] > 1, 'alibi_scale_per_head': shape['alibi_heads'] > 1}}
    path = os.path.join(options.work, 'config.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(config, file)
    return path


def make_model(options):
    """(checkpoint, model file) with the same weights."""
    folder = os.path.join(options.work, 'model')
    os.makedirs(folder)
    checkpoint, model = os.path.join(folder, 'model.pt'), os.path.join(options.work, 'model.gguf')
    recipe = 'base' if options.shape == 'base' else recipe_of_bundled(options)
    call(sys.executable, os.path.join(options.train, 'checkpoint.py'), '--recipe', recipe, checkpoint)
    call(options.tool, 'convert', folder, '-o', model, '--precision', options.precision)
    return checkpoint, model


# ---- measuring

def measure(command, environment, log):
    """Runs it; returns seconds, processor seconds and the peak of the resident set in bytes."""
    begin = time.monotonic()
    with open(log, 'w', encoding='utf-8') as file:
        output = [(os.POSIX_SPAWN_DUP2, file.fileno(), 1), (os.POSIX_SPAWN_DUP2, file.fileno(), 2)]
        process = os.posix_spawnp(command[0], command, environment, file_actions=output)
        _, status, usage = os.wait4(process, 0)
    seconds = time.monotonic() - begin
    if status != 0:
        with open(log, encoding='utf-8') as file:
            raise RuntimeError(f'{" ".join(command)}: status {status}: {file.read().strip()}')
    return {'seconds': seconds, 'processor': usage.ru_utime + usage.ru_stime, 'memory': usage.ru_maxrss * 1024}


def environment_of(options):
    """malloc() does not write to what it gives, and OpenMP's threads sleep when they have nothing to do."""
    return {**os.environ, 'MALLOC_PERTURB_': '0', 'OMP_WAIT_POLICY': 'passive',
            'XDG_CACHE_HOME': os.path.join(options.work, 'cache')}


def commands_of(options, folder, checkpoint, model):
    """{name: function from a number of clips and a folder for outputs to a command}"""
    ours = [options.annotate, '--model', model, '--device', options.device, '--quiet', '--no-resume']
    ours += ['--jobs', str(options.jobs)] if options.jobs else []

    def list_of(n):
        return write_list(folder, os.path.join(options.work, f'list-{n}.jsonl'), n)

    def of_list(n, out):
        return ours + ['--manifest', list_of(n), '--embeddings', 'npy', '--output-dir', out]

    def twin(n, out):
        os.makedirs(out, exist_ok=True)
        return [sys.executable, os.path.join(HERE, 'twin.py'), '--train', options.train, '--checkpoint', checkpoint, '--threads',
                str(len(os.sched_getaffinity(0))), *(['--official', options.official] if options.official else []),
                list_of(n), os.path.join(out, 'twin')]

    def of_folder(n, out):
        paths = [folder] if n == options.files else [os.path.join(folder, name) for name in sorted(os.listdir(folder))[:n]]
        return ours + ['--window', '0', '--output-dir', out, *paths]

    return {'list': of_list, 'twin': twin, 'folder': of_folder}


def measure_all(options, commands):
    """{name: {'one' or 'all': [what a round measured]}}"""
    environment, log = environment_of(options), os.path.join(options.work, 'log')
    found = {name: {'one': [], 'all': []} for name in commands}
    for name, command in commands.items():      # what is kept for later starts, and files into the page cache
        first = measure(command(1, os.path.join(options.work, f'{name}-one')), environment, log)
        found[name]['first'] = first
    for turn in range(options.rounds):
        for name, command in commands.items():
            for what, n in (('one', 1), ('all', options.files)):
                out = os.path.join(options.work, f'{name}-{what}')
                shutil.rmtree(out, ignore_errors=True)
                result = measure(command(n, out), environment, log)
                found[name][what].append(result)
                print(f'round {turn + 1}, {name}, {n}: {result["seconds"]:.2f} s, {result["processor"]:.2f} s of processor, '
                      f'{result["memory"] / 1e6:.0f} MB', file=sys.stderr, flush=True)
    return found


def english(label):
    """As our outputs name a class: "开心/happy" is happy."""
    return 'unknown' if label == '<unk>' else label.split('/')[-1]


def compare(options):
    """The largest difference of two embeddings, relative to the largest number, and how many labels are the same."""
    import numpy
    twin = numpy.load(os.path.join(options.work, 'twin-all', 'twin.npy'))
    ours = numpy.load(os.path.join(options.work, 'list-all', f'list-{options.files}.emotions.npy'))
    with open(os.path.join(options.work, 'twin-all', 'twin.jsonl'), encoding='utf-8') as file:
        labels = [english(json.loads(line)['label']) for line in file]
    with open(os.path.join(options.work, 'list-all', f'list-{options.files}.emotions.jsonl'), encoding='utf-8') as file:
        same = sum(json.loads(line)['emotion2vec_label'] == label for line, label in zip(file, labels, strict=True))
    return float(abs(ours - twin).max() / abs(twin).max()), same


# ---- telling

def median(runs, key):
    return statistics.median(run[key] for run in runs)


def ratios(found, name, what, key):
    """The twin's figure divided by ours, round by round: above 1 we are ahead."""
    return [twin[key] / ours[key] for twin, ours in zip(found['twin'][what], found[name][what])]


def conclude(options, found, seconds):
    rows = {}
    for name, runs in found.items():
        row = rows[name] = {
            'files_an_hour': 3600 * options.files / median(runs['all'], 'seconds'),
            'times_real_time': seconds / median(runs['all'], 'seconds'),
            'processor_s_a_file': median(runs['all'], 'processor') / options.files,
            'memory_mb': median(runs['all'], 'memory') / 1e6,
            'start_s': median(runs['one'], 'seconds'), 'start_processor_s': median(runs['one'], 'processor'),
            'first_start_s': runs['first']['seconds'], 'first_start_processor_s': runs['first']['processor']}
        if name != 'twin':
            row['ahead'] = {'seconds': statistics.median(ratios(found, name, 'all', 'seconds')),
                            'processor': statistics.median(ratios(found, name, 'all', 'processor')),
                            'memory': statistics.median(ratios(found, name, 'all', 'memory')),
                            'start': statistics.median(ratios(found, name, 'one', 'seconds')),
                            'start_processor': statistics.median(ratios(found, name, 'one', 'processor'))}
    difference, same = compare(options)
    return {'shape': options.shape, 'precision': options.precision, 'files': options.files, 'seconds': seconds,
            'rounds': options.rounds, 'largest_difference': difference, 'same_labels': same, 'results': rows, 'runs': found}


def tell(report):
    print(f'{report["shape"]} shape, {report["precision"]}, {report["files"]} clips, {report["seconds"]:.0f} s of audio, '
          f'{report["rounds"]} rounds; embeddings off by {report["largest_difference"]:.1e}, '
          f'{report["same_labels"]} labels the same')
    columns = [key for key in report['results']['twin'] if key != 'ahead']
    print(f'{"":24}' + ''.join(f'{name:>12}' for name in report['results']))
    for key in columns:
        print(f'{key:24}' + ''.join(f'{row[key]:12.4g}' for row in report['results'].values()))
    for name, row in report['results'].items():
        if 'ahead' in row:
            print(f'twin / {name}: ' + ', '.join(f'{key} {value:.2f}' for key, value in row['ahead'].items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ('annotate', 'tool', 'train', 'clips', 'gst-launch', 'bundled', 'work'):
        parser.add_argument('--' + name, required=True)
    parser.add_argument('--shape', choices=['mini', 'base'], default='mini')
    parser.add_argument('--precision', choices=['fp32', 'fp16'], default='fp32')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--files', type=int, default=500)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--jobs', type=int)
    parser.add_argument('--official')
    parser.add_argument('--json')
    options = parser.parse_args()
    options.work = os.path.join(os.path.abspath(options.work), f'bench-{options.shape}')
    shutil.rmtree(options.work, ignore_errors=True)
    os.makedirs(options.work)
    folder, seconds = make_clips(options)
    found = measure_all(options, commands_of(options, folder, *make_model(options)))
    report = conclude(options, found, seconds)
    tell(report)
    if options.json:
        with open(options.json, 'w', encoding='utf-8') as file:
            json.dump(report, file, indent=1)
    if report['largest_difference'] > TOLERANCE[options.precision]:
        raise SystemExit('the two do not give the same embeddings: they have not done the same work')


if __name__ == '__main__':
    main()
