#!/usr/bin/env python3
"""check-links.py - every relative link of the documentation leads to a file, and to a heading where it names one.

    check-links.py SOURCE-ROOT

SPDX-License-Identifier: LGPL-2.1-or-later"""
import pathlib
import re
import sys


def anchors(text):
    """The anchors that a forge makes of the headings."""
    headings = re.findall(r'^#+ (.*)$', text, re.M)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    documents = [*root.glob('*.md'), *(root / 'docs').rglob('*.md'), *(root / 'model').rglob('*.md'),
                 *(root / 'tests').rglob('*.md')]
    faults = []
    for document in documents:
        for link in re.findall(r'\]\(([^)\s]+)\)', document.read_text(encoding='utf-8')):
            if '://' in link or link.startswith('mailto:'):
                continue
            path, _, anchor = link.partition('#')
            target = (document.parent / path).resolve() if path else document
            if not target.exists():
                faults.append(f'{document.relative_to(root)}: {link}: no such file')
            elif anchor and anchor not in anchors(target.read_text(encoding='utf-8')):
                faults.append(f'{document.relative_to(root)}: {link}: no such heading')
    print('\n'.join(faults) or f'the links of {len(documents)} documents are good')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
