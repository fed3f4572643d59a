# SPDX-License-Identifier: LGPL-2.1-or-later

"""Where clients come in and how many, from Python."""

import os
import socket
import stat
import tempfile
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402

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


if __name__ == '__main__':
    unittest.main()
