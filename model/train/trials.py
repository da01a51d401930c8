# SPDX-License-Identifier: LGPL-2.1-or-later
"""Series of runs that can be stopped: each is a command with a folder of its own, and finished ones are not run again."""
import csv
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = "finished.json"


def run_once(script, output, arguments):
    """Runs SCRIPT --output OUTPUT ARGUMENTS, or goes on with it; nothing if it has finished with the same arguments."""
    mark = os.path.join(output, MARK)
    command = [script, "--output", output] + [str(a) for a in arguments]
    if os.path.exists(mark):
        with open(mark, encoding="utf-8") as file:
            if json.load(file) != command:
                sys.exit("%s was made by another command: remove it, or name another folder" % output)
        return False
    resume = ["--resume"] if os.path.exists(os.path.join(output, "state.pt")) else []
    print("== " + " ".join(command + resume), flush=True)
    subprocess.run([sys.executable, os.path.join(HERE, script)] + command[1:] + resume, check=True)
    with open(mark, "w", encoding="utf-8") as file:
        json.dump(command, file)
    return True


def write_table(rows, path):
    """Dictionaries with the same keys as CSV."""
    with open(path + ".partial", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(path + ".partial", path)
