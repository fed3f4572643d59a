#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""AUTH from Python: whoever does not say yes lets nobody in, in whatever way it fails to."""

import base64
import smtplib
import socket
import threading
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402

PATIENCE = 20
PLAIN = base64.b64encode(b'\0joe\0pencil').decode()


class Double(Smtpd.SaslMechanism):
    """A client says twice the number that it was sent."""
    __gtype_name__ = 'TestDouble'
    number = None

    def do_step(self, request, response):
        if self.number is None:
            self.number = 21
            request.challenge(GLib.Bytes.new(str(self.number).encode()))
        else:
            credentials = Smtpd.Credentials.new(self.get_name(), 'someone')
            credentials.verified = response.get_data() == str(2 * self.number).encode()
            request.present(credentials)


class Slow(Smtpd.SaslMechanism):
    """Asks for a secret, which it compares itself, later."""
    __gtype_name__ = 'TestSlow'

    async def do_step(self, request, response):
        if response is None:
            request.challenge(None)
            return
        await Smtpd.sleep(0.01)
        self.credentials = Smtpd.Credentials.new(self.get_name(), response.get_data().decode())
        request.ask_secret(self.credentials)

    async def do_take_secret(self, request, secret):
        await Smtpd.sleep(0.01)
        self.credentials.verified = secret is not None and secret.check_password('pencil')
        request.present(self.credentials)


class Raising(Smtpd.SaslMechanism):
    __gtype_name__ = 'TestRaising'

    def do_step(self, request, response):
        raise ValueError('inside')


