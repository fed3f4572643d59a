# SPDX-License-Identifier: LGPL-2.1-or-later

"""The clients of a soak: good ones, whose messages are counted, and hostile ones, which are only to
leave nothing behind."""

import hashlib
import random
import smtplib
import socket
import ssl
import struct
import threading
import time

PATIENCE = 60
USER, PASSWORD = 'alice', 'sesame'
BEGIN = b'EHLO soak\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n'


def insecure():
    return ssl._create_unverified_context()


class Ledger:
    """What has become of each message: taken, or perhaps (nobody has heard the answer)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.next = 0
        self.taken = set()
        self.unsure = set()
        self.counts = {}
        self.errors = []

    def new(self, rng, size):
        with self.lock:
            self.next += 1
            number = self.next
            self.unsure.add(number)
        body = rng.randbytes(32).hex().encode() + b'\r\n'
        body *= size // len(body) + 1
        return number, b'%d %s\r\n' % (number, hashlib.sha256(body).hexdigest().encode()) + body

    def settle(self, number, taken):
        with self.lock:
            self.unsure.discard(number)
            if taken:
                self.taken.add(number)

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1


def number_if_whole(content):
    """Of a message; None for what is none of ours, or is damaged."""
    first, _, body = content.partition(b'\r\n')
    number, _, digest = first.partition(b' ')
    if not number.isdigit() or digest.decode(errors='replace') != hashlib.sha256(body).hexdigest():
        return None
    return int(number)


class Client(threading.Thread):
    def __init__(self, ports, ledger, end, seed):
        super().__init__()
        self.ports = ports  # smtp, lmtp, smtps
        self.ledger = ledger
        self.end = end
        self.rng = random.Random(seed)

    def run(self):
        kinds = ((self.plain, 6), (self.starttls, 2), (self.smtps, 2), (self.lmtp, 2), (self.chunks, 3), (self.login, 1),
                 (self.wrong_password, 1), (self.reset, 3), (self.smuggle, 1), (self.endless, 1), (self.http, 1), (self.garbage, 1),
                 (self.mistakes, 1), (self.too_big, 1), (self.dawdle, 1), (self.injection, 1), (self.many, 1))
        functions, weights = zip(*kinds)
        while time.monotonic() < self.end:
            function, = self.rng.choices(functions, weights)
            try:
                function()
            except (OSError, ssl.SSLError, smtplib.SMTPServerDisconnected):
                # What a hostile client is for. Messages without an answer are counted as such.
                self.ledger.count('cut off')
            except Exception as error:
                self.ledger.errors.append(f'{function.__name__}: {error!r}')
            self.ledger.count(function.__name__)

    # Good ones

    def size(self):
        return self.rng.choice((200, 200, 2000, 2000, 20000, 200000, 2000000))

    def send(self, client):
        for _ in range(self.rng.randrange(1, 4)):
            number, message = self.ledger.new(self.rng, self.size())
            client.sendmail('a@example.org', ['b@example.org'], message)
            self.ledger.settle(number, True)
        client.quit()

    def open(self, index=0):
        return smtplib.SMTP('127.0.0.1', self.ports[index], local_hostname='soak', timeout=PATIENCE)

    def plain(self):
        with self.open() as client:
            self.send(client)

    def starttls(self):
        with self.open() as client:
            client.starttls(context=insecure())
            self.send(client)

    def smtps(self):
        with smtplib.SMTP_SSL('127.0.0.1', self.ports[2], local_hostname='soak', timeout=PATIENCE, context=insecure()) as client:
            self.send(client)

    def lmtp(self):
        with smtplib.LMTP('127.0.0.1', self.ports[1], local_hostname='soak') as client:
            self.send(client)

    def login(self):
        with self.open() as client:
            client.starttls(context=insecure())
            client.login(USER, PASSWORD)
            self.send(client)

    def chunks(self):
        """Pipelined, in pieces of any size."""
        number, message = self.ledger.new(self.rng, self.size())
        data, at, n = BEGIN, 0, 4
        while at < len(message):
            size = self.rng.choice((1, 100, 10000, 500000))
            piece = message[at:at + size]
            data += b'BDAT %d\r\n' % len(piece) + piece
            at += size
            n += 1
            if size == 1 and n > 500:
                data += b'BDAT %d\r\n' % len(message[at:]) + message[at:]
                n += 1
                break
        data += b'BDAT 0 LAST\r\nQUIT\r\n'
        codes = self.talk(data)
        self.ledger.settle(number, codes[-2:] == [b'250', b'221'])

    # Hostile ones

    def connect(self, index=0):
        return socket.create_connection(('127.0.0.1', self.ports[index]), timeout=PATIENCE)

    def talk(self, data, index=0):
        """The codes of all answers."""
        with self.connect(index) as sock:
            thread = threading.Thread(target=self.send_all, args=(sock, data))
            thread.start()
            try:
                with sock.makefile('rb') as file:
                    return [line[:3] for line in file if line[3:4] == b' ']
            finally:
                thread.join()

    @staticmethod
    def send_all(sock, data):
        try:
            sock.sendall(data)
        except OSError:
            pass

    def reset(self):
        number, message = self.ledger.new(self.rng, self.size())
        data = BEGIN + b'DATA\r\n' + message + b'.\r\n'
        cut = self.rng.choice((len(data), self.rng.randrange(len(data))))
        sock = self.connect()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        with sock:
            self.send_all(sock, data[:cut])
            time.sleep(self.rng.choice((0, 0.01)))
        if cut < len(data):
            self.ledger.settle(number, False)

    def smuggle(self):
        ends = (b'\n.\n', b'\r.\r', b'\n.\r\n', b'\r\n.\n', b'\r\n.\r\r\n')
        self.talk(BEGIN + b'DATA\r\nx' + self.rng.choice(ends) + BEGIN + b'DATA\r\nevil\r\n.\r\nQUIT\r\n')

    def endless(self):
        self.talk(self.rng.choice((b'', b'NOOP ', b'AUTH PLAIN ')) + b'A' * 300000)

    def http(self):
        self.talk(b'POST / HTTP/1.1\r\nHost: x\r\n\r\n' + BEGIN)

    def garbage(self):
        self.talk(self.rng.randbytes(self.rng.randrange(1, 5000)) + b'\r\nQUIT\r\n', self.rng.randrange(3))

    def mistakes(self):
        self.talk(b'X\r\n' * 50)

    def too_big(self):
        self.talk(BEGIN + b'DATA\r\n' + b'x' * 5000000 + b'\r\n.\r\nQUIT\r\n')

    def dawdle(self):
        with self.connect(self.rng.choice((0, 2))) as sock:
            for octet in BEGIN[:self.rng.randrange(40)]:
                sock.sendall(bytes([octet]))
                time.sleep(0.01)

    def injection(self):
        with self.connect() as sock:
            sock.sendall(b'EHLO x\r\nSTARTTLS\r\nNOOP\r\nMAIL FROM:<evil@example.org>\r\n')
            sock.recv(1000)
            with insecure().wrap_socket(sock) as tls:
                tls.sendall(b'NOOP\r\nQUIT\r\n')
                while tls.recv(1000):
                    pass

    def many(self):
        self.talk(b'NOOP\r\n' * 2000 + b'EHLO x\r\nMAIL FROM:<>\r\n'
                  + b'RCPT TO:<b@example.org>\r\n' * 1500 + b'RSET\r\nQUIT\r\n')

    def wrong_password(self):
        with self.open() as client:
            client.starttls(context=insecure())
            try:
                client.login(USER, 'wrong')
            except smtplib.SMTPAuthenticationError:
                pass
