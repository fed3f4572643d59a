# SPDX-License-Identifier: LGPL-2.1-or-later

"""Clients that take their time, or say nothing at all: what they hold is given back when their time is over, on
each road and in each phase, and others are served meanwhile."""

import concurrent.futures
import resource
import socket
import ssl
import time
import unittest

from attack import AttackCase, BEGIN, Client, ROADS
from gsmtpd_process import PATIENCE

MESSAGE = BEGIN + b'DATA\r\nx\r\n.\r\n'


class Slow(AttackCase):
    options = ('--timeout=5', '--limit=min-data-rate=1000')

    # What is said at once, and what then comes again and again.
    PHASES = ((b'', b'E'), (b'NOOP\r\n', b'N'), (BEGIN, b'D'), (b'AUTH PLAIN\r\n', b'A'), (BEGIN + b'DATA\r\n', b'x'),
              (BEGIN + b'DATA\r\nx\r\n', b'\r\n'), (BEGIN + b'DATA\r\nx', b'\r\n..'), (BEGIN + b'BDAT 1000000\r\n', b'x'),
              (BEGIN, b'BDAT 1\r\nx'))

    def serve(self, *args, **kwargs):
        return super().serve('--auth-file', self.make_users(), '--auth-without-tls', '--auth-mechanisms=PLAIN', *args, **kwargs)

    def drip(self, client, piece):
        """Up to the end; returns all that was answered."""
        answers = b''
        end = time.monotonic() + PATIENCE
        client.sock.settimeout(0.1)
        while time.monotonic() < end:
            time.sleep(0.1)
            try:
                client.sock.sendall(piece)
            except OSError:
                pass
            try:
                data = client.sock.recv(65536)
            except TimeoutError:
                continue
            except (ConnectionError, ssl.SSLError):
                data = b''
            if not data:
                return answers
            answers += data
        raise AssertionError(f'it may go on: {answers[-200:]}')

    def test_dripping(self):
        """A few octets now and then do not put the end off."""
        clients = []
        for road in ROADS:
            for head, piece in self.PHASES:
                client = Client(self.server, road, hello=head != b'')
                self.addCleanup(client.close)
                client.send(head)
                clients.append((client, piece))
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            running = [pool.submit(self.drip, *client) for client in clients]
            self.assertEqual(self.converse(MESSAGE + b'QUIT\r\n'), [250, 250, 354, 250, 221])
            for future, (_, piece) in zip(running, clients):
                self.assertRegex(future.result()[-200:], rb'(\A|\r\n)421 4\.4\.2 [^\r]+\r\n\Z', piece)
        self.assertEqual(self.take(), [b'x\r\n'])


class Silent(AttackCase):
    options = ('--limit=max-connections=2000',)

    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # Of the server's, too, which has some of its own.
        self.n = 1000 if hard == resource.RLIM_INFINITY else min(1000, hard // 2)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, self.n + 500) if hard == resource.RLIM_INFINITY else hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        super().setUp()

    def test_silent(self):
        """A thousand that do not even listen are in nobody's way."""
        index = [road.index for road in ROADS]
        socks = []
        for i in range(self.n):
            socks.append(socket.create_connection(('127.0.0.1', self.server.port(index[i % len(index)])), PATIENCE))
            self.addCleanup(socks[-1].close)
        for road in ROADS:
            self.assertEqual(self.converse(MESSAGE + b'QUIT\r\n', road), [250, 250, 354, 250, 221])
            self.assertEqual(self.take(), [b'x\r\n'])


if __name__ == '__main__':
    unittest.main()
