# SPDX-License-Identifier: LGPL-2.1-or-later

"""Too much of everything: lines and bodies without end (CVE-2019-16928, CVE-2026-38728), sizes that are
not those that were declared (CVE-2026-45710), tiny requests in large numbers. What a client sends
must not stay in memory, and the answer must come without all of it being sent."""

import base64
import concurrent.futures
import time
import unittest

from attack import AttackCase, BEGIN, CLEAR, Client, LMTP, ROADS, SENDER, TLS, is_sanitized

MIB = 1024 * 1024

# In KiB: more than the server needs for anything that is done here, much less than what it is sent; and what there is for
# requests without end, so that ten octets of each of them were too many.
ROOM = 16 * 1024
LITTLE_ROOM = 1024
N_TINY = 100000


class Floods(AttackCase):
    options = ('--size=1000000',)

    def serve(self, *args, **kwargs):
        return super().serve('--auth-file', self.make_users(), '--auth-without-tls', '--auth-mechanisms=PLAIN,LOGIN', *args, **kwargs)

    def setUp(self):
        super().setUp()
        # What is needed once only: threads, the first TLS.
        for road in ROADS:
            self.assertEqual(self.converse(BEGIN + b'DATA\r\nx\r\n.\r\nQUIT\r\n', road)[-1], 221)
        self.take()
        self.before = self.memory()
        self.room = ROOM

    def tearDown(self):
        if not is_sanitized():
            self.assertLess(self.memory() - self.before, self.room)
        super().tearDown()

    def run_endless(self, road, head, codes):
        """Sends far more than anybody takes, and no end of it: the answer must not wait for that."""
        with Client(self.server, road) as client:
            try:
                client.sock.sendall(head + b'A' * (4 * MIB))
            except OSError:
                # The end may come as a reset, which takes with it what was said before.
                return
            self.assertEqual(client.codes(), codes, (road, head))

    def run_all(self, cases):
        """Together, since who is put out is listened to for some seconds."""
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            for future in [pool.submit(self.run_endless, *case) for case in cases]:
                future.result()

    def test_endless_lines(self):
        heads = (b'', b'NOOP ', b'EHLO ', b'AUTH PLAIN ', SENDER[:-3], b'MAIL FROM:<"', b'BDAT ', b'\xc3\xa4')
        self.run_all([(road, head, [500]) for road in (CLEAR, TLS, LMTP) for head in heads])

    def test_endless_answers(self):
        """To a challenge, RFC 4954 section 4."""
        cases = (b'AUTH PLAIN\r\n', [334, 500]), (b'AUTH LOGIN\r\nYWxpY2U=\r\n', [334, 334, 500])
        self.run_all([(road, head, codes) for road in (CLEAR, TLS, LMTP) for head, codes in cases])

    def test_endless_mistakes(self):
        """Requests that bring nothing come to an end long before the client does."""
        n = 1000000
        cases = ((BEGIN + b'BDAT 0\r\n' * n, [250] * 21 + [421]), (SENDER + b'RCPT TO:<b>\r\n' * n, [250] + [501] * 19 + [421]),
                 (b'X\r\n' * n, [500] * 19 + [421]))
        self.run_all([(road, head, codes) for road in (CLEAR, TLS, LMTP) for head, codes in cases])

    def test_endless_text(self):
        """Up to twice the limit is thrown away to get to the end of the message, and no more."""
        cases = ((b'DATA\r\n', [250, 250, 354, 552]), (b'DATA\r\nFrom ', [250, 250, 354, 552]),
                 (b'BDAT 999999999\r\n', [250, 250, 552]))
        cases = [(BEGIN + head, codes) for head, codes in cases]
        cases.append((b'MAIL FROM:<> SIZE=1\r\nRCPT TO:<b@example.org>\r\nDATA\r\n', [250, 250, 354, 552]))
        self.run_all([(road, head, codes) for road in (CLEAR, TLS, LMTP) for head, codes in cases])
        self.assertEqual(self.take(), [])

    def test_more_than_declared(self):
        text = b'x' * 70 + b'\r\n'
        data = b'MAIL FROM:<> SIZE=1\r\nRCPT TO:<b@example.org>\r\nDATA\r\n' + text * 20000 + b'.\r\nQUIT\r\n'
        for road in CLEAR, TLS, LMTP:
            self.assertEqual(self.converse(data, road), [250, 250, 354, 552, 221])
        self.assertEqual(self.take(), [])

    def test_leading_separators(self):
        """Lines that a mailbox file might swallow count as much as others."""
        text = b'From x\r\n' * 150000
        for road in CLEAR, TLS, LMTP:
            self.assertEqual(self.converse(BEGIN + b'DATA\r\n' + text + b'.\r\nQUIT\r\n', road), [250, 250, 354, 552, 221])
        self.assertEqual(self.take(), [])

    def test_tiny_chunks(self):
        """A history of chunks would grow with them."""
        n = N_TINY
        self.room = LITTLE_ROOM
        codes = self.converse(BEGIN + b'BDAT 1\r\nx' * n + b'BDAT 0 LAST\r\nQUIT\r\n')
        self.assertEqual(codes, [250] * (n + 3) + [221])
        self.assertEqual(self.take(), [b'x' * n])

    def test_tiny_commands(self):
        self.room = LITTLE_ROOM
        for command in b'NOOP\r\n', b'RSET\r\n', SENDER + b'RSET\r\n', b'EHLO x\r\n':
            n = N_TINY // command.count(b'\n')
            codes = self.converse(command * n + b'QUIT\r\n')
            expected = [250] * (n * command.count(b'\n')) + [221]
            self.assertEqual(codes, expected)

    def test_recipients(self):
        codes = self.converse(SENDER + b''.join(b'RCPT TO:<%d@example.org>\r\n' % i for i in range(20000)) + b'QUIT\r\n')
        self.assertEqual(codes, [250] * 1001 + [452] * 19000 + [221])

    def test_header_lines(self):
        """The text is opaque; fields of trace are counted, and no other."""
        text = b'X: y\r\n' * 150000
        self.assertEqual(self.converse(BEGIN + b'DATA\r\n' + text + b'\r\n.\r\nQUIT\r\n'), [250, 250, 354, 250, 221])
        self.assertEqual(self.take(), [text + b'\r\n'])
        text = b'Received: x\r\n' * 101
        self.assertEqual(self.converse(BEGIN + b'DATA\r\n' + text + b'\r\n.\r\nQUIT\r\n'), [250, 250, 354, 554, 221])
        self.assertEqual(self.take(), [])

    def test_others_have_their_turn(self):
        """While somebody sends without end, who waits for an answer gets one."""
        with Client(self.server) as greedy, Client(self.server) as other:
            greedy.sock.setblocking(False)
            slowest = 0
            for _ in range(50):
                try:
                    while True:
                        greedy.sock.send(b'NOOP\r\n' * 1000)
                except BlockingIOError:
                    pass
                try:
                    while greedy.sock.recv(65536):
                        pass
                except BlockingIOError:
                    pass
                begin = time.monotonic()
                self.assertEqual(other.code(b'NOOP\r\n'), 250)
                slowest = max(slowest, time.monotonic() - begin)
        # It is milliseconds; nothing but a server that is busy with the other one takes so long.
        self.assertLess(slowest, 10)


