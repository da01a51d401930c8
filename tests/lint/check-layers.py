#!/usr/bin/env python3
"""check-layers.py - who may include whom: tools, examples, tests -> gst -> model.

    check-layers.py SOURCE-ROOT

The table below is the rule; docs/architecture.md says why.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import pathlib
import re
import sys

# The core of model/ in order: a file includes its own row and rows above.
CORE = [['e2verror', 'e2vcache', 'e2vscratch'], ['e2vtensor'], ['e2vhparams'], ['e2vlayout'], ['e2vmodel', 'e2vrandom'], ['e2vop'],
        ['e2vplan', 'e2vplanpriv', 'e2vplanbuild'], ['e2vplanmem'], ['e2vexecutor'], ['e2vref', 'e2vscores'], ['e2vhead']]
C = r'(assert|errno|fcntl|float|inttypes|limits|locale|math|signal|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|time' \
    r'|unistd|sys/\w+)\.h'
GLIB = r'(glib|gio/\S+|glib/gstdio|glib-object|gmodule)(\.h)?'
GST = r'gst/\S+'
TAGLIB = r'(taglib|tiostream|xiphcomment|id3v2\w+|\w+(file|frame|tag|item))\.h'

# layer: (files that belong to it, layers it may include, system headers it may include); the first match counts
LAYERS = {
    'core': (r'model/(%s)\.[ch]' % '|'.join(sum(CORE, [])), {'core'}, (C, GLIB)),
    'vulkan door': (r'model/vulkan/e2vvulkan\.h', {'core'}, (C, GLIB)),
    'vulkan': (r'model/vulkan/\S+', {'core', 'vulkan', 'vulkan door'}, (C, GLIB, r'dlfcn\.h',
               r'e2vshaderlist\.h', r'pthread\.h', r'volk\.h', r'vulkan/\S+')),
    'host door': (r'model/host/e2vhost\.h', {'core'}, (C, GLIB)),
    'host': (r'model/host/\S+', {'core', 'host', 'host door'}, (C, GLIB, r'dlfcn\.h')),
    'encoder': (r'model/(e2vencoder|e2vencoderpriv|e2vprograms|e2vrecover|e2vopen|e2vselfcheck|e2vselftest)\.[ch]', {'core', 'vulkan door', 'host door', 'encoder'}, (C, GLIB)),
    'probe': (r'model/probe/\S+', {'core', 'probe'}, (C, GLIB)),
    'files': (r'model/files/\S+', {'core', 'files'}, (C, GLIB, r'zip\.h', r'yaml\.h', r'json-glib/\S+')),
    'window': (r'gst/window/\S+', {'window'}, (C, GLIB, GST)),
    'result': (r'gst/result/\S+', {'result'}, (C, GLIB, GST)),
    'search': (r'gst/engine/gstemotion2vecmodelsearch\.[ch]', {'core', 'search'}, (C, GLIB)),
    'engine door': (r'gst/engine/gstemotion2vec(engine|head|sharedvad|stream)\.h', {'window', 'result', 'engine door'}, (C, GLIB, GST)),
    'engine': (r'gst/engine/\S+',
               {'core', 'encoder', 'files', 'window', 'result', 'search', 'engine door', 'engine'}, (C, GLIB, GST, r'pthread\.h')),
    'renderers': (r'gst/renderers/\S+', {'result', 'renderers'}, (C, GLIB, GST, r'cairo\.h')),
    'plugin': (r'gst/gstemotion2vecplugin\.c', {'result', 'element', 'renderers'}, (C, GLIB, GST)),
    'element': (r'gst/element/\S+', {'window', 'result', 'engine door', 'element'}, (C, GLIB, GST)),
    'formats': (r'gst/formats/\S+', {'result', 'formats'}, (C, GLIB, GST, r'reportresources\.h')),
    'tags door': (r'gst/copies/(filetags|tagstream)\.(h|cc|hh)', {'result', 'formats', 'copies', 'tags door'}, (C, GLIB, GST, TAGLIB,
                  r'algorithm|cerrno|cstring|exception|string|vector')),
    'tracks door': (r'gst/copies/remux\.[ch]', {'result', 'formats', 'copies', 'tracks door'},
                    (C, GLIB, GST, r'libav(codec|format|util)/\S+')),
    'copies': (r'gst/copies/\S+', {'result', 'formats', 'copies', 'tags door', 'tracks door'}, (C, GLIB, GST)),
    'media': (r'gst/media/\S+', {'media'}, (C, GLIB, GST)),
    'toolutil': (r'gst/tools/toolutil\.[ch]', {'core', 'toolutil'}, (C, GLIB)),
    'tools': (r'gst/tools/\S+', {'core', 'vulkan door', 'host door', 'encoder', 'files', 'probe', 'window', 'result', 'search', 'media', 'toolutil', 'tools'}, (C, GLIB, GST)),
    'annotate': (r'gst/annotate/\S+', {'result', 'search', 'engine door', 'element', 'formats', 'files', 'copies', 'media', 'toolutil', 'annotate'},
                 (C, GLIB, GST, r'glob\.h')),
    'examples': (r'examples/\S+', set(), (C, GLIB, GST)),
    'tests': (r'tests/\S+', None, (r'.*',)),
}
# An element never looks into the plan, nor does the engine: they know encoders.
PRIVATE = {'engine': {'e2vplan.h', 'e2vplanmem.h', 'e2vop.h', 'e2vref.h', 'e2vexecutor.h'},
           'tools': {'e2vplanpriv.h', 'e2vref.h', 'e2vplanmem.h'}}


def layer_of(path):
    for name, (pattern, _, _) in LAYERS.items():
        if re.fullmatch(pattern, path):
            return name
    return None


def core_rank(path):
    return next(rank for rank, row in enumerate(CORE) if pathlib.PurePath(path).stem in row)


def check_project_include(path, layer, target):
    """What is wrong with `path` including the project header `target`, or None."""
    allowed = LAYERS[layer][1]
    other = layer_of(target)
    if allowed is not None and other not in allowed:
        return f'{layer} must not include {other}: {target}'
    if pathlib.PurePath(target).name in PRIVATE.get(layer, ()):
        return f'{layer} must not know {target}'
    if layer == other == 'core' and core_rank(target) > core_rank(path):
        return f'{target} comes later in the order of the core'
    return None


def check_file(root, path, headers):
    layer = layer_of(path)
    if layer is None:
        return [f'{path}: belongs to no layer: add it to {sys.argv[0]}']
    faults = []
    for number, line in enumerate((root / path).read_text(encoding='utf-8').splitlines(), 1):
        include = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not include:
            continue
        name = pathlib.PurePath(include[2]).name
        if include[1] == '"' and name in headers:
            fault = check_project_include(path, layer, headers[name])
        elif include[1] == '"' and re.search(r'(spv|shaderlist|config)', name):
            fault = None if layer in ('vulkan', 'tests') else f'{layer} must not include generated {name}'
        else:
            allowed = any(re.fullmatch(pattern, include[2]) for pattern in LAYERS[layer][2])
            fault = None if allowed else f'{layer} must not include <{include[2]}>'
        if fault:
            faults.append(f'{path}:{number}: {fault}')
    return faults


def main():
    root = pathlib.Path(sys.argv[1])
    paths = sorted(str(path.relative_to(root)) for room in ('model', 'gst', 'examples', 'tests')
                   for pattern in ('*.[ch]', '*.cc', '*.hh')
                   for path in (root / room).rglob(pattern))
    headers = {pathlib.PurePath(path).name: path for path in paths if path.endswith(('.h', '.hh'))}
    faults = [fault for path in paths for fault in check_file(root, path, headers)]
    print('\n'.join(faults) or f'{len(paths)} files keep the layers')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
