# SPDX-License-Identifier: LGPL-2.1-or-later

"""What hostile clients say, in any order and with any octets, on each road to the server, at once
and octet by octet: the answers are those that are expected, and nothing is taken that should not be."""

import os
import signal
import socket
import unittest

from attack import AttackCase, BEGIN, CLEAR, Client, LMTP, RECIPIENT, ROADS, SENDER, TLS, pattern
from gsmtpd_process import PATIENCE

# See run_table().
CHUNKS = (
    ('payload of a chunk as a command', b'BDAT 6\r\nRSET\r\nNOOP\r\nQUIT\r\n', '503 250 221'),
    ('chunk without a recipient', SENDER + b'BDAT 6\r\nRSET\r\nRSET\r\nQUIT\r\n', '250 503 250 221'),
    ('chunk behind a refused recipient',
     SENDER + b'RCPT TO:<b>\r\nBDAT 6 LAST\r\nRSET\r\nRSET\r\nQUIT\r\n', '250 501 5xx 250 221'),
    ('CVE-2017-16943, CVE-2017-16944: no size', BEGIN + b'BDAT\r\nNOOP\r\n', '250 250 501'),
    ('negative size', BEGIN + b'BDAT -1\r\nNOOP\r\n', '250 250 501'),
    ('signed size', BEGIN + b'BDAT +1\r\nNOOP\r\n', '250 250 501'),
    ('size with a tail', BEGIN + b'BDAT 1x\r\nNOOP\r\n', '250 250 501'),
    ('hexadecimal size', BEGIN + b'BDAT 0x10\r\nNOOP\r\n', '250 250 501'),
    ('size of 2^64', BEGIN + b'BDAT 18446744073709551616\r\nNOOP\r\n', '250 250 501'),
    ('size of 2^64 - 1', BEGIN + b'BDAT 18446744073709551615\r\nNOOP\r\n', '250 250 501'),
    ('size of 2^63', BEGIN + b'BDAT 9223372036854775808\r\nNOOP\r\n', '250 250 501'),
    ('size of 2^63 - 1', BEGIN + b'BDAT 9223372036854775807\r\nNOOP\r\n', '250 250 552'),
    ('sum of sizes of 2^63', BEGIN + b'BDAT 1\r\nxBDAT 9223372036854775807\r\nNOOP\r\n', '250 250 250 552'),
    ('not quite LAST', BEGIN + b'BDAT 1 LASTT\r\nNOOP\r\n', '250 250 501'),
    ('LAST with a long s (U+017F)', BEGIN + b'BDAT 10 LA\xc5\xbfT\r\nNOOP\r\n', '250 250 501'),
    ('the verb with a Kelvin sign (U+212A)', b'\xe2\x84\xaaDAT 1\r\nQUIT\r\n', '554'),
    ('LAST and more', BEGIN + b'BDAT 1 LAST LAST\r\nNOOP\r\n', '250 250 501'),
    ('a verb of Exim\'s fuzzers', BEGIN + b'BDAT 1\r\n:BDAT \x7f\r\nNOOP\r\nQUIT\r\n', '250 250 250 500'),
    # Lines that are no command to us, but with a chunk behind them to somebody else.
    ('DEL behind the size', BEGIN + b'BDAT 6\x7f\r\nRSET\r\nQUIT\r\n', '250 250 500'),
    ('NUL behind the size', BEGIN + b'BDAT 6\0\r\nRSET\r\nQUIT\r\n', '250 250 500'),
    ('no UTF-8 behind the size', BEGIN + b'BDAT 6 \xff\r\nRSET\r\nQUIT\r\n', '250 250 500'),
    ('a bare LF behind the size', BEGIN + b'BDAT 6\nRSET\r\nQUIT\r\n', '250 250 500'),
    ('a bare CR behind the size', BEGIN + b'BDAT 6\rRSET\r\nQUIT\r\n', '250 250 500'),
    ('a tab in front of the size', BEGIN + b'bdat\t6\r\nRSET\r\nQUIT\r\n', '250 250 500'),
    ('a blank in front of the verb', BEGIN + b' BDAT 6\r\nRSET\r\nQUIT\r\n', '250 250 500'),
    ('a line that is too long', BEGIN + b'BDAT ' + b'0' * 600 + b'6\r\nRSET\r\nQUIT\r\n', '250 250 500'),
    ('a line that is longer than any', BEGIN + b'BDAT ' + b'0' * 1900 + b'6\r\nRSET\r\nQUIT\r\n', '250 250 500'),
    ('a verb that only begins so', b'BDATA 6\r\nNOOP\r\nQUIT\r\n', '500 250 221'),
    ('empty chunks without end', BEGIN + b'BDAT 0\r\n' * 100, '250 250' + ' 250' * 19 + ' 421'),
    ('DATA in the midst', BEGIN + b'BDAT 1\r\nxDATA\r\nRSET\r\nQUIT\r\n', '250 250 250 503 250 221'),
    ('RCPT in the midst', BEGIN + b'BDAT 1\r\nx' + RECIPIENT + b'QUIT\r\n', '250 250 250 503 221'),
    ('MAIL in the midst', BEGIN + b'BDAT 1\r\nx' + SENDER + b'QUIT\r\n', '250 250 250 503 221'),
    ('AUTH in the midst', BEGIN + b'BDAT 1\r\nxAUTH PLAIN =\r\nQUIT\r\n', '250 250 250 50x 221'),
    ('EHLO or LHLO in the midst, and whatever was sent so far is gone',
     BEGIN + b'BDAT 1\r\nxEHLO me\r\nLHLO me\r\nBDAT 1 LAST\r\nxRSET\r\nQUIT\r\n', '250 250 250 (250 500|500 250) 503 250 221'),
    ('STARTTLS in the midst', BEGIN + b'BDAT 1\r\nxSTARTTLS\r\nQUIT\r\n', '250 250 250 503 221'),
    ('QUIT in the midst', BEGIN + b'BDAT 1\r\nxQUIT\r\n', '250 250 250 221'),
    ('RSET in the midst', BEGIN + b'BDAT 1\r\nxRSET\r\nBDAT 1 LAST\r\nyQUIT\r\n', '250 250 250 250 503 221'),
)

