# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd's users: the options, the file, the signal, the log, and --make-auth."""

import base64
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
import unittest

from gsmtpd_process import GSMTPD, Gsmtpd, PATIENCE, run
from test_gsmtpd import TempDirCase

LINE = re.compile(r'\Aalice:\{SCRAM-SHA-256\}10000,[A-Za-z0-9+/]{22}==(,[A-Za-z0-9+/]{43}=){2}\n\Z')


def plain(user, password):
    return 'AUTH PLAIN ' + base64.b64encode(f'\0{user}\0{password}'.encode()).decode()


class Case(TempDirCase):
    def setUp(self):
        super().setUp()
        self.users = self.path('users')
        self.write('alice:sesame\n')

    def write(self, text, mode=0o600):
        with open(self.users, 'w') as file:
            os.chmod(self.users, mode)
            file.write(text)

    def serve(self, *args):
        return Gsmtpd('-H', 'sink', '--auth-without-tls', '--auth-mechanisms=PLAIN', '--auth-file', self.users, *args)

    def ask(self, server, *lines):
        with server.client() as client:
            client.ehlo()
            return [client.docmd(line)[0] for line in lines]


class Options(Case):
    def keywords(self, *args):
        """What AUTH offers in clear and in TLS."""
        with Gsmtpd('-H', 'sink', '--auth-file', self.users, *args) as server:
            with server.client() as client:
                client.ehlo()
                clear = client.esmtp_features.get('auth', '').split()
                if not client.has_extn('starttls'):
                    return clear, None
                client.starttls()
                client.ehlo()
                return clear, client.esmtp_features['auth'].split()

    def test_mechanisms(self):
        strong = ['SCRAM-SHA-256', 'SCRAM-SHA-1']
        all_of_tls = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN']
        self.assertEqual(self.keywords('--tls-self-signed'), ([], all_of_tls))
        self.assertEqual(self.keywords('--tls-self-signed', '--auth-without-tls'), (strong, all_of_tls))
        self.assertEqual(self.keywords('--auth-without-tls'), (strong, None))
        self.assertEqual(self.keywords('--auth-without-tls', '--auth-mechanisms=cram-md5,Plain'),
                         (['PLAIN', 'CRAM-MD5'], None))
        self.assertEqual(self.keywords('--tls-self-signed', '--auth-mechanisms=LOGIN'), ([], ['LOGIN']))

    def test_required(self):
        mail = 'MAIL FROM:<a@example.org>'
        with self.serve() as server:
            self.assertEqual(self.ask(server, mail), [250])
        with self.serve('--auth-required') as server:
            self.assertEqual(self.ask(server, mail, plain('alice', 'sesame'), mail), [530, 235, 250])

    def test_only_in_tls(self):
        with Gsmtpd('-H', 'sink', '--tls-self-signed', '--auth-file', self.users) as server:
            self.assertEqual(self.ask(server, plain('alice', 'sesame')), [538])
            with server.client() as client:
                client.starttls()
                self.assertEqual(client.login('alice', 'sesame')[0], 235)

    def test_wrong(self):
        tls, file = '--tls-self-signed', f'--auth-file={self.users}'
        for args in ([file], ['--auth-required', tls], ['--auth-without-tls'], ['--auth-file-world-readable', tls],
                     ['--auth-mechanisms=PLAIN', tls], *([tls, file, f'--auth-mechanisms={value}'] for value in
                     ('', ',', 'PLAIN,', 'X', 'PLAIN LOGIN', 'EXTERNAL', 'ANONYMOUS', '\x1b'))):
            with self.subTest(args=args):
                result = run('-l', '127.0.0.1:0', *args)
                self.assertEqual((result.returncode, result.stdout), (1, ''))
                self.assertRegex(result.stderr, r'\Agsmtpd: [ -~]+\nTry "gsmtpd --help"[^\n]*\n\Z')

    def refuses(self, *args):
        """Returns what it says of the file."""
        result = run('-l', '127.0.0.1:0', '--auth-without-tls', f'--auth-file={self.users}', *args)
        self.assertEqual((result.returncode, result.stdout), (1, ''))
        self.assertRegex(result.stderr, r'\Agsmtpd: [ -~]+\n\Z')
        self.assertIn(self.users, result.stderr)
        self.assertNotIn('sesame', result.stderr)
        return result.stderr

    def test_bad_file(self):
        self.write('# users\nalice sesame\n')
        self.assertIn('users:2: ', self.refuses())
        os.unlink(self.users)
        self.refuses()

    def test_permissions(self):
        os.chmod(self.users, 0o644)
        self.assertIn('read by everybody', self.refuses())
        with self.serve('--auth-file-world-readable') as server:
            self.assertEqual(self.ask(server, plain('alice', 'sesame')), [235])
        os.chmod(self.users, 0o602)
        self.assertIn('written by everybody', self.refuses('--auth-file-world-readable'))