class Auth(unittest.TestCase):
    def setUp(self):
        self.server = Smtpd.Server(auth_requires_tls=False, auth_failure_delay=0, hook_timeout=1,
                                   auth_mechanisms=['PLAIN', 'LOGIN', 'DOUBLE', 'SLOW', 'RAISING'])
        self.server.listen('127.0.0.1:0', Smtpd.ListenerKind.SMTP)
        self.port = int(self.server.dup_listen_addresses()[0].rpartition(':')[2])
        self.sessions = []
        self.server.connect('handle-ehlo', self.note_session)

    def note_session(self, server, session, envelope, request, name):
        self.sessions.append(session)
        return Smtpd.Verdict.CONTINUE

    def run_client(self, script):
        """Runs script(client) in a thread, with the loop; returns what it returns."""
        loop = GLib.MainLoop()
        result = []

        def play():
            try:
                with smtplib.SMTP('127.0.0.1', self.port, local_hostname='me', timeout=PATIENCE) as client:
                    client.ehlo()
                    result.append(script(client))
            except Exception as error:
                result.append(error)
            GLib.idle_add(loop.quit)

        thread = threading.Thread(target=play)
        thread.start()
        loop.run()
        thread.join()
        while self.server.get_n_sessions() > 0:
            GLib.MainContext.default().iteration(True)
        if isinstance(result[0], Exception):
            raise result[0]
        return result[0]

    def plain(self):
        return self.run_client(lambda client: client.docmd('AUTH PLAIN', PLAIN)[0])

    def assert_stranger(self):
        self.assertFalse(any(session.authenticated for session in self.sessions))

    def test_verdicts(self):
        def yes(server, session, envelope, request, credentials):
            self.assertEqual((credentials.mechanism, credentials.authentication_id, credentials.password),
                             ('PLAIN', 'joe', 'pencil'))
            self.assertNotIn('pencil', repr(credentials) + str(credentials))
            request.reply(235, '2.7.0 Welcome')
            return Smtpd.Verdict.HANDLED

        self.server.connect('handle-auth', yes)
        self.assertEqual(self.plain(), 235)
        session = self.sessions[-1]
        self.assertEqual((session.authenticated, session.identity, session.auth_mechanism, session.protocol),
                         (True, 'joe', 'PLAIN', 'ESMTPA'))

    def test_returned_yes(self):
        async def hook(*args):
            return '235 2.7.0 Welcome'

        self.server.connect('handle-auth', hook)
        self.assertEqual(self.plain(), 235)

    def test_nobody_says_yes(self):
        async def deny(server, session, envelope, request, credentials):
            await Smtpd.sleep(0.01)
            request.reply(535, '5.7.8 No')

        async def raise_error(*args):
            await Smtpd.sleep(0.01)
            raise ValueError('inside')

        async def forget(*args):
            await Smtpd.sleep(0.01)

        async def no_objection(*args):
            return Smtpd.Verdict.CONTINUE

        async def twice(server, session, envelope, request, credentials):
            request.reply(535, None)
            self.assertFalse(request.reply(235, None))

        def never(server, session, envelope, request, credentials):
            return Smtpd.Verdict.HANDLED

        def true(*args):
            return True

        def wrong_type(*args):
            return ['235 2.7.0 yes']

        def other_words(*args):
            return '250 2.0.0 yes'

        async def other_success(server, session, envelope, request, credentials):
            request.reply(250, 'OK')

        for hook, code in ((deny, 535), (raise_error, 454), (forget, 454), (no_objection, 535), (twice, 535),
                           (never, 454), (true, 454), (wrong_type, 454), (other_words, 454),
                           (other_success, 454)):
            with self.subTest(hook.__name__):
                handler = self.server.connect('handle-auth', hook)
                self.assertEqual(self.plain(), code)
                self.server.disconnect(handler)
                self.assert_stranger()

    def test_client_leaves(self):
        """The yes comes when nobody waits for it any more."""
        heard = []

        def hold(server, session, envelope, request, credentials):
            request.hold()
            self.request = request
            leaving.set()
            return Smtpd.Verdict.HANDLED

        def leave(client):
            client.sock.sendall(f'AUTH PLAIN {PLAIN}\r\n'.encode())
            leaving.wait(PATIENCE)
            client.sock.shutdown(socket.SHUT_RDWR)
            client.close()

        leaving = threading.Event()
        self.server.connect('handle-auth', hold)
        self.run_client(leave)
        heard.append(self.request.reply(235, None))
        self.assertEqual(heard, [False])
        self.assert_stranger()

    def test_secrets(self):
        secrets = {'joe': Smtpd.Secret.derive(Smtpd.ScramHash.SHA256, 'pencil', 4096),
                   'jim': Smtpd.Secret.new_password('pencil')}

        async def on_credentials(server, session, envelope, request, credentials):
            await Smtpd.sleep(0.01)
            request.send_secret(secrets.get(credentials.authentication_id))

        self.assertNotIn('pencil', repr(secrets))
        self.server.connect('handle-credentials', on_credentials)
        for name, password, good in (('joe', 'pencil', True), ('jim', 'pencil', True), ('joe', 'pencils', False),
                                     ('ann', 'pencil', False)):
            with self.subTest(name, password=password):
                if good:
                    self.run_client(lambda client: client.login(name, password))
                    self.assertEqual(self.sessions[-1].identity, name)
                else:
                    with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                        self.run_client(lambda client: client.login(name, password))
                    self.assertEqual(caught.exception.smtp_code, 535)

    def test_secret_hook_that_fails(self):
        def none(*args):
            return None

        async def raise_error(*args):
            raise ValueError('inside')

        def come_in(server, session, envelope, request, credentials):
            request.reply(235, None)
            return Smtpd.Verdict.HANDLED

        for hook in none, raise_error, come_in:
            with self.subTest(hook.__name__):
                handler = self.server.connect('handle-credentials', hook)
                self.assertEqual(self.plain(), 454)
                self.server.disconnect(handler)
                self.assert_stranger()

    def test_handler_object(self):
        class Users(Smtpd.Handler):
            async def do_handle_credentials(self, server, session, envelope, request, credentials):
                request.send_secret(Smtpd.Secret.parse('{PLAIN}pencil'))

            def do_handle_auth(self, server, session, envelope, request, credentials):
                if credentials.identity == 'joe' and credentials.verified:
                    request.reply(235, '2.7.0 Joe')
                else:
                    request.proceed()

        users = Users()
        self.server.add_handler(users)
        self.assertEqual(self.run_client(lambda client: client.docmd('AUTH PLAIN', PLAIN)), (235, b'2.7.0 Joe'))
        wrong = base64.b64encode(b'jim\0joe\0pencil').decode()
        self.assertEqual(self.run_client(lambda client: client.docmd('AUTH PLAIN', wrong))[0], 535)

    def test_own_mechanisms(self):
        def talk(client):
            codes = []
            for first, second in (('DOUBLE', b'41'), ('DOUBLE', b'42')):
                codes.append(client.docmd('AUTH', first)[0])
                codes.append(client.docmd(base64.b64encode(second).decode())[0])
            return codes

        def talk_slowly(client):
            codes = []
            for name in b'jim', b'joe':
                codes.append(client.docmd('AUTH SLOW')[0])
                codes.append(client.docmd(base64.b64encode(name).decode())[0])
            return codes

        def on_credentials(server, session, envelope, request, credentials):
            known = credentials.authentication_id == 'joe'
            request.send_secret(Smtpd.Secret.new_password('pencil') if known else None)
            return Smtpd.Verdict.HANDLED

        for name, kind in (('double', Double), ('slow', Slow), ('raising', Raising)):
            self.server.add_mechanism(name, kind)
        self.assertEqual(self.run_client(talk), [334, 535, 334, 235])
        self.server.connect('handle-credentials', on_credentials)
        self.assertEqual(self.run_client(talk_slowly), [334, 535, 334, 235])
        self.assertEqual(self.run_client(lambda client: client.docmd('AUTH RAISING')[0]), 454)

    def test_offers(self):
        def offer(server, session, envelope, request, name):
            session.offered_mechanisms = ['LOGIN']
            return Smtpd.Verdict.CONTINUE

        self.server.connect('handle-auth', lambda *args: Smtpd.Verdict.CONTINUE)
        self.assertEqual(self.run_client(lambda client: client.esmtp_features['auth']).split(), ['PLAIN', 'LOGIN'])
        self.server.auth_excluded = ['login']
        self.assertEqual(self.run_client(lambda client: client.esmtp_features['auth']).split(), ['PLAIN'])
        self.server.auth_excluded = None
        self.server.connect('handle-connect', lambda server, session, envelope, request:
                            offer(server, session, envelope, request, ''))
        self.assertEqual(self.run_client(lambda client: client.esmtp_features['auth']).split(), ['LOGIN'])


if __name__ == '__main__':
    unittest.main()
