# SPDX-License-Identifier: LGPL-2.1-or-later

"""Where clients come in and how many, from Python."""

import os
import re
import select
import smtplib
import socket
import stat
import tempfile
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Gio, GLib, GObject, Smtpd  # noqa: E402

PATIENCE = 20


def make_server(**properties):
    server = Smtpd.Server(**properties)
    server.add_handler(Smtpd.SinkHandler())
    return server


class Listening(unittest.TestCase):
    def test_unix_mode(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 's')
            with Smtpd.Controller(make_server(unix_mode=0o640), 'unix:' + path):
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)

    def test_fd(self):
        server = make_server()
        with socket.create_server(('127.0.0.1', 0)) as sock:
            server.listen_fd(os.dup(sock.fileno()), Smtpd.ListenerKind.SMTP)
            self.assertEqual(server.dup_listen_addresses(), [f'127.0.0.1:{sock.getsockname()[1]}'])
        with open('/dev/null', 'rb') as file, self.assertRaises(GLib.Error) as caught:
            server.listen_fd(file.fileno(), Smtpd.ListenerKind.SMTP)
        self.assertTrue(caught.exception.matches(Smtpd.error_quark(), Smtpd.Error.BAD_LISTEN_ADDRESS))

    def test_reuse_port(self):
        with Smtpd.Controller(make_server(reuse_port=True), '127.0.0.1:0') as first:
            with Smtpd.Controller(make_server(reuse_port=True), first.addresses[0]) as second:
                self.assertEqual(first.addresses, second.addresses)


class Limits(unittest.TestCase):
    def test_connections(self):
        server = make_server(max_connections_per_client=1, limit_local=True)
        self.assertEqual(server.max_connections_per_client, 1)
        with Smtpd.Controller(server, '127.0.0.1:0') as controller:
            address = ('127.0.0.1', int(controller.addresses[0].rpartition(':')[2]))
            with socket.create_connection(address, PATIENCE) as first, first.makefile('rb') as file:
                self.assertTrue(file.readline().startswith(b'220 '))
                with socket.create_connection(address, PATIENCE) as second, second.makefile('rb') as refused:
                    self.assertRegex(refused.read(), rb'\A421 4\.7\.0 [^\r\n]*\r\n\Z')

    def test_defaults(self):
        server = Smtpd.Server()
        for name in 'connections', 'connections_per_client', 'connection_rate', 'recipients', 'messages':
            self.assertGreater(getattr(server, 'max_' + name), 0)
        self.assertFalse(server.limit_local)
        # RFC 5321 section 4.5.3.1.8
        self.assertGreaterEqual(server.max_recipients, 100)


class Manners(unittest.TestCase):
    def test_properties(self):
        for name, default, value in (('greeting_delay', 0, 5), ('soft_errors', 10, 0), ('error_delay', 1000, 0),
                                     ('max_junk_commands', 100, 1), ('max_header_size', 1 << 20, 0),
                                     ('close_timeout', 5, 1)):
            server = Smtpd.Server()
            seen = []
            server.connect('notify::' + name.replace('_', '-'), lambda *args, seen=seen: seen.append(1))
            self.assertEqual(getattr(server, name), default, name)
            setattr(server, name, value)
            setattr(server, name, value)
            self.assertEqual((getattr(server, name), getattr(server, 'get_' + name)()), (value, value))
            self.assertEqual(seen, [1])

    def ask(self, server, *lines, kind=Smtpd.ListenerKind.SMTP):
        """The codes of the greeting and of all replies, from a stream that is handed to the server."""
        ours, theirs = socket.socketpair()
        stream = Gio.Socket.new_from_fd(theirs.detach()).connection_factory_create_connection()
        server.accept_stream(stream, kind)
        codes = []
        with ours, ours.makefile('rb') as file:
            ours.settimeout(PATIENCE)
            context = GLib.MainContext.default()
            for line in (None, *lines):
                if line is not None:
                    ours.sendall(line + b'\r\n')
                while not select.select([ours], [], [], 0)[0]:
                    context.iteration(True)
                while (reply := file.readline())[3:4] == b'-':
                    pass
                codes.append(int(reply[:3]))
        return codes

    def test_command_limit(self):
        server = make_server()
        server.set_command_limit('vrfy', 1)
        self.assertEqual(server.get_command_limit('VRFY'), 1)
        self.assertEqual(self.ask(server, b'VRFY a', b'VRFY a'), [220, 252, 421])

    def test_submission(self):
        server = make_server()
        lines = b'EHLO x', b'MAIL FROM:<a@example.org>'
        self.assertEqual(self.ask(server, *lines), [220, 250, 250])
        self.assertEqual(self.ask(server, *lines, kind=Smtpd.ListenerKind.SUBMISSION), [220, 250, 530])


class Statistics(unittest.TestCase):
    def test_numbers(self):
        """Read in another thread than the server's."""
        server = make_server()
        statistics = server.statistics
        self.assertIs(statistics, server.get_statistics())
        with Smtpd.Controller(server, '127.0.0.1:0') as controller:
            port = int(controller.addresses[0].rpartition(':')[2])
            with smtplib.SMTP('127.0.0.1', port, timeout=PATIENCE) as client:
                self.assertEqual(statistics.sessions, 1)
                client.sendmail('a@example.org', ['b@example.org'], b'x\r\n')
                client.docmd('NONSENSE')
                self.assertEqual((statistics.messages_accepted, statistics.message_octets), (1, 3))
                self.assertEqual(statistics.refusals_permanent, 1)
                snapshot = statistics.snapshot().unpack()
        self.assertEqual(snapshot['refusals-permanent-by-reason']['unknown-command'], 1)
        self.assertEqual(sum(snapshot['refusals-permanent-by-reason'].values()), 1)
        for pspec in statistics.props:
            self.assertFalse(pspec.flags & GObject.ParamFlags.WRITABLE)
            self.assertEqual(pspec.value_type, GObject.TYPE_UINT64)
            self.assertIn(pspec.name, snapshot)
        self.assertEqual(statistics.sessions, 0)

    def test_documented(self):
        """The guide has each of them."""
        with open(os.path.join(os.environ['SMTPD_EXAMPLES'], '..', 'docs', 'operating.md')) as file:
            keys = re.findall(r'^\| `([a-z-]+)` +\| (?:counters?|gauge) ', file.read(), re.M)
        self.assertEqual(sorted(keys), sorted(Smtpd.Server().statistics.snapshot().keys()))

    def test_log_events(self):
        server = Smtpd.Server(log_events=True)
        self.assertTrue(server.log_events)
        server.log_events = False
        self.assertFalse(server.log_events)


if __name__ == '__main__':
    unittest.main()
