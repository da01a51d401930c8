#!/usr/bin/env python3
"""test_schema.py - docs/metadata.schema.json: accepts every kind of result, refuses wrong ones, has what the page has.

EMOTION2VEC_PRINT_RESULTS names print-results, EMOTION2VEC_SOURCE the source tree. With EMOTION2VEC_MODEL and
GST_LAUNCH, results of the element itself are held against it too.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import jsonschema

PRINT_RESULTS = os.environ['EMOTION2VEC_PRINT_RESULTS']
DOCS = pathlib.Path(os.environ['EMOTION2VEC_SOURCE']) / 'docs'
sys.path.append(os.path.join(os.environ['EMOTION2VEC_SOURCE'], 'tests', 'tools'))
import watched  # noqa: E402

SCHEMA = json.loads((DOCS / 'metadata.schema.json').read_text(encoding='utf-8'))

# For each type of JSON, values that are not of it.
WRONG = {
    'string': [1, True, None, ['a'], {}],
    'integer': ['1', 1.5, True, None, [1], -1],
    'number': ['1', True, None, [1]],
    'boolean': ['true', 0, 1, None],
    'array': ['a', 1, True, None, {}, [], [None], [[]], [True]],
}


def print_results(mode, text=None):
    """The objects that print-results writes."""
    done = subprocess.run(watched.command([PRINT_RESULTS, mode]), env=watched.environment(), input=text,
                          capture_output=True, text=True, check=True)

    def refuse(name):
        raise ValueError(f'{name} is no JSON')
    return [json.loads(line, parse_constant=refuse) for line in done.stdout.splitlines()]


def type_of(field):
    """Type of a property of the schema, through references."""
    rule = SCHEMA['properties'][field]
    while '$ref' in rule:
        rule = SCHEMA['$defs'][rule['$ref'].rpartition('/')[2]]
    return rule.get('type', 'string')


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.validator = jsonschema.Draft202012Validator(SCHEMA)
        cls.kinds = print_results('kinds')

    def refuse(self, result, why):
        self.assertFalse(self.validator.is_valid(result), why)

    def check(self, result):
        """What the schema says, and what it cannot say."""
        self.validator.validate(result)
        self.assertLessEqual(set(result), set(SCHEMA['properties']))
        if 'label' not in result:
            return
        self.assertEqual(result['confidence'], max(result['scores']))
        self.assertEqual(result['label'], result['labels'][result['scores'].index(result['confidence'])])
        for scores in [result['scores'], result.get('raw-scores', result['scores']), *result.get('frame-scores', [])]:
            self.assertEqual(len(scores), len(result['labels']))
            self.assertAlmostEqual(sum(scores), 1, places=5)

    def test_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_accepts_every_kind(self):
        self.assertEqual(len(self.kinds), 67)
        for result in self.kinds:
            self.check(result)

    def test_every_field_turns_up(self):
        self.assertEqual({field for result in self.kinds for field in result}, set(SCHEMA['properties']))

    def test_refuses_wrong_types(self):
        for field in SCHEMA['properties']:
            good = next(result for result in self.kinds if field in result)
            for value in WRONG[type_of(field)]:
                self.refuse(dict(good, **{field: value}), f'{field} = {value!r}')

    def test_refuses_wrong_values(self):
        good = self.kinds[-4]
        self.check(good)
        for field, value in [('trigger', 'chance'), ('confidence', 1.01), ('confidence', -0.01), ('label', ''),
                             ('scores', [0.5, 1.5]), ('labels', ['a', 'a']), ('labels', ['a', 1]), ('channel', -1),
                             ('duration', 2**64 - 1), ('utterance-embedding', [1, 'x']), ('frame-rate', 0),
                             ('frame-scores', [[0.5, 0.5], [0.5, 'x']]), ('frame-embedding', [1, 2])]:
            self.refuse(dict(good, **{field: value}), f'{field} = {value!r}')

    def test_refuses_what_lacks_a_field(self):
        for result in self.kinds:
            needed = set(SCHEMA['required'])
            for field, others in SCHEMA['dependentRequired'].items():
                needed |= set(others) if field in result else set()
            for field in needed:
                less = copy.deepcopy(result)
                del less[field]
                self.refuse(less, f'without {field}')

    def test_refuses_labels_of_silence(self):
        silent = next(result for result in self.kinds if result['silent'])
        speaking = next(result for result in self.kinds if 'label' in result)
        self.refuse(dict(speaking, silent=True), 'silent and labelled')
        self.refuse(dict(silent, **{'inference-time': 1}), 'silent and inferred')
        self.refuse([silent], 'an array')

    def test_page_has_the_same_fields(self):
        page = (DOCS / 'metadata.md').read_text(encoding='utf-8')
        rows = re.findall(r'^\| `([a-z-]+)` \| (string|int|uint64|double|boolean|array|sample|number)', page, re.M)
        kinds = {'int': 'integer', 'uint64': 'integer', 'double': 'number', 'sample': 'array', 'number': 'number'}
        self.assertEqual({field: kinds.get(kind, kind) for field, kind in rows},
                         {field: type_of(field) for field in SCHEMA['properties']})

    def test_example_of_the_page(self):
        page = (DOCS / 'metadata.md').read_text(encoding='utf-8')
        example, = re.findall(r'^emotion2vec, .*?;$', page, re.M | re.S)
        result, = print_results('structures', example.replace('\n', ' '))
        self.check(result)

    @unittest.skipUnless('GST_LAUNCH' in os.environ, 'no pipelines here')
    def test_results_of_the_element(self):
        clip = os.path.join(os.environ['EMOTION2VEC_CLIPS'], 'conversation.opus')
        line = f'filesrc location={clip} ! decodebin ! emotion2vec device=cpu ! fakesink'
        done = subprocess.run(watched.command([os.environ['GST_LAUNCH'], '-m', *line.split()]), env=watched.environment(),
                              capture_output=True, text=True, check=True)
        structures = re.findall(r'\(element\): (emotion2vec, .*;)$', done.stdout, re.M)
        self.assertGreater(len(structures), 3)
        for result in print_results('structures', '\n'.join(structures) + '\n'):
            self.check(result)


if __name__ == '__main__':
    unittest.main(verbosity=2)
