# SPDX-License-Identifier: LGPL-2.1-or-later

"""A system that does not do what it should: no descriptors, no room on the disk, disks that fail, calls
that are interrupted or do half of their work, clocks that jump, clients that vanish. Whatever it is,
what was answered with 250 is in the Maildir, once and whole, and nothing else is."""

import email
import email.utils
import glob
import hashlib
import os
import random
import resource
import shutil
import smtplib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, 'interop'))

from gsmtpd_process import GSMTPD, Gsmtpd, PATIENCE, take_off_trace  # noqa: E402

SHIM = os.environ.get('SMTPD_FAULTS_SHIM')
SIZES = 100, 3000, 300 * 1024


def is_sanitized():
    with open(GSMTPD, 'rb') as file:
        return b'libasan' in file.read()


def find_faketime():
    found = glob.glob('/usr/lib/*/faketime/libfaketimeMT.so.1')
    return found[0] if found else None


def make_message(number, size):
    rng = random.Random(number)
    body = b''.join(b'%064x\r\n' % rng.getrandbits(256) for _ in range(size // 66 + 1))
    return b'%d %s\r\n' % (number, hashlib.sha256(body).hexdigest().encode()) + body


def number_if_whole(content):
    first, _, body = content.partition(b'\r\n')
    number, _, digest = first.partition(b' ')
    assert digest.decode() == hashlib.sha256(body).hexdigest(), content[:200]
    return int(number)


class Process(Gsmtpd):
    """With an environment, and limits."""

    def __init__(self, *args, environment=None, limits=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.environment = environment or {}
        self.limits = limits or {}

    def __enter__(self):
        # Only what is started takes part in it.
        if not self.environment and not self.limits:
            return super().__enter__()
        words = [f'{name}={value}' for name, value in self.environment.items()]
        limits = [f'--{name}={value}' for name, value in self.limits.items()]
        self.args = (['prlimit', *limits] if limits else []) + ['env', *words] + self.args
        return super().__enter__()


class FaultCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.maildir = os.path.join(self.directory, 'm')
        self.next = 0

    def serve(self, *args, **kwargs):
        return Process('-H', 'maildir:' + self.maildir, '--drain-time=5', *args, **kwargs)

    def send(self, server, sizes=SIZES, client=None):
        """Returns the codes of the answers, with the numbers of the messages."""
        result = []
        own = client or server.client()
        try:
            for size in sizes:
                self.next += 1
                number = self.next
                try:
                    own.sendmail('a@example.org', ['b@example.org'], make_message(number, size))
                    result.append((250, number))
                except smtplib.SMTPResponseException as error:
                    result.append((error.smtp_code, number))
                except smtplib.SMTPRecipientsRefused as error:
                    result.append((error.recipients['b@example.org'][0], number))
        finally:
            if client is None:
                own.close()
        return result

    def found(self):
        numbers = []
        for name in os.listdir(os.path.join(self.maildir, 'new')):
            with open(os.path.join(self.maildir, 'new', name), 'rb') as file:
                numbers.append(number_if_whole(take_off_trace(file.read())))
        return sorted(numbers)

    def check(self, server, results, codes=(250,)):
        """What was taken is there, and nothing else; nothing is left lying."""
        self.assertEqual(self.found(), sorted(number for code, number in results if code == 250))
        self.assertEqual({code for code, _ in results}, set(codes))
        server.wait_until(lambda: os.listdir(os.path.join(self.maildir, 'tmp')) == [])
        self.assertEqual(server.end(), 0, server.errors())

    def descriptors(self, server):
        return len(os.listdir(f'/proc/{server.process.pid}/fd'))


@unittest.skipIf(SHIM is None or is_sanitized(), 'nothing can be preloaded')
class Calls(FaultCase):
    def run_faults(self, faults, codes=(250,), rounds=8, environment=None, **kwargs):
        with self.serve(environment={'LD_PRELOAD': SHIM, 'SMTPD_FAULTS': faults, **(environment or {})}, **kwargs) as server:
            results = []
            for _ in range(rounds):
                results += self.send(server)
            self.check(server, results, codes)
            return server.errors()

    def test_short_writes(self):
        self.run_faults('write=short/1,sendmsg=short/1', rounds=3)

    def test_interrupted(self):
        self.run_faults('write=EINTR/2,fsync=EINTR/2,recv=EINTR/2,sendmsg=EINTR/2,accept4=EINTR/2,close=EINTR/2')

    def test_fsync(self):
        """A disk that cannot keep it is told of in the answer, and not of what kind it is."""
        self.assertIn('Input/output error', self.run_faults('fsync=EIO/5', (250, 451)))

    def test_write(self):
        self.run_faults('write=EIO/5', (250, 451))

    def test_full(self):
        self.run_faults('write=ENOSPC/5', (250, 452))

    def test_quota(self):
        self.run_faults('write=EDQUOT/5', (250, 452))

    def test_close(self):
        self.run_faults('close=EIO/5', (250, 451))

    def test_move(self):
        self.run_faults('linkat=EIO/3', (250, 451))

    def test_open(self):
        # GIO knows no other word for ENOMEM.
        for error, code in ('EMFILE', 451), ('ENOMEM', 452), ('EROFS', 451), ('EINTR', 451):
            with self.subTest(error):
                shutil.rmtree(self.maildir, ignore_errors=True)
                # Those at the start succeed, those of a delivery do not always.
                self.run_faults(f'openat={error}/11', (250, code))

    def test_map(self):
        self.run_faults('mmap=ENOMEM/3', (250, 451), rounds=8)

    def test_accept(self):
        """A client that is gone before it is accepted is no reason to stop, nor one to spin."""
        for error in 'ECONNABORTED', 'ENOBUFS', 'ENOMEM':
            with self.subTest(error):
                shutil.rmtree(self.maildir, ignore_errors=True)
                self.run_faults(f'accept4={error}/2')


class Disks(FaultCase):
    def test_file_size(self):
        """A file that may not grow is no reason to die of SIGXFSZ."""
        with self.serve(limits={'fsize': 200000}) as server:
            results = self.send(server, (100, 300000, 100, 250000, 3000))
            self.check(server, results, (250, 451))

    @unittest.skipUnless(os.geteuid() == 0, 'only root can mount a file system')
    def test_full(self):
        """A file system without room: 452, and 250 again when there is some."""
        os.mkdir(self.maildir)
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', self.maildir], stderr=subprocess.DEVNULL)
        if mounted.returncode != 0:
            self.skipTest('mounting is not allowed here')
        self.addCleanup(subprocess.run, ['umount', '-l', self.maildir], check=True)
        with self.serve() as server:
            for size, code in ((300 * 1024, 250), (300 * 1024, 452), (100, 250), (400 * 1024, 452), (3000, 250)):
                self.assertEqual([result for result, _ in self.send(server, (size,))], [code])
                # What was not kept is taken away behind the answer.
                server.wait_until(lambda: os.listdir(os.path.join(self.maildir, 'tmp')) == [])
            for name in os.listdir(os.path.join(self.maildir, 'new')):
                os.unlink(os.path.join(self.maildir, 'new', name))
            self.check(server, self.send(server, (300 * 1024, 100)))


class Descriptors(FaultCase):
    LIMIT = 64

    def test_few(self):
        """Who finds no descriptor left waits, and costs nothing meanwhile; then everybody has his turn."""
        with self.serve(limits={'nofile': self.LIMIT}) as server:
            idle = [socket.create_connection(('127.0.0.1', server.port()), timeout=PATIENCE) for _ in range(2 * self.LIMIT)]
            time.sleep(0.2)
            begin = self.cpu(server)
            time.sleep(1)
            # A loop that spins takes a hundred of these.
            self.assertLess(self.cpu(server) - begin, 60)
            self.assertLess(self.descriptors(server), self.LIMIT)

            results, threads = [], []
            for _ in range(20):
                threads.append(threading.Thread(target=lambda: results.extend(self.send(server, (3000,)))))
                threads[-1].start()
            for sock in idle:
                sock.close()
            for thread in threads:
                thread.join()
            self.assertEqual(len(results), 20)
            self.check(server, results)

    def cpu(self, server):
        with open(f'/proc/{server.process.pid}/stat') as file:
            fields = file.read().rpartition(')')[2].split()
        return int(fields[11]) + int(fields[12])


@unittest.skipIf(is_sanitized(), 'a sanitizer has all of the address space')
class Memory(FaultCase):
    def test_no_room(self):
        """Large messages that cannot be mapped are put off, and the server goes on."""
        with self.serve('--size=0') as server:
            with open(f'/proc/{server.process.pid}/statm') as file:
                size = int(file.read().split()[0]) * resource.getpagesize()
            # For threads, and what small messages need.
            limit = size + 48 * 1024 * 1024
            resource.prlimit(server.process.pid, resource.RLIMIT_AS, (limit, limit))
            results = self.send(server, (100, 60 * 1024 * 1024, 100, 60 * 1024 * 1024, 3000))
            self.check(server, results, (250, 451))


@unittest.skipIf(find_faketime() is None or is_sanitized(), 'there is no libfaketime')
class Clocks(FaultCase):
    def setUp(self):
        super().setUp()
        self.clock = os.path.join(self.directory, 'clock')
        self.set_clock('+0')
        self.environment = {'LD_PRELOAD': find_faketime(), 'FAKETIME_TIMESTAMP_FILE': self.clock, 'FAKETIME_NO_CACHE': '1',
                            'FAKETIME_DONT_FAKE_MONOTONIC': '1', 'FAKETIME_DONT_RESET': '1'}

    def set_clock(self, offset):
        with open(self.clock + '.new', 'w') as file:
            file.write(offset + '\n')
        os.rename(self.clock + '.new', self.clock)

    def test_jumps(self):
        """A wall clock that jumps ends no session, and no two messages get one name."""
        with self.serve('--timeout=60', environment=self.environment) as server:
            client = server.client()
            self.addCleanup(client.close)
            results = []
            for offset in '+0', '+400d', '-400d', '+1h', '-1h', '+0', '-0.5s', '+9000d':
                self.set_clock(offset)
                results += self.send(server, (100, 3000), client)
            years = {time.gmtime(int(name.split('.')[0])).tm_year for name in os.listdir(os.path.join(self.maildir, 'new'))}
            # Else nothing has jumped.
            self.assertGreater(len(years), 2)
            client.quit()
            self.check(server, results)

    def test_deadlines(self):
        """A deadline comes when it should, wherever the wall clock has gone meanwhile."""
        with self.serve('--timeout=3', environment=self.environment) as server:
            for offset in '-400d', '+400d':
                with self.subTest(offset):
                    self.set_clock('+0')
                    begin = time.monotonic()
                    sock, file = server.connect()
                    self.set_clock(offset)
                    with sock, file:
                        self.assertEqual(file.readline()[:4], b'421 ')
                        self.assertEqual(file.readline(), b'')
                    self.assertGreater(time.monotonic() - begin, 2.5)
            self.assertEqual(server.end(), 0)

    def test_stamps(self):
        """What is written down is the time that it is then, as the clock has it."""
        with self.serve(environment=self.environment) as server:
            for offset, days in ('+400d', 400), ('-400d', -400):
                with self.subTest(offset):
                    shutil.rmtree(self.maildir, ignore_errors=True)
                    for name in 'tmp', 'new', 'cur':
                        os.makedirs(os.path.join(self.maildir, name))
                    self.set_clock(offset)
                    self.send(server, (100,))
                    name, = os.listdir(os.path.join(self.maildir, 'new'))
                    with open(os.path.join(self.maildir, 'new', name), 'rb') as file:
                        received = email.message_from_binary_file(file)['Received']
                    stamp = email.utils.parsedate_to_datetime(received.rpartition(';')[2].strip())
                    # In days: tests may be slow.
                    self.assertAlmostEqual((stamp.timestamp() - time.time()) / 86400, days, delta=1)
            self.assertEqual(server.end(), 0)


class Vanishing(FaultCase):
    N_CLIENTS = 300

    def vanish(self, server, rng, tls):
        """Cut off by a reset somewhere; returns the number of the message, and whether all of it was sent."""
        self.next += 1
        number = self.next
        text = make_message(number, rng.choice(SIZES))
        data = b'EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n'
        if rng.random() < 0.5:
            data += b'DATA\r\n' + text + b'.\r\n'
        else:
            data += b'BDAT %d LAST\r\n' % len(text) + text
        # At the end there is most to be seen.
        cut = len(data) if rng.random() < 0.4 else rng.randrange(len(data))
        sock = socket.create_connection(('127.0.0.1', server.port(1 if tls else 0)), timeout=PATIENCE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        if tls:
            context = ssl._create_unverified_context()
            sock = context.wrap_socket(sock)
        with sock:
            try:
                sock.sendall(data[:cut])
                time.sleep(rng.choice((0, 0, 0.001, 0.005)))
            except OSError:
                pass
        return number, cut == len(data)

    def test_resets(self):
        rng = random.Random(1)
        with self.serve('--smtps-listen=127.0.0.1:0', '--tls-self-signed') as server:
            results = self.send(server)
            base = self.descriptors(server)
            sent = [self.vanish(server, rng, tls) for _ in range(self.N_CLIENTS // 2) for tls in (False, True)]
            server.wait_until(lambda: self.descriptors(server) <= base)
            server.wait_until(lambda: os.listdir(os.path.join(self.maildir, 'tmp')) == [])
            results += self.send(server)
            found = set(self.found())
            self.assertEqual(len(found), len(self.found()))
            self.assertLessEqual({number for _, number in results}, found)
            # Nothing of which only a part was sent.
            self.assertEqual(found & {number for number, complete in sent if not complete}, set())
            self.assertEqual(server.end(), 0, server.errors())


if __name__ == '__main__':
    unittest.main()
