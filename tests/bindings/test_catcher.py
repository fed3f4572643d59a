# SPDX-License-Identifier: LGPL-2.1-or-later

"""Catching mail in tests, from Python: Smtpd.Catcher, and gsmtpd.testing on it."""

import gc
import smtplib
import subprocess
import sys
import threading
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402
from gsmtpd.testing import MailCatcher  # noqa: E402

PATIENCE = 30


def send(catcher, *subjects):
    with smtplib.SMTP(catcher.host, catcher.port, local_hostname='me.example', timeout=PATIENCE) as client:
        for subject in subjects or ['x']:
            client.sendmail('a@example.org', ['b@example.org'], f'Subject: {subject}\r\n\r\nText\r\n')


class Native(unittest.TestCase):

    def test_with(self):
        with Smtpd.Catcher() as catcher:
            self.assertEqual(catcher.address, f'localhost:{catcher.port}')
            send(catcher)
            [envelope] = catcher.wait()
            self.assertEqual((envelope.mail_from, envelope.rcpt_tos), ('a@example.org', ['b@example.org']))
            self.assertEqual(envelope.content, b'Subject: x\r\n\r\nText\r\n')
            self.assertIs(catcher.next(), envelope)
            self.assertIn('1 messages', repr(catcher))
        self.assertEqual((catcher.port, catcher.address), (0, None))
        self.assertEqual(catcher.messages, [envelope])
        catcher.clear()
        self.assertEqual(catcher.messages, [])
        del catcher
        gc.collect()
        self.assertEqual(envelope.mail_from, 'a@example.org')

    def test_waits(self):
        with Smtpd.Catcher() as catcher:
            thread = threading.Timer(0.05, send, [catcher, 'one', 'two', 'three'])
            thread.start()
            self.assertEqual([catcher.next(PATIENCE).content.split()[1] for _ in range(2)], [b'one', b'two'])
            self.assertEqual(len(catcher.wait(3, PATIENCE)), 3)
            thread.join()

    def test_times_out(self):
        with Smtpd.Catcher() as catcher:
            with self.assertRaisesRegex(TimeoutError, 'Of 1 messages, 0 have come in 10 ms'):
                catcher.wait(1, 0.01)
            with self.assertRaisesRegex(TimeoutError, 'there are 0 in all'):
                catcher.next(timeout=0)

    def test_asynchronous(self):
        loop = GLib.MainLoop()
        caught = []

        def on_next(catcher, result):
            caught.append(catcher.next_finish(result))
            loop.quit()

        with Smtpd.Catcher() as catcher:
            catcher.next_async(PATIENCE * 1000, None, on_next)
            threading.Thread(target=send, args=[catcher]).start()
            loop.run()
            self.assertEqual(caught, catcher.messages)

    def test_chaos(self):
        with Smtpd.Catcher() as catcher:
            catcher.chaos.add_rule('data=552 5.3.4 Too much')
            with self.assertRaises(smtplib.SMTPDataError):
                send(catcher)
            catcher.chaos.clear_rules()
            send(catcher)
            self.assertEqual(len(catcher.messages), 1)
            catcher.chaos.seed = 5
            self.assertEqual(catcher.chaos.get_seed(), 5)
            with self.assertRaises(GLib.Error) as caught:
                catcher.chaos.add_rule('data=250')
            self.assertTrue(caught.exception.matches(Smtpd.error_quark(), Smtpd.Error.SYNTAX))

    def test_handler_in_a_server(self):
        chaos = Smtpd.ChaosHandler(seed=1)
        chaos.add_rule('noop=502')
        server = Smtpd.Server()
        server.add_handler(chaos)
        with Smtpd.Controller(server) as controller, smtplib.SMTP('localhost', controller.port) as client:
            self.assertEqual(client.noop()[0], 502)

    def test_server_of_ones_own(self):
        class Server(Smtpd.Server):
            def do_vrfy(self, session, request, argument):
                return '252 ' + argument

        with Smtpd.Catcher(server=Server()) as catcher:
            with smtplib.SMTP(catcher.host, catcher.port, timeout=PATIENCE) as client:
                self.assertEqual(client.docmd('VRFY', 'joe'), (252, b'2.0.0 joe'))
            send(catcher)
            self.assertEqual(len(catcher.messages), 1)


class Testing(unittest.TestCase):

    def test_messages(self):
        with MailCatcher() as catcher:
            send(catcher, '=?utf-8?q?Gr=C3=BC=C3=9Fe?=', 'two')
            message = catcher.next()
            self.assertEqual((message['Subject'], message.get_content()), ('Grüße', 'Text\n'))
            self.assertEqual(message.envelope.rcpt_tos, ['b@example.org'])
            self.assertEqual([message['Subject'] for message in catcher.wait(2)], ['Grüße', 'two'])
            self.assertEqual(len(catcher.messages), 2)

    def test_fail(self):
        with MailCatcher() as catcher:
            catcher.fail('rcpt', '450 4.2.1 Busy')
            with self.assertRaises(smtplib.SMTPRecipientsRefused):
                send(catcher)
            catcher.fail('data', 550, probability=0)
            catcher.succeed()
            send(catcher)
            self.assertEqual(len(catcher.messages), 1)

    def test_without_pytest(self):
        program = ("import sys; sys.modules['pytest'] = None\n"
                   "from gsmtpd.testing import MailCatcher\n"
                   "with MailCatcher() as catcher: print(catcher.port > 0)")
        done = subprocess.run([sys.executable, '-c', program], check=True, capture_output=True, text=True)
        self.assertEqual(done.stdout, 'True\n')


if __name__ == '__main__':
    unittest.main()