STATE = (
    ('MAIL twice', SENDER + SENDER + b'QUIT\r\n', '250 503 221'),
    ('RCPT before MAIL', RECIPIENT + b'DATA\r\nQUIT\r\n', '503 503 221'),
    ('DATA without a recipient', SENDER + b'DATA\r\nQUIT\r\n', '250 503 221'),
    ('refused recipients, then DATA and a body of commands',
     SENDER + b'RCPT TO:<b>\r\nDATA\r\nRSET\r\nQUIT\r\n', '250 501 5xx 250 221'),
    ('a second end of data', BEGIN + b'DATA\r\nx\r\n.\r\n.\r\nQUIT\r\n', '250 250 354 250 500 221', 1),
    ('a second DATA', BEGIN + b'DATA\r\nx\r\n.\r\nDATA\r\nQUIT\r\n', '250 250 354 250 503 221', 1),
    ('DATA at once, and a message behind it', b'DATA\r\nSubject: x\r\n\r\nNOOP\r\n.\r\nQUIT\r\n', '503 500 500 250 500 221'),
    ('what is refused in a transaction does not end it, nor add to it', SENDER + b'VRFY\r\nAUTH PLAIN =\r\nEHLO\r\nLHLO\r\nRCPT TO:<x\r\nMAIL FROM:<x\r\n'
     + RECIPIENT + b'DATA\r\nx\r\n.\r\n' + RECIPIENT + b'QUIT\r\n', '250 501 5xx 50x 50x 501 50x 250 354 250 503 221', 1),
    ('nor does it begin one', b'VRFY\r\nAUTH PLAIN =\r\nEHLO\r\nLHLO\r\nMAIL FROM:<x\r\n' + RECIPIENT + b'DATA\r\nQUIT\r\n',
     '501 5xx 50x 50x 501 503 503 221'),
    ('RCPT behind the message', BEGIN + b'DATA\r\nx\r\n.\r\n' + RECIPIENT + b'DATA\r\nQUIT\r\n',
     '250 250 354 250 503 503 221', 1),
    ('RCPT behind a refused message', BEGIN + b'DATA\r\nx\n\r\n.\r\n' + RECIPIENT + b'DATA\r\nQUIT\r\n',
     '250 250 354 550 503 503 221'),
    ('BDAT behind a refused message', BEGIN + b'DATA\r\nx\n\r\n.\r\nBDAT 1 LAST\r\nxQUIT\r\n',
     '250 250 354 550 503 221'),
    ('VRFY does not begin anything', b'VRFY root\r\n' + RECIPIENT + b'DATA\r\nQUIT\r\n', '252 503 503 221'),
    ('RSET ends a transaction', BEGIN + b'RSET\r\nDATA\r\nQUIT\r\n', '250 250 250 503 221'),
    ('QUIT twice', b'QUIT\r\nQUIT\r\n', '221'),
    ('commands behind QUIT', b'QUIT\r\n' + BEGIN + b'DATA\r\nx\r\n.\r\n', '221'),
)

