# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the attacks have in common: a gsmtpd to go at, the roads that lead to it, and a client
that sends whatever it likes, cut wherever it likes.

After each test the server must be alive, have said nothing on standard error, and end with
status 0 when it is told to: under a sanitizer that includes leaks."""

import os
import socket
import ssl
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, 'interop'))

from gsmtpd_process import Gsmtpd, PATIENCE, take_off_trace  # noqa: E402

SENDER = b'MAIL FROM:<a@example.org>\r\n'
RECIPIENT = b'RCPT TO:<b@example.org>\r\n'
BEGIN = SENDER + RECIPIENT

# Between two pieces, for the server to read the first one by itself.
PAUSE = 0.0005


def insecure():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Road:
    """One of the ways to the server."""

    def __init__(self, name, index, hello=b'EHLO me\r\n', tls=None):
        self.name = name
        self.index = index
        self.hello = hello
        self.tls = tls  # None, 'implicit' or 'starttls'

    def __repr__(self):
        return self.name


CLEAR = Road('clear', 0)
LMTP = Road('LMTP', 1, b'LHLO me\r\n')
TLS = Road('TLS', 2, tls='implicit')
STARTTLS = Road('STARTTLS', 0, tls='starttls')
LMTP_STARTTLS = Road('LMTP with STARTTLS', 1, b'LHLO me\r\n', 'starttls')
ROADS = (CLEAR, STARTTLS, TLS, LMTP, LMTP_STARTTLS)


class Client:
    """At the other end of a road, greeted, and with its hello said."""

    def __init__(self, server, road=CLEAR, hello=True, port=None, source='127.0.0.1'):
        self.sock = socket.create_connection(('127.0.0.1', port or server.port(road.index)), PATIENCE, (source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b''
        try:
            self.begin(road, hello)
        except BaseException:
            self.sock.close()
            raise

    @classmethod
    def on(cls, sock):
        """On a connection that is there, of which nothing has been read."""
        client = cls.__new__(cls)
        client.sock, client.buffer = sock, b''
        return client

    def begin(self, road, hello):
        if road.tls == 'implicit':
            self.wrap()
        assert self.code() == 220
        if road.tls == 'starttls':
            assert self.code(road.hello) == 250
            assert self.code(b'STARTTLS\r\n') == 220
            self.wrap()
        if hello:
            assert self.code(road.hello) == 250

    def wrap(self):
        assert self.buffer == b'', self.buffer
        self.sock = insecure().wrap_socket(self.sock)

    def send(self, data, cuts=()):
        # Octet by octet it goes on by itself.
        pause = PAUSE if len(cuts) < 20 else 0
        last = 0
        for cut in (*cuts, len(data)):
            if cut > last:
                self.sock.sendall(data[last:cut])
                if cut < len(data) and pause:
                    time.sleep(pause)
            last = cut

    def line(self):
        """Without its end; b'' at the end of the connection."""
        while b'\n' not in self.buffer:
            try:
                data = self.sock.recv(65536)
            except (ConnectionError, ssl.SSLError):
                data = b''
            if not data:
                return b''
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b'\n')
        assert line.endswith(b'\r'), line
        return line[:-1]

    def reply(self):
        """Its lines, which belong together; [] at the end."""
        lines = []
        while line := self.line():
            assert len(line) <= 510 and line[:3].isdigit() and line[:1] in b'2345', line
            assert line[3:4] in (b' ', b'-') and line.decode().isprintable(), line
            lines.append(line)
            if line[3:4] == b' ':
                assert {line[:3] for line in lines} == {lines[0][:3]}, lines
                return lines
        assert lines == [], lines
        return lines

    def code(self, data=b''):
        """The answer to @data, if there is any; 0 at the end."""
        if data:
            self.sock.sendall(data)
        lines = self.reply()
        return int(lines[0][:3]) if lines else 0

    def codes(self, n=None):
        """@n answers, or all there are up to the end."""
        result = []
        while n is None or len(result) < n:
            code = self.code()
            if code == 0:
                break
            result.append(code)
        return result

    def talk(self, data, cuts=()):
        """Sends while it reads, up to the end of the connection; returns the answers."""
        def send():
            try:
                self.send(data, cuts)
            except (OSError, ssl.SSLError):
                # It had enough of us.
                pass

        thread = threading.Thread(target=send)
        # A TLS object is not for two threads; what is sent in clear may be long.
        if isinstance(self.sock, ssl.SSLSocket):
            send()
            return self.codes()
        thread.start()
        try:
            return self.codes()
        finally:
            thread.join()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def pattern(answers):
    return r'\A' + answers.replace('x', r'\d') + r'\Z'


class AttackCase(unittest.TestCase):
    """With a server that delivers into a Maildir."""

    options = ()
    # Of the server's standard error: what is said there for a good reason.
    expected_errors = ''

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.server = self.serve(*self.options)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)

    def tearDown(self):
        # Else there is a better explanation already.
        if self._outcome.success:
            self.check_server(self.server)

    def path(self, name):
        return os.path.join(self.directory, name)

    def make_users(self):
        """A file with a user; AGFsaWNlAHNlc2FtZQ== is NUL alice NUL sesame."""
        with open(self.path('users'), 'wb') as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(b'alice:sesame\n')
        return self.path('users')

    def serve(self, *args, handler=None, **kwargs):
        handler = handler or 'maildir:' + self.path('m')
        return Gsmtpd('--lmtp-listen=127.0.0.1:0', '--smtps-listen=127.0.0.1:0', '--tls-self-signed',
                      '--hostname=mx.example.org', '-H', handler, '--drain-time=1',
                      '--limit=error-delay=0', '--limit=max-junk-commands=0', *args, **kwargs)

    def check_server(self, server):
        with Client(server) as client:
            self.assertEqual(client.code(b'QUIT\r\n'), 221)
        self.assertEqual(server.end(), 0, server.errors())
        self.assertRegex(server.errors(), r'\A' + self.expected_errors + r'\Z')

    def take(self, raw=False):
        """The messages that have come since the last time, in any order."""
        new = self.path('m/new')
        contents = []
        for name in os.listdir(new):
            with open(os.path.join(new, name), 'rb') as file:
                content = file.read()
            contents.append(content if raw else take_off_trace(content))
            os.unlink(os.path.join(new, name))
        return sorted(contents)

    def converse(self, data, road=CLEAR, cuts=(), server=None, source='127.0.0.1'):
        """A whole connection; what was answered behind the hello."""
        with Client(server or self.server, road, source=source) as client:
            return client.talk(data, cuts)

    def run_table(self, table, roads=ROADS, server=None):
        """Each row has a title with the reference, what is sent behind the hello, and the answers up to the end of
        the connection: codes with spaces between them, in which "x" stands for any digit. Where the last one is a
        QUIT (221) the client has said so itself; elsewhere it is the server that ends the connection. A fourth
        cell says how many messages are taken."""
        for title, data, answers, *rest in table:
            for road in roads:
                for cuts in (), range(1, len(data)):
                    # Octet by octet it is the same, only slower, with more of them.
                    if len(cuts) > 2000 or (cuts and road not in (CLEAR, TLS, LMTP)):
                        continue
                    with self.subTest(title, road=road, octets=bool(cuts)):
                        codes = ' '.join(map(str, self.converse(data, road, cuts, server)))
                        self.assertRegex(codes, pattern(answers))
                        self.assertEqual(len(self.take()), rest[0] if rest else 0)

    def cpu(self):
        """What the server has used, in hundredths of a second."""
        with open(f'/proc/{self.server.process.pid}/stat') as file:
            fields = file.read().rpartition(')')[2].split()
        return int(fields[11]) + int(fields[12])

    def memory(self):
        """Of the server, in KiB, the most that it ever had in RAM."""
        with open(f'/proc/{self.server.process.pid}/status') as file:
            for line in file:
                if line.startswith('VmHWM:'):
                    return int(line.split()[1])
        raise AssertionError('no VmHWM')


# The redzones and the quarantine of a sanitizer are no memory of ours.
def is_sanitized():
    with open(os.environ.get('GSMTPD', '/dev/null'), 'rb') as file:
        return b'libasan' in file.read()
