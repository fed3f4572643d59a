# SPDX-License-Identifier: LGPL-2.1-or-later

"""Every sample in README.md and docs/ is run, or at least compiled; tests/samples.py says how."""

import asyncio
import builtins
import dis
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Gio, GLib, Smtpd  # noqa: E402

SOURCE = pathlib.Path(os.environ['SMTPD_EXAMPLES']).parent
BUILD = pathlib.Path(os.environ['SMTPD_BUILD'])

sys.path.insert(0, str(SOURCE / 'tests'))

import samples  # noqa: E402

LANGUAGES = {'c', 'python', 'js', 'vala', 'sh'}
PROSE = {'', 'diff'}
TOOLS = {'js': ['gjs'], 'vala': ['valac', 'pkg-config', 'cc'], 'c': ['pkg-config', 'cc'], 'python': [], 'sh': []}

# The programs of these pages are run by tests of their own: test_examples and test_guides.
BY_HAND = {'README'} | set(re.findall(r"programs\('([\w-]+)'", (SOURCE / 'tests/bindings/test_guides.py').read_text()))


def environment(directory):
    """As after "meson install", but from the build folder; the rest is in the environment of the tests."""
    vala = directory / 'share' / 'vala'
    vala.mkdir(parents=True)
    (vala / 'vapi').symlink_to(BUILD / 'introspection')
    return {
        **os.environ,
        'PKG_CONFIG_PATH': f'{BUILD}/meson-uninstalled',
        'CPATH': f'{SOURCE}:{BUILD}',
        'XDG_DATA_DIRS': f'{directory}/share:{os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share")}',
    }


class Samples(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.environment = environment(self.directory)

    def need(self, language):
        for tool in TOOLS[language]:
            if shutil.which(tool) is None:
                self.skipTest(f'there is no {tool}')

    def check_program(self, group, program, start):
        self.need(program.language)
        for client in group.marked('client'):
            tool = client.text.split()[0]
            if shutil.which(tool) is None:
                self.skipTest(f'there is no {tool}')
        samples.Runner(self.directory, environment=self.environment).run(group, program, start)

    def check_fragment(self, block):
        self.need(block.language)
        getattr(self, f'check_{block.language}_fragment')(block)

    def execute(self, *command):
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def check_c_fragment(self, block):
        """Something between functions, or something in one."""
        flags = self.execute('pkg-config', '--cflags', 'smtpd-1.0')[1].split()
        path = self.directory / 'fragment.c'
        outputs = []
        for before, after in ('', ''), (C_FUNCTION, '\n(void) 0; }\n'):
            path.write_text(f'#include <smtpd/smtpd.h>\n{before}\n{block.text}{after}')
            code, output = self.execute('cc', '-fsyntax-only', '-Wall', '-Wno-unused', '-Werror', *flags, str(path))
            if code == 0:
                return
            outputs.append(output)
        self.fail('\n'.join(outputs))

    def check_python_fragment(self, block):
        for name in block.names:
            self.assertFalse(hasattr(builtins, name), name)
            self.assertRegex(block.text, rf'\b{name}\b')
        names = {'Gio': Gio, 'GLib': GLib, 'Smtpd': Smtpd, 'asyncio': asyncio, 'random': random,
                 'server': Smtpd.Server(), '__name__': 'fragment',
                 **{name: mock.MagicMock(name=name) for name in block.names}}
        code = compile(re.sub(r"'(\*|localhost):\d+'", "'127.0.0.1:0'", block.text), 'fragment', 'exec')
        exec(code, names)
        known = set(names) | set(dir(builtins))
        self.assertEqual(unknown_names(code) - known, set())

    def check_js_fragment(self, block):
        path = self.directory / 'fragment.js'
        path.write_text(f'export async function fragment(server) {{\n{block.text}\n}}\n')
        code, output = self.execute('gjs', '-m', str(path))
        self.assertEqual(code, 0, output)

    def check_sh_fragment(self, block):
        path = self.directory / 'fragment.sh'
        path.write_text(block.text)
        code, output = self.execute('sh', '-n', str(path))
        self.assertEqual(code, 0, output)

    def test_each_sample_is_known(self):
        for path in pages():
            for group in samples.read_page(path):
                started = [start for _, start in group.programs()]
                for block in group.blocks:
                    with self.subTest(f'{path.name}:{block.line}'):
                        self.assertIn(block.language, LANGUAGES | PROSE)
                        if block.language == 'sh' and path.stem not in BY_HAND:
                            self.assertTrue(block.marker or block in started,
                                            'neither a fragment, nor a client, nor how a program is started')
                        if block.marker == 'output':
                            self.assertTrue(list(group.programs()), 'the output of no program')

    def test_each_fence_is_found(self):
        for path in pages():
            fences = len(re.findall('^```', path.read_text(), re.M))
            self.assertEqual(2 * sum(len(group.blocks) for group in samples.read_page(path)), fences, path)


C_FUNCTION = '''
void fragment (SmtpServer *server, SmtpSession *session, SmtpEnvelope *envelope, SmtpRequest *request,
               SmtpAddress *address, SmtpTlsContext *tls, const char *queue_id, GError **error);
void
fragment (SmtpServer *server, SmtpSession *session, SmtpEnvelope *envelope, SmtpRequest *request,
          SmtpAddress *address, SmtpTlsContext *tls, const char *queue_id, GError **error)
{
'''


def unknown_names(code):
    """What functions in a piece of code take from outside it."""
    names = set()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= global_names(constant) | unknown_names(constant)
    return names


def global_names(code):
    return {instruction.argval for instruction in dis.get_instructions(code) if instruction.opname == 'LOAD_GLOBAL'}


def pages():
    return [SOURCE / 'README.md', *sorted((SOURCE / 'docs').glob('*.md'))]


def add_tests():
    """A test for each program, and for each fragment."""
    for path in pages():
        for group in samples.read_page(path):
            title = re.sub(r'\W+', '_', f'{path.stem} {group.title}').strip('_').lower()
            if path.stem not in BY_HAND:
                for program, start in group.programs():
                    name = f'test_{title}_{program.language}_{program.line}'
                    setattr(Samples, name, lambda self, group=group, program=program, start=start:
                            self.check_program(group, program, start))
            for block in group.marked('fragment'):
                name = f'test_{title}_fragment_{block.line}'
                setattr(Samples, name, lambda self, block=block: self.check_fragment(block))


add_tests()

if __name__ == '__main__':
    unittest.main()
