# SPDX-License-Identifier: LGPL-2.1-or-later

"""From clear text to TLS and back: CVE-2011-0411, CVE-2021-38371, CVE-2024-34083 (what was sent in clear is no
command in TLS), RFC 3207 section 4.2 (what was said in clear is forgotten), CVE-2026-45185 (the
end of TLS in the midst of a body)."""

import os
import socket
import ssl
import struct
import unittest

from attack import AttackCase, BEGIN, CLEAR, Client, LMTP, LMTP_STARTTLS, RECIPIENT, STARTTLS, TLS
from gsmtpd_process import PATIENCE

EVIL = b'MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nevil\r\n.\r\n'


class Injection(AttackCase):
    def run_tail(self, road, tail, cuts):
        """Who gets through to TLS is answered what it has said there, and nothing else."""
        with Client(self.server, road) as client:
            client.send(b'STARTTLS\r\n' + tail, cuts)
            self.assertEqual(client.code(), 220)
            # It was no handshake, and that is what it is told.
            if client.buffer:
                self.assertEqual(client.buffer[:1], b'\x15')
                return
            try:
                client.wrap()
                client.sock.sendall(b'VRFY x\r\nNOOP\r\nQUIT\r\n')
                self.assertEqual(client.codes(), [252, 250, 221])
            except (OSError, ssl.SSLError):
                pass

    def test_tails(self):
        tails = b'NOOP\r\n', b'\r\n', b'N', b'\0', EVIL[:28], EVIL, b'NOOP\r\n' * 200, b'RSET\r\nSTARTTLS\r\n', b'EHLO evil\r\n' + EVIL
        for road in CLEAR, LMTP:
            for tail in tails:
                with self.subTest(tail[:10], road=road):
                    self.run_tail(road, tail, ())
                    for cut in range(len(b'STARTTLS'), len(b'STARTTLS\r\n') + min(len(tail), 4)):
                        self.run_tail(road, tail, [cut])
                self.assertEqual(self.take(), [])


class UsersCase(AttackCase):
    """With a user."""

    def serve(self, *args, **kwargs):
        return super().serve('--auth-file', self.make_users(), '--auth-without-tls', '--auth-mechanisms=PLAIN', *args, **kwargs)


class State(UsersCase):
    def test_forgotten(self):
        """Neither hello, nor who somebody is, nor a transaction goes over into TLS."""
        for road in CLEAR, LMTP:
            with self.subTest(road), Client(self.server, road) as client:
                self.run_forgotten(client, road)

    def run_forgotten(self, client, road):
        self.assertEqual(client.code(b'AUTH PLAIN AGFsaWNlAHNlc2FtZQ==\r\n'), 235)
        self.assertEqual(client.code(BEGIN[:27]), 250)
        self.assertEqual(client.code(b'STARTTLS\r\n'), 503)
        self.assertEqual(client.code(b'RSET\r\n'), 250)
        self.assertEqual(client.code(b'STARTTLS\r\n'), 220)
        client.wrap()
        self.assertEqual(client.code(BEGIN[:27]), 503)
        self.assertEqual(client.code(RECIPIENT), 503)
        self.assertEqual(client.code(b'DATA\r\n'), 503)
        client.sock.sendall(road.hello)
        keywords = b' '.join(line[4:] for line in client.reply())
        self.assertNotIn(b'STARTTLS', keywords)
        self.assertIn(b'AUTH PLAIN', keywords)
        # It is a stranger again, so it may say who it is.
        self.assertEqual(client.code(b'AUTH PLAIN AGFsaWNlAHNlc2FtZQ==\r\n'), 235)
        self.assertEqual(client.code(b'STARTTLS\r\n'), 503)
        self.assertIn(client.code(b'STARTTLS x\r\n'), (501, 503))
        self.assertEqual(client.code(BEGIN[:27]), 250)


class Ends(UsersCase):
    """However TLS ends, what was under way is given up, and what comes in clear is not read."""

    PHASES = {
        'hello': b'EHL',
        'command': b'NOO',
        'recipients': BEGIN,
        'text': BEGIN + b'DATA\r\nhello\r\n',
        'text with a dot': BEGIN + b'DATA\r\nhello\r\n.',
        'chunk': BEGIN + b'BDAT 1000\r\n0123456789',
        'between chunks': BEGIN + b'BDAT 5\r\nhello',
        'large chunk': BEGIN + b'BDAT 900000 LAST\r\n' + b'x' * 800000,
        'challenge': b'AUTH PLAIN\r\n',
        'answer to a challenge': b'AUTH PLAIN\r\nAGFsaWNl',
    }
    # What would complete it.
    REST = b'P\r\n.\r\n' + b'x' * 990 + b'\r\n.\r\nBDAT 0 LAST\r\nNOOP\r\n'

    def reach(self, road, data):
        client = Client(self.server, road)
        # Below TLS.
        raw = socket.socket(fileno=os.dup(client.sock.fileno()))
        client.sock.sendall(data)
        return client, raw

    def end_properly(self, client, raw):
        try:
            client.sock.settimeout(0.2)
            client.sock.unwrap()
        except (OSError, ssl.SSLError):
            pass

    def end_by_cut(self, client, raw):
        raw.shutdown(socket.SHUT_WR)

    def end_by_reset(self, client, raw):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))

    def end_by_clear(self, client, raw):
        """One octet is enough."""

    def read_all(self, raw):
        """Until the server puts an end to it."""
        data = b''
        try:
            while new := raw.recv(65536):
                data += new
        except ConnectionError:
            pass
        return data

    def test_ends(self):
        for road in TLS, STARTTLS, LMTP_STARTTLS:
            for name, data in self.PHASES.items():
                for end in self.end_properly, self.end_by_cut, self.end_by_reset, self.end_by_clear:
                    for rest in self.REST[:1], self.REST:
                        with self.subTest(name, road=road, end=end.__name__, rest=len(rest)):
                            client, raw = self.reach(road, data)
                            end(client, raw)
                            raw.settimeout(PATIENCE)
                            try:
                                raw.sendall(rest)
                            except OSError:
                                pass
                            # Whoever goes on in clear is waited for until what it says cannot be a record.
                            if end != self.end_by_reset and (end != self.end_by_clear or len(rest) > 5):
                                self.assertNotRegex(self.read_all(raw), rb'[245]\d\d[ -][^\r\n]+\r\n')
                            os.close(client.sock.detach())
                            raw.close()
        # Each has been seen to its end when this one is.
        self.server.end()
        self.assertEqual(self.take(), [])
        self.server.__exit__(None, None, None)
        self.server = self.serve()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)


if __name__ == '__main__':
    unittest.main()
