# SPDX-License-Identifier: LGPL-2.1-or-later

"""The manual page of gsmtpd and its --help know the same options."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

PAGE = pathlib.Path(os.environ['SMTPD_DATA']).parent / 'docs' / 'gsmtpd.1'


def helped():
    """(short or None, long, takes an argument) of each option."""
    text = subprocess.run([os.environ['GSMTPD'], '--help-all'], check=True, capture_output=True, text=True,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8'}).stdout
    return {(short or None, name, bool(argument)) for short, name, argument in
            re.findall(r'^  (?:-(\w), )?--([\w-]+)(=\S+)?', text, re.M)}


def described():
    options = set()
    for line in PAGE.read_text().splitlines():
        if not line.startswith('.It Fl '):
            continue
        short = None
        for option in line[len('.It '):].split(' , '):
            words = option.replace('\\-', '-').split()
            name = words[1]
            if not name.startswith('-'):
                short = name
                continue
            options.add((short, name[1:], len(words) > 2))
            short = None
    return options


class Manual(unittest.TestCase):

    def test_options(self):
        options = helped()
        self.assertGreater(len(options), 20)
        self.assertEqual(options, described())

    def test_synopsis(self):
        """What it names are options."""
        synopsis = PAGE.read_text().partition('.Sh SYNOPSIS\n')[2].partition('.Sh ')[0].replace('\\-', '-')
        names = {name for _, name, _ in helped()}
        letters = {letter for letter, _, _ in helped() if letter}
        for name in re.findall(r'Fl -([\w-]+)', synopsis):
            self.assertIn(name, names)
        for group in re.findall(r'Fl (\w+)', synopsis):
            self.assertLessEqual(set(group), letters)

    @unittest.skipUnless(shutil.which('mandoc'), 'no mandoc')
    def test_well_formed(self):
        result = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', PAGE], capture_output=True, text=True)
        self.assertEqual(result.stdout, '')


if __name__ == '__main__':
    unittest.main()
