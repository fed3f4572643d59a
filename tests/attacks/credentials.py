# SPDX-License-Identifier: LGPL-2.1-or-later

"""AUTH by those who know no password: CVE-2011-1720 (Postfix, a mechanism used again), CVE-2018-6789
(Exim, base64), CVE-2023-42115 (Exim, EXTERNAL), CVE-2026-33603 (Dovecot, channel binding), and what was
heard on another connection."""

import base64
import concurrent.futures
import hashlib
import hmac
import os
import unittest

from attack import AttackCase, BEGIN, CLEAR, Client, LMTP, LMTP_STARTTLS, STARTTLS, TLS

PASSWORD = b'sesame'
RIGHT = b'AUTH PLAIN ' + base64.b64encode(b'\0alice\0' + PASSWORD) + b'\r\n'
WRONG = b'AUTH PLAIN ' + base64.b64encode(b'\0alice\0wrong') + b'\r\n'


def encode(data):
    return base64.b64encode(data) + b'\r\n'


class Scram:
    """A client of SCRAM-SHA-256 (RFC 7677), that can be made to do it wrongly."""

    def __init__(self, client, header=b'n,,', mechanism=b'SCRAM-SHA-256', nonce=None, binding=None):
        self.client = client
        self.header = header
        self.binding = header if binding is None else binding
        nonce = nonce or base64.b64encode(os.urandom(18))
        self.bare = b'n=alice,r=' + nonce
        self.first = b'AUTH ' + mechanism + b' ' + encode(header + self.bare)

    def begin(self):
        """FALSE if it is refused at once."""
        self.client.sock.sendall(self.first)
        lines = self.client.reply()
        self.answer = lines[0]
        if not self.answer.startswith(b'334 '):
            return False
        self.challenge = base64.b64decode(self.answer[4:])
        return True

    def final(self, password=PASSWORD, nonce=None):
        fields = dict(field.split(b'=', 1) for field in self.challenge.split(b','))
        salted = hashlib.pbkdf2_hmac('sha256', password, base64.b64decode(fields[b's']), int(fields[b'i']))
        key = hmac.digest(salted, b'Client Key', 'sha256')
        without = b'c=' + base64.b64encode(self.binding) + b',r=' + (nonce or fields[b'r'])
        text = self.bare + b',' + self.challenge + b',' + without
        signature = hmac.digest(hashlib.sha256(key).digest(), text, 'sha256')
        proof = bytes(a ^ b for a, b in zip(key, signature))
        return encode(without + b',p=' + base64.b64encode(proof))

    def run(self, **kwargs):
        """The last answer."""
        if not self.begin():
            return int(self.answer[:3])
        self.client.sock.sendall(self.final(**kwargs))
        lines = self.client.reply()
        if lines[0].startswith(b'334 '):
            return self.client.code(b'\r\n')
        return int(lines[0][:3])


