# SPDX-License-Identifier: LGPL-2.1-or-later

"""The profile of aiosmtpd beside aiosmtpd itself: the same dialogue, line by line, and the same answers."""

import socket
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Smtpd  # noqa: E402

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP
except ImportError:
    Controller = None

PATIENCE = 20
HOST = 'mx.example'
IDENT = 'Python SMTP'

# What the client sends; each line has one answer.
DIALOGUES = {
    'order': ['RCPT TO:<b@e.org>', 'MAIL FROM:<a@e.org>', 'MAIL', 'DATA', 'DATA x', 'EHLO', 'HELO', 'HELO me', 'RCPT',
              'RCPT TO:<b@e.org>', 'DATA', 'DATA x', 'MAIL FROM:<a@e.org>', 'MAIL FROM:<a@e.org>', 'DATA', 'DATA x',
              'RCPT TO:<b@e.org>', 'DATA x', 'RSET', 'RCPT TO:<b@e.org>', 'QUIT x', 'QUIT'],
    'hello': ['EHLO me', 'EHLO a b c', 'EHLO _x_', 'HELO <me>', 'EHLO ', 'ehlo [127.0.0.1]', 'NOOP', 'NOOP x y', 'RSET x',
              'RSET', 'STARTTLS', 'STARTTLS x', 'QUIT'],
    'old': ['HELO me', 'MAIL FROM:<a@e.org> SIZE=1', 'MAIL', 'RCPT TO:<b@e.org> X=1', 'MAIL FROM:<a@e.org>',
            'RCPT TO:<b@e.org> X=1', 'RCPT', 'RCPT TO:<b@e.org>', 'QUIT'],
    'mail': ['EHLO me', 'MAIL', 'MAIL FROM', 'MAIL FROM:', 'MAIL FROM: ', 'MAIL TO:<a@e.org>', 'MAIL FROM:<a@e.org> SIZE',
             'MAIL FROM:<a@e.org> SIZE=', 'MAIL FROM:<a@e.org> SIZE=x', 'MAIL FROM:<a@e.org> SIZE=99999999999',
             'MAIL FROM:<a@e.org> BODY=9BIT', 'MAIL FROM:<a@e.org> BODY=BINARYMIME', 'MAIL FROM:<a@e.org> SMTPUTF8',
             'MAIL FROM:<a@e.org> SMTPUTF8=1', 'MAIL FROM:<a@e.org> FOO=BAR', 'MAIL FROM:<a@e.org> FOO',
             'MAIL FROM:<a@e.org> #$%=!@#', 'MAIL FROM:<a@e.org> RET=FULL', 'MAIL FROM:<a@e.org> size=10 body=8bitmime',
             'MAIL FROM:<c@e.org>', 'QUIT'],
    'addresses': ['EHLO me', *(line for address in (
        'a@e.org', '<a@e.org>', ' <a@e.org>', 'a', '<a>', '<a..b@e.org>', '<.a@e.org>', 'a@e..org', '<"a b"@e.org>',
        '<a@[127.0.0.1]>', '<a@-e.org>', '<a@e_f.org>', '<>', '<a@e.org', '<a@e.org SIZE=1', '<@e.org>', '<a@>',
        '<a@e.org> SIZE=1', '<a@e.org>SIZE=1', 'a@e.org SIZE=1')
        for line in ('MAIL FROM:' + address, 'RSET')), 'QUIT'],
    'rcpt': ['EHLO me', 'MAIL FROM:<a@e.org>', 'RCPT', 'RCPT TO', 'RCPT TO:', 'RCPT FROM:<b@e.org>', 'RCPT TO:<b@e.org> NOTIFY=NEVER',
             'RCPT TO:<b@e.org> #$%', 'RCPT TO:b@e.org', 'RCPT TO:<b@e.org>', 'RCPT TO:root', 'QUIT'],
    'others': ['EHLO me', 'VRFY', 'VRFY root', 'VRFY a@e.org', 'VRFY <a@e.org>', 'VRFY @@', 'EXPN', 'EXPN x', 'HELP', 'HELP me', 'HELP MAIL',
               'HELP helo', 'HELP DATA', 'HELP QUIT', 'HELP NOOP', 'HELP VRFY', 'HELP AUTH', 'HELP EXPN', 'HELP STARTTLS', 'FOO', 'foo bar',
               'BDAT 1', 'ETRN x', 'QUIT'],
    'help after helo': ['HELO me', 'HELP MAIL', 'HELP RCPT', 'QUIT'],
    'too long': ['EHLO me', 'NOOP ' + 'x' * 505, 'NOOP ' + 'x' * 510, 'QUIT'],
    'not ascii': ['EHLO me', 'MAIL FROM:<ü@e.org>', 'NOOP ü', 'VRFY ü', 'QUIT'],
}

