# SPDX-License-Identifier: LGPL-2.1-or-later

"""The package gsmtpd: programs that were written for aiosmtpd."""

import asyncio
import base64
import io
import mailbox
import os
import pathlib
import smtplib
import socket
import ssl as python_ssl
import subprocess
import tempfile
import threading
import time
import unittest
import warnings

from gsmtpd import ssl
from gsmtpd._server import choose
from gsmtpd.controller import Controller, UnixSocketController, UnixSocketUnthreadedController, UnthreadedController
from gsmtpd.handlers import AsyncMessage, Debugging, Mailbox, Message, Proxy, Sink
from gsmtpd.lmtp import LMTP
from gsmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session, auth_mechanism, syntax

from gi.repository import Smtpd

try:
    import aiosmtpd.controller as aiosmtpd
except ImportError:
    aiosmtpd = None

PATIENCE = 20
MESSAGE = 'From: a@example.org\r\nSubject: x\r\n\r\nText\r\n'
PLAIN = base64.b64encode(b'\0joe\0pencil').decode()


def encode(text):
    return base64.b64encode(text.encode()).decode()


class Facade(unittest.TestCase):

    def serve(self, handler, smtp=None, controller=Controller, **kwargs):
        """Starts a controller that ends with the test."""
        if smtp is not None:
            class Own(controller):
                def factory(self):
                    return smtp(self.handler, **self.SMTP_kwargs)
            controller = Own
        self.controller = controller(handler, port=0, **kwargs)
        self.controller.start()
        self.controller.server.auth_failure_delay = 0
        self.addCleanup(self.controller.stop, no_assert=True)
        return self.controller

    def client(self):
        client = smtplib.SMTP(self.controller.hostname, self.controller.port, local_hostname='me.example',
                              timeout=PATIENCE)
        self.addCleanup(client.close)
        return client

    def codes(self, *lines, client=None):
        client = client or self.client()
        return [client.docmd(line)[0] for line in lines]

    def transaction(self):
        return self.codes('EHLO me', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.org>', 'DATA', '.')


class Programs(Facade):

    def test_ping(self):
        """The first program that people are shown, with a RSET that counts."""
        class MyServer(SMTP):
            resets = 0

            @syntax('PING [ignored]')
            async def smtp_PING(self, arg):
                await self.push('259 Pong')

            async def smtp_RSET(self, arg):
                self.resets += 1
                await self.push(f'250-number {self.resets}')
                await super().smtp_RSET(arg)

        self.serve(Sink(), MyServer)
        client = self.client()
        self.assertEqual(client.docmd('PING'), (259, b'Pong'))
        self.assertEqual([client.rset()[1].splitlines()[0][-8:] for _ in range(2)], [b'number 1', b'number 2'])
        self.assertTrue(client.help().decode().endswith(
            'Supported commands: AUTH DATA EHLO HELO HELP MAIL NOOP PING QUIT RCPT VRFY'))
        self.assertTrue(client.help('PING').endswith(b'Syntax: PING [ignored]'))
        self.assertEqual(client.docmd('HELP', 'NONE')[0], 501)
        self.assertEqual(client.sendmail('a@example.org', ['b@example.org'], MESSAGE), {})

    def test_relay_rule(self):
        messages = []

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                if not address.endswith('@example.com'):
                    return '550 not relaying to that domain'
                envelope.rcpt_tos.append(address)
                return '250 OK'

            async def handle_DATA(self, server, session, envelope):
                messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
                return '250 Message accepted for delivery'

        self.serve(Handler())
        client = self.client()
        self.assertEqual(list(client.sendmail('a@example.org', ['b@example.com', 'c@example.net'], MESSAGE)),
                         ['c@example.net'])
        self.assertEqual(messages, [('a@example.org', ['b@example.com'], MESSAGE.encode())])
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as caught:
            client.sendmail('a@example.org', ['c@example.net'], MESSAGE)
        self.assertEqual(caught.exception.recipients['c@example.net'][0], 550)


class Recorder:
    """Has every hook, and a message for each call."""

    def __init__(self):
        self.calls = []

    async def handle_HELO(self, server, session, envelope, hostname):
        session.host_name = hostname
        self.calls.append(('HELO', hostname))
        return '250 hello'

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.calls.append(('EHLO', hostname, session.extended_smtp))
        session.host_name = hostname
        return responses[:1] + ['250-XFOO one', '250 HELP']

    async def handle_NOOP(self, server, session, envelope, arg):
        self.calls.append(('NOOP', arg))
        return '250 noop'

    async def handle_VRFY(self, server, session, envelope, address):
        self.calls.append(('VRFY', address))
        return '252 perhaps'

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        self.calls.append(('MAIL', address, mail_options))
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return '250 mail'

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        self.calls.append(('RCPT', address, rcpt_options))
        envelope.rcpt_tos.append(address)
        return b'250 rcpt'

    async def handle_RSET(self, server, session, envelope):
        self.calls.append(('RSET', envelope.mail_from))
        return '250 rset'

    async def handle_DATA(self, server, session, envelope):
        self.calls.append(('DATA', envelope.mail_from, envelope.rcpt_tos, envelope.content,
                           session.host_name, session.peer[0]))
        return '250 data'

    async def handle_QUIT(self, server, session, envelope):
        self.calls.append(('QUIT',))
        return '221 quit'


class Hooks(Facade):

    def test_all(self):
        recorder = Recorder()
        self.serve(recorder)
        client = self.client()
        self.assertEqual(client.helo('one')[1][-5:], b'hello')
        client.ehlo('two')
        self.assertEqual(client.esmtp_features, {'xfoo': 'one', 'help': ''})
        answers = [client.docmd(line)[1][-4:] for line in (
            'NOOP x', 'MAIL FROM:<a@example.org> size=9 body=8bitmime', 'RSET', 'MAIL FROM:<a@example.org>',
            'RCPT TO:<b@example.org>')]
        self.assertEqual(answers, [b'noop', b'mail', b'rset', b'mail', b'rcpt'])
        self.assertEqual(client.verify('x@example.org')[0], 252)
        self.assertEqual(client.data('hello\r\n')[1][-4:], b'data')
        client.quit()
        self.assertEqual(recorder.calls, [
            ('HELO', 'one'), ('EHLO', 'two', True), ('NOOP', 'x'),
            ('MAIL', 'a@example.org', ['SIZE=9', 'BODY=8BITMIME']), ('RSET', None), ('MAIL', 'a@example.org', []),
            ('RCPT', 'b@example.org', []), ('VRFY', 'x@example.org'),
            ('DATA', 'a@example.org', ['b@example.org'], b'hello\r\n', 'two', self.controller.hostname), ('QUIT',)])

    def test_old_ehlo(self):
        class Handler(Sink):
            async def handle_EHLO(self, server, session, envelope, hostname):
                await server.push('250-XBAR')
                return '250 HELP'

        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            self.serve(Handler())
        client = self.client()
        client.ehlo('me')
        self.assertIn('xbar', client.esmtp_features)
        self.assertIn('8bitmime', client.esmtp_features)

        class Wrong(Sink):
            async def handle_EHLO(self, server, session):
                pass

        with self.assertRaises(RuntimeError):
            Controller(Wrong(), port=0).start()

    def test_ehlo_refused(self):
        class Handler(Sink):
            async def handle_EHLO(self, server, session, envelope, hostname, responses):
                return ['550 Not you']

        self.serve(Handler())
        self.assertEqual(self.codes('EHLO me', 'MAIL FROM:<a@example.org>'), [550, 503])

    def test_effects_are_the_librarys(self):
        """A hook that says 250 and forgets to append has accepted all the same."""
        class Handler:
            async def handle_MAIL(self, server, session, envelope, address, mail_options):
                return '250 OK'

            async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                return '250 OK' if address != 'no@example.org' else '550 no'

            async def handle_DATA(self, server, session, envelope):
                seen.append((envelope.mail_from, envelope.rcpt_tos))
                return '250 OK'

        seen = []
        self.serve(Handler())
        self.client().sendmail('a@example.org', ['no@example.org', 'b@example.org'], MESSAGE)
        self.assertEqual(seen, [('a@example.org', ['b@example.org'])])

    def test_missing(self):
        class Handler(Sink):
            async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                return MISSING

        self.serve(Handler())
        self.assertEqual(self.transaction(), [250, 250, 250, 354, 250])

    def test_own_classes(self):
        class OwnSession(Session):
            color = 'blue'

        class OwnEnvelope(Envelope):
            pass

        class Server(SMTP):
            def _create_session(self):
                return OwnSession(self.loop)

            def _create_envelope(self):
                return OwnEnvelope()

        class Handler:
            async def handle_DATA(self, server, session, envelope):
                seen.append((server, session, envelope))
                return '250 OK'

        seen = []
        self.serve(Handler(), Server)
        client = self.client()
        for _ in range(2):
            client.sendmail('a@example.org', ['b@example.org'], MESSAGE)
        self.assertEqual([(type(a), type(b), type(c)) for a, b, c in seen], [(Server, OwnSession, OwnEnvelope)] * 2)
        self.assertIs(seen[0][0], seen[1][0])
        self.assertIsNot(seen[0][2], seen[1][2])
        self.assertIs(seen[0][0].loop, self.controller.loop)

    def test_asyncio(self):
        """All of asyncio is there."""
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                async with asyncio.timeout(PATIENCE):
                    done = await asyncio.gather(asyncio.sleep(0.01, 1), asyncio.to_thread(lambda: 2))
                reader, writer = await asyncio.open_connection(server.transport.get_local_address().get_address()
                                                               .to_string(), port)
                greeting = await reader.readline()
                writer.close()
                return f'250 {done} {greeting[:3].decode()}'

        port = self.serve(Handler()).port
        client = self.client()
        client.ehlo()
        client.mail('a@example.org')
        client.rcpt('b@example.org')
        self.assertTrue(client.data(MESSAGE)[1].endswith(b'[1, 2] 220'))

    def test_others_are_served_meanwhile(self):
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                entered.set()
                await released.wait()
                return '250 OK'

        entered, released = threading.Event(), asyncio.Event()
        self.serve(Handler())
        thread = threading.Thread(target=self.transaction)
        thread.start()
        self.assertTrue(entered.wait(PATIENCE))
        self.assertEqual(self.codes('NOOP'), [250])
        self.controller.loop.call_soon_threadsafe(released.set)
        thread.join()

    def test_null_sender(self):
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                return f'250 from {envelope.mail_from}'

        self.serve(Handler())
        self.codes('EHLO me')
        client = self.client()
        client.ehlo()
        client.docmd('MAIL FROM:<>')
        client.rcpt('b@example.org')
        self.assertTrue(client.data('x\r\n')[1].endswith(b'from <>'))

    def test_decode_data(self):
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                seen.append((envelope.content, envelope.original_content))
                return '250 OK'

        seen = []
        self.serve(Handler(), decode_data=True)
        self.client().sendmail('a@example.org', ['b@example.org'], 'x: \u00fc\r\n\r\n'.encode())
        self.assertEqual(seen, [('x: \u00fc\r\n\r\n', 'x: \u00fc\r\n\r\n'.encode())])

    def test_process_message(self):
        class Handler:
            def process_message(self, peer, mailfrom, rcpttos, data):
                seen.append((mailfrom, rcpttos, data))

        seen = []
        self.serve(Handler())
        self.client().sendmail('a@example.org', ['b@example.org'], MESSAGE)
        self.assertEqual(seen, [('a@example.org', ['b@example.org'], MESSAGE.encode())])


class Safety(Facade):
    """Whatever goes wrong in a handler, nothing is accepted by it, and nothing of it is told."""

    def test_exception(self):
        class Handler(Sink):
            async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                raise ValueError('secret')

        self.serve(Handler())
        client = self.client()
        client.ehlo()
        client.mail('a@example.org')
        code, text = client.rcpt('b@example.org')
        self.assertEqual(code, 451)
        self.assertNotIn(b'secret', text)
        self.assertNotIn(b'ValueError', text)

    def test_handle_exception(self):
        class Handler(Sink):
            answer = '542 Sorry'

            async def handle_NOOP(self, server, session, envelope, arg):
                raise ValueError('secret')

            async def handle_exception(self, error):
                return self.answer

        handler = Handler()
        self.serve(handler)
        client = self.client()
        self.assertEqual(client.noop(), (542, client.noop()[1]))
        handler.answer = '250 OK'
        self.assertEqual(client.noop()[0], 451)
        handler.answer = None
        self.assertEqual(client.noop()[0], 451)

    def test_nothing_is_no_answer(self):
        for answer in None, 'yes', 42, ['250 OK'], '':
            class Handler(Sink):
                async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                    return answer

            self.serve(Handler())
            with self.subTest(answer):
                self.assertEqual(self.transaction()[:4], [250, 250, 451, 503])

    def test_nobody_takes_it(self):
        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                return '250 OK'

        self.serve(Handler())
        self.assertEqual(self.transaction(), [250, 250, 250, 354, 554])

    def test_command_without_an_answer(self):
        class Server(SMTP):
            async def smtp_PING(self, arg):
                if arg == 'raise':
                    raise ValueError('secret')

            async def smtp_TWICE(self, arg):
                await self.push('250 one')
                await self.push('250 two')

        self.serve(Sink(), Server)
        client = self.client()
        self.assertEqual(self.codes('PING', 'PING raise', 'TWICE', 'NOOP x', client=client), [451, 451, 250, 250])

    def test_commands_one_by_one(self):
        """A command that goes on behind its answer keeps the next one waiting."""
        class Server(SMTP):
            async def smtp_SLOW(self, arg):
                await self.push('250 answered')
                await asyncio.sleep(0.1)
                order.append('slow')

            async def smtp_FAST(self, arg):
                order.append('fast')
                await self.push('250 answered')

        order = []
        self.serve(Sink(), Server)
        self.assertEqual(self.codes('SLOW', 'FAST'), [250, 250])
        self.assertEqual(order, ['slow', 'fast'])

    def test_factory_fails(self):
        class Failing(Controller):
            def factory(self):
                raise ValueError('no')

        with self.assertRaises(ValueError):
            Failing(Sink(), port=0).start()


class Limits(Facade):

    def test_calls(self):
        self.serve(Sink(), command_call_limit={'NOOP': 2, '*': 5})
        self.assertEqual(self.codes('NOOP', 'RSET', 'RSET', 'RSET', 'NOOP', 'NOOP'), [250, 250, 250, 250, 250, 421])
        with self.assertRaises(TypeError):
            SMTP(Sink(), command_call_limit='3')

    def test_size(self):
        self.serve(Sink(), data_size_limit=20)
        client = self.client()
        client.ehlo()
        self.assertEqual(client.esmtp_features['size'], '20')
        self.assertEqual(client.docmd('MAIL FROM:<a@example.org> SIZE=21')[0], 552)


class Auth(Facade):

    def authenticate(self, line='AUTH PLAIN ' + PLAIN, **kwargs):
        kwargs = {'auth_require_tls': False, **kwargs}
        self.serve(kwargs.pop('handler', Sink()), smtp=kwargs.pop('smtp', None), **kwargs)
        client = self.client()
        client.ehlo()
        return client.docmd(line)

    def test_authenticator(self):
        def authenticator(server, session, envelope, mechanism, auth_data):
            seen.append((server, session, type(envelope), mechanism, auth_data))
            return AuthResult(success=auth_data == LoginPassword(b'joe', b'pencil'), handled=False,
                              auth_data=auth_data)

        class Handler(Sink):
            async def handle_MAIL(self, server, session, envelope, address, mail_options):
                sessions.append((session.authenticated, session.auth_data, session.login_data))
                return MISSING

        seen, sessions = [], []
        self.assertEqual(self.authenticate(authenticator=authenticator, handler=Handler())[0], 235)
        self.assertEqual(seen[0][3:], ('PLAIN', LoginPassword(b'joe', b'pencil')))
        self.assertNotIn('pencil', repr(seen[0][4]))
        client = self.client()
        client.login('joe', 'pencil')
        client.mail('a@example.org')
        self.assertEqual(sessions, [(True, LoginPassword(b'joe', b'pencil'), b'joe')])
        with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
            self.client().login('joe', 'pen')
        self.assertEqual(caught.exception.smtp_code, 535)

    def test_callback(self):
        for verdict, code in (True, 235), (False, 535), (None, 535), ('', 535):
            with self.subTest(verdict):
                self.assertEqual(self.authenticate(auth_callback=lambda *args: verdict)[0], code)

    def test_coroutines(self):
        """A coroutine that says no is no yes, though a coroutine is something."""
        async def deny(*args):
            await asyncio.sleep(0.01)
            return False

        async def allow(*args):
            await asyncio.sleep(0.01)
            return True

        async def refuse(*args):
            return AuthResult(success=False, handled=False)

        async def accept(*args):
            return AuthResult(success=True)

        for callback, code in (deny, 535), (allow, 235):
            with self.subTest(callback):
                self.assertEqual(self.authenticate(auth_callback=callback)[0], code)
        for authenticator, code in (refuse, 535), (accept, 235):
            with self.subTest(authenticator):
                self.assertEqual(self.authenticate(authenticator=authenticator)[0], code)

    def test_what_is_no_result(self):
        def fail(*args):
            raise ValueError('secret')

        for result in True, 'yes', AuthResult(success='yes'), AuthResult(success=None), object(), None:
            with self.subTest(result):
                self.assertEqual(self.authenticate(authenticator=lambda *args: result)[0], 454)
        code, text = self.authenticate(authenticator=fail)
        self.assertEqual(code, 454)
        self.assertNotIn(b'secret', text)

    def test_messages(self):
        for result, code, text in (
                (AuthResult(success=True, message='235 2.7.0 Hello Joe'), 235, b'Hello Joe'),
                (AuthResult(success=True, message='535 no'), 235, b'uccessful'),
                (AuthResult(success=False, handled=False, message='535 5.7.8 Not Joe'), 535, b'Not Joe'),
                (AuthResult(success=False, handled=False, message='235 Hello'), 535, b'invalid')):
            with self.subTest(result):
                reply = self.authenticate(authenticator=lambda *args: result)
                self.assertEqual(reply[0], code)
                self.assertIn(text, reply[1])

    def test_not_offered(self):
        self.serve(Sink(), auth_require_tls=False)
        client = self.client()
        client.ehlo()
        self.assertNotIn('auth', client.esmtp_features)
        self.serve(Sink(), authenticator=lambda *args: AuthResult(success=True))
        client = self.client()
        client.ehlo()
        self.assertNotIn('auth', client.esmtp_features)

    def test_excluded(self):
        self.serve(Sink(), auth_require_tls=False, auth_exclude_mechanism=['LOGIN'],
                   authenticator=lambda *args: AuthResult(success=True))
        client = self.client()
        client.ehlo()
        self.assertEqual(client.esmtp_features['auth'].split(), ['PLAIN'])

    def test_required(self):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            self.serve(Sink(), auth_require_tls=False, auth_required=True,
                       authenticator=lambda *args: AuthResult(success=True))
        self.assertEqual(self.codes('EHLO me', 'MAIL FROM:<a@example.org>', 'AUTH PLAIN ' + PLAIN,
                                    'MAIL FROM:<a@example.org>'), [250, 530, 235, 250])

    def test_own_mechanism(self):
        class Handler(Sink):
            async def auth_DOUBLE(self, server, args):
                answer = await server.challenge_auth('21')
                if answer == b'raise':
                    raise ValueError('secret')
                if answer == b'push':
                    await server.push('535 5.7.8 Pushed')
                    return AuthResult(success=False)
                return AuthResult(success=answer == b'42', handled=False, auth_data=LoginPassword(b'someone', b''))

            @auth_mechanism('X-ONE-STEP')
            async def auth_one(self, server, args):
                return args == ['X-ONE-STEP', encode('sesame')]

        self.assertEqual(self.authenticate('AUTH DOUBLE', handler=Handler()), (334, encode('21').encode()))
        client = self.client()
        client.ehlo()
        self.assertEqual(set(client.esmtp_features['auth'].split()), {'DOUBLE', 'X-ONE-STEP'})
        self.assertEqual(self.codes(
            'AUTH X-ONE-STEP ' + encode('open'), 'AUTH DOUBLE', encode('41'), 'AUTH DOUBLE', encode('push'), 'NOOP',
            'AUTH DOUBLE', '*', 'AUTH DOUBLE', encode('raise'), 'AUTH DOUBLE', encode('42'), 'NOOP', client=client),
            [535, 334, 535, 334, 535, 250, 334, 501, 334, 454, 334, 235, 250])
        self.assertEqual(self.codes('EHLO me', 'AUTH X-ONE-STEP ' + encode('sesame')), [250, 235])

    def test_replaced_mechanism(self):
        class Server(SMTP):
            async def auth_PLAIN(self, _, args):
                result = await super().auth_PLAIN(_, args)
                if result.auth_data != LoginPassword(b'joe', b'pencil'):
                    return AuthResult(success=False, handled=False, message='535 5.7.8 Replaced')
                return result

        def accept(server, session, envelope, mechanism, auth_data):
            return AuthResult(success=True, auth_data=auth_data)

        self.assertEqual(self.authenticate(smtp=Server, authenticator=accept)[0], 235)
        other = 'AUTH PLAIN ' + encode('\0jim\0pencil')
        self.assertEqual(self.authenticate(other, smtp=Server, authenticator=accept)[0], 535)

    def test_handle_auth(self):
        class Handler(Sink):
            lies = False

            async def handle_AUTH(self, server, session, envelope, args):
                if args[0] == 'LOGIN':
                    return MISSING
                session.authenticated = not self.lies and args[1] == PLAIN
                return '235 2.7.0 OK' if session.authenticated or self.lies else '535 5.7.8 No'

        handler = Handler()
        options = dict(handler=handler, authenticator=lambda *args: AuthResult(success=False, handled=False))
        self.assertEqual(self.authenticate(**options)[0], 235)
        self.assertEqual(self.authenticate('AUTH PLAIN ' + encode('\0jim\0pen'), **options)[0], 535)
        client = self.client()
        self.assertEqual(self.codes('EHLO me', 'AUTH LOGIN', encode('joe'), encode('pencil'), client=client),
                         [250, 334, 334, 535])
        handler.lies = True
        self.assertEqual(self.codes('EHLO me', 'AUTH PLAIN ' + PLAIN), [250, 535])


class Transports(Facade):

    def test_unix(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 's')
            controller = UnixSocketController(Sink(), path)
            controller.start()
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(PATIENCE)
                sock.connect(path)
                self.assertEqual(sock.recv(1024)[:4], b'220 ')
            controller.stop()
            self.assertFalse(os.path.exists(path))

    def test_lmtp(self):
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                return '250 OK'

        self.serve(Handler(), LMTP)
        client = self.client()
        self.assertEqual(self.codes('EHLO me', 'LHLO me', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.org>',
                                    'RCPT TO:<c@example.org>', 'DATA', '.', client=client),
                         [500, 250, 250, 250, 250, 354, 250])
        self.assertEqual(client.getreply()[0], 250)

    def make_certificate(self, directory):
        paths = [os.path.join(directory, name) for name in ('cert.pem', 'key.pem')]
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-out', paths[0], '-keyout', paths[1], '-subj', '/CN=mx.example', '-days', '2'],
                       check=True, capture_output=True)
        return paths

    def test_tls(self):
        class Handler(Sink):
            accepts = True

            def handle_STARTTLS(self, server, session, envelope):
                return self.accepts

            async def handle_MAIL(self, server, session, envelope, address, mail_options):
                seen.append((session.ssl['cipher'][1], session.host_name))
                return MISSING

        seen = []
        with tempfile.TemporaryDirectory() as directory:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self.make_certificate(directory))
            handler = Handler()
            self.serve(handler, tls_context=context, require_starttls=True)
            client = self.client()
            client.ehlo()
            self.assertEqual(client.mail('a@example.org')[0], 530)
            client.starttls(context=python_ssl._create_unverified_context())
            client.ehlo('again')
            self.assertEqual(client.mail('a@example.org')[0], 250)
            self.assertEqual(seen, [('TLS1.3', 'again')])
            handler.accepts = False
            client = self.client()
            client.starttls(context=python_ssl._create_unverified_context())
            self.assertEqual(client.ehlo()[0], 554)

            self.serve(Sink(), ssl_context=context)
            with smtplib.SMTP_SSL(self.controller.hostname, self.controller.port, timeout=PATIENCE,
                                  context=python_ssl._create_unverified_context()) as client:
                self.assertEqual(client.noop()[0], 250)

    def test_contexts(self):
        with self.assertRaises(TypeError):
            SMTP(Sink(), tls_context=python_ssl.create_default_context(python_ssl.Purpose.CLIENT_AUTH))
        with self.assertRaises(ValueError):
            SMTP(Sink(), tls_context=ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))