class Hangup(Case):
    def test_users(self):
        right, other = plain('alice', 'sesame'), plain('bob', 'other')
        with self.serve('-d') as server:
            self.write('bob:other\nx\n')
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: 'warning: ' in server.errors())
            self.assertIn(f'warning: The users stay as they were: {self.users}:2: ', server.errors())
            self.assertEqual(self.ask(server, other, right), [535, 235])

            self.write('bob:other\n')
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: 'debug: 1 users read\n' in server.errors())
            self.assertEqual(self.ask(server, right, other), [535, 235])
            self.assertEqual(server.end(), 0)

    def make_certificate(self, name):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-keyout', self.path('key.pem'), '-out', self.path('cert.pem'), '-subj', '/CN=' + name,
                        '-days', '2'], check=True, stderr=subprocess.DEVNULL, timeout=PATIENCE)

    def test_certificate(self):
        self.make_certificate('mx.example.org')
        args = f'--tls-cert={self.path("cert.pem")}', f'--tls-key={self.path("key.pem")}'
        with Gsmtpd('-H', 'sink', *args) as server:
            with open(self.path('key.pem'), 'w') as file:
                file.write('no key\n')
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: 'The certificate stays as it was: ' in server.errors())
            with server.client() as client:
                self.assertEqual(client.starttls()[0], 220)
            self.assertEqual(server.end(), 0)

    def test_self_signed(self):
        """There is no file for it, and it stays."""
        with self.serve('-d', '--tls-self-signed') as server:
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: 'users read' in server.errors())
            self.assertNotIn('warning', server.errors())
            with server.client() as client:
                client.starttls()
                self.assertEqual(client.login('alice', 'sesame')[0], 235)

    def test_nothing_to_read(self):
        with Gsmtpd('-H', 'sink') as server:
            self.assertEqual(server.end(signal.SIGHUP), -signal.SIGHUP)


class Log(Case):
    def log(self, *args):
        with self.serve(*args) as server:
            self.assertEqual(self.ask(server, plain('alice', 'sesame-1'), plain('al\u00efce', 'sesame-2'),
                                      plain('x; user: alice', 'sesame-3'), plain('alice', 'sesame')),
                             [535, 535, 535, 235])
            self.assertEqual(self.ask(server, plain('a' * 400, 'sesame-4')), [535])
            self.assertEqual(server.end(), 0)
            errors = server.errors()
        self.assertNotIn('sesame', errors)
        for password in 'sesame', 'sesame-1', 'sesame-2', 'sesame-3':
            for offset in range(3):
                encoded = base64.b64encode(b'\0' * offset + password.encode()).decode()
                self.assertNotIn(encoded[4:8], errors)
        return errors

    def test_debug(self):
        for args in ['-d'], ['-d', '-d']:
            lines = [line for line in self.log(*args).splitlines() if ': AUTH PLAIN: ' in line]
            self.assertEqual(len(lines), 5)
            for line, code, user in zip(lines, (535, 535, 535, 235, 535),
                                        ('alice', 'alïce', 'x; user: alice', 'alice', 'a' * 400)):
                self.assertRegex(line, rf'\Adebug: session \d+: AUTH PLAIN: {code} ')
                self.assertTrue(line.endswith(f'; user: {user}'), line)

    def test_quiet(self):
        self.assertEqual(self.log(), '')

    def test_control_characters(self):
        """No mechanism takes them, whatever the log would do."""
        with self.serve('-d', '-d') as server:
            self.assertEqual(self.ask(server, plain('al\x1b[2Jice\r\n', 'sesame')), [501])
            self.assertNotIn('\x1b', server.errors())


