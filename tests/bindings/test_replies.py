# SPDX-License-Identifier: LGPL-2.1-or-later

"""The package gsmtpd beside aiosmtpd: the same program, the same dialogues, and the same replies to each line."""

import base64
import socket
import unittest
import warnings

import gsmtpd.controller
import gsmtpd.smtp

try:
    import aiosmtpd.controller
    import aiosmtpd.smtp
except ImportError:
    aiosmtpd = None

PATIENCE = 30
MAIL, RCPT = 'MAIL FROM:<a@e.org>', 'RCPT TO:<b@e.org>'


def encode(text):
    return base64.b64encode(text.encode()).decode()


GOOD, BAD = encode('\0joe\0pencil'), encode('\0joe\0pen')

# What the client sends; each line has one answer.
COMMANDS = {
    'order': [RCPT, MAIL, 'MAIL', 'DATA', 'DATA x', 'EHLO', 'HELO', 'HELO me', 'RCPT', RCPT, 'DATA', 'DATA x', MAIL, MAIL,
              'DATA', 'DATA x', RCPT, 'DATA x', 'RSET', RCPT, 'QUIT x', 'QUIT'],
    'hello': ['HELO', 'EHLO', 'HELO  ', 'EHLO a b', 'HELO [127.0.0.1]', 'HELO a_b', 'HELO -', 'EHLO me', 'HELO me', 'EHLO  me',
              'ehlo me ', 'NOOP', 'NOOP x y', 'RSET x', 'RSET', 'STARTTLS', 'STARTTLS x', 'QUIT'],
    'old': ['HELO me', MAIL + ' SIZE=1', 'MAIL', RCPT + ' X=1', MAIL, RCPT + ' X=1', 'RCPT', RCPT, 'QUIT'],
    'mail': ['EHLO me', 'MAIL', 'MAIL FROM', 'MAIL FROM:', 'MAIL FROM: ', 'MAIL TO:<a@e.org>', 'MAIL FROM :<a@e.org>',
             *(MAIL + ' ' + parameters for parameters in (
                 'SIZE', 'SIZE=', 'SIZE=x', 'SIZE=-1', 'SIZE=99999999999')), 'QUIT'],
    'more parameters': ['EHLO me', *(MAIL + ' ' + parameters for parameters in (
                 'BODY=', 'SMTPUTF8=1', 'FOO=BAR', 'FOO', '#$%=!@#', 'RET=FULL', 'ENVID=x', 'AUTH=<>')), 'QUIT'],
    'bodies': ['EHLO me', *(MAIL + ' ' + parameters for parameters in ('BODY', 'BODY=9BIT', 'BODY=BINARYMIME')), 'QUIT'],
    'parameters': ['EHLO me', *(line for parameters in ('size=10 body=8bitmime', 'BODY=7BIT', 'SMTPUTF8', 'SIZE=0')
                                for line in (MAIL + ' ' + parameters, 'RSET')), 'QUIT'],
    'addresses': ['EHLO me', *(line for address in (
        'a@e.org', ' <a@e.org>', '<a@e.org> ', 'a', '<a>', '<a..b@e.org>', '<.a@e.org>', 'a@e..org', '<"a b"@e.org>',
        '<a@[127.0.0.1]>', '<a@-e.org>', '<a@e_f.org>', '<>', '<a@e.org', '<@e.org>', '<a@>', 'a@e.org SIZE=1')
        for line in ('MAIL FROM:' + address, 'RSET')), 'QUIT'],
    'nested': ['EHLO me', MAIL, MAIL, MAIL + ' FOO', MAIL + ' #$%=', MAIL + ' SIZE=x', 'MAIL', 'MAIL FROM:<a', RCPT, MAIL,
               'EHLO me', RCPT, MAIL, RCPT, 'HELO me', 'DATA', 'QUIT'],
    'recipients': ['EHLO me', MAIL, 'RCPT', 'RCPT TO', 'RCPT TO:', 'RCPT FROM:<b@e.org>', RCPT + ' NOTIFY=NEVER', RCPT + ' #$%',
                   RCPT + ' FOO=', RCPT + ' SIZE=1', 'RCPT TO:b@e.org', 'rcpt to: <b@e.org>', 'RCPT TO:root', 'RCPT TO :x', 'QUIT'],
    'data': ['EHLO me', MAIL, RCPT, 'DATA', 'x\r\n..\r\n.', 'DATA', RCPT, MAIL, 'DATA', RCPT, 'DATA ', '.', 'QUIT'],
    'null sender': ['EHLO me', 'MAIL FROM:<>', RCPT, 'DATA', '.', 'QUIT'],
    'others': ['VRFY', 'VRFY root', 'VRFY a@e.org', 'VRFY <a@e.org>', 'VRFY @@', 'VRFY "x y"', 'EXPN', 'EXPN x', 'HELP', 'HELP me',
               'HELP MAIL', 'EHLO me', 'HELP mail', 'HELP  rcpt', 'HELP helo', 'HELP DATA', 'HELP NOOP', 'HELP VRFY', 'HELP AUTH',
               'HELP EXPN', 'HELP STARTTLS', 'QUIT'],
    'unknown': ['FOO', 'foo bar', 'B', 'C', 'D', 'NOOP'],
    'unknown extensions': ['ETRN x', 'XCLIENT ADDR=127.0.0.1', 'BDAT 1', 'NOOP', 'QUIT'],
    'unknown proxies': ['XFORWARD NAME=x', 'LHLO me', 'PROXY TCP4 127.0.0.1 127.0.0.1 1 2', 'BURL', 'QUIT'],
    'no words': ['', '*', '  NOOP', '%% x', '', 'a-b', '=', 'NOOP'],
    'too long': ['EHLO me', 'NOOP ' + 'x' * 505, 'NOOP ' + 'x' * 510, 'NOOP ' + 'x' * 5000, 'QUIT'],
    'long line of text': ['EHLO me', MAIL, RCPT, 'DATA', 'x' * 999 + '\r\n.', MAIL, RCPT, 'DATA', 'x' * 1000 + '\r\n.', MAIL, RCPT,
                          'DATA', 'x' * 9000 + '\r\n.', MAIL, 'QUIT'],
}

