# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd is killed again and again while it delivers into a Maildir: whatever it has
answered with 250 must be whole in "new", and nothing else may be there."""

import hashlib
import os
import random
import signal
import smtplib
import tempfile
import threading
import time
import unittest

from gsmtpd_process import PATIENCE, Gsmtpd, take_off_trace

N_ROUNDS = 30
N_CLIENTS = 6
LONGEST_ROUND = 0.25


def make_message(rng, name):
    """Can be checked to be whole by itself: its first line is its name and the digest of the rest."""
    body = b''.join(b'%064x\r\n' % rng.getrandbits(256) for _ in range(rng.choice((1, 10, 100, 3000))))
    return name.encode() + b' ' + hashlib.sha256(body).hexdigest().encode() + b'\r\n' + body


def name_if_whole(content):
    first, _, body = content.partition(b'\r\n')
    name, _, digest = first.partition(b' ')
    if digest.decode() != hashlib.sha256(body).hexdigest():
        return None
    return name.decode()


class Client(threading.Thread):
    """Sends messages until there is no server any more; accepted has the names of those
    that were answered with 250."""

    def __init__(self, server, name):
        super().__init__(name=name)
        self.server = server
        self.rng = random.Random(name)
        self.accepted = []
        self.errors = []

    def run(self):
        try:
            self.send_messages()
        except (OSError, smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError):
            # That is what a killed server looks like.
            pass
        except Exception as error:
            self.errors.append(error)

    def send_messages(self):
        client = self.server.client()
        try:
            number = 0
            while True:
                name = f'{self.name}-{number}'
                client.sendmail('a@example.org', 'b@example.org', make_message(self.rng, name))
                self.accepted.append(name)
                number += 1
        finally:
            client.close()


class Kill(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.maildir = os.path.join(directory.name, 'm')
        self.accepted = set()

    def run_round(self, number, seconds):
        with Gsmtpd('-H', 'maildir:' + self.maildir) as server:
            clients = [Client(server, f'{number}-{i}') for i in range(N_CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(seconds)
            self.assertEqual(server.end(signal.SIGKILL), -signal.SIGKILL)
            for client in clients:
                client.join(PATIENCE)
                self.assertFalse(client.is_alive())
                self.assertEqual(client.errors, [])
                self.accepted.update(client.accepted)

    def check(self):
        """Returns how many messages are there that nobody was told of."""
        new = os.path.join(self.maildir, 'new')
        found = set()
        for entry in os.listdir(new):
            with open(os.path.join(new, entry), 'rb') as file:
                name = name_if_whole(take_off_trace(file.read()))
            self.assertIsNotNone(name, f'{entry} is not whole')
            self.assertNotIn(name, found)
            found.add(name)
        self.assertEqual(self.accepted - found, set())
        return len(found - self.accepted)

    def test_kill(self):
        rng = random.Random()
        for number in range(N_ROUNDS):
            self.run_round(number, rng.uniform(0, LONGEST_ROUND))
            # At most the one that each client was waiting for, each time.
            self.assertLessEqual(self.check(), N_CLIENTS * (number + 1))

        # Else the rounds were too short to say anything.
        self.assertGreater(len(self.accepted), N_ROUNDS)

    def test_terminate(self):
        """The same when it may end in its own time."""
        with Gsmtpd('-H', 'maildir:' + self.maildir) as server:
            clients = [Client(server, f'{i}') for i in range(N_CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(LONGEST_ROUND)
            self.assertEqual(server.end(), 0)
            for client in clients:
                client.join(PATIENCE)
                self.assertTrue(all(isinstance(error, smtplib.SMTPResponseException)
                                    for error in client.errors), client.errors)
                self.accepted.update(client.accepted)
        self.check()


if __name__ == '__main__':
    unittest.main()
