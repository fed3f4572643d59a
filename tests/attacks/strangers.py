# SPDX-License-Identifier: LGPL-2.1-or-later

"""Who says to be somebody else, and who speaks too early. Claims of an address, by a PROXY header, XCLIENT or XFORWARD,
that come from anybody who was not told to make them (chrj/smtpd 2.4.0: until then from anybody at all),
claims that are not well-formed, and those of a client behind a proxy that is believed. Clients that do not wait for the
greeting (RFC 5321 section 3.1), which is how programs behave that only want to get rid of mail."""

import concurrent.futures
import re
import socket
import struct
import time
import unittest

from attack import AttackCase, BEGIN, Client, RECIPIENT, ROADS, SENDER, TLS, insecure
from gsmtpd_process import PATIENCE

# Linux has all of 127.0.0.0/8 on its loopback interface.
STRANGER = '127.0.0.5'
MESSAGE = BEGIN + b'DATA\r\nx\r\n.\r\n'
V1 = b'PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n'
# That of TLS, with nothing in it.
HELLO = b'\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03' + bytes(33) + b'\0\x02\x13\x01\x01\0\0'
SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'


def v2(command=0x21, family=0x11, body=socket.inet_aton('192.0.2.1') + socket.inet_aton('198.51.100.2') + b'\x04\xd2\0\x19',
       length=None):
    return SIGNATURE + struct.pack('>BBH', command, family, len(body) if length is None else length) + body


# What the server is told in vain by strangers, behind the hello.
CLAIMS = (
    ('XCLIENT', b'XCLIENT ADDR=192.0.2.1\r\n', '550'),
    ('XCLIENT of somebody who may', b'XCLIENT ADDR=127.0.0.1 NAME=localhost\r\n', '550'),
    ('XCLIENT with a login', b'XCLIENT LOGIN=admin\r\n', '550'),
    ('XCLIENT, again and again', b'XCLIENT ADDR=192.0.2.1\r\n' * 3, '550 550 550'),
    ('XCLIENT that is malformed', b'XCLIENT\r\nXCLIENT =\r\nXCLIENT ADDR\r\n', '5xx 5xx 5xx'),
    ('XCLIENT in a transaction', SENDER + b'XCLIENT ADDR=192.0.2.1\r\nRSET\r\n', '250 5xx 250'),
    ('XFORWARD', b'XFORWARD ADDR=192.0.2.1 NAME=x\r\n', '550'),
    ('XFORWARD in a transaction', SENDER + b'XFORWARD ADDR=192.0.2.1\r\nRSET\r\n', '250 5xx 250'),
    ('a PROXY header behind EHLO', V1, '500'),
    ('two of them', V1 + V1, '500 500'),
)


class Case(AttackCase):
    def connect(self, index):
        """To one of the addresses; nothing is expected there."""
        return Client.on(socket.create_connection(('127.0.0.1', self.server.port(index)), PATIENCE))

    def received(self):
        """Who the only message that has come is from, as its trace says."""
        content, = self.take(raw=True)
        return re.search(rb'\r\nReceived: from [^ ]+ \(([^)]*)\)', content)[1].decode()