class MakeAuth(Case):
    def make(self, user, password):
        return subprocess.run([GSMTPD, '--make-auth', user], input=password, capture_output=True, timeout=PATIENCE)

    def test_line(self):
        lines = set()
        for password in b'pencil', b'pencil\n', b'pencil\r\n', b'pencil\nmore\n':
            result = self.make('alice', password)
            self.assertEqual((result.returncode, result.stderr), (0, b''))
            line = result.stdout.decode()
            self.assertRegex(line, LINE)
            lines.add(line)
            self.write(line)
            with self.serve() as server:
                self.assertEqual(self.ask(server, plain('alice', 'pencil '), plain('alice', 'pencil')), [535, 235])
        # The salt is new each time.
        self.assertEqual(len(lines), 4)

    def test_long_and_foreign(self):
        for user, password in ('jürgen', 'süß'), ('a b', 'x' * 1024), ('a' * 255, ' '):
            result = self.make(user, password.encode())
            self.assertEqual(result.returncode, 0)
            self.write(result.stdout.decode())
            with self.serve() as server:
                self.assertEqual(self.ask(server, plain(user, password)), [235])

    def test_bad_passwords(self):
        for password in b'', b'\n', b'\r\n', b'a\0b', b'sesame\t', b'sesame\xff', b'x' * 1025, b'x' * 5000:
            with self.subTest(password=password):
                result = self.make('alice', password)
                self.assertEqual((result.returncode, result.stdout), (1, b''))
                self.assertRegex(result.stderr, rb'\Agsmtpd: The password [ -~]+\n\Z')
                self.assertNotIn(b'sesame', result.stderr)

    def test_bad_users(self):
        for user in '', 'a:b', '#a', 'a\nb', 'a\x1b', 'a\x7f', 'a' * 256, b'a\xff', 'a\u0085':
            with self.subTest(user=user):
                result = self.make(user, b'sesame')
                self.assertEqual((result.returncode, result.stdout), (1, b''))
                self.assertRegex(result.stderr, rb'\Agsmtpd: [ -~]+ is no name for a user: [^\n]+\nTry [^\n]+\n\Z')


class Terminal(Case):
    """--make-auth on a terminal, which it leaves as it was."""

    def setUp(self):
        super().setUp()
        self.master, self.slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, self.slave)
        self.seen = b''
        self.process = subprocess.Popen([GSMTPD, '--make-auth', 'alice'], stdin=self.slave, stderr=self.slave,
                                        stdout=subprocess.PIPE)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            self.assertTrue(select.select([self.master], [], [], max(end - time.monotonic(), 0))[0], self.seen)
            self.seen += os.read(self.master, 4096)

    def type(self, prompt, text):
        self.wait_for(prompt)
        self.assertFalse(self.echoes())
        os.write(self.master, text)

    def test_twice(self):
        self.type(b'Password for alice: ', b'pencil\n')
        self.type(b'Password for alice, once more: ', b'pencil\n')
        line, _ = self.process.communicate(timeout=PATIENCE)
        self.assertEqual(self.process.returncode, 0)
        self.assertRegex(line.decode(), LINE)
        self.wait_for(b'more: \r\n')
        self.assertNotIn(b'pencil', self.seen)
        self.assertTrue(self.echoes())

    def test_different(self):
        self.type(b'Password for alice: ', b'pencil\n')
        self.type(b'once more: ', b'pencils\n')
        line, _ = self.process.communicate(timeout=PATIENCE)
        self.assertEqual((self.process.returncode, line), (1, b''))
        self.wait_for(b'gsmtpd: These are two passwords\r\n')
        self.assertNotIn(b'pencil', self.seen)

    def test_signal(self):
        self.type(b'Password for alice: ', b'pen')
        self.process.send_signal(signal.SIGINT)
        line, _ = self.process.communicate(timeout=PATIENCE)
        self.assertEqual((self.process.returncode, line), (-signal.SIGINT, b''))
        self.assertTrue(self.echoes())


if __name__ == '__main__':
    unittest.main()