NOT_ASCII = {
    'addresses': ['EHLO me', 'MAIL FROM:<ü@e.org>', 'RSET', 'MAIL FROM:<ü@e.org> SMTPUTF8', 'RCPT TO:<ä@e.org>', 'NOOP ö', 'RSET',
                  'MAIL FROM:<a@e.org> SMTPUTF8=1', MAIL, 'RCPT TO:<ä@e.org>', 'QUIT'],
    'hello': ['EHLO ü', 'HELO ü', 'HELP ü', 'QUIT'],
}

SIZES = {
    'declared': ['EHLO me', MAIL + ' SIZE=100', 'RSET', MAIL + ' SIZE=101', MAIL, 'QUIT'],
    'not declared': ['EHLO me', MAIL, RCPT, 'DATA', 'x' * 98 + '\r\n.', MAIL, RCPT, 'DATA', 'x' * 99 + '\r\n.', 'DATA', RCPT, MAIL, 'QUIT'],
}

AUTH = {
    'order': ['AUTH', 'AUTH PLAIN ' + GOOD, 'HELO me', 'AUTH', 'AUTH PLAIN', 'EHLO me', 'AUTH', 'AUTH FOO', 'AUTH PLAIN a b',
              'AUTH FOO a b', 'AUTH PLAIN ' + BAD, 'AUTH PLAIN ' + GOOD, 'AUTH PLAIN ' + GOOD, 'AUTH', 'AUTH LOGIN', 'QUIT'],
    'PLAIN': ['EHLO me', 'AUTH PLAIN', '*', 'AUTH PLAIN', '%%%', 'AUTH PLAIN ' + encode('x'), 'AUTH PLAIN', GOOD, MAIL,
              'AUTH PLAIN ' + GOOD, 'QUIT'],
    'PLAIN, wrong': ['EHLO me', 'AUTH PLAIN x', 'AUTH PLAIN', '', 'AUTH PLAIN ' + encode('\0a\0b\0c'), 'QUIT'],
    'LOGIN': ['EHLO me', 'AUTH LOGIN', '*', 'AUTH LOGIN', encode('joe'), '*', 'AUTH LOGIN', encode('joe'), encode('pen'),
              'AUTH LOGIN', encode('joe'), encode('pencil'), 'QUIT'],
    'LOGIN, wrong': ['EHLO me', 'AUTH LOGIN', '%%%', 'AUTH LOGIN %%%', 'AUTH LOGIN ' + encode('joe'), '%%', 'AUTH LOGIN ' + encode('joe'),
                     encode('pencil'), 'NOOP', 'QUIT'],
}

