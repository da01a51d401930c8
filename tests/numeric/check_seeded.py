#!/usr/bin/env python3
"""check_seeded.py - the weights of seeded.py are those of the recipe: config.json's recipe_check and parameter count.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import sys

import numpy as np

import seeded

with open(sys.argv[1], encoding='utf-8') as file:
    config = json.load(file)
shapes = seeded.shapes(config['model'], config['head_classes'])
parameters = sum(int(np.prod(shape)) for shape in shapes.values())
wrong = seeded.check(config, shapes)
if parameters != config['parameters']:
    wrong.append(f'{parameters} parameters instead of {config["parameters"]}')
for name in wrong:
    print(f'wrong: {name}')
sys.exit(1 if wrong else 0)