class Credentials(AttackCase):
    def setUp(self):
        super().setUp()
        with open(self.path('users'), 'wb') as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(b'alice:' + PASSWORD + b'\n')
        self.closed = self.serve('--auth-file', self.path('users'), '--auth-required',
                                 '--auth-mechanisms=SCRAM-SHA-256-PLUS,SCRAM-SHA-256,PLAIN,LOGIN,CRAM-MD5',
                                 handler='sink')
        self.closed.__enter__()
        self.addCleanup(self.closed.__exit__, None, None, None)

    def tearDown(self):
        if self._outcome.success:
            self.check_server(self.closed)
        super().tearDown()

    def together(self, function, items):
        """Failures wait for a second or two: not one after the other."""
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            for future in [pool.submit(function, item) for item in items]:
                future.result()

    def assert_stranger(self, client):
        """Nobody has been let in."""
        self.assertEqual(client.code(b'MAIL FROM:<a@example.org>\r\n'), 530)

    def exchange(self, lines, road=TLS):
        """Sends lines as long as there are challenges; returns the last code."""
        with Client(self.closed, road) as client:
            code = 334
            for line in lines:
                if code != 334:
                    break
                code = client.code(line)
            self.assertNotEqual(code, 235, lines)
            if code == 334:
                code = client.code(b'*\r\n')
            self.assert_stranger(client)
            return code

    def test_right(self):
        """The server that all this is about lets in whom it should."""
        for road in STARTTLS, TLS, LMTP_STARTTLS:
            with Client(self.closed, road) as client:
                self.assert_stranger(client)
                self.assertEqual(client.code(RIGHT), 235)
                self.assertEqual(client.code(RIGHT), 503)
                self.assertEqual(client.code(BEGIN[:27]), 250)
                self.assertEqual(client.code(b'AUTH PLAIN\r\n'), 503)
            with Client(self.closed, road) as client:
                self.assertEqual(Scram(client).run(), 235)

    def test_base64(self):
        """Of every length, with everything in it that should not be."""
        texts = [b'A' * n for n in range(1, 18)] + [b'=', b'==', b'====', b'A===', b'AA==A', b'A=A=', b'*=', b'\\\\',
                                                   b'AA=\0=', b'AAAA AAAA', b'-_-_', b'AAA\x80', b'A' * 3000,
                                                   b'AB==', b'=AAA']
        def attack(text):
            # Octets that are in no command have no look at what they might say.
            expected = 500 if b'\0' in text or b'\x80' in text else 501
            self.assertEqual(self.exchange([b'AUTH PLAIN ' + text + b'\r\n']), expected, text)
            self.exchange([b'AUTH LOGIN\r\n', text + b'\r\n', text + b'\r\n'])
        self.together(attack, texts)

    def test_plain(self):
        """With any number of NULs, in any place."""
        texts = [b'', b'\0', b'\0\0', b'\0' * 3, b'\0' * 20, b'alice', b'\0alice', b'\0alice\0', b'alice\0\0sesame',
                 b'alice\0sesame', b'\0alice\0sesame\0', b'\0alice\0sesame\0x', b'\0\0sesame', b'\0alice\0\0sesame',
                 b'\0alice\0SESAME', b'\0alice\0sesame ', b'\0Alice\0sesame', b'root\0alice\0sesame', b'\0alice\0' + b'x' * 2000,
                 b'\0' + b'x' * 2000 + b'\0x', b'\0ali\xffce\0sesame', b'\0alice\r\n250 ok\0x', b'\0%n%s\0%n%s']
        self.together(lambda text: self.exchange([b'AUTH PLAIN ' + encode(text)]), texts)
        self.together(lambda text: self.exchange([b'AUTH PLAIN\r\n', encode(text)]), texts)

    def test_too_long(self):
        """RFC 4954 section 4: 12288 octets, and not one more."""
        for size, expected in ((12290, 500), (40000, 500), (65536, 500)):
            for lines in [b'AUTH PLAIN ' + b'A' * size + b'\r\n'], [b'AUTH PLAIN\r\n', b'A' * size + b'\r\n']:
                self.assertEqual(self.exchange(lines), expected)

    def test_mechanisms(self):
        """None is there but those that are offered, and none is there without TLS."""
        for name in b'EXTERNAL', b'NTLM', b'ANONYMOUS', b'XOAUTH2', b'GSSAPI', b'PLAI', b'PLAIN\tx', b'__PROTO__', b'%s':
            self.assertIn(self.exchange([b'AUTH ' + name + b' ' + encode(b'a\0b\0c\0d\0e')]), (501, 504, 500), name)
        for road in CLEAR, LMTP:
            with Client(self.closed, road, hello=False) as client:
                for line, answer in (road.hello, b'250'), (RIGHT, b'538 5.7.11'), (b'AUTH PLAIN\r\n', b'538 5.7.11'), (b'MAIL FROM:<>\r\n', b'530 5.7.0'):
                    client.sock.sendall(line)
                    lines = client.reply()
                    self.assertEqual(lines[-1][:len(answer)], answer)
                    self.assertNotIn(b'250-AUTH', b' '.join(lines))

    def test_used_again(self):
        """CVE-2011-1720: what one attempt has left must not be there for the next."""
        def attack(road):
            with Client(self.closed, road) as client:
                # Cancelled in the midst of each.
                for name in b'CRAM-MD5', b'LOGIN', b'PLAIN', b'CRAM-MD5':
                    self.assertEqual(client.code(b'AUTH ' + name + b'\r\n'), 334)
                    self.assertEqual(client.code(b'*\r\n'), 501)
                self.assert_stranger(client)
                self.assertEqual(client.code(RIGHT), 235)
            with Client(self.closed, road) as client:
                self.assertEqual(client.code(b'AUTH LOGIN\r\n'), 334)
                self.assertEqual(client.code(encode(b'alice')), 334)
                self.assertEqual(client.code(b'*\r\n'), 501)
                # A password without the name, as if it were the next step of that.
                self.assertEqual(client.code(b'AUTH LOGIN\r\n'), 334)
                self.assertEqual(client.code(encode(PASSWORD)), 334)
                self.assertEqual(client.code(encode(PASSWORD)), 535)
                self.assertEqual(client.code(WRONG), 535)
                self.assert_stranger(client)
                self.assertEqual(client.code(RIGHT), 235)
        self.together(attack, (STARTTLS, TLS, LMTP_STARTTLS))

    def test_guessing(self):
        """Who guesses is slowed down, and put out after five."""
        with Client(self.closed, TLS) as client:
            self.assertEqual(client.talk(WRONG * 8), [535] * 4 + [421])

    def test_users(self):
        """Who exists cannot be told from the answers."""
        answers = []
        def attack(name):
            with Client(self.closed, TLS) as client:
                client.sock.sendall(b'AUTH PLAIN ' + encode(b'\0' + name + b'\0x'))
                answers.append(client.reply())
                self.assertEqual(client.code(RIGHT), 235)
                client.sock.sendall(b'VRFY %s\r\nEXPN %s\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<%s@example.org>\r\n' % (name, name, name))
                answers.extend(client.reply() for _ in range(4))
        self.together(attack, (b'alice', b'bob'))
        self.assertEqual(len(answers), 10)
        self.assertEqual(len({tuple(answer) for answer in answers}), 5)

    def test_replay(self):
        """A proof that was heard is worth nothing on another connection, nor on the same one again."""
        with Client(self.closed, TLS) as client:
            heard = Scram(client)
            self.assertTrue(heard.begin())
            final = heard.final()
            self.assertEqual(client.code(final), 334)
            self.assertEqual(client.code(b'\r\n'), 235)
        self.assertEqual(self.exchange([heard.first, final]), 535)

    def test_scram(self):
        """Everything that is not quite right: nonces, bindings, proofs."""
        def attack(arguments):
            begin, final = arguments
            with Client(self.closed, TLS) as client:
                scram = Scram(client, **begin)
                code = scram.run(**final)
                self.assertIn(code // 100, (4, 5), arguments)
                self.assert_stranger(client)
        plus = b'SCRAM-SHA-256-PLUS'
        self.together(attack, (
            ({}, {'password': b'wrong'}),
            ({}, {'nonce': b'x'}),
            # CVE-2026-33603: the server has offered -PLUS, somebody in between has taken it away.
            ({'header': b'y,,'}, {}),
            ({'header': b'n,,', 'binding': b'y,,'}, {}),
            ({'header': b'n,,', 'binding': b''}, {}),
            ({'header': b'p=tls-exporter,,'}, {}),
            ({'header': b'n,,', 'mechanism': plus}, {}),
            ({'header': b'y,,', 'mechanism': plus}, {}),
            # The right kind of binding, to another channel.
            ({'header': b'p=tls-exporter,,', 'mechanism': plus, 'binding': b'p=tls-exporter,,' + bytes(32)}, {}),
            ({'header': b'p=tls-unique,,', 'mechanism': plus, 'binding': b'p=tls-unique,,' + bytes(12)}, {}),
            ({'header': b'p=x,,', 'mechanism': plus, 'binding': b'p=x,,'}, {}),
            ({'header': b'n,a=root,'}, {}),
        ))


if __name__ == '__main__':
    unittest.main()
