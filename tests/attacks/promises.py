# SPDX-License-Identifier: LGPL-2.1-or-later

"""Each promise of docs/security.md has a test, which is there."""

import ast
import os
import re
import unittest

TESTS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))


def rows():
    """Of the tables in which there are promises."""
    with open(os.path.join(TESTS, os.pardir, 'docs', 'security.md'), encoding='utf-8') as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
            if line.startswith('| ') and len(cells) == 3 and cells[0] != 'promise' and not cells[0].startswith('---'):
                yield cells


def names_in(path):
    with open(path, encoding='utf-8') as file:
        return {node.name for node in ast.walk(ast.parse(file.read())) if isinstance(node, ast.FunctionDef)}


class Promises(unittest.TestCase):
    def find(self, name):
        """The file of a test, relative to the tests."""
        name, _, case = name.partition(':')
        folder, _, base = name.rpartition('/')
        if folder == 'transcripts':
            path = os.path.join(TESTS, folder, base + '.txt')
        elif folder:
            path = os.path.join(TESTS, 'faults' if base == 'faults' else folder, base + '.py')
        elif base.startswith('fuzz-'):
            path = os.path.join(TESTS, 'fuzz', base + '.c')
        elif base == 'soak':
            path = os.path.join(TESTS, 'soak', 'run')
        else:
            path = os.path.join(TESTS, base + '.c')
        self.assertTrue(os.path.exists(path), name)
        if case:
            self.assertIn(case, names_in(path), name)
        with open(os.path.join(TESTS, 'meson.build'), encoding='utf-8') as meson, \
             open(os.path.join(TESTS, 'fuzz', 'meson.build'), encoding='utf-8') as fuzz:
            listed = meson.read() + fuzz.read()
        if folder != 'transcripts':
            self.assertIn(f"'{base}'", listed, name)

    def test_tests(self):
        promises = list(rows())
        self.assertGreater(len(promises), 30)
        for promise, _, tests in promises:
            names = re.findall(r'`([^`]+)`', tests)
            self.assertNotEqual(names, [], promise)
            for name in names:
                with self.subTest(promise, name=name):
                    self.find(name)


if __name__ == '__main__':
    unittest.main()
