# SPDX-License-Identifier: LGPL-2.1-or-later

"""What real clients send is what a Maildir gets, octet by octet; and the server's memory does
not grow with it."""

import os
import random
import shutil
import subprocess
import tempfile
import threading
import unittest

from gsmtpd_process import Gsmtpd, PATIENCE, take_off_trace

MEBIBYTE = 1 << 20

RANDOM = random.Random(1)

# Lines end in CRLF. A client that says DATA must end the last one, too.
TEXTS = {
    'empty': b'',
    'line end': b'\r\n',
    'one dot': b'.\r\n',
    'dots only': b'.\r\n..\r\n...\r\n.\r\n',
    'dots inside': b'a.\r\n.b\r\n\r\n.\r\n\r\n',
    '998 octets': b'x' * 998 + b'\r\n',
    '9980 octets': b'.' + b'x' * 9979 + b'\r\n',
    '8 bit': bytes(range(128, 256)) * 20 + b'\r\n',
    'controls': bytes(c for c in range(1, 32) if c not in b'\r\n') + b'\x7f\r\n',
    'from': b'From me\r\n>From you\r\n',
    'a mebibyte': b''.join(b'%08x\r\n' % RANDOM.getrandbits(32) for i in range(MEBIBYTE // 10)),
}

# What only BDAT can carry.
BINARIES = {
    'no line end': b'x',
    'nul': b'\0',
    'ends in cr': b'a\r',
    'bare lf': b'a\n.\nb\r\r\n.\r',
    'end of data': b'a\r\n.\r\nMAIL FROM:<evil@example.org>\r\n',
    'a mebibyte': RANDOM.randbytes(MEBIBYTE),
}


def send_raw(client, message, chunk):
    """By BDAT, in pieces of chunk octets; the last one is empty if the message ends there."""
    assert client.ehlo()[0] == 250
    assert client.docmd('MAIL FROM:<a@example.org> BODY=BINARYMIME')[0] == 250
    assert client.docmd('RCPT TO:<b@example.org>')[0] == 250
    while len(message) >= chunk:
        client.send(b'BDAT %d\r\n' % chunk + message[:chunk])
        assert client.getreply()[0] == 250
        message = message[chunk:]
    client.send(b'BDAT %d LAST\r\n' % len(message) + message)
    return client.getreply()


class Clients(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.maildir = self.path('m')

    def path(self, name):
        return os.path.join(self.directory, name)

    def serve(self, *args):
        return Gsmtpd('-H', 'maildir:' + self.maildir, '-s', '0', *args)

    def write(self, name, content):
        with open(self.path(name), 'wb') as file:
            file.write(content)
        return self.path(name)

    def take_message(self):
        """The only one there, without its trace."""
        new = os.path.join(self.maildir, 'new')
        name, = os.listdir(new)
        with open(os.path.join(new, name), 'rb') as file:
            content = file.read()
        os.unlink(os.path.join(new, name))
        return take_off_trace(content)

    def run_client(self, *args, data=None, env=None):
        result = subprocess.run(args, input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=PATIENCE, env=env)
        self.assertEqual(result.returncode, 0, result.stdout)

    def need(self, *names):
        for name in names:
            if shutil.which(name) is None:
                self.skipTest(f'there is no {name}')

    def test_smtplib(self):
        with self.serve() as server, server.client() as client:
            for name, text in TEXTS.items():
                with self.subTest(name):
                    client.sendmail('a@example.org', ['b@example.org'], text)
                    self.assertEqual(self.take_message(), text or b'\r\n')

    def test_bdat(self):
        with self.serve() as server, server.client() as client:
            for name, text in {**TEXTS, **BINARIES}.items():
                for chunk in 1, 7, 4096, 1 << 24:
                    if len(text) > 2000 * chunk:
                        continue
                    with self.subTest(f'{name} by {chunk}'):
                        self.assertEqual(send_raw(client, text, chunk)[0], 250)
                        self.assertEqual(self.take_message(), text)

    def test_curl(self):
        self.need('curl')
        with self.serve() as server:
            for name, text in TEXTS.items():
                if not text:
                    continue
                with self.subTest(name):
                    self.run_client('curl', '-sS', f'smtp://127.0.0.1:{server.port()}',
                                    '--mail-from', 'a@example.org', '--mail-rcpt', 'b@example.org',
                                    '-T', self.write('text', text))
                    self.assertEqual(self.take_message(), text)

    def test_swaks(self):
        self.need('swaks')
        with self.serve() as server:
            # It takes a dot in the last line for the end.
            for name in 'dots inside', '9980 octets', '8 bit', 'from':
                with self.subTest(name):
                    text = b'Subject: x\r\n\r\n' + TEXTS[name]
                    self.run_client('swaks', '--server', f'127.0.0.1:{server.port()}', '--to', 'b@example.org',
                                    '--from', 'a@example.org', '--data', '@' + self.write('text', text))
                    # swaks adds a line end of its own.
                    self.assertEqual(self.take_message(), text + b'\r\n')

    def test_msmtp(self):
        self.need('msmtp')
        with self.serve() as server:
            for name in 'dots only', 'dots inside', '9980 octets', '8 bit', 'from':
                with self.subTest(name):
                    text = b'Subject: x\r\n\r\n' + TEXTS[name]
                    self.run_client('msmtp', '-C', '/dev/null', '--host=127.0.0.1', f'--port={server.port()}',
                                    '--from=a@example.org', 'b@example.org',
                                    data=text.replace(b'\r\n', b'\n'))
                    self.assertTrue(self.take_message().endswith(text))

    def test_libesmtp(self):
        client = os.environ.get('ESMTP_CLIENT')
        if not client:
            self.skipTest('there is no libesmtp')
        with self.serve() as server:
            for name in 'dots only', 'dots inside', '9980 octets', '8 bit', 'from', 'a mebibyte':
                with self.subTest(name):
                    text = b'Subject: x\r\n\r\n' + TEXTS[name]
                    self.run_client(client, f'127.0.0.1:{server.port()}', 'a@example.org', 'b@example.org',
                                    self.write('text', text))
                    self.assertTrue(self.take_message().endswith(TEXTS[name]))

    def test_exim(self):
        """It sends by BDAT what is offered CHUNKING."""
        root = os.environ.get('EXIM_ROOT', '')
        exim = os.path.join(root, 'usr/sbin/exim4')
        if not os.access(exim, os.X_OK):
            self.skipTest('there is no Exim')
        if os.getuid() != 0:
            self.skipTest('Exim wants root')

        os.chmod(self.directory, 0o755)
        # Its user, which a package that is only unpacked has not made.
        for name, entry in ('passwd', 'Debian-exim:x:65534:65534::/:/bin/false'), ('group', 'Debian-exim:x:65534:'):
            with open('/etc/' + name, 'rb') as file:
                self.write(name, file.read() + entry.encode() + b'\n')
        env = {**os.environ, 'LD_PRELOAD': 'libnss_wrapper.so', 'NSS_WRAPPER_PASSWD': self.path('passwd'),
               'NSS_WRAPPER_GROUP': self.path('group')}
        env.pop('LD_LIBRARY_PATH', None)
        os.mkdir(self.path('spool'))
        os.chown(self.path('spool'), 65534, 65534)

        with self.serve('-d', '-d') as server:
            config = self.write('conf', f'''
                exim_path = {exim}
                exim_user = 65534
                exim_group = 65534
                spool_directory = {self.path('spool')}
                log_file_path = {self.path('spool')}/%slog
                primary_hostname = client.example.org
                keep_environment = LD_PRELOAD : ^NSS_WRAPPER
                begin routers
                all:
                  driver = manualroute
                  route_list = * 127.0.0.1
                  self = send
                  transport = smtp
                begin transports
                smtp:
                  driver = smtp
                  port = {server.port()}
                  allow_localhost
                  hosts_try_chunking = *
                  message_linelength_limit = 20000
                '''.encode())
            for name in 'dots only', 'dots inside', '9980 octets', '8 bit', 'from', 'a mebibyte':
                with self.subTest(name):
                    text = b'\r\n' + TEXTS[name]
                    self.run_client(exim, '-C', config, '-odf', '-i', '-f', 'a@example.org', 'b@example.org',
                                    data=b'Subject: x' + text.replace(b'\r\n', b'\n'), env=env)
                    self.assertTrue(self.take_message().endswith(text))
            self.assertIn(' LAST', server.errors())


class Memory(unittest.TestCase):
    SIZE = 100 * MEBIBYTE
    LIMIT = 32 * 1024
    PIECE = RANDOM.randbytes(MEBIBYTE).replace(b'\r', b'r').replace(b'\n', b'n').replace(b'.', b'd')

    @staticmethod
    def peak(server):
        """In KiB."""
        with open(f'/proc/{server.process.pid}/status') as file:
            return next(int(line.split()[1]) for line in file if line.startswith('VmHWM'))

    def send(self, server, by_chunks, results):
        with server.client() as client:
            client.ehlo()
            client.docmd('MAIL FROM:<a@example.org>')
            client.docmd('RCPT TO:<b@example.org>')
            if by_chunks:
                client.send(b'BDAT %d LAST\r\n' % self.SIZE)
            else:
                client.docmd('DATA')
            for i in range(self.SIZE // MEBIBYTE):
                client.sock.sendall(self.PIECE)
            if not by_chunks:
                client.send(b'\r\n.\r\n')
            results.append(client.getreply()[0])

    def check_maildir(self, new):
        names = os.listdir(new)
        self.assertEqual(len(names), 4)
        for name in names:
            with open(os.path.join(new, name), 'rb') as file:
                content = take_off_trace(file.read())
            # DATA ends the last line.
            self.assertEqual(len(content) // 4 * 4, self.SIZE)
            self.assertTrue(content.removesuffix(b'\r\n') == self.PIECE * (self.SIZE // MEBIBYTE))

    def test_four_at_once(self):
        results = []
        with tempfile.TemporaryDirectory() as directory:
            for handler in 'sink', 'maildir:' + os.path.join(directory, 'm'):
                with self.subTest(handler), Gsmtpd('-H', handler, '-s', '0') as server:
                    threads = [threading.Thread(target=self.send, args=(server, i % 2 == 0, results))
                               for i in range(4)]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join()
                    self.assertEqual(results, [250] * 4)
                    self.assertLess(self.peak(server), self.LIMIT)
                if handler != 'sink':
                    self.check_maildir(os.path.join(directory, 'm', 'new'))
                results.clear()


if __name__ == '__main__':
    unittest.main()
