# SPDX-License-Identifier: LGPL-2.1-or-later

"""Programs that were written for aiosmtpd, of which only the imports change: with either package the outcome is the same."""

import contextlib
import io
import os
import socket
import tempfile
import unittest
import warnings

import gsmtpd.controller  # noqa: F401

try:
    import aiosmtpd.controller  # noqa: F401
except ImportError:
    aiosmtpd = None

# A PING and a RSET that counts, in a controller, driven by smtplib.
FIRST = '''
from smtplib import SMTP as Client

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP as Server, syntax


class MyServer(Server):
    n_resets = 0

    @syntax('PING [ignored]')
    async def smtp_PING(self, arg):
        await self.push('259 Pong')

    async def smtp_RSET(self, arg):
        self.n_resets += 1
        await self.push(f'250-This is number {self.n_resets}')
        await super().smtp_RSET(arg)


class MyController(Controller):
    def factory(self):
        return MyServer(self.handler)


controller = MyController(Sink(), port=PORT)
controller.start()

client = Client(controller.hostname, controller.port)
print(client.ehlo('me')[0], client.docmd('PING'), client.docmd('PING me'))
print(client.rset(), client.rset())
print(client.docmd('HELP'), client.docmd('HELP PING'))
print(client.noop())
client.quit()
controller.stop()
'''

OWN = '''
import asyncio
from smtplib import SMTP as Client

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MySession(Session):
    color = 'blue'


class MyEnvelope(Envelope):
    priority = 5


class Server(SMTP):
    def _create_session(self):
        return MySession(self.loop)

    def _create_envelope(self):
        return MyEnvelope()


class Handler:
    async def handle_HELO(self, server, session, envelope, hostname):
        session.host_name = hostname
        return '250 Hello, ' + hostname

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        responses.insert(1, '250-XOWN ' + session.color)
        return responses

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if address == 'nobody@example.org':
            return '550 Not you'
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return f'250 {mail_options}'

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        await asyncio.sleep(0)
        if not address.endswith('@example.com'):
            return '550 not relaying to that domain'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_VRFY(self, server, session, envelope, address):
        return '250 ' + address

    async def handle_NOOP(self, server, session, envelope, arg):
        return f'250 {arg}'

    async def handle_RSET(self, server, session, envelope):
        return f'250 {envelope.mail_from} {envelope.rcpt_tos} {envelope.priority}'

    async def handle_DATA(self, server, session, envelope):
        print(envelope.mail_from, envelope.rcpt_tos, envelope.mail_options, envelope.rcpt_options, envelope.smtp_utf8,
              envelope.content, envelope.original_content == envelope.content, type(envelope).__name__)
        print(session.host_name, session.extended_smtp, session.peer[0], bool(session.authenticated), session.auth_data, session.ssl,
              session.proxy_data, type(session).__name__)
        return '250 Queued'

    async def handle_QUIT(self, server, session, envelope):
        return '221 Goodbye'


class MyController(Controller):
    def factory(self):
        return Server(self.handler, **self.SMTP_kwargs)


controller = MyController(Handler(), hostname='127.0.0.1', port=PORT, server_hostname='mx.example', ident='Own',
                          ready_timeout=30, data_size_limit=4096)
controller.start()
with Client() as client:
    print(client.connect(controller.hostname, controller.port))
    for line in ('HELO one', 'EHLO two', 'MAIL FROM:<nobody@example.org>', 'MAIL FROM:<a@example.org> size=10 smtputf8', 'RCPT TO:<b@example.net>',
                 'RCPT TO:<b@example.com>', 'VRFY x@example.org', 'NOOP', 'NOOP x y', 'RSET', 'MAIL FROM:<a@example.org> BODY=8BITMIME',
                 'RCPT TO:<c@example.com>', 'DATA', '..dot\\r\\ntext\\r\\n.', 'RCPT TO:<c@example.com>', 'QUIT'):
        # docmd() sends no text of several lines.
        client.send(line + '\\r\\n')
        print(line, client.getreply())
controller.stop()
'''

AUTH = '''
import base64
from smtplib import SMTP as Client

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult, LoginPassword, SMTP, auth_mechanism


def encode(octets):
    return base64.b64encode(octets).decode()


class Handler(Sink):
    async def auth_DOUBLE(self, server, args):
        answer = await server.challenge_auth('21')
        return AuthResult(success=answer == b'42', handled=False, auth_data=LoginPassword(b'someone', b''))

    @auth_mechanism('X-SESAME')
    async def auth_sesame(self, server, args):
        if args == ['X-SESAME', encode(b'open')]:
            return AuthResult(success=True, auth_data='Ali')
        return AuthResult(success=False, handled=False, message='535 5.7.8 Not that word')

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        print(session.authenticated, getattr(session.auth_data, 'login', session.auth_data))
        envelope.mail_from = address
        return '250 OK'


class Server(SMTP):
    AuthLoginUsernameChallenge = 'Who?'
    AuthLoginPasswordChallenge = 'Prove it!'


def authenticate(server, session, envelope, mechanism, auth_data):
    print(mechanism, auth_data.login, type(server).__name__)
    return AuthResult(success=auth_data.password == b'pencil', handled=False, auth_data=auth_data)


def call_back(mechanism, login, password):
    print(mechanism, login)
    return password == b'pencil'


class MyController(Controller):
    def factory(self):
        return Server(self.handler, **self.SMTP_kwargs)


lines = ('EHLO me', 'AUTH LOGIN', encode(b'joe'), encode(b'pen'), 'AUTH LOGIN', encode(b'joe'), encode(b'pencil'),
         'MAIL FROM:<a@example.org>')
others = [('EHLO me', 'AUTH PLAIN ' + encode(b'\\\\0joe\\\\0pencil'), 'MAIL FROM:<a@example.org>'),
          ('EHLO me', 'AUTH DOUBLE', encode(b'41'), 'AUTH DOUBLE', encode(b'42'), 'MAIL FROM:<a@example.org>'),
          ('EHLO me', 'AUTH X-SESAME', 'AUTH X-SESAME ' + encode(b'open'), 'MAIL FROM:<a@example.org>')]
for keywords in {'authenticator': authenticate}, {'auth_callback': call_back}:
    controller = MyController(Handler(), hostname='127.0.0.1', port=PORT, server_hostname='mx.example', auth_require_tls=False,
                              auth_exclude_mechanism=['FOO'], **keywords)
    controller.start()
    for dialogue in lines, *others:
        with Client(controller.hostname, controller.port) as client:
            for line in dialogue:
                print(line, client.docmd(line))
    controller.stop()
'''

