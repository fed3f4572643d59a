# SPDX-License-Identifier: LGPL-2.1-or-later

"""The same system that does not do what it should, for what else writes and reads: the mbox, the file in which a
large message waits, the next server, the file with the users, the numbers, and the threads that do all this."""

import http.client
import os
import re
import resource
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from faults import SHIM, FaultCase, Process, is_sanitized, make_message, number_if_whole  # noqa: E402
from gsmtpd_process import PATIENCE, make_certificate, run, take_off_trace  # noqa: E402

# Below what a message may have in memory.
SIZES = 100, 3000, 200 * 1024

SEPARATOR = re.compile(rb'^From a@example\.org .+\n', re.M)


def preload(faults, **environment):
    return {'LD_PRELOAD': SHIM, 'SMTPD_FAULTS': faults, **environment}


needs_shim = unittest.skipIf(SHIM is None or is_sanitized(), 'nothing can be preloaded')


class MboxCase(FaultCase):
    def setUp(self):
        super().setUp()
        self.mbox = os.path.join(self.directory, 'mbox')

    def serve(self, *args, **kwargs):
        return Process('-H', 'mbox:' + self.mbox, '--drain-time=5', *args, **kwargs)

    def messages(self):
        with open(self.mbox, 'rb') as file:
            _, *messages = SEPARATOR.split(file.read())
        return [take_off_trace(message.removesuffix(b'\n').replace(b'\n', b'\r\n')) for message in messages]

    def found(self):
        return sorted(number_if_whole(message) for message in self.messages())

    def check(self, server, results, codes=(250,)):
        self.assertEqual({code for code, _ in results}, set(codes))
        self.assertEqual(self.found(), sorted(number for code, number in results if code == 250))
        self.assertFalse(os.path.exists(self.mbox + '.lock'))
        self.assertEqual(server.end(), 0, server.errors())

    def run_faults(self, faults, codes=(250,), rounds=8, **kwargs):
        with self.serve(environment=preload(faults), **kwargs) as server:
            results = []
            for _ in range(rounds):
                results += self.send(server, SIZES)
            self.check(server, results, codes)
            return server.errors()


@needs_shim
class Mbox(MboxCase):
    def test_short_writes(self):
        self.run_faults('write=short/1,send=short/1,sendmsg=short/1', rounds=3)

    def test_interrupted(self):
        self.run_faults('write=EINTR/2,fsync=EINTR/2,recv=EINTR/2,sendmsg=EINTR/2,accept4=EINTR/2,close=EINTR/2')

    def test_fsync(self):
        self.assertIn('Input/output error', self.run_faults('fsync=EIO/5', (250, 451)))

    def test_write(self):
        self.run_faults('write=EIO/5', (250, 451))

    def test_full(self):
        for error in 'ENOSPC', 'EDQUOT':
            with self.subTest(error):
                if os.path.exists(self.mbox):
                    os.unlink(self.mbox)
                self.run_faults(f'write={error}/5', (250, 452))

    def test_open(self):
        # GIO knows no other word for ENOMEM.
        for error, code in ('EMFILE', 451), ('ENOMEM', 452):
            with self.subTest(error):
                if os.path.exists(self.mbox):
                    os.unlink(self.mbox)
                self.run_faults(f'open={error}/11', (250, code), rounds=12)

    def test_rest(self):
        """What cannot be taken back stays, is told of, and spoils nothing of what is taken."""
        with self.serve(environment=preload('write=EIO/5,ftruncate=EIO/1')) as server:
            results = []
            for _ in range(8):
                results += self.send(server, SIZES)
            whole = []
            for message in self.messages():
                try:
                    whole.append(number_if_whole(message))
                except (AssertionError, ValueError):
                    pass
            self.assertEqual(whole, [number for code, number in results if code == 250])
            self.assertIn('cannot be removed', server.errors())
            self.assertEqual(server.end(), 0, server.errors())