TRANSACTION = ['EHLO me', 'MAIL FROM:<a@e.org>', 'RCPT TO:<b@e.org>', 'DATA', 'x\r\n..\r\n.', 'MAIL FROM:<a@e.org>', 'QUIT']

UTF8 = ['EHLO me', 'MAIL FROM:<ü@e.org>', 'RSET', 'MAIL FROM:<ü@e.org> SMTPUTF8', 'RCPT TO:<ä@e.org>', 'NOOP ö', 'RSET',
        'MAIL FROM:<a@e.org> SMTPUTF8=1', 'MAIL FROM:<a@e.org>', 'RCPT TO:<ä@e.org>', 'QUIT']

# What aiosmtpd takes, or says, and nobody should: there the profile has its own way.
SAFE = {
    '<> as a recipient': ['EHLO me', 'MAIL FROM:<a@e.org>', 'RCPT TO:<>'],
    # It would make "a b"@e.org of this, and a@e.org of the next.
    'a space in an address': ['EHLO me', 'MAIL FROM:<a b@e.org>'],
    'a comment in an address': ['EHLO me', 'MAIL FROM:<a(c)@e.org>'],
    'a NUL': ['EHLO me', 'NOOP a\0b'],
    'a CR': ['EHLO me', 'NOOP a\rb'],
    'no UTF-8': ['EHLO me', 'NOOP \udcff'],
}


def play(address, lines):
    """The answers, the greeting first."""
    with socket.create_connection(address, PATIENCE) as sock, sock.makefile('rb') as file:
        def read():
            answer = []
            while not answer or answer[-1][3:4] == b'-':
                line = file.readline()
                if not line:
                    break
                answer.append(line)
            return b''.join(answer).decode()

        answers = [read()]
        for line in lines:
            sock.sendall(line.encode(errors='surrogateescape') + b'\r\n')
            answers.append(read())
        return answers


@unittest.skipIf(Controller is None, 'there is no aiosmtpd')
class Aiosmtpd(unittest.TestCase):
    maxDiff = None

    def compare(self, dialogues, smtputf8=False):
        class Handler:
            async def handle_EHLO(self, server, session, envelope, hostname, responses):
                session.host_name = hostname
                # Without TLS it offers what it then refuses, if it is asked to be lax; here it is not.
                return [line for line in responses if not line.startswith('250-AUTH')]

            async def handle_DATA(self, server, session, envelope):
                return '250 OK'

        controller = Controller(Handler(), hostname='127.0.0.1', port=0, enable_SMTPUTF8=smtputf8,
                                server_hostname=HOST, ident=IDENT)
        # Its own check of whether it listens connects to the port that it was told.
        server = Smtpd.Server(hostname=HOST, ident=IDENT, max_errors=0, profile=Smtpd.Profile.AIOSMTPD, smtputf8=smtputf8)
        server.connect('handle-data', lambda server, session, envelope, request:
                       request.reply(250, 'OK') and Smtpd.Verdict.HANDLED)
        controller.port = free_port()
        controller.start()
        self.addCleanup(controller.stop)
        with Smtpd.Controller(server, '127.0.0.1:0') as own:
            port = int(own.addresses[0].rpartition(':')[2])
            for name, lines in dialogues.items():
                theirs = play(('127.0.0.1', controller.port), lines)
                ours = play(('127.0.0.1', port), lines)
                for line, their, our in zip(['(connect)', *lines], theirs, ours):
                    with self.subTest(f'{name}: {line[:60]}'):
                        self.assertEqual(our, their)

    def test_same(self):
        self.compare(DIALOGUES)

    def test_transaction(self):
        self.compare({'transaction': TRANSACTION})

    def test_smtputf8(self):
        self.compare({'smtputf8': UTF8}, smtputf8=True)


class Safe(unittest.TestCase):
    """With aiosmtpd or without it."""

    def test_refused(self):
        server = Smtpd.Server(profile=Smtpd.Profile.AIOSMTPD, smtputf8=True)
        with Smtpd.Controller(server, '127.0.0.1:0') as own:
            port = int(own.addresses[0].rpartition(':')[2])
            for name, lines in SAFE.items():
                with self.subTest(name):
                    self.assertEqual(play(('127.0.0.1', port), lines)[-1][0], '5')


def free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


if __name__ == '__main__':
    unittest.main()