class Opaque(AttackCase):
    """What a message is made of is nothing to the server: neither how often, nor how deep."""

    # RFC 2231 section 3: pieces of a value, by number.
    PIECES = b'Content-Type: text/plain;\r\n' + b''.join(b' name*%d*=%%41;\r\n' % i for i in range(100000)) + b' x=y\r\n\r\n'
    FIELDS = b'X: y\r\n' * 1000000 + b'\r\n'

    options = ('--limit=max-header-size=0',)

    def test_content(self):
        parts = b'Content-Type: multipart/mixed; boundary=x\r\n\r\n' + b'--x\r\nContent-Type: text/plain\r\n\r\n\r\n' * 100000 + b'--x--\r\n'
        nested = b''.join(b'Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n' % (i, i) for i in range(20000))
        for road in CLEAR, TLS, LMTP:
            for text in parts, nested, self.PIECES, self.FIELDS:
                data = BEGIN + b'DATA\r\n' + text + b'.\r\n' + BEGIN + b'BDAT %d LAST\r\n' % len(text) + text + b'QUIT\r\n'
                begin = self.cpu()
                with self.subTest(text[:20], road=road):
                    self.assertEqual(self.converse(data, road), [250, 250, 354, 250, 250, 250, 250, 221])
                    self.assertTrue(self.take() == [text, text])
                    # In hundredths of a second; it is a few of them.
                    self.assertLess(self.cpu() - begin, 1000)

    def test_headers(self):
        """Whoever parses them later is spared that, unless the limit is taken away."""
        with self.serve() as server:
            for road in CLEAR, TLS, LMTP:
                for text in self.PIECES, self.FIELDS:
                    data = BEGIN + b'DATA\r\n' + text + b'.\r\n' + BEGIN + b'BDAT %d LAST\r\n' % len(text) + text + b'QUIT\r\n'
                    self.assertEqual(self.converse(data, road, server=server), [250, 250, 354, 552, 250, 250, 552, 221])
            self.assertEqual(self.take(), [])
            self.check_server(server)