class Spool(MboxCase):
    """Large messages wait in a file, in the folder for what does not last."""

    LARGE = 600 * 1024

    @unittest.skipUnless(os.geteuid() == 0, 'only root can mount a file system')
    def test_full(self):
        spool = os.path.join(self.directory, 'spool')
        os.mkdir(spool)
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=700k', 'tmpfs', spool], stderr=subprocess.DEVNULL)
        if mounted.returncode != 0:
            self.skipTest('mounting is not allowed here')
        self.addCleanup(subprocess.run, ['umount', '-l', spool], check=True)
        with self.serve(environment={'TMPDIR': spool}) as server:
            # Each finds what the one before has taken.
            results = self.send(server, (self.LARGE, 2 * self.LARGE, 100, self.LARGE, 2 * self.LARGE, 3000))
            self.assertEqual([code for code, _ in results], [250, 452, 250, 250, 452, 250])
            self.check(server, results, (250, 452))
            self.assertEqual(os.listdir(spool), [])

    @needs_shim
    def test_harmless(self):
        for faults in 'write=short/1', 'write=EINTR/2':
            with self.subTest(faults), self.serve(environment=preload(faults)) as server:
                if os.path.exists(self.mbox):
                    os.unlink(self.mbox)
                self.check(server, self.send(server, (self.LARGE, 100) * 3))

    @needs_shim
    def test_none(self):
        """There is no room for another open file, or no memory to see it in."""
        for fault, code in ('open=EMFILE/7', 451), ('mmap=ENOMEM/3', 451):
            with self.subTest(fault):
                if os.path.exists(self.mbox):
                    os.unlink(self.mbox)
                with self.serve(environment=preload(fault)) as server:
                    self.check(server, self.send(server, (self.LARGE, 100) * 8), (250, code))


@needs_shim
class Relay(FaultCase):
    """The next server is well, and what it has taken is what counts."""

    def run_faults(self, faults, rounds=8):
        with self.serve() as self.behind, \
             Process('-H', f'relay:127.0.0.1:{self.behind.port()}', '--drain-time=5', environment=preload(faults)) as server:
            results = []
            for _ in range(rounds):
                results += self.send(server, SIZES)
            self.assertEqual(server.end(), 0, server.errors())
            # Two servers have put their fields in front.
            numbers = []
            for name in os.listdir(os.path.join(self.maildir, 'new')):
                with open(os.path.join(self.maildir, 'new', name), 'rb') as file:
                    content = take_off_trace(file.read())
                numbers.append(number_if_whole(re.sub(rb'\AReceived: from [^\r\n]+\r\n(?:\t[^\r\n]+\r\n)+', b'', content)))
            return results, sorted(numbers)

    def taken(self, results):
        return sorted(number for code, number in results if code == 250)

    def test_harmless(self):
        for faults in ('send=short/1,sendmsg=short/1', 'recv=EINTR/2,send=EINTR/2,sendmsg=EINTR/2'):
            with self.subTest(faults):
                shutil.rmtree(self.maildir, ignore_errors=True)
                results, found = self.run_faults(faults, rounds=3)
                self.assertEqual({code for code, _ in results}, {250})
                self.assertEqual(found, self.taken(results))

    def test_unreachable(self):
        results, found = self.run_faults('connect=ENETUNREACH/1', rounds=1)
        self.assertEqual(({code for code, _ in results}, found), ({451}, []))


