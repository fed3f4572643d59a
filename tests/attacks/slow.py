# SPDX-License-Identifier: LGPL-2.1-or-later

"""Clients that take their time, or say nothing at all: what they hold is given back when their time is over, on
each road and in each phase, and others are served meanwhile."""

import concurrent.futures
import os
import resource
import socket
import ssl
import time
import unittest

from attack import AttackCase, BEGIN, CLEAR, Client, LMTP, LMTP_STARTTLS, ROADS, STARTTLS, TLS
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


class Handshakes(Slow):
    options = ('--limit=handshake-timeout=3',)

    # A record that is announced, and would take a minute.
    HELLO = b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'

    def begin(self, road):
        if road == TLS:
            return Client.on(socket.create_connection(('127.0.0.1', self.server.port(road.index)), PATIENCE))
        clear = CLEAR if road == STARTTLS else LMTP
        client = Client(self.server, clear)
        self.assertEqual(client.code(b'STARTTLS\r\n'), 220)
        return client

    def test_dripping(self):
        """They have their time, and then there is not a word in clear."""
        clients = []
        for road in TLS, STARTTLS, LMTP_STARTTLS:
            for head, piece in (b'', b''), (self.HELLO[:1], b''), (self.HELLO, b''), (self.HELLO, b'\0'):
                clients.append((self.begin(road), piece))
                self.addCleanup(clients[-1][0].close)
                clients[-1][0].send(head)
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            running = [pool.submit(self.drip, *client) for client in clients]
            for road in ROADS:
                self.assertEqual(self.converse(MESSAGE + b'QUIT\r\n', road), [250, 250, 354, 250, 221])
            for future in running:
                # At most the alert of TLS.
                self.assertIn(future.result()[:1], (b'', b'\x15'))
        self.assertEqual(self.take(), [b'x\r\n'] * len(ROADS))


class Ends(AttackCase):
    options = ('--limit=write-timeout=2', '--limit=close-timeout=2')

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.server.process.pid}/fd'))

    def run_deaf(self, client):
        """Talks until it cannot."""
        end = time.monotonic() + PATIENCE
        client.sock.settimeout(0.2)
        while time.monotonic() < end:
            try:
                client.sock.send(b'NOOP\r\n' * 2000)
            except TimeoutError:
                pass
            except OSError:
                return
        raise AssertionError('nobody has put an end to it')

    def test_deaf(self):
        """Who does not read its answers."""
        clients = [Client(self.server, road) for road in ROADS]
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            running = [pool.submit(self.run_deaf, client) for client in clients]
            self.assertEqual(self.converse(MESSAGE + b'QUIT\r\n'), [250, 250, 354, 250, 221])
            for future in running:
                future.result()
        for client in clients:
            client.close()
        self.assertEqual(self.take(), [b'x\r\n'])

    def test_staying(self):
        """Who says QUIT, or is put out, and does not leave."""
        # What stays open once there was a connection.
        self.assertEqual(self.converse(MESSAGE + b'QUIT\r\n', TLS)[-1], 221)
        self.take()
        with Client(self.server) as client:
            client.code(b'NOOP\r\n')
            before = self.descriptors()
        for road in ROADS:
            for data, code in (b'QUIT\r\n', 221), (b'X\r\n' * 20, 421):
                client = Client(self.server, road)
                self.addCleanup(client.close)
                client.send(data)
                self.assertEqual(client.codes()[-1], code)
        self.server.wait_until(lambda: self.descriptors() < before)


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