class Strangers(Case):
    """Where nobody is believed, and where others are."""

    def setUp(self):
        super().setUp()
        self.others = self.serve('--xclient-network=192.0.2.0/24', '--xforward-network=192.0.2.0/24',
                                 '--xclient-network=127.0.0.1', '--xforward-network=127.0.0.1',
                                 '--proxy-network=192.0.2.0/24', '--proxy-network=127.0.0.1',
                                 '--proxy-listen=127.0.0.1:0', '--proxy-lmtp-listen=127.0.0.1:0', '--proxy-smtps-listen=127.0.0.1:0')
        self.others.__enter__()
        self.addCleanup(self.others.__exit__, None, None, None)

    def test_claims(self):
        for server, source in (self.server, '127.0.0.1'), (self.others, STRANGER):
            for title, data, answers in CLAIMS:
                for road in ROADS:
                    for cuts in (), range(1, len(data)):
                        with self.subTest(title, road=road, source=source, octets=bool(cuts)):
                            codes = self.converse(data + MESSAGE + b'QUIT\r\n', road, cuts, server, source)
                            self.assertRegex(' '.join(map(str, codes)),
                                             r'\A%s 250 250 354 250 221\Z' % answers.replace('x', r'\d'))
                            self.assertEqual(self.received(), f'[{source}]')

    def test_offer(self):
        """Who may not is not told that others may."""
        for road in ROADS:
            for source in '127.0.0.1', STRANGER:
                with Client(self.others, road, hello=False, source=source) as client:
                    client.sock.sendall(road.hello)
                    keywords = [line[4:].split()[0] for line in client.reply()[1:]]
                    client.sock.sendall(b'HELP\r\n')
                    verbs = b' '.join(client.reply()).split()
                for name in b'XCLIENT', b'XFORWARD':
                    self.assertEqual(name in keywords, source == '127.0.0.1', road)
                    self.assertEqual(name in verbs, source == '127.0.0.1', road)

    def test_proxy(self):
        """Where a header is expected, only those are listened to who may send one: not a word to others, with TLS or without."""
        def attack(arguments):
            port, data = arguments
            with socket.create_connection(('127.0.0.1', port), PATIENCE, (STRANGER, 0)) as sock:
                try:
                    sock.sendall(data)
                    self.assertEqual(sock.recv(100), b'', data)
                except ConnectionError:
                    pass

        cases = [(self.others.port(index), data) for index in (3, 4, 5)
                 for data in (V1, v2(), v2(0x20, 0), b'PROXY UNKNOWN\r\n', b'EHLO x\r\n' + MESSAGE, HELLO, V1 + HELLO)]
        for case in cases:
            attack(case)
        self.assertEqual(self.take(), [])

    def tearDown(self):
        if self._outcome.success:
            self.check_server(self.others)
        super().tearDown()


