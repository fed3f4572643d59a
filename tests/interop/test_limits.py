# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd's limits by --limit, and its addresses for submission."""

import os
import ssl
import smtplib
import socket
import time
import unittest

from gsmtpd_process import PATIENCE, Gsmtpd, run
from test_gsmtpd_auth import Case, plain

MAIL = b'MAIL FROM:<a@example.org>\r\n'
RCPT = b'RCPT TO:<b@example.org>\r\n'


class Limits(unittest.TestCase):
    def codes(self, options, sent):
        """The codes of all replies but the greeting, up to the end."""
        with Gsmtpd('-H', 'sink', *(f'--limit={option}' for option in options)) as server:
            sock, file = server.connect()
            with sock, file:
                sock.sendall(sent)
                return [line[:3] for line in file.read().splitlines() if line[3:4] == b' ']

    def test_limits(self):
        begin = b'HELO x\r\n' + MAIL
        self.assertEqual(self.codes(['max-recipients=1'], begin + RCPT * 2 + b'QUIT\r\n'),
                         [b'250', b'250', b'250', b'452', b'221'])
        other = b'RCPT TO:<b@other.example>\r\n'
        self.assertEqual(self.codes(['max-recipient-domains=1'], begin + RCPT * 2 + other + b'QUIT\r\n'),
                         [b'250', b'250', b'250', b'250', b'452', b'221'])
        message = MAIL + RCPT + b'DATA\r\nx\r\n.\r\n'
        self.assertEqual(self.codes(['max-messages=1'], b'HELO x\r\n' + message + MAIL)[-2:], [b'250', b'421'])
        self.assertEqual(self.codes(['VRFY=2'], b'VRFY x\r\n' * 5), [b'252', b'252', b'421'])
        self.assertEqual(self.codes(['COMMANDOFTHELONGESTKIND31OCTETS=1'], b'QUIT\r\n'), [b'221'])
        self.assertEqual(self.codes(['max-junk-commands=2'], b'NOOP\r\n' * 30)[-1:], [b'421'])
        self.assertEqual(self.codes(['max-header-size=10'], begin + RCPT + b'DATA\r\nSubject: x\r\n\r\n.\r\nQUIT\r\n'),
                         [b'250', b'250', b'250', b'354', b'552', b'221'])

    def test_connections(self):
        with Gsmtpd('--limit=max-connections-per-client=1', '--limit=limit-local=1') as server:
            sock, file = server.connect()
            with sock, file, socket.create_connection(('127.0.0.1', server.port()), PATIENCE) as second:
                self.assertTrue(second.makefile('rb').read().startswith(b'421 4.7.0 '))

    def test_proxy_header(self):
        with Gsmtpd('--proxy-listen=127.0.0.1:0', '--proxy-network=127.0.0.1', '--limit=proxy-timeout=1',
                    listen=()) as server:
            begin = time.monotonic()
            with socket.create_connection(('127.0.0.1', server.port()), PATIENCE) as silent:
                self.assertEqual(silent.recv(1), b'')
            self.assertGreaterEqual(time.monotonic() - begin, 0.9)

    def test_greeting_delay(self):
        with Gsmtpd('--limit=greeting-delay=500') as server:
            begin = time.monotonic()
            sock, file = server.connect()
            with sock, file:
                self.assertGreaterEqual(time.monotonic() - begin, 0.45)
            with socket.create_connection(('127.0.0.1', server.port()), PATIENCE) as early:
                early.sendall(b'EHLO x\r\n')
                self.assertRegex(early.makefile('rb').read(), rb'\A554 5\.5\.1 [^\r\n]*\r\n\Z')

    def test_foreign(self):
        for octets in (b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'POST / HTTP/1.1\r\n\r\n' + MAIL + RCPT,
                       b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
                       b'\x80' + os.urandom(4096)):
            with Gsmtpd() as server:
                sock, file = server.connect()
                with sock, file:
                    sock.sendall(octets)
                    self.assertRegex(file.read(), rb'\A554 5\.5\.1 [^\r\n]*\r\n\Z')

    def test_real_tls_client(self):
        context = ssl.create_default_context()
        with Gsmtpd() as server, self.assertRaises(ssl.SSLError):
            with socket.create_connection(('127.0.0.1', server.port()), PATIENCE) as sock:
                context.wrap_socket(sock, server_hostname='x')

    def test_usage(self):
        for limit in ('', 'x', 'timeout', 'max-recipients', 'max-recipients=', 'max-recipients=-1', 'max-recipients=x',
                      'max-recipients=4294967296', 'limit-local=2', 'greeting-delay=60001', 'hostname=1', 'vrfy=1', '=1',
                      'V RFY=1', 'A' * 40 + '=1', 'max-recipients=0x10', 'log-dialogue=1'):
            result = run(f'--limit={limit}')
            self.assertEqual((result.returncode, result.stdout), (1, ''), limit)
            self.assertRegex(result.stderr, r'\Agsmtpd: "[^\n]*\nTry "gsmtpd --help"[^\n]*\n\Z', limit)


class Submission(Case):
    def test_submission(self):
        self.assertEqual(run('--submission-listen=127.0.0.1:0').returncode, 1)
        self.assertEqual(run('--submissions-listen=127.0.0.1:0', '--auth-without-tls',
                             '--auth-file', self.users).returncode, 1)

        with self.serve('--tls-self-signed', '--submission-listen=127.0.0.1:0',
                        '--submissions-listen=127.0.0.1:0') as server:
            self.assertEqual(len(server.addresses), 3)
            mail = 'MAIL FROM:<a@example.org>'
            context = ssl._create_unverified_context()
            for index, first in enumerate((250, 530, 530)):
                if index < 2:
                    client = smtplib.SMTP('127.0.0.1', server.port(index), timeout=PATIENCE)
                else:
                    client = smtplib.SMTP_SSL('127.0.0.1', server.port(index), timeout=PATIENCE, context=context)
                with client:
                    client.ehlo()
                    self.assertEqual(client.docmd(mail)[0], first)
                    client.docmd('RSET')
                    self.assertEqual(client.docmd(plain('alice', 'sesame'))[0], 235)
                    self.assertEqual(client.docmd(mail)[0], 250)


if __name__ == '__main__':
    unittest.main()
