# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd that relays: to another gsmtpd, and to Postfix's smtp-sink in its bad moods."""

import os
import random
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from gsmtpd_process import PATIENCE, Gsmtpd, run
from test_gsmtpd import MESSAGE, RECIPIENT, SENDER, TempDirCase, need, read_maildir

SMTP_SINK = shutil.which('smtp-sink', path='/usr/sbin:/usr/local/sbin:/usr/bin')
TRACE = re.compile(rb'\AReceived: from .*?;\r\n\t[^\r\n]*\r\n', re.S)


def relay_to(port, *args):
    return Gsmtpd('-H', f'relay:127.0.0.1:{port}', *args)


def without_trace(message):
    rest, n = TRACE.subn(b'', message, count=1)
    assert n == 1, message[:200]
    return rest


class ToMaildir(TempDirCase):
    def setUp(self):
        super().setUp()
        self.back = Gsmtpd('-H', 'maildir:' + self.path('m'), '-u')
        self.back.__enter__()
        self.addCleanup(self.back.__exit__, None, None, None)

    def delivered(self):
        return sorted(without_trace(message) for message in read_maildir(self.path('m')))

    def test_octets(self):
        rng = random.Random(2)
        octets = bytes(x for x in range(256) if x not in b'\r\n')
        lines = [bytes(rng.choices(octets, k=rng.randrange(200))) for _ in range(2000)]
        dotted = [b'.' * rng.randrange(4) + line for line in lines]
        messages = [b'\r\n', b'.\r\n..\r\n', MESSAGE, b'\r\n'.join(lines) + b'\r\n',
                    b'\r\n'.join(dotted) + b'\r\n', b'0123456789abcde\r\n' * 300000]

        with relay_to(self.back.port()) as front, front.client() as client:
            for message in messages:
                client.sendmail(SENDER, RECIPIENT, message)
        self.assertEqual(self.delivered(), sorted(messages))

    def test_trace(self):
        with relay_to(self.back.port(), '--hostname=front.example.org') as front, front.client() as client:
            client.sendmail(SENDER, RECIPIENT, MESSAGE)
        message, = read_maildir(self.path('m'))
        self.assertRegex(message, rb'\AReceived: from client\.example\.org \(\[127\.0\.0\.1\]\)\r\n'
                                  rb'\tby front\.example\.org with ESMTP id \S+\r\n'
                                  rb'\tfor <recipient@example\.org>;\r\n\t')

    def test_many_at_once(self):
        n_clients, n_messages = 10, 30

        def send(number):
            with front.client() as client:
                for i in range(n_messages):
                    client.sendmail(SENDER, RECIPIENT, b'Subject: %d %d\r\n' % (number, i))

        with relay_to(self.back.port()) as front:
            threads = [threading.Thread(target=send, args=(i,)) for i in range(n_clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(self.delivered(), sorted(b'Subject: %d %d\r\n' % (i, j)
                                                  for i in range(n_clients) for j in range(n_messages)))

    def test_extensions(self):
        with relay_to(self.back.port(), '-u') as front, front.client() as client:
            client.sendmail('ü@example.org', 'ä@example.org', MESSAGE,
                            mail_options=['SMTPUTF8', 'BODY=8BITMIME'])
        self.assertEqual(self.delivered(), [MESSAGE])

    def test_chain(self):
        with relay_to(self.back.port()) as middle, relay_to(middle.port()) as front:
            with front.client() as client:
                client.sendmail(SENDER, RECIPIENT, MESSAGE)
        message, = self.delivered()
        self.assertEqual(without_trace(message), MESSAGE)

    def test_chunks(self):
        with relay_to(self.back.port()) as front:
            sock, file = front.connect()
            with sock, file:
                sock.sendall(b'EHLO client.example.org\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\n'
                             b'BDAT 4\r\n.\r\n.' b'BDAT 8 LAST\r\n\r\nno end' b'QUIT\r\n')
                last = file.read().splitlines()[-1]
        self.assertEqual(last[:3], b'221')
        self.assertEqual(self.delivered(), [b'.\r\n.\r\nno end\r\n'])

    def test_next_server_goes_away(self):
        with relay_to(self.back.port()) as front, front.client() as client:
            client.sendmail(SENDER, RECIPIENT, MESSAGE)
            port = self.back.port()
            self.assertEqual(self.back.end(), 0)
            self.assertEqual(client.docmd(f'MAIL FROM:<{SENDER}>')[0], 451)
            with Gsmtpd('-H', 'maildir:' + self.path('m'), listen=[f'127.0.0.1:{port}']):
                client.sendmail(SENDER, RECIPIENT, MESSAGE)
        self.assertEqual(self.delivered(), [MESSAGE, MESSAGE])

    def test_size(self):
        """The limit of the next server is the one that counts, whatever this one allows."""
        with Gsmtpd('-H', 'sink', '-s', '1000') as back, relay_to(back.port()) as front:
            with front.client() as client:
                client.ehlo()
                self.assertEqual(client.mail(SENDER, ['SIZE=2000'])[0], 552)
                client.mail(SENDER)
                client.rcpt(RECIPIENT)
                self.assertEqual(client.data(b'x' * 1500 + b'\r\n')[0], 552)

    @need('swaks')
    def test_swaks(self):
        with relay_to(self.back.port()) as front:
            subprocess.run(['swaks', '--to', RECIPIENT, '--from', SENDER, '--server',
                            f'127.0.0.1:{front.port()}', '--body', 'By swaks.', '--pipeline'],
                           check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)
        self.assertIn(b'\r\nBy swaks.\r\n', self.delivered()[0])


class Sink:
    """smtp-sink on a free port, which it cannot choose itself."""

    def __init__(self, *args):
        with socket.socket() as sock:
            sock.bind(('127.0.0.1', 0))
            self.port = sock.getsockname()[1]
        user = ['-u', 'nobody'] if os.geteuid() == 0 else []
        self.args = [SMTP_SINK, *user, *args, f'127.0.0.1:{self.port}', '100']

    def __enter__(self):
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.args, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.stderr)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(('127.0.0.1', self.port), timeout=PATIENCE).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.__exit__()
                    raise
                time.sleep(0.01)

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.stderr.close()


@unittest.skipUnless(SMTP_SINK, 'smtp-sink is not installed')
class ToSink(unittest.TestCase):
    def codes(self, *args):
        """What a client is told at MAIL, RCPT, DATA and at the end, up to the first refusal."""
        with Sink(*args) as sink, relay_to(sink.port) as front, front.client() as client:
            client.ehlo()
            told = []
            for command, wanted in ((f'MAIL FROM:<{SENDER}>', 250), (f'RCPT TO:<{RECIPIENT}>', 250),
                                    ('DATA', 354), (MESSAGE.decode() + '.', 250)):
                client.send(command + '\r\n')
                code, _ = client.getreply()
                told.append(code)
                if code != wanted:
                    break
            # It has not ended for this client.
            self.assertEqual(client.docmd('NOOP')[0], 250)
            return told

    def test_good(self):
        for args in (), ('-e',), ('-8',), ('-p',), ('-P',), ('-E',), ('-N',), ('-a',):
            with self.subTest(args):
                self.assertEqual(self.codes(*args), [250, 250, 354, 250])

    def test_refuses(self):
        for option, code in ('-r', 450), ('-f', 500):
            for at, before in (('MAIL', []), ('RCPT', [250]), ('DATA', [250, 250]), ('.', [250, 250, 354])):
                with self.subTest(f'{option} {at}'):
                    self.assertEqual(self.codes(option, at), before + [code])

    def test_refuses_hello(self):
        for option in '-r', '-f':
            for at in 'CONNECT', 'EHLO,HELO':
                with self.subTest(f'{option} {at}'):
                    self.assertEqual(self.codes(option, at), [451])

    def test_knows_no_ehlo(self):
        self.assertEqual(self.codes('-f', 'EHLO'), [250, 250, 354, 250])

    def test_disconnects(self):
        for option in '-q', '-Q':
            for at, before in (('CONNECT', []), ('EHLO', []), ('MAIL', []), ('RCPT', [250]),
                               ('DATA', [250, 250]), ('.', [250, 250, 354])):
                with self.subTest(f'{option} {at}'):
                    self.assertEqual(self.codes(option, at), before + [451])

    def test_aborts_in_text(self):
        self.assertEqual(self.codes('-A', '0')[-1], 451)

    def test_reads_late(self):
        with Sink('-H', '1') as sink, relay_to(sink.port) as front, front.client() as client:
            client.sendmail(SENDER, RECIPIENT, b'0123456789abcde\r\n' * 300000)

    def test_in_bursts(self):
        with Sink() as sink, relay_to(sink.port) as front, front.client() as client:
            for _ in range(200):
                client.sendmail(SENDER, [RECIPIENT, 'other@example.org'], MESSAGE)

    def test_sink_is_stopped(self):
        """A server that hangs is not waited for for ever, and not answered for."""
        with Sink() as sink, relay_to(sink.port) as front, front.client() as client:
            client.sendmail(SENDER, RECIPIENT, MESSAGE)
            sink.process.send_signal(signal.SIGSTOP)
            client.putcmd('MAIL', f'FROM:<{SENDER}>')
            time.sleep(0.3)
            sink.process.send_signal(signal.SIGKILL)
            self.assertEqual(client.getreply()[0], 451)


class Options(unittest.TestCase):
    def test_wrong(self):
        for handler in 'relay', 'relay:', 'relay:host:port', 'relay:[::1':
            with self.subTest(handler):
                result = run('-l', '127.0.0.1:0', '-H', handler)
                self.assertEqual((result.returncode, result.stdout), (1, ''))
                self.assertIn(handler.partition(':')[2], result.stderr)

    def test_nobody_there(self):
        with relay_to(1) as front:
            with self.assertRaises(smtplib.SMTPSenderRefused) as caught, front.client() as client:
                client.sendmail(SENDER, RECIPIENT, MESSAGE)
            self.assertEqual(caught.exception.smtp_code, 451)
            self.assertTrue(caught.exception.smtp_error.startswith(b'4.4.1 '))
            self.assertIn('Relay to 127.0.0.1:1: ', front.errors())

    def test_stopped_with_connections(self):
        with Gsmtpd('-H', 'sink') as back, relay_to(back.port()) as front:
            client = front.client()
            client.sendmail(SENDER, RECIPIENT, MESSAGE)
            client.mail(SENDER)
            self.assertEqual(front.end(), 0)
            client.close()
            self.assertEqual(front.errors(), '')


if __name__ == '__main__':
    unittest.main()