REQUIRED = {
    'without': [MAIL, 'EHLO me', 'MAIL', MAIL, 'RCPT', RCPT, 'DATA', 'DATA x', 'VRFY', 'VRFY x', 'HELP', 'HELP x', 'NOOP', 'QUIT'],
    'harmless': ['EHLO me', 'EXPN x', 'FOO', 'RSET', 'RSET x', 'STARTTLS', 'QUIT'],
    'with': ['EHLO me', 'AUTH PLAIN ' + GOOD, MAIL, RCPT, 'HELP MAIL', 'VRFY x', 'DATA', '.', 'QUIT'],
}

CALLS = {
    'known': ['NOOP', 'NOOP', 'RSET', 'RSET', 'NOOP'],
    'many': ['EHLO me', MAIL, 'RSET', MAIL, 'RSET', 'RSET'],
}

# Where the replies are others on purpose: lines of which the last differs, the keywords of the server, our code, and why.
DIFFERENT = {
    'RFC 5321 section 3.6.1: nobody is <>': (['EHLO me', MAIL, 'RCPT TO:<>'], {}, '553'),
    'it would make "a b"@e.org of this': (['EHLO me', 'MAIL FROM:<a b@e.org>'], {}, '553'),
    'and a@e.org of this': (['EHLO me', 'MAIL FROM:<a(c)@e.org>'], {}, '553'),
    'RFC 1870 and 6152: once each': (['EHLO me', MAIL + ' SIZE=1 SIZE=2'], {}, '501'),
    'NUL is in no command': (['EHLO me', 'NOOP a\0b'], {}, '500'),
    'CR alone ends no line': (['EHLO me', 'NOOP a\rb'], {}, '500'),
    'what is no UTF-8 is no text': (['EHLO me', 'NOOP \udcff'], {}, '500'),
    'what is no address cannot be verified': (['VRFY x y'], {}, '502'),
    'RFC 6531 section 3.7.4.2: VRFY must say SMTPUTF8': (['VRFY ü'], {}, '500'),
    'a browser is sent away': (['GET / HTTP/1.1'], {}, '554'),
    'RFC 5321 section 4.5.3.1.4: 512 octets with the CRLF': (['NOOP ' + 'x' * 506], {}, '500'),
    'RFC 5321 section 4.1.1: white space behind a verb is tolerated': (['NOOP\t'], {}, '250'),
    'RFC 4954 section 4: not in a transaction':
        (['EHLO me', MAIL, 'AUTH PLAIN ' + GOOD], {'authenticator', 'auth_require_tls'}, '503'),
    'RFC 4954 section 4: "=" is an empty response': (['EHLO me', 'AUTH LOGIN ='], {'authenticator', 'auth_require_tls'}, '501'),
    'names of mechanisms in small letters': (['EHLO me', 'AUTH plain ' + GOOD], {'authenticator', 'auth_require_tls'}, '235'),
    'nobody tries passwords for ever': (['EHLO me', *['AUTH PLAIN ' + BAD] * 5], {'authenticator', 'auth_require_tls'}, '421'),
    'AUTH is not offered to those who are in': (['EHLO me', 'AUTH PLAIN ' + GOOD, 'EHLO me'],
                                                {'authenticator', 'auth_require_tls'}, '250'),
    'nor where nobody could get in': (['EHLO me'], {'auth_require_tls'}, '250'),
    'nor is there the command then': (['EHLO me', 'AUTH PLAIN ' + GOOD], {'auth_require_tls'}, '500'),
    'a message twice as big as may be is not read to its end':
        (['EHLO me', MAIL, RCPT, 'DATA', 'x' * 500 + '\r\n.', 'NOOP'], {'data_size_limit'}, ''),
    'twenty mistakes end the connection': (['EHLO me', *['MAIL'] * 20], {}, '421'),
    'commands that are none are counted in another way': (['FOO', 'FOO', 'FOO'], {'command_call_limit'}, '500'),
}


