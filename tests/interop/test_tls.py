# SPDX-License-Identifier: LGPL-2.1-or-later

"""TLS with real clients, and with hostile ones."""

import os
import shutil
import smtplib
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import unittest

from gsmtpd_process import Gsmtpd, PATIENCE, run

BEGIN = b'MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n'


def unverified(maximum=None):
    context = ssl._create_unverified_context()
    if maximum is not None:
        context.maximum_version = maximum
    return context


def vector(size, data):
    return len(data).to_bytes(size, 'big') + data


def extension(number, data):
    return number.to_bytes(2, 'big') + vector(2, data)


def client_hello(name):
    """For TLS 1.2, RFC 5246 section 7.4.1.2, with whatever name (RFC 6066 section 3)."""
    body = b'\x03\x03' + bytes(32) + vector(1, b'') + vector(2, b'\xc0\x2b\xc0\x2c') + vector(1, b'\0')
    body += vector(2, extension(0, vector(2, b'\0' + vector(2, name)))
                   + extension(10, vector(2, b'\0\x17')) + extension(13, vector(2, b'\x04\x03')))
    message = b'\x01' + vector(3, body)
    return b''.join(b'\x16\x03\x01' + vector(2, message[i:i + 16384]) for i in range(0, len(message), 16384))


class Wire:
    """A client without manners."""

    def __init__(self, server, index=0):
        self.sock = socket.create_connection(('127.0.0.1', server.port(index)), timeout=PATIENCE)
        self.buffer = b''
        self.raw = None  # below TLS

    def line(self):
        """The last line of a reply; b'' at the end."""
        while True:
            while b'\n' not in self.buffer:
                try:
                    data = self.sock.recv(65536)
                except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
                    data = b''
                if not data:
                    return b''
                self.buffer += data
            line, _, self.buffer = self.buffer.partition(b'\n')
            if line[3:4] != b'-':
                return line

    def say(self, data):
        self.sock.sendall(data)
        return self.line()

    def code(self, data):
        return self.say(data)[:3]

    def wrap(self, **kwargs):
        assert self.buffer == b'', self.buffer
        self.raw = socket.socket(fileno=os.dup(self.sock.fileno()))
        self.sock = unverified(**kwargs).wrap_socket(self.sock)

    def starttls(self, **kwargs):
        assert self.line()[:3] == b'220'
        assert self.code(b'EHLO x\r\n') == b'250'
        assert self.code(b'STARTTLS\r\n') == b'220'
        self.wrap(**kwargs)

    def close(self):
        self.sock.close()
        if self.raw is not None:
            self.raw.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class TlsCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def serve(self, *args, **kwargs):
        return Gsmtpd('--smtps-listen', '127.0.0.1:0', '-H', 'sink', '--tls-self-signed', *args, **kwargs)

    def assert_alive(self, server):
        with server.client() as client:
            self.assertEqual(client.noop()[0], 250)


