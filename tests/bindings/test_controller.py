# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server in a thread of its own, from Python."""

import os
import smtplib
import socket
import tempfile
import threading
import time
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Gio, GLib, Smtpd  # noqa: E402

PATIENCE = 20


class Collector(Smtpd.Handler):
    def __init__(self):
        super().__init__()
        self.messages = []
        self.threads = set()

    def do_handle_data(self, server, session, envelope, request):
        self.threads.add(threading.get_ident())
        self.messages.append(envelope.content)
        request.reply(250, None)


class Slow(Smtpd.Handler):
    async def do_handle_data(self, server, session, envelope, request):
        await Smtpd.sleep(0.05)
        await Smtpd.run_in_thread(time.sleep, 0.05)
        request.reply(250, '2.0.0 Slow')


def port_of(controller):
    return int(controller.addresses[0].rpartition(':')[2])


def client_of(controller):
    return smtplib.SMTP('127.0.0.1', port_of(controller), local_hostname='me.example', timeout=PATIENCE)


def send(controller, text='Subject: x\r\n\r\nText\r\n'):
    with client_of(controller) as client:
        return client.sendmail('a@example.org', ['b@example.org'], text)


def make_server(handler):
    server = Smtpd.Server()
    server.add_handler(handler)
    return server


class Controllers(unittest.TestCase):
    def test_with(self):
        collector = Collector()
        with Smtpd.Controller(make_server(collector), '127.0.0.1:0') as controller:
            self.assertTrue(controller.is_running())
            send(controller)
            port = port_of(controller)
        self.assertEqual(collector.messages, [b'Subject: x\r\n\r\nText\r\n'])
        self.assertNotIn(threading.get_ident(), collector.threads)
        self.assertFalse(controller.is_running())
        self.assertEqual(controller.addresses, [])
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(('127.0.0.1', port))

    def test_default_address(self):
        with Smtpd.Controller(make_server(Collector())) as controller:
            send(controller)

    def test_restart(self):
        collector = Collector()
        controller = Smtpd.Controller(make_server(collector), '127.0.0.1:0')
        for number in range(1, 11):
            with controller:
                send(controller)
            self.assertEqual(len(collector.messages), number)

    def test_coroutines(self):
        with Smtpd.Controller(make_server(Slow()), '127.0.0.1:0') as controller:
            threads = [threading.Thread(target=send, args=(controller,)) for _ in range(5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def test_unix_and_lmtp(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 's')
            collector = Collector()
            with Smtpd.Controller(make_server(collector), 'unix:' + path, Smtpd.ListenerKind.LMTP):
                with smtplib.LMTP(path, local_hostname='me.example') as client:
                    client.sendmail('a@example.org', ['b@example.org'], 'x\r\n')
            self.assertFalse(os.path.exists(path))
            self.assertEqual(len(collector.messages), 1)

    def test_error(self):
        with Smtpd.Controller(make_server(Collector()), '127.0.0.1:0') as controller:
            other = Smtpd.Controller(make_server(Collector()), controller.addresses[0])
            with self.assertRaises(GLib.Error) as caught:
                other.start()
            self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.ADDRESS_IN_USE))
            self.assertFalse(other.is_running())
            with self.assertRaises(GLib.Error) as caught:
                controller.start()
            self.assertTrue(caught.exception.matches(Smtpd.error_quark(), Smtpd.Error.RUNNING))
        controller.stop()

    def test_stop_waits_for_a_hook(self):
        """The hook needs the interpreter while stop() waits for it."""
        entered = threading.Event()
        collector = Collector()
        server = make_server(collector)

        def on_data(*args):
            entered.set()
            for _ in range(20):
                time.sleep(0.01)
            return Smtpd.Verdict.CONTINUE

        server.connect('handle-data', on_data)
        results = []
        with Smtpd.Controller(server, '127.0.0.1:0') as controller:
            client = client_of(controller)
            thread = threading.Thread(target=lambda: results.append(
                client.sendmail('a@example.org', ['b@example.org'], 'x\r\n')))
            thread.start()
            entered.wait(PATIENCE)
        thread.join()
        client.close()
        self.assertEqual(results, [{}])
        self.assertEqual(len(collector.messages), 1)

    def test_stop_in_a_hook(self):
        server = make_server(Collector())
        with Smtpd.Controller(server, '127.0.0.1:0') as controller:

            def on_ehlo(*args):
                controller.stop()
                return Smtpd.Verdict.CONTINUE

            server.connect('handle-ehlo', on_ehlo)
            with socket.create_connection(('127.0.0.1', port_of(controller)), PATIENCE) as sock:
                sock.sendall(b'EHLO x\r\n')
                with sock.makefile('rb') as file:
                    self.assertRegex(file.read(), rb'\r\n421 4\.3\.2 [^\r\n]*\r\n\Z')

    def test_dropped(self):
        """The last reference goes while a hook waits for the interpreter."""
        entered = threading.Event()

        def on_ehlo(*args):
            entered.set()
            time.sleep(0.1)
            return Smtpd.Verdict.CONTINUE

        for has_attributes in False, True:
            entered.clear()
            server = make_server(Collector())
            server.connect('handle-ehlo', on_ehlo)
            controller = Smtpd.Controller(server, '127.0.0.1:0')
            if has_attributes:
                controller.something = controller.addresses
            controller.start()
            with socket.create_connection(('127.0.0.1', port_of(controller)), PATIENCE) as sock:
                sock.sendall(b'EHLO x\r\n')
                entered.wait(PATIENCE)
                del controller
                with sock.makefile('rb') as file:
                    self.assertRegex(file.read(), rb'\r\n421 4\.3\.2 [^\r\n]*\r\n\Z')

    def test_exception(self):
        with self.assertRaises(ZeroDivisionError):
            with Smtpd.Controller(make_server(Collector()), '127.0.0.1:0') as controller:
                1 / 0
        self.assertFalse(controller.is_running())

    def test_drain(self):
        server = make_server(Collector())
        drained = []
        server.connect('drained', lambda *args: drained.append(threading.get_ident()))
        with Smtpd.Controller(server, '127.0.0.1:0', drain_time=10) as controller:
            self.assertEqual(controller.drain_time, 10)
            self.assertIs(controller.server, server)
            client = client_of(controller)
        self.assertEqual(client.noop()[0], 421)
        self.assertEqual(len(drained), 1)


if __name__ == '__main__':
    unittest.main()
