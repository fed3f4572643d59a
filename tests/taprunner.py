#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the unittest classes of a Python file and prints TAP.

usage: taprunner.py FILE [TEST...]      (a TEST as unittest names it: Class.method)

Standard output belongs to TAP; what the tests and their children print goes to
standard error.
"""

import importlib.util
import os
import sys
import unittest


class TapResult(unittest.TestResult):
    """Prints a line per test, when it is over."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.number = 0
        self.failed_subtests = []

    def say(self, line):
        print(line, file=self.stream, flush=True)

    def explain(self, text):
        for line in text.rstrip().splitlines():
            self.say(f'# {line}')

    def point(self, ok, test, directive=''):
        self.number += 1
        name = str(test.id() if hasattr(test, 'id') else test)
        name = name.replace('#', r'\#').replace('\n', ' ')
        self.say(f'{"ok" if ok else "not ok"} {self.number} - {name}{directive}')

    def startTest(self, test):
        super().startTest(test)
        self.failed_subtests = []

    def stopTest(self, test):
        # A test with failed subtests is reported neither as a success nor as a failure.
        if self.failed_subtests:
            self.point(False, test)
            for text in self.failed_subtests:
                self.explain(text)
        super().stopTest(test)

    def addSuccess(self, test):
        if not self.failed_subtests:
            self.point(True, test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        text = self.failures[-1][1]
        if self.failed_subtests:
            self.failed_subtests.append(text)
        else:
            self.point(False, test)
            self.explain(text)

    def addError(self, test, err):
        super().addError(test, err)
        text = self.errors[-1][1]
        if self.failed_subtests:
            self.failed_subtests.append(text)
        else:
            self.point(False, test)
            self.explain(text)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            kind = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.failed_subtests.append(f'{subtest.id()}\n{kind[-1][1]}')

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.point(True, test, f' # SKIP {reason}')

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.point(False, test, ' # TODO a known failure')

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.point(False, test)
        self.explain('passes, though it is marked as a known failure')


def load(path, names):
    name = os.path.splitext(os.path.basename(path))[0].replace('-', '_')
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec.loader.exec_module(module)

    loader = unittest.TestLoader()
    if names:
        return loader.loadTestsFromNames(names, module)
    return loader.loadTestsFromModule(module)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)

    tap = os.fdopen(os.dup(1), 'w', encoding='utf-8', errors='backslashreplace')
    sys.stdout.flush()
    os.dup2(2, 1)

    result = TapResult(tap)
    try:
        suite = load(sys.argv[1], sys.argv[2:])
    except unittest.SkipTest as reason:
        result.say(f'1..0 # SKIP {reason}')
        return 0

    suite.run(result)
    if result.number == 0:
        result.say('Bail out! no tests in ' + sys.argv[1])
        return 1

    result.say(f'1..{result.number}')
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