class Proxies(Case):
    """What those say who are believed: whatever is malformed is not, and nor is who comes behind them."""

    options = ('--xclient-network=127.0.0.1', '--xforward-network=127.0.0.1', '--proxy-network=127.0.0.1',
               '--proxy-listen=127.0.0.1:0', '--proxy-lmtp-listen=127.0.0.1:0', '--proxy-smtps-listen=127.0.0.1:0')

    BAD = (
        V1.replace(b'TCP4', b'TCP5'), V1.replace(b'TCP4', b'tcp4'), V1.replace(b'192.0.2.1', b'192.0.2.256'),
        V1.replace(b'192.0.2.1', b'::1'), V1.replace(b'192.0.2.1', b'localhost'), V1.replace(b'192.0.2.1', b'192.0.2'),
        V1.replace(b'192.0.2.1', b'192.0.2.01'), V1.replace(b'1234', b'65536'), V1.replace(b'1234', b'-1'), V1.replace(b'1234', b'+1'),
        V1.replace(b'1234', b'01234'), V1.replace(b' 25', b''), V1.replace(b' 25', b' 25 25'), V1.replace(b' ', b'  '),
        V1.replace(b'\r\n', b'\n'), V1.replace(b'\r\n', b'\0\r\n'), V1.replace(b' 192', b' \xff192'), b'PROXY\r\n', b'PROXY \r\n',
        b'PROXY UNKNOWN ' + b'x' * 94 + b'\r\n', b'proxy UNKNOWN\r\n', b'P' * 200, b'PROXY TCP4 ' + b'1' * 5000,
        b'PROXY TCP4 ' + b'1' * (1 << 20),
        # Version 2: no such version, command or family; shorter than its addresses; longer than anybody needs.
        v2(0x11), v2(0x31), v2(0x22), v2(0x2f), v2(0x21, 0x41), v2(0x21, 0x14), v2(body=b''), v2(body=b'1234567890'),
        v2(length=65535) + bytes(65535), SIGNATURE[:-1] + b'\r', SIGNATURE.replace(b'QUIT', b'quit') + v2()[12:],
        # Fields that go beyond its end, or do not fill it.
        v2(body=v2()[16:] + b'\x01\xff\xff'), v2(body=v2()[16:] + b'\x01\0'), v2(body=v2()[16:] + b'\x01'), v2(body=v2()[16:] + b'\x20\0\x01\0'),
        # A checksum that is another one's.
        v2(body=v2()[16:] + b'\x03\0\x04\0\0\0\0'), v2(body=v2()[16:] + b'\x03\0\x03\0\0\0'),
        # What speaks without a header.
        b'EHLO x\r\n' + MESSAGE, b'QUIT\r\n', b'GET / HTTP/1.1\r\n\r\n', bytes(300), b'\r\n' * 20,
    )

    def assert_cut(self, index, data, cuts=()):
        with socket.create_connection(('127.0.0.1', self.server.port(index)), PATIENCE) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for begin, end in zip((0, *cuts), (*cuts, len(data))):
                    sock.sendall(data[begin:end])
                self.assertEqual(sock.recv(100), b'', data)
            except ConnectionError:
                pass

    def test_bad_headers(self):
        """They end the connection, and there is no word that could be of use for another protocol."""
        for data in self.BAD:
            for index in 3, 4, 5:
                with self.subTest(data[:40], index=index):
                    self.assert_cut(index, data)
                    if len(data) < 300:
                        self.assert_cut(index, data, range(1, len(data)))
        self.assertEqual(self.take(), [])

    def test_incomplete_headers(self):
        """They have their time, and no more."""
        cases = [(index, data) for index in (3, 4, 5) for data in (b'', V1[:1], V1[:-1], v2()[:5], v2()[:-1], v2(length=300))]
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            for future in [pool.submit(self.assert_cut, *case) for case in cases]:
                future.result()
        self.assertGreater(time.monotonic() - begin, 1)

    def test_one_only(self):
        """Behind the header comes a client, whatever it says, and it has no more of them."""
        for index, hello in (3, b'EHLO me\r\n'), (4, b'LHLO me\r\n'):
            for header in V1, v2():
                data = header + hello + V1 + b'XCLIENT ADDR=127.0.0.1\r\nXFORWARD ADDR=127.0.0.1\r\n' + MESSAGE + b'QUIT\r\n'
                for cuts in (), range(1, len(data)):
                    with self.connect(index) as client:
                        self.assertEqual(client.talk(data, cuts), [220, 250, 500, 550, 550, 250, 250, 354, 250, 221])
                    self.assertEqual(self.received(), '[192.0.2.1]')

    def test_header_within_tls(self):
        """It stands in front of TLS: within, it is a word like any other."""
        with socket.create_connection(('127.0.0.1', self.server.port(5)), PATIENCE) as sock:
            sock.sendall(v2())
            with Client.on(insecure().wrap_socket(sock)) as client:
                self.assertEqual(client.code(), 220)
                self.assertEqual(client.code(V1), 500)
                self.assertEqual(client.code(b'EHLO me\r\n'), 250)
                self.assertEqual(client.code(b'XCLIENT ADDR=127.0.0.1\r\n'), 550)

    XCLIENT = (
        ('no address, no name, no number', b'XCLIENT\r\nXCLIENT ADDR\r\nXCLIENT ADDR=\r\nXCLIENT ADDR=localhost\r\nXCLIENT ADDR=192.0.2\r\n'
         b'XCLIENT ADDR=192.0.2.256\r\nXCLIENT ADDR=::1\r\nXCLIENT ADDR=IPV6:192.0.2.1\r\nXCLIENT PORT=65536\r\nXCLIENT PORT=-1\r\n'
         b'XCLIENT PORT=4294967297\r\nQUIT\r\n', ' '.join(['501'] * 11 + ['221'])),
        ('a name with a line end, NUL, or what is no name', b'XCLIENT NAME=a+0D+0Ab\r\nXCLIENT NAME=a+00b\r\nXCLIENT NAME=a b\r\n'
         b'XCLIENT NAME=a+20b\r\nXCLIENT HELO=a+0Ab\r\nXCLIENT LOGIN=a+0D+0Ab\r\nXCLIENT NAME=+C3+28\r\nXCLIENT NAME=+\r\nXCLIENT NAME=+4\r\n'
         b'QUIT\r\n', ' '.join(['501'] * 9 + ['221'])),
        ('twice, unknown, of XFORWARD', b'XCLIENT NAME=a NAME=b\r\nXCLIENT IDENT=a\r\nXCLIENT ADDR=192.0.2.1 FOO=bar\r\nXCLIENT __PROTO__=x\r\n'
         b'XFORWARD LOGIN=a\r\nXFORWARD SOURCE=x\r\nQUIT\r\n', ' '.join(['501'] * 6 + ['221'])),
        ('in a transaction', SENDER + b'XCLIENT ADDR=192.0.2.1\r\nXFORWARD ADDR=192.0.2.1\r\n' + RECIPIENT +
         b'XCLIENT ADDR=192.0.2.1\r\nDATA\r\nx\r\n.\r\nQUIT\r\n', '250 503 503 250 503 354 250 221', 1),
        ('the session begins anew', b'XCLIENT ADDR=192.0.2.1\r\n' + SENDER + b'QUIT\r\n', '220 503 221'),
        ('who is let through is none of the proxies', b'XCLIENT ADDR=192.0.2.1\r\nXCLIENT ADDR=127.0.0.1\r\nXFORWARD ADDR=127.0.0.1\r\nQUIT\r\n',
         '220 550 550 221'),
        ('nor is nobody', b'XCLIENT ADDR=[UNAVAILABLE]\r\nXCLIENT ADDR=127.0.0.1\r\nQUIT\r\n', '220 550 221'),
        ('a line without end', b'XCLIENT NAME=' + b'a' * 4000 + b'\r\nQUIT\r\n', '500 221'),
    )

    def test_xclient(self):
        self.run_table(self.XCLIENT)

    def test_login(self):
        """XCLIENT authenticates nobody, and what AUTH has said before it is forgotten."""
        server = self.serve(*self.options, '--auth-file', self.make_users(), '--auth-without-tls', '--auth-mechanisms=PLAIN',
                            '--auth-required', handler='sink')
        with server:
            for road in ROADS:
                with Client(server, road) as client:
                    self.assertEqual(client.code(SENDER), 530)
                    self.assertEqual(client.code(b'AUTH PLAIN AGFsaWNlAHNlc2FtZQ==\r\n'), 235)
                    self.assertEqual(client.code(b'XCLIENT ADDR=192.0.2.1 LOGIN=alice\r\n'), 220)
                    self.assertEqual(client.code(road.hello), 250)
                    self.assertEqual(client.code(SENDER), 530)
                # Who is believed by nobody stays who it was.
                with Client(server, road, source=STRANGER) as client:
                    self.assertEqual(client.code(b'AUTH PLAIN AGFsaWNlAHNlc2FtZQ==\r\n'), 235)
                    self.assertEqual(client.code(b'XCLIENT ADDR=192.0.2.1 LOGIN=admin\r\n'), 550)
                    self.assertEqual(client.code(SENDER), 250)
            self.check_server(server)


