# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd --chaos: what goes wrong on purpose, as clients see it."""

import os
import re
import smtplib
import ssl
import tempfile
import time
import unittest

from gsmtpd_process import Gsmtpd, run

MESSAGE = b'Subject: Hello\r\n\r\nHow are you?\r\n'


def send(server, recipients=('b@example.org',)):
    with server.client() as client:
        return client.sendmail('a@example.org', list(recipients), MESSAGE)


class Chaos(unittest.TestCase):

    def test_replies(self):
        with Gsmtpd('--chaos=data=451 4.3.0 Come back later') as server:
            with self.assertRaises(smtplib.SMTPDataError) as caught:
                send(server)
            self.assertEqual((caught.exception.smtp_code, caught.exception.smtp_error),
                             (451, b'4.3.0 Come back later'))
            self.assertNotIn(b'How are you', server.output())
        with Gsmtpd('--chaos=connect=421') as server:
            with self.assertRaises(smtplib.SMTPConnectError):
                server.client()

    def test_in_order(self):
        with Gsmtpd('--chaos', 'mail=delay 200', '--chaos', 'rcpt:0=550', '--chaos', 'rcpt=450 4.2.1 Busy',
                    '--chaos', 'rcpt=550') as server:
            begin = time.monotonic()
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as caught:
                send(server)
            self.assertGreater(time.monotonic() - begin, 0.2)
            self.assertEqual(caught.exception.recipients, {'b@example.org': (450, b'4.2.1 Busy')})

    def test_close(self):
        with Gsmtpd('--chaos=data=close') as server:
            with self.assertRaises(smtplib.SMTPServerDisconnected):
                send(server)
            self.assertNotIn(b'How are you', server.output())

    def answers(self, *args):
        with Gsmtpd('-d', '--chaos=rcpt:0.5=450', *args) as server:
            recipients = [f'r{n}@example.org' for n in range(100)]
            return set(send(server, recipients)), re.search(r'--chaos-seed=(\d+)', server.errors()).group(1)

    def test_chance(self):
        refused, seed = self.answers()
        self.assertTrue(20 < len(refused) < 80, len(refused))
        self.assertEqual(self.answers('--chaos-seed', seed), (refused, seed))
        self.assertNotEqual(self.answers('--chaos-seed', str((int(seed) + 1) % 2**32))[0], refused)

    def test_auth(self):
        with tempfile.TemporaryDirectory() as directory:
            users = os.path.join(directory, 'users')
            with open(users, 'w') as file:
                os.fchmod(file.fileno(), 0o600)
                file.write('joe:pencil\n')
            with Gsmtpd('--chaos=auth=454 4.7.0 Not now', '--tls-self-signed', '--auth-file', users) as server, \
                    server.client() as client:
                client.starttls(context=ssl._create_unverified_context())
                with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                    client.login('joe', 'pencil')
                self.assertEqual(caught.exception.smtp_code, 454)
        with Gsmtpd('--chaos=auth=454', '--tls-self-signed') as server, server.client() as client:
            client.starttls(context=ssl._create_unverified_context())
            client.ehlo()
            self.assertFalse(client.has_extn('auth'))

    def test_handshake(self):
        with Gsmtpd('--chaos=tls-handshake=454', '--tls-self-signed') as server, server.client() as client:
            client.starttls(context=ssl._create_unverified_context())
            self.assertEqual(client.ehlo()[0], 554)
        with Gsmtpd('--chaos=tls-handshake=close', '--tls-self-signed') as server, server.client() as client:
            with self.assertRaises((smtplib.SMTPServerDisconnected, ssl.SSLError, ConnectionError)):
                client.starttls(context=ssl._create_unverified_context())
                client.noop()

    def test_relay(self):
        """The next server does not get what was refused, and the one after it whole."""
        with Gsmtpd() as final:
            with Gsmtpd('--chaos=data:0.5=451', '--chaos-seed=1', '-H', f'relay:{final.addresses[0]}') as server:
                refused = 0
                with server.client() as client:
                    for _ in range(20):
                        try:
                            client.sendmail('a@example.org', ['b@example.org'], MESSAGE)
                        except smtplib.SMTPDataError:
                            refused += 1
            self.assertTrue(0 < refused < 20)
            self.assertEqual(final.output().count(b'How are you?'), 20 - refused)

    def test_wrong(self):
        for args, reason in ((['--chaos=rcpt'], 'is no rule'), (['--chaos=burl=450'], 'is no phase'),
                             (['--chaos=rcpt:2=450'], 'is no probability'), (['--chaos=rcpt=250'], 'goes wrong'),
                             (['--chaos-seed=1'], 'needs --chaos'), (['--chaos=rcpt=450', '--chaos-seed=x'], 'no value')):
            with self.subTest(args):
                result = run(*args, '-l', '127.0.0.1:0')
                self.assertEqual((result.returncode, result.stdout), (1, ''))
                self.assertIn(reason, result.stderr)


if __name__ == '__main__':
    unittest.main()