class Parsers(AttackCase):
    """The time to refuse a line grows with its length, and not with its square."""

    options = ('--max-errors=0',)

    def test_lines(self):
        """Of the longest that there may be, a thousand of each."""
        blob = base64.b64encode(b'\0' * 700)
        lines = [b'MAIL FROM:' + b'<' * 900, b'MAIL FROM:<' + b'(' * 900, b'MAIL FROM:<"' + b'\\"' * 450,
                 b'MAIL FROM:<' + b'@a,' * 300 + b':a@b>', b'MAIL FROM:<' + b'a.' * 450, b'MAIL FROM:<a@' + b'b.' * 440 + b'>',
                 b'MAIL FROM:<> ' + b'A=B ' * 220, b'MAIL FROM:<> ' + b'=' * 900, b'MAIL FROM:<a@[IPv6:' + b':' * 850 + b']>',
                 b'EHLO ' + b'-' * 480, b'BDAT ' + b'0' * 480, b'AUTH PLAIN ' + blob, b' ' * 900, b'NOOP ' + b'\xc3\xa4' * 240]
        begin = self.cpu()
        for line in lines:
            with self.subTest(line[:20]):
                codes = self.converse((line + b'\r\n') * 1000 + b'QUIT\r\n')
                if not line.startswith(b'BDAT'):
                    self.assertEqual(len(codes), 1001)
        # In hundredths of a second; it is about a tenth of this under a sanitizer.
        self.assertLess(self.cpu() - begin, 3000)

    def test_far_too_long(self):
        """Half a MiB of what nests, or goes on: nobody looks at it."""
        size = 512 * 1024
        heads = (b'MAIL FROM:', b'<'), (b'MAIL FROM:<', b'('), (b'MAIL FROM:<"', b'\\"'), (b'MAIL FROM:<', b'@a,'), (b'MAIL FROM:<', b'a.'), \
            (b'MAIL FROM:<a@[IPv6:', b':'), (b'MAIL FROM:<>', b' A=B'), (b'RCPT TO:<"', b'\\"')
        begin = self.cpu()
        for head, filling in heads:
            for road in CLEAR, TLS, LMTP:
                with self.subTest(head + filling, road=road), Client(self.server, road) as client:
                    try:
                        client.sock.sendall(head + filling * (size // len(filling)) + b'>\r\n' + SENDER)
                    except OSError:
                        continue
                    # The end may come as a reset, which takes with it what was said before.
                    self.assertIn(client.codes(), ([500], []))
        self.assertLess(self.cpu() - begin, 1000)


if __name__ == '__main__':
    unittest.main()