class EarlyTalkers(Case):
    options = ('--limit=greeting-delay=300', '--proxy-network=127.0.0.1', '--proxy-listen=127.0.0.1:0')

    WORDS = b'E', b'\r\n', b'QUIT\r\n', b'EHLO me\r\n', b'LHLO me\r\n' + MESSAGE + b'QUIT\r\n', b'\0', b'GET / HTTP/1.1\r\n\r\n'

    def test_early(self):
        """One answer, and the end; whatever they have said is not done. A PROXY header is not theirs."""
        for index, header in (0, b''), (1, b''), (3, V1), (3, v2()):
            for words in self.WORDS:
                with self.subTest(words[:10], index=index), self.connect(index) as client:
                    self.assertEqual(client.talk(header + words), [554])
        self.assertEqual(self.take(), [])

    def test_patient(self):
        """Who waits has lost nothing but the time. Within TLS it is the client that speaks first, and there is no delay."""
        for road in ROADS:
            begin = time.monotonic()
            self.assertEqual(self.converse(MESSAGE + b'QUIT\r\n', road), [250, 250, 354, 250, 221])
            if road != TLS:
                self.assertGreaterEqual(time.monotonic() - begin, 0.3)
            self.assertEqual(self.take(), [b'x\r\n'])
        with self.connect(3) as client:
            client.send(V1)
            self.assertEqual(client.code(), 220)
            self.assertEqual(client.talk(b'EHLO me\r\n' + MESSAGE + b'QUIT\r\n'), [250, 250, 250, 354, 250, 221])
            self.assertEqual(self.received(), '[192.0.2.1]')

    def test_others(self):
        """While some wait, or have talked too early, others are served."""
        with Client(self.server) as client, self.connect(0), self.connect(0) as early:
            early.send(b'x')
            self.assertEqual(client.talk(MESSAGE + b'QUIT\r\n'), [250, 250, 354, 250, 221])
            self.assertEqual(len(self.take()), 1)


if __name__ == '__main__':
    unittest.main()
