"""printed.py - reads the element's messages from what gst-launch-1.0 -m prints.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import re


def parse_message(text):
    """Fields of a printed structure: numbers as numbers, arrays as lists."""
    fields = {}
    for name, kind, value in re.findall(r'([\w-]+)=\((\w+)\)(<[^>]*>|\{[^}]*\}|"(?:[^"\\]|\\.)*"|[^,;]*)', text):
        if value[:1] in '<{':
            items = [re.sub(r'^\(\w+\)', '', item.strip()) for item in value[1:-1].split(',')]
            fields[name] = [convert(kind, item) for item in items]
        else:
            fields[name] = convert(kind, value)
    return fields


def convert(kind, value):
    value = value.strip().strip('"')
    if re.fullmatch(r'-?\d+', value):
        return int(value)
    try:
        return float(value)
    except ValueError:
        return value


def printed_by(text):
    """(name of the element, fields) of each message."""
    found = []
    for line in text.splitlines():
        begin = re.match(r'.* from element "([^"]*)" \(element\): (?=emotion2vec,)', line)
        if begin:
            found.append((begin[1], parse_message(line[begin.end():])))
    return found


def printed(text):
    """The fields of each message."""
    return [fields for _, fields in printed_by(text)]