WORDS = (
    ('CVE-2020-7247: a shell in the sender',
     b'MAIL FROM:<;for i in 0 1 2 3;do read r;done;sh;exit 0;>\r\nQUIT\r\n', '501 221'),
    ('CVE-2019-10149: expansion in the recipient, which is quoted or not an address',
     SENDER + b'RCPT TO:<${run{\\x2Fbin\\x2Fsh}}@localhost>\r\nQUIT\r\n', '250 501 221'),
    ('an option for sendmail, a path, a pipe: no domain', b'MAIL FROM:<-oQ/tmp>\r\nMAIL FROM:<../../x>\r\n'
     b'MAIL FROM:<|id>\r\nMAIL FROM:</etc/passwd>\r\nQUIT\r\n', '501 501 501 501 221'),
    ('CVE-2026-23829: a CR in a path', b'MAIL FROM:<a\rX: y@example.org>\r\nQUIT\r\n', '500 221'),
    ('a CR in a name', b'EHLO a\rb\r\nHELO a\rb\r\nLHLO a\rb\r\nQUIT\r\n', '500 500 500 221'),
    ('a line end in quotes', b'MAIL FROM:<"a\r\nb"@example.org>\r\nQUIT\r\n', '501 500 221'),
    ('a line end in quotes of a recipient', SENDER + b'RCPT TO:<"a\r\nb"@example.org>\r\nRCPT TO:<"a\rb"@example.org>\r\n'
     b'RSET\r\nQUIT\r\n', '250 501 500 500 250 221'),
    ('a tab in quotes', b'MAIL FROM:<"a\tb"@example.org>\r\nQUIT\r\n', '501 221'),
    ('control characters and NUL', b'NO\0OP\r\nNOOP a\x1b[2J\r\nMAIL FROM:<a\0@example.org>\r\nQUIT\r\n',
     '500 500 500 221'),
    ('NUL behind a verb, and in a name', SENDER + RECIPIENT + b'DATA\0\r\nDATA\0x\r\nEHLO a\0b\r\nLHLO a\0b\r\nRSET\r\nQUIT\r\n',
     '250 250 500 500 500 500 250 221'),
    ('octets that are no UTF-8', b'NOOP \xff\r\nNOOP \xc0\x80\r\nNOOP \xed\xa0\x80\r\nNOOP \xf4\x90\x80\x80\r\n'
     b'QUIT\r\n', '500 500 500 500 221'),
    ('an address that needs SMTPUTF8', b'MAIL FROM:<\xc3\xa4@example.org>\r\nQUIT\r\n', '550 221'),
    ('formats', b'NOOP %n%s%p%999999d\r\n%n%s\r\nVRFY %n%n\r\nMAIL FROM:<%n%s@example.org>\r\n'
     b'RCPT TO:<%s%n@example.org>\r\nRSET\r\nQUIT\r\n', '250 500 252 250 250 250 221'),
    ('formats elsewhere', b'HELP %n%s%p\r\nEXPN %n%s%p\r\nAUTH %n%s%p %n%s\r\nEHLO %n%s%p\r\nLHLO %n%s%p\r\nMAIL FROM:<> %n=%s\r\n'
     b'QUIT\r\n', '214 502 50x 50x 50x 501 221'),
    ('CVE-2026-34752: names that mean something elsewhere',
     b'__PROTO__\r\nCONSTRUCTOR\r\nNOTIFY\r\nNOTIFY::HOST-NAME\r\nHANDLE-MAIL\r\nQUIT\r\n',
     '500 500 500 500 500 221'),
    ('CVE-2020-28022: odd ends of parameters',
     b'MAIL FROM:<> AUTH="\r\nMAIL FROM:<a@example.org>SIZE=1\r\nMAIL FROM:<> =\r\nMAIL FROM:<> SIZE=\r\n'
     b'MAIL FROM:<> AUTH=+\r\nMAIL FROM:<> AUTH=+4\r\nMAIL FROM:<>>>>\r\nMAIL FROM:<<<<>\r\nQUIT\r\n',
     '5xx 501 501 501 5xx 5xx 501 501 221'),
    ('sizes', b'MAIL FROM:<> SIZE=-1\r\nMAIL FROM:<> SIZE=18446744073709551616\r\n'
     b'MAIL FROM:<> SIZE=1 SIZE=1\r\nMAIL FROM:<> SIZE=9223372036854775807\r\nQUIT\r\n', '501 552 501 552 221'),
    ('CVE-2019-16928: a long name in EHLO', b'EHLO ' + b'a' * 400 + b'\r\nEHLO ' + b'a' * 900 + b'\r\n'
     b'EHLO ' + b'a' * 30000 + b'\r\nQUIT\r\n', '50x 500 500 221'),
    ('many parameters', b'MAIL FROM:<>' + b' A=B' * 100 + b'\r\nQUIT\r\n', '5xx 221'),
    ('deep nesting', b'MAIL FROM:<' + b'<' * 300 + b'\r\nMAIL FROM:<' + b'(' * 300 + b'@example.org>\r\n'
     b'MAIL FROM:<' + b'@a,' * 100 + b':a@example.org>\r\nQUIT\r\n', '501 501 501 221'),
    ('an end of line that is none', b'NOOP\nNOOP\r\nNOOP\rNOOP\r\nQUIT\r\n', '500 250 500 221'),
    ('too many mistakes', b'X\r\n' * 100, ' '.join(['500'] * 19 + ['421'])),
)