class Pressure(FaultCase):
    """No descriptors for what is beside the dialogue."""

    LIMIT = 64

    def limit(self, server, number):
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (number, self.LIMIT))

    def starve(self, server):
        """Descriptors are given out from the lowest: the next one is one too many."""
        used = {int(name) for name in os.listdir(f'/proc/{server.process.pid}/fd')}
        self.limit(server, next(number for number in range(self.LIMIT) if number not in used))

    def set_users(self, text):
        with open(self.users, 'w') as file:
            file.write(text)
        os.chmod(self.users, 0o600)

    def log_in(self, server, user, password):
        with server.client() as client:
            try:
                return client.login(user, password)[0]
            except smtplib.SMTPAuthenticationError as error:
                return error.smtp_code

    def test_users(self):
        """A file that cannot be opened, or read, leaves the users as they were."""
        self.users = os.path.join(self.directory, 'users')
        self.set_users('alice:sesame\n')
        with self.serve('--auth-without-tls', '--auth-mechanisms=PLAIN', '--auth-file', self.users, '-d', limits={'nofile': self.LIMIT}) as server:
            # Before there was a client, whose descriptor might be free just then.
            self.set_users('bob:other\n')
            self.starve(server)
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: 'The users stay as they were: ' in server.errors())
            self.assertIn('Too many open files', server.errors())
            self.limit(server, self.LIMIT)
            self.assertEqual([self.log_in(server, 'alice', 'sesame'), self.log_in(server, 'bob', 'other')], [235, 535])

            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: 'debug: 1 users read' in server.errors())
            self.assertEqual([self.log_in(server, 'alice', 'sesame'), self.log_in(server, 'bob', 'other')], [535, 235])
            self.assertEqual(server.end(), 0)

    @unittest.skipIf(is_sanitized(), 'a sanitizer has all of the address space')
    def test_users_without_memory(self):
        """A file for which there is no memory does not end a server that has its users."""
        self.users = os.path.join(self.directory, 'users')
        self.set_users('alice:sesame\n')
        with self.serve('--auth-without-tls', '--auth-mechanisms=PLAIN', '--auth-file', self.users, '-d') as server:
            self.set_users(('# ' + 70 * 'x' + '\n') * 200000 + 'bob:other\n')
            with open(f'/proc/{server.process.pid}/statm') as file:
                size = int(file.read().split()[0]) * resource.getpagesize()
            resource.prlimit(server.process.pid, resource.RLIMIT_AS, (size + 2 ** 20, resource.RLIM_INFINITY))
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: 'The users stay as they were: ' in server.errors())
            self.assertIn('Cannot allocate memory', server.errors())
            resource.prlimit(server.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            self.assertEqual([self.log_in(server, 'alice', 'sesame'), self.log_in(server, 'bob', 'other')], [235, 535])
            self.assertEqual(server.end(), 0)

    def test_certificate(self):
        """A certificate that cannot be opened leaves the one before in its place."""
        cert, key = (os.path.join(self.directory, name) for name in ('cert.pem', 'key.pem'))
        make_certificate(cert, key)
        with self.serve('--tls-cert', cert, '--tls-key', key, limits={'nofile': self.LIMIT}) as server:
            self.starve(server)
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: 'The certificate stays as it was: ' in server.errors())
            self.limit(server, self.LIMIT)
            with server.client() as client:
                self.assertEqual(client.starttls()[0], 220)
                client.sendmail('a@example.org', ['b@example.org'], make_message(1, 3000))
            self.assertEqual(self.found(), [1])
            self.assertEqual(server.end(), 0)

    @needs_shim
    def test_users_in_pieces(self):
        self.users = os.path.join(self.directory, 'users')
        self.set_users(''.join(f'user{i}:secret{i}\n' for i in range(1000)))
        with self.serve('--auth-without-tls', '--auth-mechanisms=PLAIN', '--auth-file', self.users,
                        environment=preload('read=short/1')) as server:
            self.assertEqual(self.log_in(server, 'user999', 'secret999'), 235)
            self.assertEqual(server.end(), 0)
        with self.serve('--auth-without-tls', '--auth-mechanisms=PLAIN', '--auth-file', self.users,
                        environment=preload('read=EINTR/2')) as server:
            self.assertEqual(self.log_in(server, 'user999', 'secret999'), 235)
            self.assertEqual(server.end(), 0)

    @needs_shim
    def test_users_unreadable(self):
        self.users = os.path.join(self.directory, 'users')
        self.set_users('alice:sesame\n')
        result = subprocess.run(['env', *(f'{name}={value}' for name, value in preload('read=EIO/1').items()),
                                 *Process('--auth-without-tls', '--auth-mechanisms=PLAIN', '--auth-file', self.users).args],
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f'Cannot read {self.users}: Input/output error', result.stderr)

    @unittest.skipIf('without libsoup' in run('--metrics-listen=nowhere').stderr, 'built without libsoup')
    def test_numbers(self):
        """Who asks for numbers waits, like all others, and nothing spins or fills the log meanwhile."""
        with self.serve('--metrics-listen=127.0.0.1:0', limits={'nofile': self.LIMIT}) as server:
            port = int(re.search(rb'^metrics on http://127\.0\.0\.1:(\d+)/', server.output(), re.M)[1])
            self.starve(server)
            connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
            self.addCleanup(connection.close)
            connection.request('GET', '/metrics')
            # It cannot be answered.
            connection.sock.settimeout(1)
            with self.assertRaises(socket.timeout):
                connection.sock.recv(1, socket.MSG_PEEK)
            self.assertLess(len(server.errors()), 10000)
            connection.sock.settimeout(PATIENCE)
            self.limit(server, self.LIMIT)
            self.assertEqual(connection.getresponse().status, 200)
            self.assertEqual(server.end(), 0)

    def test_next_server(self):
        """Who finds no descriptor for the next server is put off."""
        with self.serve() as behind, \
             Process('-H', f'relay:127.0.0.1:{behind.port()}', limits={'nofile': self.LIMIT}) as server:
            with server.client() as client:
                client.ehlo()
                self.starve(server)
                self.assertEqual(client.mail('a@example.org')[0], 451)
                self.limit(server, self.LIMIT)
                client.rset()
                client.sendmail('a@example.org', ['b@example.org'], make_message(1, 3000))
            self.assertEqual(server.end(), 0, server.errors())


@needs_shim
class Threads(MboxCase):
    def test_no_thread(self):
        """A message for which no thread can be made waits until one can, also if nobody comes behind it."""
        # The first is GLib's own, without which nothing goes.
        with self.serve(environment=preload('pthread_create=EAGAIN/2')) as server:
            self.check(server, self.send(server, (100,)))
            self.assertIn('No new worker thread', server.errors())


if __name__ == '__main__':
    unittest.main()
