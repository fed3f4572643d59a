# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd gets SIGTERM again and again while smtp-source sends to it: what it has answered with
250 must be in the Maildir, once, and nothing else."""

import collections
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from gsmtpd_process import PATIENCE, Gsmtpd

N_ROUNDS = int(os.environ.get('SMTPD_DRAIN_ROUNDS', 20))
N_SENDERS = 4
N_SESSIONS = 5
LONGEST_ROUND = 0.3

SMTP_SOURCE = shutil.which('smtp-source', path=os.environ.get('PATH', '') + ':/usr/sbin')
MESSAGE_ID = re.compile(rb'^Message-Id: (.*)\r$', re.I | re.M)


class Recorder(threading.Thread):
    """One connection, passed on in both directions; remembers what was said."""

    def __init__(self, client, port):
        super().__init__()
        self.client = client
        self.sent = bytearray()
        self.said = bytearray()
        self.server = None
        try:
            self.server = socket.create_connection(('127.0.0.1', port), timeout=PATIENCE)
        except OSError:
            client.close()

    def replies(self):
        return [line[:3] for line in bytes(self.said).split(b'\r\n')[:-1] if line[3:4] == b' ']

    def accepted(self):
        """The messages that were answered with 250."""
        names = MESSAGE_ID.findall(bytes(self.sent))
        replies = self.replies()
        results = [replies[i + 1:i + 2] for i, code in enumerate(replies) if code == b'354']
        return [name for name, result in zip(names, results) if result == [b'250']]

    def pass_on(self, source, sink, record):
        try:
            while data := source.recv(65536):
                record += data
                sink.sendall(data)
        except OSError:
            pass

    def run(self):
        if self.server is None:
            return
        answers = threading.Thread(target=self.pass_on, args=(self.server, self.client, self.said))
        answers.start()
        self.pass_on(self.client, self.server, self.sent)
        # A sender that is told 421 gives up all its sessions. Who has sent a message is to hear of it.
        if self.sent.endswith(b'\r\n.\r\n'):
            self.wait_for_reply(answers)
        try:
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        answers.join()
        self.client.close()
        self.server.close()

    def wait_for_reply(self, answers):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.replies()[-1:] == [b'354']:
            answers.join(0.002)
            if not answers.is_alive():
                # It could not pass on what came before.
                try:
                    if not (data := self.server.recv(65536)):
                        break
                    self.said += data
                except OSError:
                    break


class Proxy(threading.Thread):
    def __init__(self, port):
        super().__init__()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.server_port = port
        self.recorders = []

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            recorder = Recorder(client, self.server_port)
            self.recorders.append(recorder)
            recorder.start()

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.join()
        self.listener.close()
        for recorder in self.recorders:
            recorder.join()


@unittest.skipIf(SMTP_SOURCE is None, 'smtp-source is not there')
class Drain(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.maildir = os.path.join(directory.name, 'm')

    def run_round(self, seconds, *options):
        """Returns the messages that were answered with 250."""
        with Gsmtpd('-H', 'maildir:' + self.maildir, '--drain-time=60') as server:
            proxy = Proxy(server.port())
            proxy.start()
            senders = [subprocess.Popen(
                [SMTP_SOURCE, '-s', str(N_SESSIONS), '-m', '1000000', '-l', '3000', *options,
                 f'inet:127.0.0.1:{proxy.port}'], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(N_SENDERS)]
            time.sleep(seconds)
            status = server.end()
            for sender in senders:
                if sender.poll() is None:
                    sender.kill()
                sender.wait()
            proxy.end()
            self.assertEqual(status, 0)
            return [name for recorder in proxy.recorders for name in recorder.accepted()]

    def found(self):
        names = []
        new = os.path.join(self.maildir, 'new')
        for entry in os.listdir(new):
            with open(os.path.join(new, entry), 'rb') as file:
                names.append(MESSAGE_ID.search(file.read())[1])
        shutil.rmtree(self.maildir)
        return names

    def test_terminate(self):
        rng = random.Random()
        total = 0
        for number in range(N_ROUNDS):
            options = ('-d',) if number % 2 else ()
            accepted = self.run_round(rng.uniform(0, LONGEST_ROUND), *options)
            self.assertEqual(collections.Counter(self.found()), collections.Counter(accepted))
            total += len(accepted)

        print(f'# {total} messages in {N_ROUNDS} rounds')
        # Else the rounds were too short to say anything.
        self.assertGreater(total, N_ROUNDS)


if __name__ == '__main__':
    unittest.main()