class Clients(TlsCase):
    def run_client(self, *args):
        if shutil.which(args[0]) is None:
            self.skipTest(f'there is no {args[0]}')
        result = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.STDOUT, timeout=PATIENCE)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def test_versions(self):
        with self.serve() as server:
            for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
                with Wire(server) as client:
                    client.starttls(maximum=version)
                    self.assertEqual(client.sock.version().replace('.', '_'), version.name)
                    self.assertEqual(client.code(b'EHLO x\r\n'), b'250')
            with Wire(server) as client:
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    client.starttls(maximum=ssl.TLSVersion.TLSv1_1)
            self.assert_alive(server)

    def test_smtplib(self):
        message = b''.join(b'%08x\r\n' % i for i in range(300000))
        with self.serve('--require-tls', '-s', '0') as server:
            with server.client() as client:
                with self.assertRaises(smtplib.SMTPResponseException):
                    client.sendmail('a@example.org', ['b@example.org'], 'x')
                client.starttls(context=unverified())
                client.sendmail('a@example.org', ['b@example.org'], message)
            with smtplib.SMTP_SSL('127.0.0.1', server.port(1), context=unverified(), timeout=PATIENCE) as client:
                self.assertFalse(client.has_extn('starttls'))
                client.sendmail('a@example.org', ['b@example.org'], message)

    def test_trace(self):
        """RFC 3848: how the message came is in its Received field."""
        with self.serve('-H', 'maildir:' + self.path('m')) as server:
            with server.client() as client:
                client.starttls(context=unverified())
                client.sendmail('a@example.org', ['b@example.org'], 'x')
        name, = os.listdir(self.path('m/new'))
        with open(self.path('m/new/' + name), 'rb') as file:
            self.assertRegex(file.read(), br'with ESMTPS\r\n\t\(TLS1\.3, TLS_[A-Z0-9_]+\) id ')

    def test_swaks(self):
        with self.serve('--require-tls') as server:
            self.run_client('swaks', '--server', f'127.0.0.1:{server.port()}', '--to', 'b@example.org', '-tls')
            self.run_client('swaks', '--server', f'127.0.0.1:{server.port(1)}', '--to', 'b@example.org', '-tlsc')

    def test_curl(self):
        with open(self.path('message'), 'wb') as file:
            file.write(b'Subject: x\r\n\r\nx\r\n')
        with self.serve('--require-tls') as server:
            for url in f'smtp://127.0.0.1:{server.port()}', f'smtps://127.0.0.1:{server.port(1)}':
                self.run_client('curl', '-sS', '-k', '--ssl-reqd', url, '--mail-from', 'a@example.org',
                                '--mail-rcpt', 'b@example.org', '-T', self.path('message'))

    def test_msmtp(self):
        if shutil.which('msmtp') is None:
            self.skipTest('there is no msmtp')
        with self.serve('--require-tls') as server:
            for index, starttls in (0, 'on'), (1, 'off'):
                result = subprocess.run(
                    ['msmtp', '-C', '/dev/null', '--host=127.0.0.1', f'--port={server.port(index)}', '--tls=on',
                     f'--tls-starttls={starttls}', '--tls-certcheck=off', '--from=a@example.org', 'b@example.org'],
                    input=b'Subject: x\n\nx\n', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
                self.assertEqual(result.returncode, 0, result.stdout)

    def test_gnutls(self):
        """It resumes its own session at the second connection."""
        if shutil.which('gnutls-cli') is None:
            self.skipTest('there is no gnutls-cli')
        with self.serve() as server:
            for version in 'TLS1.2', 'TLS1.3':
                result = subprocess.run(
                    ['gnutls-cli', '--insecure', '--starttls-proto=smtp', '--resume', '--alpn=smtp',
                     f'--priority=NORMAL:-VERS-ALL:+VERS-{version}', '-p', str(server.port()), '127.0.0.1'],
                    input='EHLO x\nQUIT\n', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                    timeout=PATIENCE)
                self.assertIn(f'({version}', result.stdout)
                self.assertIn('Application protocol: smtp', result.stdout)
                self.assertIn('This is a resumed session', result.stdout)

    def test_openssl(self):
        """Sessions are resumed, in both versions."""
        with self.serve() as server:
            for version in '-tls1_2', '-tls1_3':
                args = ['openssl', 's_client', '-connect', f'127.0.0.1:{server.port()}', '-starttls', 'smtp', version]
                for option, expected in ('-sess_out', 'New, '), ('-sess_in', 'Reused, '):
                    process = subprocess.run([*args, option, self.path('session')], input='EHLO x\nQUIT\n',
                                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                             timeout=PATIENCE)
                    self.assertIn(expected, process.stdout, f'{version} {option}')

    def test_foreign_ticket(self):
        """A ticket of one server is worth nothing at another (S9)."""
        with self.serve() as one, self.serve() as other:
            args = ['openssl', 's_client', '-starttls', 'smtp', '-tls1_2', '-connect']
            for server, option, expected in (one, '-sess_out', 'New, '), (other, '-sess_in', 'New, '):
                process = subprocess.run([*args, f'127.0.0.1:{server.port()}', option, self.path('session')],
                                         input='EHLO x\nQUIT\n', stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
                self.assertIn(expected, process.stdout)


class Commands(TlsCase):
    def test_syntax(self):
        with self.serve() as server, Wire(server) as client:
            client.line()
            self.assertEqual(client.code(b'EHLO x\r\n'), b'250')
            self.assertEqual(client.code(b'STARTTLS now\r\n'), b'501')
            self.assertEqual(client.code(b'MAIL FROM:<>\r\n'), b'250')
            self.assertEqual(client.code(b'STARTTLS\r\n'), b'503')
            self.assertEqual(client.code(b'RSET\r\n'), b'250')
            self.assertEqual(client.code(b'STARTTLS\r\n'), b'220')
            client.wrap()
            # What was said in clear does not count (S5).
            self.assertEqual(client.code(BEGIN[:27]), b'503')
            self.assertEqual(client.code(b'EHLO x\r\n'), b'250')
            self.assertEqual(client.code(b'STARTTLS\r\n'), b'503')

    def test_none(self):
        with Gsmtpd('-H', 'sink') as server, Wire(server) as client:
            client.line()
            self.assertEqual(client.code(b'STARTTLS\r\n'), b'500')

    def test_required(self):
        with self.serve('--require-tls') as server, Wire(server) as client:
            client.line()
            for command in b'HELO x', b'MAIL FROM:<>', b'VRFY x', b'RSET', b'HELP', b'XYZ', b'DATA':
                self.assertEqual(client.code(command + b'\r\n'), b'530', command)
            # Its octets are no commands, whatever the answer.
            self.assertEqual(client.code(b'BDAT 6\r\nQUIT\r\n'), b'530')
            for command in b'EHLO x', b'NOOP':
                self.assertEqual(client.code(command + b'\r\n'), b'250', command)
            self.assertEqual(client.code(b'QUIT\r\n'), b'221')

    def test_options(self):
        for args in (['--require-tls'], ['--smtps-listen=127.0.0.1:0'], ['--tls-key=x'],
                     ['--tls-cert=/nonexistent'], ['--tls-self-signed', '--tls-cert=x']):
            result = run('-l', '127.0.0.1:0', *args)
            self.assertEqual(result.returncode, 1, args)
            self.assertTrue(result.stderr.startswith('gsmtpd: '), result.stderr)


class Attacks(TlsCase):
    def test_injection(self):
        """Nothing that was sent in clear is a command in TLS (S4)."""
        for tail in b'NOOP\r\n', b'MAIL FROM:<evil@example.org>', b'NOOP\r\n' * 150, b'\r\n', b'Q':
            with self.subTest(tail[:8]), self.serve() as server:
                with Wire(server) as client:
                    client.line()
                    client.sock.sendall(b'EHLO x\r\nSTARTTLS\r\n' + tail)
                    self.assertEqual(client.line()[:3], b'250')
                    self.assertEqual(client.line()[:3], b'220')
                    try:
                        client.wrap()
                        # The first answer is that to the first command.
                        self.assertEqual(client.code(b'VRFY x\r\n'), b'252')
                        self.assertEqual(client.buffer, b'')
                    except (ssl.SSLError, ConnectionError):
                        pass
                self.assert_alive(server)

    def test_injection_later(self):
        """What comes in clear after the answer to STARTTLS, a line or a part of one, spoils the handshake."""
        for tail in b'NOOP\r\n', b'NOO', b'\r', b'MAIL FROM:<evil@example.org>\r\n' * 40:
            with self.subTest(tail[:8]), self.serve('-d', '-d') as server:
                with Wire(server) as client:
                    client.line()
                    client.say(b'EHLO x\r\n')
                    client.say(b'STARTTLS\r\n')
                    time.sleep(0.001)
                    client.sock.sendall(tail)
                    with self.assertRaises((ssl.SSLError, ConnectionError)):
                        client.wrap()
                        client.say(b'NOOP\r\n')
                self.assert_alive(server)
                self.assertNotIn('evil', server.errors())

    def test_clear_after_close(self):
        """After a close_notify nothing is read any more, in whichever phase (S7)."""
        phases = {
            'command': b'NOO',
            'data': b'EHLO x\r\n' + BEGIN + b'DATA\r\nhello',
            'chunk': b'EHLO x\r\n' + BEGIN + b'BDAT 1000\r\n0123456789',
        }
        for name, data in phases.items():
            with self.subTest(name), self.serve('-d', '-d') as server:
                with Wire(server, 1) as client:
                    client.wrap()
                    self.assertEqual(client.line()[:3], b'220')
                    client.sock.sendall(data)
                    time.sleep(0.05)
                    try:
                        client.sock.unwrap()
                    except (ssl.SSLError, OSError):
                        pass
                    try:
                        client.raw.sendall(b'x' * 990 + b'\r\nNOOP\r\n')
                    except OSError:
                        pass
                server.wait_until(lambda: 'session 1: ended' in server.errors())
                self.assertNotIn('> NOOP', server.errors())
                self.assertNotIn(': message from', server.errors())
                self.assert_alive(server)

    def test_cut_off(self):
        """An end without close_notify is no end of a message."""
        with self.serve('-d') as server:
            with Wire(server, 1) as client:
                client.wrap()
                client.sock.sendall(b'EHLO x\r\n' + BEGIN + b'DATA\r\nhello\r\n.')
                time.sleep(0.05)
                client.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                client.sock.detach()
                client.raw.close()
            self.assert_alive(server)
            self.assertNotIn(': message from', server.errors())

    def test_garbage(self):
        with self.serve() as server:
            for data in b'GET / HTTP/1.1\r\n\r\n', b'\x16\x03\x01\xff\xff' + bytes(70000), b'\x00' * 100, b'\x80' * 5:
                with Wire(server, 1) as client:
                    try:
                        client.sock.sendall(data)
                        client.sock.shutdown(socket.SHUT_WR)
                        while client.sock.recv(65536):
                            pass
                    except OSError:
                        pass
            self.assert_alive(server)

    def test_stalled(self):
        """A client that stops in its handshake keeps nobody from anything (S11)."""
        with self.serve() as server:
            stalled = [Wire(server, 1) for i in range(50)]
            for client in stalled[:25]:
                client.sock.sendall(b'\x16\x03\x01')
            self.assert_alive(server)
            with Wire(server, 1) as client:
                client.wrap()
                self.assertEqual(client.line()[:3], b'220')
            for client in stalled:
                client.close()

    def test_renegotiation(self):
        """R makes openssl ask for one (S8), which is the end of the connection."""
        with self.serve() as server:
            process = subprocess.Popen(['openssl', 's_client', '-tls1_2', '-connect', f'127.0.0.1:{server.port(1)}'],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            # Its standard input stays open: who ends the connection is the server.
            while not process.stdout.readline().startswith(b'220 '):
                pass
            process.stdin.write(b'R\n')
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), b'RENEGOTIATING\n')
            self.assertNotEqual(process.wait(PATIENCE), 0)
            process.stdin.close()
            process.stdout.close()
            self.assert_alive(server)

    def test_names(self):
        """Whatever a client says that the server is called (S10), in one record or in several."""
        names = {
            'nul': b'mx\0.example.org', 'backslash': b'mx\\', 'upper': b'MX.EXAMPLE.ORG', 'empty': b'',
            'long': b'a' * 300, 'very long': b'a' * 65000, 'dots': b'.' * 250, 'not a name': b'\xff\x80\n%n%s',
            'address': b'127.0.0.1', 'star': b'*.example.org',
        }
        with self.serve() as server:
            for title, name in names.items():
                with self.subTest(title), Wire(server, 1) as client:
                    client.sock.sendall(client_hello(name))
                    try:
                        answer = client.sock.recv(1)
                    except ConnectionResetError:
                        answer = b''
                    # Its part of the handshake, or an alert, or the end.
                    self.assertIn(answer, (b'\x16',) if title == 'upper' else (b'\x16', b'\x15', b''))
            self.assert_alive(server)
            with Wire(server, 1) as client:
                client.wrap()
                self.assertEqual(client.line()[:3], b'220')

    def test_shutdown(self):
        """A server that ends while handshakes are under way ends in time, with status 0."""
        with self.serve() as server:
            stalled = [Wire(server, 1) for i in range(5)]
            with Wire(server) as client:
                client.starttls()
                self.assertEqual(server.end(), 0)
            for one in stalled:
                one.close()


if __name__ == '__main__':
    unittest.main()
