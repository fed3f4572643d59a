# SPDX-License-Identifier: LGPL-2.1-or-later

"""More clients at once than gsmtpd has descriptors for: each is served in its turn, or told 421, and the
server neither spins nor keeps anything of them."""

import os
import resource
import select
import socket
import time
import unittest

from gsmtpd_process import Gsmtpd

N_CLIENTS = 10000
LIMIT = 1024
# Of all of it together, however slow the machine is.
PATIENCE = 240
# So that many addresses have ports to come from.
SOURCES = [f'127.0.0.{n}' for n in range(2, 10)]
IP_BIND_ADDRESS_NO_PORT = 24
# With more clients than may wait to be accepted, the kernel forgets some that take themselves for connected: those
# hear nothing, and try again after so long.
RETRY = 10
# How long they only wait.
HOLD = 3


def set_limit():
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))


class ShortServer(Gsmtpd):
    """With few descriptors."""

    def __init__(self, *args):
        super().__init__(*args, preexec_fn=set_limit)

    def cpu_time(self):
        with open(f'/proc/{self.process.pid}/stat', encoding='ascii') as file:
            fields = file.read().rpartition(') ')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def n_descriptors(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))


class Crowd:
    """Clients that connect all at once, and each of which says QUIT when it is greeted and may."""

    def __init__(self, port, n):
        self.port = port
        self.poll = select.epoll()
        self.clients = {}
        self.greeted = set()
        self.may_quit = False
        self.n_served = self.n_refused = self.n_other = 0
        self.connect(n)

    def connect(self, n):
        for i in range(n):
            client = socket.socket()
            client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            client.bind((SOURCES[i % len(SOURCES)], 0))
            client.setblocking(False)
            client.connect_ex(('127.0.0.1', self.port))
            self.clients[client.fileno()] = (client, bytearray())
            self.poll.register(client, select.EPOLLIN)

    def run(self, seconds, silence=PATIENCE):
        """Until all have gone, the time is over, or nobody has heard anything for so long."""
        last = time.monotonic()
        end = last + seconds
        while self.clients and time.monotonic() < min(end, last + silence):
            for descriptor, _ in self.poll.poll(0.1):
                self.take(descriptor)
                last = time.monotonic()

    def retry(self):
        """Those who have heard nothing."""
        silent = [item for item in self.clients.items() if not item[1][1]]
        for descriptor, (client, _) in silent:
            del self.clients[descriptor]
            self.poll.unregister(client)
            client.close()
        self.connect(len(silent))
        return len(silent)

    def take(self, descriptor):
        client, text = self.clients[descriptor]
        try:
            data = client.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b''
        text += data
        if not data:
            self.forget(descriptor)
        elif text.startswith(b'220 ') and descriptor not in self.greeted:
            self.greeted.add(descriptor)
            if self.may_quit:
                client.send(b'QUIT\r\n')

    def forget(self, descriptor):
        client, text = self.clients.pop(descriptor)
        self.poll.unregister(client)
        client.close()
        # The number is another's now.
        self.greeted.discard(descriptor)
        if text.startswith(b'220 ') and b'\r\n221 ' in text:
            self.n_served += 1
        elif text.startswith(b'421 '):
            self.n_refused += 1
        else:
            self.n_other += 1

    def let_quit(self):
        self.may_quit = True
        for descriptor in self.greeted:
            self.clients[descriptor][0].send(b'QUIT\r\n')

    def close(self):
        for client, _ in self.clients.values():
            client.close()
        self.poll.close()


class Burst(unittest.TestCase):
    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < N_CLIENTS + 100:
            self.skipTest(f'only {hard} descriptors')
        if soft != resource.RLIM_INFINITY and soft < N_CLIENTS + 100:
            resource.setrlimit(resource.RLIMIT_NOFILE, (N_CLIENTS + 100, hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def run_burst(self, *options):
        with ShortServer('-H', 'sink', *options) as server:
            base = server.n_descriptors()
            crowd = Crowd(server.port(), N_CLIENTS)
            self.addCleanup(crowd.close)

            # All wait, the server for a descriptor to come free.
            crowd.run(HOLD)
            before = server.cpu_time()
            crowd.run(HOLD)
            self.assertLess(server.cpu_time() - before, HOLD / 2)
            self.assertLessEqual(server.n_descriptors(), LIMIT)

            crowd.let_quit()
            end = time.monotonic() + PATIENCE
            n_retries = 0
            crowd.run(PATIENCE, RETRY)
            while crowd.clients and time.monotonic() < end:
                # The server has none of them.
                self.assertLessEqual(server.n_descriptors(), base)
                n_retries += crowd.retry()
                crowd.run(PATIENCE, RETRY)
            self.assertEqual((len(crowd.clients), crowd.n_other), (0, 0))
            self.assertEqual(crowd.n_served + crowd.n_refused, N_CLIENTS)
            print(f'# {crowd.n_served} served, {crowd.n_refused} refused, {n_retries} tried again, '
                  f'{server.cpu_time():.2f} s of processor time')
            # A client costs some 0.1 ms.
            self.assertLess(server.cpu_time(), 30)

            server.wait_until(lambda: server.n_descriptors() <= base)
            with server.client() as client:
                client.sendmail('a@example.org', ['b@example.org'], 'x\r\n')
            self.assertEqual(server.end(), 0)
            self.assertEqual(server.errors(), '')
            return crowd

    def test_served(self):
        crowd = self.run_burst()
        self.assertEqual(crowd.n_refused, 0)

    def test_refused(self):
        crowd = self.run_burst('--limit=max-connections=500')
        self.assertGreaterEqual(crowd.n_served, 500)
        self.assertGreater(crowd.n_refused, 0)


if __name__ == '__main__':
    unittest.main()
