# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd delivers into an mbox, and Python's module of that name reads it, locks it and
writes it anew meanwhile."""

import mailbox
import os
import random
import re
import signal
import smtplib
import tempfile
import threading
import time
import unittest

from gsmtpd_process import PATIENCE, Gsmtpd, run

SENDER = 'sender@example.org'
RECIPIENT = 'recipient@example.org'
MESSAGE = b'Subject: Hello\r\n\r\nHow are you?\r\n'

N_CLIENTS = 6
LONGEST_ROUND = 0.25


def unquote(text):
    """The module knows nothing of mboxrd."""
    return re.sub(rb'^>(>*From )', rb'\1', text, flags=re.M)


def split_trace(text):
    """(Return-Path, Received, the message as it was sent but for its line ends)."""
    return re.fullmatch(rb'Return-Path: <([^\n]*)>\n(Received: [^\n]*\n(?:[ \t][^\n]*\n)*)(.*)',
                        text, re.S).groups()


def local(message):
    return message.replace(b'\r\n', b'\n')


class MboxCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.path = os.path.join(directory.name, 'mbox')

    def server(self):
        return Gsmtpd('--handler=mbox:' + self.path)

    def open(self):
        mbox = mailbox.mbox(self.path, create=False)
        self.addCleanup(mbox.close)
        return mbox

    def read(self):
        """The messages, without what was put in front of them."""
        mbox = self.open()
        return [split_trace(unquote(mbox.get_bytes(key)))[2] for key in mbox.keys()]

    def check_unlocked(self):
        self.assertEqual(os.listdir(self.directory), ['mbox'])


class Delivery(MboxCase):
    def test_exact(self):
        rng = random.Random(1)
        octets = bytes(x for x in range(256) if x not in b'\r\n')
        starts = [b'', b'From ', b'>From ', b'>>>From ', b'From', b'.', b'\0']
        lines = [rng.choice(starts) + bytes(rng.choices(octets, k=rng.randrange(200))) for _ in range(2000)]
        messages = [
            MESSAGE,
            b'From sender@example.org Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\nx\r\n',
            b'Subject: x\r\n\r\nFrom a\r\n>From b\r\n>>From c\r\n\r\nFrom d\r\n From e\r\n',
            b'Subject: x\r\n\r\n\r\n\r\n',
            b'\r\n',
            b'\r\n' + b'\r\n'.join(lines) + b'\r\n',
        ]
        with self.server() as server:
            self.check_unlocked()
            with server.client() as client:
                for message in messages:
                    client.sendmail(SENDER, RECIPIENT, message)
            self.check_unlocked()
        self.assertEqual(self.read(), [local(message) for message in messages])

    def test_fields(self):
        with self.server() as server:
            with server.client() as client:
                client.sendmail(SENDER, RECIPIENT, MESSAGE)
                client.sendmail('', [RECIPIENT, 'other@example.org'], MESSAGE)
        first, second = self.open()
        # "sender@example.org Thu Jan  1 00:00:00 1970", in universal time.
        sender, _, date = first.get_from().partition(' ')
        self.assertEqual(sender, SENDER)
        age = time.time() - (time.mktime(time.strptime(date, '%a %b %d %H:%M:%S %Y')) - time.timezone)
        self.assertTrue(-5 < age < 2 * PATIENCE, date)
        self.assertEqual(first.keys(), ['Return-Path', 'Received', 'Subject'])
        self.assertEqual(first['Return-Path'], f'<{SENDER}>')
        self.assertRegex(first['Received'], r'\Afrom client\.example\.org \(\[127\.0\.0\.1\]\)\s+by \S+ with ESMTP '
                                            r'id \S+\s+for <recipient@example\.org>;\s')
        self.assertEqual(first.get_payload(), 'How are you?\n')

        self.assertEqual(second.get_from().partition(' ')[0], 'MAILER-DAEMON')
        self.assertEqual(second['Return-Path'], '<>')
        self.assertNotIn('example.org>', second['Received'])

    def test_by_turns(self):
        """Both write, and each reads what the other one wrote."""
        with self.server() as server:
            for number in range(10):
                mbox = self.open()
                mbox.lock()
                mbox.add(b'Return-Path: <>\nReceived: x\nSubject: module %d\n\nx' % number)
                mbox.close()
                with server.client() as client:
                    client.sendmail(SENDER, RECIPIENT, b'Subject: gsmtpd %d\r\n\r\nx\r\n' % number)
        subjects = [message['Subject'] for message in self.open()]
        self.assertEqual(subjects, [f'{who} {i}' for i in range(10) for who in ('module', 'gsmtpd')])
        self.check_unlocked()

    def test_bad_mbox(self):
        for path in self.directory, '/dev/null', self.path + '/x':
            result = run('-l', '127.0.0.1:0', '-H', 'mbox:' + path)
            self.assertEqual((result.returncode, result.stdout), (1, ''))
            self.assertRegex(result.stderr, r'\Agsmtpd: [^\n]*' + re.escape(path) + r'[^\n]*\n\Z')
        result = run('-l', '127.0.0.1:0', '-H', 'mbox:')
        self.assertEqual((result.returncode, result.stdout), (1, ''))
        self.assertRegex(result.stderr, r'\Agsmtpd: mbox: needs a file\nTry [^\n]*\n\Z')


class Client(threading.Thread):
    """Sends messages until there is no server any more; accepted has the numbers of those
    that were answered with 250."""

    def __init__(self, server, name):
        super().__init__(name=name)
        self.server = server
        self.accepted = []
        self.stop = False

    def run(self):
        try:
            with self.server.client() as client:
                number = 0
                while not self.stop:
                    body = b''.join(b'From %d\r\n' % i for i in range(number % 7 * 1000))
                    client.sendmail(SENDER, RECIPIENT, b'Subject: %s-%d\r\n\r\n%sEnd\r\n'
                                    % (self.name.encode(), number, body))
                    self.accepted.append(f'{self.name}-{number}')
                    number += 1
        except (OSError, smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError):
            # That is what a killed server looks like.
            pass


class Company(MboxCase):
    def start_clients(self, server, prefix=''):
        clients = [Client(server, f'{prefix}{i}') for i in range(N_CLIENTS)]
        for client in clients:
            client.start()
        return clients

    def finish_clients(self, clients):
        for client in clients:
            client.stop = True
        for client in clients:
            client.join(PATIENCE)
            self.assertFalse(client.is_alive())
        return [name for client in clients for name in client.accepted]

    def take_all(self):
        """As a mail program fetches mail: under the lock, with a new file in the end."""
        mbox = mailbox.mbox(self.path, create=False)
        while True:
            try:
                mbox.lock()
                break
            except mailbox.ExternalClashError:
                time.sleep(0.001)
        try:
            # It may be another file than the one that was opened.
            fresh = mailbox.mbox(self.path, create=False)
            same = os.fstat(mbox._file.fileno()).st_ino == os.stat(self.path).st_ino
            fresh.close()
            if not same:
                return []
            messages = [mbox.get_message(key) for key in mbox.keys()]
            mbox.clear()
            mbox.flush()
            return messages
        finally:
            mbox.close()

    def test_fetched_meanwhile(self):
        fetched = []
        with self.server() as server:
            clients = self.start_clients(server)
            end = time.monotonic() + 2
            while time.monotonic() < end:
                fetched += self.take_all()
                time.sleep(0.01)
            accepted = self.finish_clients(clients)
            fetched += self.take_all()
            self.assertEqual(server.end(), 0)
        for message in fetched:
            self.assertTrue(message.get_payload().endswith('End\n'))
        self.assertEqual(sorted(message['Subject'] for message in fetched), sorted(accepted))
        self.assertGreater(len(accepted), N_CLIENTS)
        self.check_unlocked()

    def test_killed(self):
        """What was answered with 250 is there as a whole, whatever else is."""
        rng = random.Random()
        accepted, whole = set(), set()
        for number in range(15):
            # Now and then, or reading would take ever longer.
            if number % 3 == 0 and number > 0:
                os.unlink(self.path)
            with self.server() as server:
                clients = self.start_clients(server, f'{number}-')
                time.sleep(rng.uniform(0, LONGEST_ROUND))
                self.assertEqual(server.end(signal.SIGKILL), -signal.SIGKILL)
                accepted.update(self.finish_clients(clients))
            # The lock of the one that was killed, which nobody would wait for here.
            if os.path.exists(self.path + '.lock'):
                os.unlink(self.path + '.lock')
            whole |= {message['Subject'] for message in self.open()
                      if message.get_payload().endswith('End\n')}
            self.assertEqual(accepted - whole, set())
        self.assertGreater(len(accepted), 15)


if __name__ == '__main__':
    unittest.main()
