# SPDX-License-Identifier: LGPL-2.1-or-later

"""Messages within messages: CVE-2023-51764 (Postfix), CVE-2023-51765 (Sendmail), CVE-2023-51766 (Exim),
CVE-2024-27305 (aiosmtpd). What is no end of a message to us must not be one to anybody behind us."""

import socket
import threading
import unittest

from attack import AttackCase, BEGIN, CLEAR, Client, LMTP, ROADS, TLS
from gsmtpd_process import Gsmtpd, PATIENCE

# Ends that some server took for one, and whether there is a bare CR or LF in them.
ENDS = {
    b'\n.\n': True, b'\n.\r': True, b'\r.\n': True, b'\r.\r': True,
    b'\n.\r\n': True, b'\r.\r\n': True, b'\r\n.\n': True, b'\r\n.\r': True,
    b'\r\n.\r\r\n': True, b'\r\r\n.\r\r\n': True, b'\n\n.\r\n': True, b'\r\n\n.\r\n': True,
    b'\r\n\0.\r\n': False, b'\r\n.\0\r\n': False, b'\r\n. \r\n': False, b'\r\n .\r\n': False,
    b'\r\n.\xc2\x85\r\n': False, b'\x85.\x85': False, b'\xe2\x80\xa8.\xe2\x80\xa8': False,
}

EVIL = b'MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nevil\r\n.\r\n'


class Smuggling(AttackCase):
    def run_end(self, end, road, cuts=()):
        head = BEGIN + b'DATA\r\n'
        text = b'a' + end + EVIL
        answers = self.converse(head + text + b'QUIT\r\n', road, [len(head) + cut for cut in cuts])
        self.assertEqual(answers, [250, 250, 354, 550 if ENDS[end] else 250, 221], (end, road, cuts))
        # RFC 5321 section 4.5.2: of a dot at the begin of a line, one is not part of the text.
        message = text[:-len(b'.\r\n')].replace(b'\r\n.', b'\r\n')
        self.assertEqual(self.take(), [] if ENDS[end] else [message], (end, road, cuts))

    def test_ends(self):
        for road in ROADS:
            for end in ENDS:
                self.run_end(end, road)

    def test_octets(self):
        """Octet by octet."""
        for road in CLEAR, TLS, LMTP:
            for end in ENDS:
                self.run_end(end, road, range(1, len(end) + 3))

    def test_cuts(self):
        """Cut at each place of the end, once."""
        for road in CLEAR, TLS:
            for end in ENDS:
                for cut in range(1, len(end) + 3):
                    self.run_end(end, road, [cut])

    def test_true_end(self):
        """The only one, at each cut; behind a dot that is stuffed as well."""
        for text, message in (b'a\r\n.\r\n', b'a\r\n'), (b'..\r\n.\r\n', b'.\r\n'), (b'.\r\n', b''), (b'\r\n.\r\n', b'\r\n'):
            data = BEGIN + b'DATA\r\n' + text + b'NOOP\r\nQUIT\r\n'
            for road in CLEAR, TLS, LMTP:
                for cuts in (range(1, len(data)), *([cut] for cut in range(len(BEGIN), len(data)))):
                    self.assertEqual(self.converse(data, road, cuts), [250, 250, 354, 250, 250, 221])
                    self.assertEqual(self.take(), [message])

    def test_chunks(self):
        """In a chunk of BDAT nothing is an end: the octets arrive as they are."""
        for end in ENDS:
            text = b'a' + end + EVIL
            chunk = b'BDAT %d LAST\r\n' % len(text)
            self.assertEqual(self.converse(BEGIN + chunk + text + b'QUIT\r\n'), [250, 250, 250, 221])
            self.assertEqual(self.take(), [text])


class NextServer(threading.Thread):
    """Takes one message by DATA alone, with all its octets."""

    def __init__(self):
        super().__init__()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.listener.settimeout(PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.texts = []
        self.end = False

    def run(self):
        while True:
            sock, _ = self.listener.accept()
            if self.end:
                sock.close()
                self.listener.close()
                return
            sock.settimeout(PATIENCE)
            with sock:
                self.serve(sock)

    def serve(self, sock):
        text = None
        sock.sendall(b'220 x\r\n')
        with sock.makefile('rb') as file:
            for line in file:
                if text is not None:
                    text += line
                    if text.endswith(b'\r\n.\r\n') or text == b'.\r\n':
                        self.texts.append(text)
                        text = None
                        sock.sendall(b'250 taken\r\n')
                elif line.startswith(b'DATA'):
                    text = b''
                    sock.sendall(b'354 go\r\n')
                elif line.startswith(b'QUIT'):
                    sock.sendall(b'221 bye\r\n')
                    return
                else:
                    sock.sendall(b'250 x\r\n')

    def stop(self):
        self.end = True
        socket.create_connection(('127.0.0.1', self.port)).close()
        self.join()


class Forwarding(AttackCase):
    """A server behind us may know other ends than we do: it is sent no bare CR or LF."""

    def test_next_server(self):
        behind = NextServer()
        behind.start()
        self.addCleanup(behind.stop)
        with Gsmtpd('-H', f'relay:127.0.0.1:{behind.port}') as relay:
            for end in ENDS:
                text = b'a' + end + EVIL
                chunk = b'BDAT %d LAST\r\n' % len(text)
                with Client(relay) as client:
                    client.send(BEGIN + chunk + text)
                    last = client.codes(3)[-1]
                    client.code(b'QUIT\r\n')
                self.assertEqual(last // 100, 5 if ENDS[end] else 2, (end, last))
            for text in behind.texts:
                rest = text.replace(b'\r\n', b'')
                self.assertFalse(b'\r' in rest or b'\n' in rest, text)
                self.assertEqual(text.count(b'\r\n.\r\n'), 1)
            self.assertEqual(len(behind.texts), list(ENDS.values()).count(False))


if __name__ == '__main__':
    unittest.main()
