# SPDX-License-Identifier: LGPL-2.1-or-later

"""The programs in the guides, as they stand there, but for the port."""

import importlib.util
import os
import pathlib
import re
import shlex
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

DOCS = pathlib.Path(os.environ['SMTPD_EXAMPLES']).parent / 'docs'
BUILD = pathlib.Path(os.environ['SMTPD_BUILD'])
PATIENCE = 30
MESSAGE = 'Subject: x\r\n\r\nText\r\n'


def programs(guide, language):
    return re.findall(rf'^```{language}\n(.*?)^```', (DOCS / f'{guide}.md').read_text(), re.M | re.S)


class Guides(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def start(self, program, command):
        """Starts a program that listens; returns its output when the test has talked to it."""
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        path = self.directory / 'program'
        path.write_text(program.replace('localhost:8025', f'127.0.0.1:{self.port}'))
        self.process = subprocess.Popen([*command, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, self.process)

    def end(self, process=None):
        """What the program has printed."""
        process = process or self.process
        process.terminate()
        return process.communicate(timeout=PATIENCE)[0] if not process.stdout.closed else ''

    def client(self):
        for _ in range(PATIENCE * 10):
            try:
                return smtplib.SMTP('127.0.0.1', self.port, local_hostname='me.example', timeout=PATIENCE)
            except ConnectionRefusedError:
                time.sleep(0.1)
        raise AssertionError('it does not listen')

    def run_to_the_end(self, program):
        path = self.directory / 'program'
        path.write_text(program)
        return subprocess.run([sys.executable, path], check=True, capture_output=True, text=True,
                              timeout=PATIENCE).stdout

    def check_first_server(self, program, command):
        self.start(program, command)
        with self.client() as client:
            self.assertEqual(client.sendmail('a@example.com', ['b@example.org'], MESSAGE), {})
            with self.assertRaises(smtplib.SMTPRecipientsRefused):
                client.sendmail('a@example.com', ['b@example.net'], MESSAGE)
        self.assertIn(f'{len(MESSAGE)} octets from a@example.com', self.end())

    def check_policy(self, program, command):
        self.start(program, command)
        with self.client() as client:
            self.assertEqual(client.docmd('PING'), (259, b'OK'))
            self.assertEqual([client.rset()[1].splitlines()[0] for _ in range(2)],
                             [b'2.0.0 number 1', b'2.0.0 number 2'])
            self.assertEqual(list(client.sendmail('a@example.com', ['b@example.org', 'nobody@example.org'], MESSAGE)),
                             ['nobody@example.org'])

    def test_python(self):
        first, policy, queue, tests = programs('python', 'python')
        self.check_first_server(first, [sys.executable])
        self.check_policy(policy, [sys.executable])
        self.start(queue, [sys.executable])
        with self.client() as client:
            self.assertEqual(client.sendmail('a@example.com', ['b@example.org'], MESSAGE), {})
        self.assertEqual(self.process.stdout.readline(), f'{len(MESSAGE)} octets from a@example.com\n')
        self.end()
        self.run_to_the_end(tests)

    @unittest.skipUnless(shutil.which('gjs'), 'there is no gjs')
    def test_javascript(self):
        first, policy = programs('javascript', 'js')
        self.check_first_server(first, ['gjs', '-m'])
        self.check_policy(policy, ['gjs', '-m'])

    def test_moving_from_aiosmtpd(self):
        ping, auth, proxy = programs('moving-from-aiosmtpd', 'python')
        self.run_to_the_end(ping)
        self.assertEqual(self.run_to_the_end(auth), 'Message from a@example.org of joe\n')
        self.assertEqual(self.run_to_the_end(proxy), '192.0.2.1 by version 1\n')

    @unittest.skipUnless(shutil.which('gjs'), 'there is no gjs')
    def test_moving_from_smtp_server(self):
        [program] = programs('moving-from-smtp-server', 'js')
        self.start(program, ['gjs', '-m'])
        with self.client() as client:
            client.ehlo()
            self.assertEqual(client.mail('a@example.org')[0], 530)
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                client.login('joe', 'guess')
            client.login('joe', 'pencil')
            self.assertEqual(list(client.sendmail('a@example.org', ['b@example.net', 'nobody@example.net'], MESSAGE)),
                             ['nobody@example.net'])
            self.assertEqual(client.mail('a@example.com')[0], 550)
        time.sleep(0.2)
        output = self.end()
        self.assertIn(f'{len(MESSAGE)} octets from a@example.org of joe', output)
        self.assertIn('me.example has left', output)

    def build(self, program):
        """Compiles a program in C."""
        source, built = self.directory / 'program.c', self.directory / 'built'
        source.write_text(program)
        flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'gio-2.0'], check=True, capture_output=True,
                               text=True).stdout.split()
        subprocess.run(['cc', '-o', built, source, f'-I{DOCS.parent}', f'-I{BUILD}', f'-I{BUILD}/smtpd',
                        f'-L{BUILD}/smtpd', '-lsmtpd-1.0', *flags], check=True)
        return built

    @unittest.skipUnless(shutil.which('swaks') and shutil.which('cc'), 'there is no swaks, or no compiler')
    def test_testing_in_c(self):
        [program] = programs('testing', 'c')
        done = subprocess.run([self.build(program), '--tap'], check=True, capture_output=True, text=True, timeout=PATIENCE)
        self.assertIn('ok 1 /news', done.stdout)

    def test_testing_in_python(self):
        with_pytest, with_unittest = programs('testing', 'python')
        self.run_to_the_end(with_unittest)
        if importlib.util.find_spec('pytest') is None:
            self.skipTest('there is no pytest')
        path = self.directory / 'test_news.py'
        path.write_text(with_pytest)
        done = subprocess.run([sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', path], cwd=self.directory,
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertIn('2 passed', done.stdout)

    @unittest.skipUnless(shutil.which('swaks') and shutil.which('gjs'), 'there is no swaks, or no gjs')
    def test_testing_in_javascript(self):
        [program] = programs('testing', 'js')
        path = self.directory / 'program'
        path.write_text(program)
        done = subprocess.run(['gjs', '-m', path], check=True, stdout=subprocess.PIPE, text=True, timeout=PATIENCE)
        self.assertEqual([line for line in done.stdout.splitlines() if line.startswith(('from', 'refused'))],
                         ['from me@example.org to joe@example.org: true', 'refused: true, caught: 1'])

    @unittest.skipUnless('GSMTPD' in os.environ, 'there is no gsmtpd')
    def test_testing_from_the_command_line(self):
        """The commands, but for the port of the second one."""
        for command in programs('testing', 'sh'):
            name, *args = shlex.split(command)
            self.assertEqual(name, 'gsmtpd')
            if not any(arg.startswith('--listen') for arg in args):
                args.append('--listen=localhost:0')
            process = subprocess.Popen([os.environ['GSMTPD'], *args], cwd=self.directory, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, text=True)
            self.addCleanup(self.end, process)
            port = int(process.stdout.readline().rpartition(':')[2])
            recipients = [f'{number}@example.org' for number in range(50)]
            with smtplib.SMTP('localhost', port, timeout=PATIENCE) as client:
                refused = client.sendmail('a@example.com', recipients, MESSAGE)
            self.assertEqual(bool(refused), '--chaos' in command)
            self.assertLess(len(refused), 50)
            self.assertEqual({reply for reply in refused.values()} - {(450, b'4.2.1 Mailbox busy')}, set())
        self.assertEqual(len(list((self.directory / 'inbox' / 'new').iterdir())), 1)

    def test_every_program_is_run(self):
        for path in DOCS.glob('*.md'):
            if path.stem == 'testing':
                kinds = set(re.findall(r'^```(\w*)\n', path.read_text(), re.M)) - {''}
                self.assertLessEqual(kinds, {'c', 'python', 'js', 'sh'}, path)
            if path.stem in ('python', 'javascript', 'moving-from-aiosmtpd', 'moving-from-smtp-server'):
                kinds = set(re.findall(r'^```(\w*)\n', path.read_text(), re.M)) - {''}
                self.assertLessEqual(kinds, {'python', 'js', 'diff'}, path)


if __name__ == '__main__':
    unittest.main()