class Client:
    """Says lines, each of which has one answer."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, PATIENCE)
        self.file = self.socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()
        self.socket.close()

    def read(self):
        """Empty at the end, however it comes."""
        answer = []
        try:
            while not answer or answer[-1][3:4] == b'-':
                line = self.file.readline()
                if not line:
                    break
                answer.append(line)
        except ConnectionError:
            pass
        return b''.join(answer).decode()

    def say(self, line):
        try:
            self.socket.sendall(line.encode(errors='surrogateescape') + b'\r\n')
        except ConnectionError:
            return ''
        return self.read()


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Handler:
    async def handle_DATA(self, server, session, envelope):
        return '250 OK'


def authenticator_of(smtp):
    def authenticate(server, session, envelope, mechanism, auth_data):
        known = auth_data == smtp.LoginPassword(b'joe', b'pencil')
        return smtp.AuthResult(success=known, handled=False, auth_data=auth_data)
    return authenticate


def play(package, dialogues, **kwargs):
    """What the server of a package says in each dialogue, the greeting first."""
    controller, smtp = package.controller, package.smtp
    if kwargs.get('authenticator'):
        kwargs['authenticator'] = authenticator_of(smtp)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        server = controller.Controller(Handler(), hostname='127.0.0.1', port=free_port(), server_hostname='mx.example',
                                       ident='Python SMTP', ready_timeout=PATIENCE, **kwargs)
        server.start()
    try:
        if package is gsmtpd:
            server.server.auth_failure_delay = server.server.error_delay = 0
        answers = {}
        for name, lines in dialogues.items():
            with Client(('127.0.0.1', server.port)) as client:
                answers[name] = [client.read(), *map(client.say, lines)]
        return answers
    finally:
        server.stop()


KEYWORDS = {'authenticator': True, 'auth_require_tls': False, 'data_size_limit': 100, 'command_call_limit': 2}


@unittest.skipIf(aiosmtpd is None, 'there is no aiosmtpd')
class Same(unittest.TestCase):
    maxDiff = None

    def compare(self, dialogues, **kwargs):
        theirs = play(aiosmtpd, dialogues, **kwargs)
        ours = play(gsmtpd, dialogues, **kwargs)
        for name, lines in dialogues.items():
            for line, their, our in zip(['(connect)', *lines], theirs[name], ours[name]):
                with self.subTest(f'{name}: {line[:60]}'):
                    self.assertEqual(our, their)

    def test_commands(self):
        self.compare(COMMANDS)

    def test_without_smtputf8(self):
        self.compare({**COMMANDS, **NOT_ASCII}, enable_SMTPUTF8=False)

    def test_not_ascii(self):
        self.compare(NOT_ASCII)

    def test_decoded(self):
        self.compare(COMMANDS, decode_data=True)

    def test_sizes(self):
        self.compare(SIZES, data_size_limit=100)
        self.compare(SIZES, data_size_limit=None)

    def test_auth(self):
        self.compare(AUTH, authenticator=True, auth_require_tls=False)

    def test_auth_after_tls(self):
        self.compare(AUTH, authenticator=True)

    def test_auth_required(self):
        self.compare({**REQUIRED, **AUTH}, authenticator=True, auth_require_tls=False, auth_required=True)

    def test_calls(self):
        self.compare(CALLS, command_call_limit=2)
        self.compare(CALLS, command_call_limit={'NOOP': 1, '*': 3})


class Different(unittest.TestCase):

    def play(self, package, lines, keywords):
        return play(package, {'': lines}, **{name: KEYWORDS[name] for name in keywords})['']

    def test_ours(self):
        for reason, (lines, keywords, code) in DIFFERENT.items():
            with self.subTest(reason):
                self.assertEqual(self.play(gsmtpd, lines, keywords)[-1][:3], code)

    @unittest.skipIf(aiosmtpd is None, 'there is no aiosmtpd')
    def test_theirs(self):
        """The list has nothing in it that does not differ."""
        for reason, (lines, keywords, _) in DIFFERENT.items():
            with self.subTest(reason):
                theirs, ours = (self.play(package, lines, keywords) for package in (aiosmtpd, gsmtpd))
                self.assertNotEqual(theirs[-1], ours[-1])


if __name__ == '__main__':
    unittest.main()