FAILING = '''
from smtplib import SMTP as Client

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink


class Handler(Sink):
    async def handle_NOOP(self, server, session, envelope, arg):
        raise ValueError(arg)

    async def handle_exception(self, error):
        return f'542 {type(error).__name__} {error}'


controller = Controller(Handler(), hostname='127.0.0.1', port=PORT, server_kwargs={'hostname': 'mx.example'})
controller.start()
with Client(controller.hostname, controller.port) as client:
    print(client.docmd('NOOP x'), client.docmd('RSET'))
controller.stop()
'''

HANDLERS = '''
import io
import mailbox
import os
import smtplib

from aiosmtpd.controller import Controller, UnixSocketController
from aiosmtpd.handlers import AsyncMessage, Debugging, Mailbox, Message, Proxy, Sink

TEXT = 'Subject: x\\r\\nTo: y\\r\\n\\r\\nText\\r\\n..\\r\\n'


class Sync(Message):
    def handle_message(self, message):
        print('sync', message.items(), message.get_payload())


class Async(AsyncMessage):
    async def handle_message(self, message):
        print('async', [name for name, _ in message.items()], message['X-RcptTo'])


def send(handler, **keywords):
    controller = Controller(handler, hostname='127.0.0.1', port=PORT, **keywords)
    controller.start()
    with smtplib.SMTP(controller.hostname, controller.port) as client:
        client.sendmail('a@example.org', ['b@example.org', 'c@example.org'], TEXT)
    return controller


def hide(text):
    return text if 'X-Peer' not in text else 'X-Peer'


send(Sink()).stop()
stream = io.StringIO()
send(Debugging(stream)).stop()
print([hide(line) for line in stream.getvalue().splitlines()])
for decode_data in False, True:
    stream = io.StringIO()
    send(Debugging(stream), decode_data=decode_data).stop()
    print([hide(line) for line in stream.getvalue().splitlines()])
import asyncio
send(Async(loop=asyncio.new_event_loop())).stop()


class Peerless(Sync):
    def prepare_message(self, session, envelope):
        message = super().prepare_message(session, envelope)
        del message['X-Peer']
        return message


send(Peerless()).stop()
handler = Mailbox(os.path.join(DIRECTORY, 'box'))
send(handler).stop()
for message in mailbox.Maildir(handler.mail_dir):
    print([name for name, _ in message.items()], message.get_payload())
handler.reset()
print(len(mailbox.Maildir(handler.mail_dir)))


class Last(Sink):
    async def handle_DATA(self, server, session, envelope):
        print(envelope.mail_from, envelope.rcpt_tos, envelope.content)
        return '250 OK'


last = Controller(Last(), hostname='127.0.0.1', port=OTHER)
last.start()
send(Proxy('127.0.0.1', OTHER)).stop()
last.stop()

path = os.path.join(DIRECTORY, 's')
controller = UnixSocketController(Sink(), path, server_hostname='mx.example')
controller.start()
import socket
with socket.socket(socket.AF_UNIX) as sock:
    sock.connect(path)
    print(sock.recv(100)[:14])
controller.stop()
'''


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def run(program, package):
    """What it prints. Ports differ, so they are not told."""
    output = io.StringIO()
    with tempfile.TemporaryDirectory() as directory, warnings.catch_warnings(), contextlib.redirect_stdout(output):
        warnings.simplefilter('ignore')
        names = {'PORT': free_port(), 'OTHER': free_port(), 'DIRECTORY': directory}
        exec(compile(program.replace('from aiosmtpd', f'from {package}'), package, 'exec'), names)
    return output.getvalue().splitlines()


class Programs(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        os.environ['AIOSMTPD_CONTROLLER_TIMEOUT'] = '30'
        self.addCleanup(os.environ.pop, 'AIOSMTPD_CONTROLLER_TIMEOUT')

    def compare(self, program):
        ours = run(program, 'gsmtpd')
        self.assertTrue(ours)
        if aiosmtpd is not None:
            self.assertEqual(ours, run(program, 'aiosmtpd'))
        return ours

    def test_first(self):
        lines = self.compare(FIRST)
        self.assertEqual(lines[0], "250 (259, b'Pong') (259, b'Pong')")
        self.assertEqual(lines[1], r"(250, b'This is number 1\nOK') (250, b'This is number 2\nOK')")

    def test_own(self):
        self.compare(OWN)

    def test_auth(self):
        self.compare(AUTH.replace('\\\\', '\\'))

    def test_failing(self):
        self.compare(FAILING)

    def test_handlers(self):
        self.compare(HANDLERS)


if __name__ == '__main__':
    unittest.main()
