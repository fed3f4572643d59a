# SPDX-License-Identifier: LGPL-2.1-or-later

"""The handler that knows users from a file, from Python."""

import os
import smtplib
import tempfile
import threading
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Gio, GLib, Smtpd  # noqa: E402

PATIENCE = 20


class AuthFile(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, 'users')
        self.write('alice:sesame\n')

    def write(self, text, mode=0o600):
        with open(self.path, 'w') as file:
            os.chmod(self.path, mode)
            file.write(text)

    def serve(self, handler):
        server = Smtpd.Server(auth_requires_tls=False, auth_mechanisms=['PLAIN'], auth_failure_delay=0)
        server.add_handler(handler)
        server.listen('127.0.0.1:0', Smtpd.ListenerKind.SMTP)
        return server

    def log_in(self, server, user, password):
        """The code that smtplib gets, with the loop running."""
        port = int(server.dup_listen_addresses()[0].rpartition(':')[2])
        loop = GLib.MainLoop()
        codes = []

        def play():
            try:
                with smtplib.SMTP('127.0.0.1', port, local_hostname='me', timeout=PATIENCE) as client:
                    codes.append(client.login(user, password)[0])
            except smtplib.SMTPAuthenticationError as error:
                codes.append(error.smtp_code)
            except Exception as error:
                codes.append(error)
            GLib.idle_add(loop.quit)

        thread = threading.Thread(target=play)
        thread.start()
        loop.run()
        thread.join()
        return codes[0]

    def test_log_in(self):
        handler = Smtpd.AuthFileHandler.new(self.path)
        self.assertEqual((handler.path, handler.n_users), (self.path, 1))
        server = self.serve(handler)
        self.assertEqual(self.log_in(server, 'alice', 'sesame'), 235)
        self.assertEqual(self.log_in(server, 'alice', 'other'), 535)

        secret = Smtpd.Secret.derive(Smtpd.ScramHash.SHA256, 'pencil', 4096)
        self.write(f'bob:{secret.to_string()}\n')
        self.assertTrue(handler.reload())
        self.assertEqual(self.log_in(server, 'alice', 'sesame'), 535)
        self.assertEqual(self.log_in(server, 'bob', 'pencil'), 235)

    def test_errors(self):
        handler = Smtpd.AuthFileHandler.new(self.path)
        self.write('bob:x\nsesame\n')
        with self.assertRaises(GLib.Error) as caught:
            handler.reload()
        self.assertTrue(caught.exception.matches(Smtpd.error_quark(), Smtpd.Error.SYNTAX))
        self.assertIn(f'{self.path}:2: ', caught.exception.message)
        self.assertNotIn('sesame', caught.exception.message)
        self.assertEqual(handler.n_users, 1)

        os.unlink(self.path)
        with self.assertRaises(GLib.Error) as caught:
            Smtpd.AuthFileHandler.new(self.path)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))

    def test_world_readable(self):
        self.write('alice:sesame\n', 0o644)
        with self.assertRaises(GLib.Error) as caught:
            Smtpd.AuthFileHandler.new(self.path)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.PERMISSION_DENIED))

        handler = Smtpd.AuthFileHandler(path=self.path, allow_world_readable=True)
        handler.reload()
        self.assertEqual(self.log_in(self.serve(handler), 'alice', 'sesame'), 235)

    def test_subclass(self):
        """It may have a word before the file has."""
        class Aliases(Smtpd.AuthFileHandler):
            def do_handle_credentials(self, server, session, envelope, request, credentials):
                if credentials.authentication_id == 'root':
                    request.send_secret(None)
                else:
                    Smtpd.AuthFileHandler.do_handle_credentials(self, server, session, envelope, request,
                                                                credentials)

        self.write('alice:sesame\nroot:sesame\n')
        handler = Aliases(path=self.path)
        handler.reload()
        server = self.serve(handler)
        self.assertEqual(self.log_in(server, 'alice', 'sesame'), 235)
        self.assertEqual(self.log_in(server, 'root', 'sesame'), 535)


if __name__ == '__main__':
    unittest.main()