class Profiles(unittest.TestCase):

    def test_choose(self):
        server = Smtpd.Server()
        choose(server, 'bare-newlines', 'pass')
        self.assertEqual(server.bare_newlines, Smtpd.BareNewlines.PASS)
        choose(server, 'bare-newlines', 'unknown')
        self.assertEqual(server.bare_newlines, Smtpd.BareNewlines.PASS)
        choose(server, 'there-is-none', 'pass')


class Controllers(Facade):

    def test_errors(self):
        controller = self.serve(Sink())
        with self.assertRaises(AssertionError):
            controller.start()
        other = Controller(Sink(), hostname=controller.hostname, port=controller.port)
        with self.assertRaises(OSError):
            other.start()
        controller.stop()
        with self.assertRaises(AssertionError):
            controller.stop()
        other.start()
        other.stop()

    def test_with_and_again(self):
        controller = Controller(Sink(), port=0)
        for _ in range(3):
            with controller:
                with smtplib.SMTP(controller.hostname, controller.port, timeout=PATIENCE) as client:
                    self.assertEqual(client.noop()[0], 250)
            with self.assertRaises(ConnectionRefusedError):
                smtplib.SMTP(controller.hostname, controller.port, timeout=PATIENCE)

    def test_descriptors(self):
        def count():
            return len(os.listdir('/proc/self/fd'))

        Controller(Sink(), port=0).__enter__().stop()
        before = count()
        for _ in range(10):
            Controller(Sink(), port=0).__enter__().stop()
        self.assertLessEqual(count(), before + 3)

    def run_unthreaded(self, make, connect):
        """Serves one client from a loop in this thread."""
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                threads.append((threading.get_ident(), asyncio.get_running_loop()))
                await asyncio.sleep(0.01)
                return '250 OK'

        def play():
            try:
                connect(controller)
            finally:
                controller.loop.call_soon_threadsafe(controller.end)
                controller.ended.wait(PATIENCE)
                controller.loop.call_soon_threadsafe(controller.loop.stop)

        threads = []
        controller = make(Handler())
        controller.begin()
        client = threading.Thread(target=play)
        client.start()
        controller.loop.run_forever()
        client.join()
        controller.loop.close()
        self.assertEqual(threads, [(threading.get_ident(), controller.loop)])

    def send(self, controller):
        with smtplib.SMTP(controller.hostname, controller.port, timeout=PATIENCE) as client:
            client.sendmail('a@example.org', ['b@example.org'], MESSAGE)

    def test_unthreaded(self):
        self.run_unthreaded(lambda handler: UnthreadedController(handler, port=0), self.send)

    def test_foreign_loop(self):
        self.run_unthreaded(lambda handler: UnthreadedController(handler, port=0, loop=asyncio.new_event_loop()),
                            self.send)

    def test_unthreaded_unix(self):
        def send(controller):
            with smtplib.LMTP(controller.unix_socket) as client:
                client.helo()
                client.mail('a@example.org')
                client.rcpt('b@example.org')
                client.data(MESSAGE)

        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / 's'
            self.run_unthreaded(lambda handler: UnixSocketUnthreadedController(handler, path), send)

    def test_threaded_foreign_loop(self):
        loop = asyncio.new_event_loop()
        seen = []

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                await asyncio.sleep(0.01)
                seen.append(asyncio.get_running_loop())
                return '250 OK'

            async def handle_DATA(self, server, session, envelope):
                return '250 OK'

        self.serve(Handler(), loop=loop)
        self.assertEqual(self.transaction(), [250, 250, 250, 354, 250])
        self.assertEqual(seen, [loop])

    def test_foreign_loop_with_commands(self):
        class Server(SMTP):
            async def smtp_NOOP(self, arg):
                await asyncio.sleep(0.01)
                await super().smtp_NOOP(arg)

        self.serve(Sink(), Server, loop=asyncio.new_event_loop())
        self.assertEqual(self.codes('NOOP', 'NOOP', 'QUIT'), [250, 250, 221])


