#!/usr/bin/env python3
"""check-ops.py - one operation, one name, its places: table, reference and host executor, shaders, tests.

    check-ops.py SOURCE-ROOT

SPDX-License-Identifier: LGPL-2.1-or-later"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
table = (root / 'model/e2vop.c').read_text(encoding='utf-8')
names = re.findall(r'"(\w+)"', re.search(r'op_names\[\] = \{(.*?)\};', table, re.S)[1])
enum = re.findall(r'\bE2V_OP_(\w+),', (root / 'model/e2vop.h').read_text(encoding='utf-8'))
reference = (root / 'model/e2vref.c').read_text(encoding='utf-8')
host = '\n'.join(path.read_text(encoding='utf-8') for path in (root / 'model/host').glob('*.c'))
cases = '\n'.join(path.read_text(encoding='utf-8') for path in (root / 'tests/ops').rglob('*.[ch]'))
faults = []
if [name.upper() for name in names] != enum:
    faults.append(f'table {names} does not follow the enumeration {enum}')
for name in names:
    if not re.search(rf'^run_{name} \(', reference, re.M):
        faults.append(f'{name}: no function run_{name} in model/e2vref.c')
    if not re.search(rf'^e2v_host_{name} \(', host, re.M):
        faults.append(f'{name}: no function e2v_host_{name} in model/host')
    for family in ('simd', 'scalar'):
        if not any((root / 'shaders' / folder / f'{name}.comp').exists() for folder in (family, 'common')):
            faults.append(f'{name}: no shader {name}.comp in shaders/{family} or shaders/common')
    if not re.search(rf'\bE2V_OP_{name.upper()}\b|"{name}"', cases):
        faults.append(f'{name}: no case in tests/ops')
print('\n'.join(faults) or f'{len(names)} operations are in their places')
sys.exit(1 if faults else 0)
