# SPDX-License-Identifier: LGPL-2.1-or-later

"""An example that runs, in any language."""

import os
import pathlib
import shutil
import smtplib
import subprocess
import sys

EXAMPLES = pathlib.Path(os.environ['SMTPD_EXAMPLES'])
BUILD = pathlib.Path(os.environ['SMTPD_BUILD']) / 'examples'
PATIENCE = 30
MESSAGE = 'Subject: hello\r\n\r\nx\r\n'

# What in C wants a library that not every build has.
OPTIONAL = {'webhook'}


def commands(name):
    """How to run an example in each language in which it is there."""
    if name not in OPTIONAL or (BUILD / f'example-{name}').exists():
        yield 'C', [BUILD / f'example-{name}']
    yield 'Python', [sys.executable, EXAMPLES / f'{name}.py']
    if shutil.which('gjs') and (EXAMPLES / f'{name}.js').exists():
        yield 'JavaScript', ['gjs', '-m', EXAMPLES / f'{name}.js']
    if (BUILD / f'example-{name}-vala').exists():
        yield 'Vala', [BUILD / f'example-{name}-vala']


class Example:
    def __init__(self, command, *args, stdin=subprocess.DEVNULL):
        self.command = [*command, '127.0.0.1:0', *args]
        self.stdin = stdin

    def __enter__(self):
        self.process = subprocess.Popen(self.command, text=True, stdin=self.stdin, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line.startswith('listening on '):
            self.process.kill()
            raise AssertionError(line)
        self.port = int(line.rpartition(':')[2])
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        try:
            self.output = self.process.communicate(timeout=PATIENCE)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def client(self):
        return smtplib.SMTP('127.0.0.1', self.port, local_hostname='me.example', timeout=PATIENCE)