class Handlers(Facade):

    def send(self, content=MESSAGE):
        with smtplib.SMTP(self.controller.hostname, self.controller.port, timeout=PATIENCE) as client:
            client.sendmail('a@example.org', ['b@example.org', 'c@example.org'], content)

    def test_debugging(self):
        stream = io.StringIO()
        self.serve(Debugging(stream))
        self.send()
        lines = stream.getvalue().splitlines()
        self.assertEqual((lines[0], lines[-1]),
                         ('---------- MESSAGE FOLLOWS ----------', '------------ END MESSAGE ------------'))
        self.assertEqual(lines[1], f"mail options: ['SIZE={len(MESSAGE)}']")
        self.assertEqual(lines[-5], 'Subject: x')
        self.assertTrue(lines[-4].startswith(f"X-Peer: ('{self.controller.hostname}'"))
        self.assertEqual(lines[-3:-1], ['', 'Text'])

    def test_messages(self):
        class Sync(Message):
            def handle_message(self, message):
                messages.append(message)

        class Async(AsyncMessage):
            async def handle_message(self, message):
                await asyncio.sleep(0.01)
                messages.append(message)

        messages = []
        for handler in Sync(), Async():
            self.serve(handler)
            self.send()
        for message in messages:
            self.assertEqual((message['Subject'], message['X-MailFrom'], message['X-RcptTo']),
                             ('x', 'a@example.org', 'b@example.org, c@example.org'))
        self.assertEqual(len(messages), 2)

    def test_mailbox(self):
        with tempfile.TemporaryDirectory() as directory:
            handler = Mailbox(os.path.join(directory, 'box'))
            self.serve(handler)
            self.send()
            messages = list(mailbox.Maildir(handler.mail_dir))
            self.assertEqual([message['Subject'] for message in messages], ['x'])
            handler.reset()
            self.assertEqual(len(mailbox.Maildir(handler.mail_dir)), 0)

    def test_proxy(self):
        class Next:
            async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                return '550 5.1.1 Not here' if address in refused else '250 OK'

            async def handle_DATA(self, server, session, envelope):
                messages.append(envelope.content)
                return '250 OK'

        refused, messages = set(), []
        upstream = self.serve(Next())
        self.serve(Proxy(upstream.hostname, upstream.port))
        self.send()
        self.assertEqual(messages[0].replace(
            f'X-Peer: {self.controller.hostname}\r\n'.encode(), b''), MESSAGE.encode())
        refused.add('c@example.org')
        with self.assertRaises(smtplib.SMTPDataError) as caught:
            self.send()
        self.assertEqual(caught.exception.smtp_code, 550)
        upstream.stop()
        with self.assertRaises(smtplib.SMTPDataError) as caught:
            self.send()
        self.assertEqual(caught.exception.smtp_code, 451)


