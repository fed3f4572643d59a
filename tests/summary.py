#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Adds up what test runs of meson found.

usage: summary.py LOG...

A LOG is the testlog.json of a run, meson-logs/testlog[-SETUP].json in a build folder,
or a build folder: all such files in it. Cases are counted, not programs: the TAP
lines of each. A program that did not come to a good end, though none of its cases
failed, counts as a failure, and so does a run that left no log. A known failure (TODO)
counts as skipped. Failures are named; the last line is the count.
"""

import glob
import json
import os
import re
import signal
import sys

CASE = re.compile(
    r'(?P<bad>not )?ok\b *(?P<number>\d+)?(?: +-)? *(?P<name>(?:\\.|[^#\\])*)'
    r'(?:# *(?P<directive>skip|todo)\S*)?', re.IGNORECASE)

BAIL_OUT = re.compile(r'Bail out! *(?P<why>.*)')

ABORTED = (-signal.SIGABRT, 128 + signal.SIGABRT)


class Count:
    def __init__(self):
        self.passed = 0
        self.skipped = 0
        self.failures = []

    def add_program(self, run, entry):
        """Counts one test program: an object of testlog.json."""
        name = f'{run}: {entry["name"].split(" / ")[-1]}'
        result = entry['result']
        cases = 0
        bad = []

        for line in entry.get('stdout', '').splitlines():
            bail_out = BAIL_OUT.match(line)
            if bail_out:
                bad.append(bail_out['why'])
                continue
            case = CASE.match(line)
            if case is None:
                continue
            cases += 1
            directive = (case['directive'] or '').lower()
            if directive == 'skip' or (directive == 'todo' and case['bad']):
                self.skipped += 1
            elif directive == 'todo' or case['bad']:
                bad.append(case['name'].strip() or case['number'])
            else:
                self.passed += 1

        self.failures += [f'{name}: {what}' for what in bad]
        if result == 'SKIP' and cases == 0:
            self.skipped += 1
        elif result in ('OK', 'EXPECTEDFAIL') and cases == 0:
            self.passed += 1
        elif result not in ('OK', 'EXPECTEDFAIL', 'SKIP'):
            self.add_bad_end(name, result, entry.get('returncode', 0), bad)

    def add_bad_end(self, name, result, status, bad):
        # An assertion that fails takes the program down: that is one failure, not two.
        crashed = result == 'TIMEOUT' or (status < 0 and status not in ABORTED)
        if bad and not crashed:
            return
        if result == 'TIMEOUT':
            how = 'took too long'
        elif status < 0:
            how = f'crashed, {signal.Signals(-status).name}'
        elif status > 0:
            how = f'exited with status {status}'
        else:
            how = result.lower()
        self.failures.append(f'{name}: {how}')

    def add_log(self, path):
        folder, file = os.path.split(os.path.abspath(path))
        run = os.path.basename(os.path.dirname(folder))
        setup = re.fullmatch(r'testlog-(.+)\.json', file)
        if setup:
            run += f' ({setup[1]})'
        try:
            with open(path, encoding='utf-8') as log:
                entries = [json.loads(line) for line in log]
        except (OSError, ValueError):
            entries = []
        if not entries:
            self.failures.append(f'{run}: did not run')
        for entry in entries:
            self.add_program(run, entry)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)

    count = Count()
    for path in sys.argv[1:]:
        if os.path.isdir(path):
            default = os.path.join(path, 'meson-logs', 'testlog.json')
            logs = glob.glob(os.path.join(path, 'meson-logs', 'testlog*.json'))
            for log in sorted(logs) or [default]:
                count.add_log(log)
        else:
            count.add_log(path)

    for failure in count.failures:
        print('FAILED', failure)

    line = f'{count.passed} passed, {len(count.failures)} failed'
    if count.skipped:
        line += f', {count.skipped} skipped'
    print(line)
    return 1 if count.failures or not count.passed else 0


if __name__ == '__main__':
    sys.exit(main())