# Before the hello: a client of another protocol gets one answer, and the end.
FOREIGN = (
    ('HTTP', b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nEHLO x\r\n' + BEGIN, '554'),
    ('HTTP, later', b'NOOP\r\nGET / HTTP/1.1\r\nEHLO x\r\n', '250 554'),
    ('TLS', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(500), '554'),
    ('NUL', bytes(1000), '554'),
    ('NUL without end', bytes(1 << 20), '554'),
    ('SSH', b'SSH-2.0-x\r\nQUIT\r\n', '554'),
)

# With a limit of ten octets: chunks, and what is left of a message that was too big.
TOO_BIG = (
    ('chunks beyond the limit, then every command', BEGIN + b'BDAT 6\r\nRSET\r\nBDAT 6\r\nQUIT\r\nDATA\r\nBDAT 2\r\nx\n' + RECIPIENT +
     SENDER + b'BDAT 0 LAST\r\nDATA\r\nQUIT\r\n', '250 250 250 552 503 503 503 503 503 503 221'),
    ('the next one has all of the limit', BEGIN + b'BDAT 8\r\n12345678BDAT 6\r\nQUIT\r\nRSET\r\n' + BEGIN +
     b'BDAT 10 LAST\r\n12345678\r\nQUIT\r\n', '250 250 250 552 250 250 250 250 221', 1),
    ('so it has behind DATA', BEGIN + b'DATA\r\n1234567890\r\n.\r\n' + RECIPIENT + BEGIN + b'DATA\r\n12345678\r\n.\r\nQUIT\r\n',
     '250 250 354 552 503 250 250 354 250 221', 1),
    ('a chunk beyond the limit without a recipient', b'BDAT 12\r\nRSET\r\nQUIT\r\nNOOP\r\nQUIT\r\n', '552 250 221'),
)


class Dialogues(AttackCase):
    def test_chunks(self):
        self.run_table(CHUNKS)

    def test_chunk_of_old_clients(self):
        """HELO, and no hello at all."""
        for road in ROADS:
            for hello, codes in (b'HELO me\r\n', '(250|500) '), (b'', ''):
                with self.subTest(hello, road=road), Client(self.server, road, hello=False) as client:
                    answers = ' '.join(map(str, client.talk(hello + b'BDAT 6\r\nRSET\r\nNOOP\r\n' + SENDER + b'BDAT 6\r\nRSET\r\nQUIT\r\n')))
                    self.assertRegex(answers, pattern(codes + '50x 250 (250|503) 503 221'))

    def test_chunk_that_ends(self):
        """With the connection, before all of it has come."""
        for road in ROADS:
            for data in b'BDAT 10\r\n.\r\n', b'BDAT 10 LAST\r\n.\r\n', b'BDAT 3\r\n.\r\nBDAT 9 LAST\r\nx\r\n.\r\n':
                with self.subTest(data, road=road), Client(self.server, road) as client:
                    client.send(BEGIN + data)
                    self.assertEqual(client.codes(2), [250, 250])
                    # Below TLS, which has not ended.
                    socket.socket.shutdown(client.sock, socket.SHUT_WR)
                    self.assertEqual(client.codes(), [250] if data.startswith(b'BDAT 3') else [])
        self.assertEqual(self.take(), [])

    def test_too_big(self):
        with self.serve('--size=10') as server:
            self.run_table(TOO_BIG, server=server)
            self.check_server(server)

    def test_state(self):
        self.run_table(STATE)

    def test_words(self):
        self.run_table(WORDS)

    def test_foreign(self):
        for title, data, answers in FOREIGN:
            for road in ROADS:
                with self.subTest(title, road=road), Client(self.server, road, hello=False) as client:
                    codes = ' '.join(map(str, client.talk(data)))
                    # In LMTP there is HTTP, too, but no EHLO.
                    self.assertRegex(codes, pattern(answers))
        self.assertEqual(self.take(), [])

    def test_foreign_at_once(self):
        """Before the greeting it is the same; where TLS is expected there is not even one answer, but for its alert."""
        for title, data, answers in FOREIGN:
            for road in CLEAR, LMTP:
                with self.subTest(title, road=road), self.connect(road) as client:
                    self.assertRegex(' '.join(map(str, client.talk(data))), pattern('220 ' + answers))
            # The beginning of a handshake might go on.
            if not data.startswith(b'\x16'):
                with self.subTest(title, road=TLS), self.connect(TLS) as client:
                    client.sock.sendall(data[:2000])
                    client.sock.shutdown(socket.SHUT_WR)
                    self.assertIn(self.read_all(client.sock)[:1], (b'', b'\x15'))
        self.assertEqual(self.take(), [])

    def connect(self, road):
        return Client.on(socket.create_connection(('127.0.0.1', self.server.port(road.index)), PATIENCE))

    def read_all(self, sock):
        data = b''
        try:
            while new := sock.recv(65536):
                data += new
        except ConnectionError:
            pass
        return data

    def test_before_the_greeting(self):
        """Who talks out of turn gains nothing by it."""
        for road in CLEAR, LMTP:
            with socket.create_connection(('127.0.0.1', self.server.port(road.index)), timeout=30) as sock:
                sock.sendall(road.hello + BEGIN + b'DATA\r\nx\r\n.\r\nQUIT\r\n')
                with sock.makefile('rb') as file:
                    codes = [line[:3] for line in file if line[3:4] == b' ']
            self.assertEqual(codes, [b'220', b'250', b'250', b'250', b'354', b'250', b'221'])
            self.assertEqual(len(self.take()), 1)

    def test_urgent(self):
        """Urgent data of TCP ends a read of the system's before all has been read, and is no part of what is said."""
        for road in CLEAR, LMTP:
            with Client(self.server, road) as client:
                # All of it is to be there when it looks.
                self.server.process.send_signal(signal.SIGSTOP)
                try:
                    for data, flags in (b'NOOP\r\n', 0), (b'!', socket.MSG_OOB), (b'NOOP\r\n', 0):
                        client.sock.send(data, flags)
                finally:
                    self.server.process.send_signal(signal.SIGCONT)
                self.assertEqual(client.codes(2), [250, 250])


class Delivered(AttackCase):
    """What is an address, whatever is in it, is data."""

    def assert_envelope(self, address):
        """As it is in the trace of the only message that has come."""
        content, = self.take(raw=True)
        self.assertTrue(content.startswith(b'Return-Path: <%s>\r\n' % address), content)
        self.assertIn(b'\r\n\tfor <%s>;\r\n' % address, content)

    def test_addresses(self):
        mark = self.path('mark')
        locals_ = [b'"`touch %s`"', b'"$(touch %s)"', b'"; touch %s;"', b'"|touch %s"', b'"\\"; touch %s #"',
                   b'"../../../%s"', b'"> %s"']
        for local in locals_:
            address = local % mark.encode() + b'@example.org'
            data = b'MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n' % (address, address)
            self.assertEqual(self.converse(data), [250, 250, 354, 250, 221], address)
            self.assert_envelope(address)
        # Without quotes there is less that it may be.
        for local in b'`id`', b'|id', b'-oQ/tmp', b'$HOME', b'/etc/passwd', b'%n%s%p', b'#{x}', b"x'--":
            address = local + b'@example.org'
            data = b'MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n' % (address, address)
            for road in ROADS:
                self.assertEqual(self.converse(data, road), [250, 250, 354, 250, 221], address)
                self.assert_envelope(address)
        with self.assertRaises(FileNotFoundError):
            open(mark)
        self.assertEqual(sorted(os.listdir(self.directory)), ['m'])
        self.assertEqual(sorted(os.listdir(self.path('m'))), ['cur', 'new', 'tmp'])

    def test_received(self):
        """The name that a client gives itself is one word of the field of the trace."""
        for name in b'a_b', b'[127.0.0.1]', b'[IPv6:::1]', b'x)(y', b'x;y', b'"x', b'x,y', b'<x>', b'x\\':
            with Client(self.server) as client:
                code = client.code(b'EHLO ' + name + b'\r\n')
                self.assertIn(code, (250, 501), name)
                client.send(BEGIN + b'DATA\r\nx\r\n.\r\nQUIT\r\n')
                self.assertEqual(client.codes(), [250, 250, 354, 250, 221])
            content, = self.take(raw=True)
            received = content.split(b'\r\n')[1]
            self.assertRegex(received, rb'\AReceived: from [\w.:\[\]?-]+ \(\[127\.0\.0\.1\]\)\Z')


if __name__ == '__main__':
    unittest.main()