@unittest.skipIf(aiosmtpd is None, 'aiosmtpd is not here')
class Comparison(unittest.TestCase):
    """The same handler under both: the codes are the same where aiosmtpd's are what they should be."""

    SCRIPT = ['MAIL FROM:<a@example.org>', 'HELO', 'HELO me', 'RSET', 'NOOP', 'NOOP x', 'RCPT TO:<b@example.org>',
              'DATA', 'MAIL', 'EHLO me',
              'MAIL FROM:<a@example.org> XXX=1', 'MAIL FROM:<a@example.org> SIZE=999999999',
              'MAIL FROM:<a@example.org> SMTPUTF8', 'MAIL FROM:<a@example.org>', 'DATA', 'RCPT',
              'RCPT TO:<c@example.org>', 'RCPT TO:<b@example.org>', 'VRFY b@example.org', 'DATA', '.',
              'MAIL FROM:<a@example.org>', 'RSET', 'DATA', 'NONSENSE', 'EXPN list', 'QUIT']

    class Handler:
        def __init__(self):
            self.calls = []

        async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
            self.calls.append(('RCPT', session.host_name, envelope.mail_from, address, rcpt_options))
            if address == 'c@example.org':
                return '550 no'
            envelope.rcpt_tos.append(address)
            return '250 OK'

        async def handle_DATA(self, server, session, envelope):
            self.calls.append(('DATA', envelope.mail_from, envelope.rcpt_tos, envelope.content, envelope.smtp_utf8))
            return '250 OK'

    def play(self, controller_class):
        handler = self.Handler()
        controller = controller_class(handler, hostname='127.0.0.1', port=self.free_port())
        controller.start()
        try:
            with smtplib.SMTP(controller.hostname, controller.port, timeout=PATIENCE) as client:
                codes = [client.docmd(line)[0] for line in self.SCRIPT]
        finally:
            controller.stop()
        return codes, handler.calls

    def free_port(self):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            return probe.getsockname()[1]

    def test_codes(self):
        ours, our_calls = self.play(Controller)
        theirs, their_calls = self.play(aiosmtpd.Controller)
        different = {line: (our, their) for line, our, their in zip(self.SCRIPT, ours, theirs) if our != their}
        self.assertEqual(different, {})
        self.assertEqual(our_calls, their_calls)


class Stop(Facade):

    def test_with_clients(self):
        """Neither idle clients nor a hook that waits keep stop() for long."""
        class Handler(Sink):
            async def handle_NOOP(self, server, session, envelope, arg):
                try:
                    entered.set()
                    await asyncio.sleep(PATIENCE * 2)
                finally:
                    ended.append(True)

        entered, ended = threading.Event(), []
        self.serve(Handler())
        clients = [self.client() for _ in range(3)]
        clients[0].putcmd('NOOP')
        entered.wait(PATIENCE)
        begin = time.monotonic()
        self.controller.stop()
        self.assertLess(time.monotonic() - begin, PATIENCE / 2)
        self.assertEqual(ended, [True])


if __name__ == '__main__':
    unittest.main()
