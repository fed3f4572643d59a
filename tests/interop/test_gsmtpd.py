# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd as a user sees it, with clients that were written by others."""

import os
import random
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import unittest

from gsmtpd_process import Gsmtpd, PATIENCE, run, take_off_trace

SENDER = 'sender@example.org'
RECIPIENT = 'recipient@example.org'
MESSAGE = b'Subject: Hello\r\n\r\nHow are you?\r\n'


def need(program):
    return unittest.skipUnless(shutil.which(program), f'{program} is not installed')


def have_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(('::1', 0))
    except OSError:
        return False
    return True


def read_maildir(path):
    """What is in new, whatever the order."""
    new = os.path.join(path, 'new')
    contents = []
    for name in os.listdir(new):
        with open(os.path.join(new, name), 'rb') as file:
            contents.append(take_off_trace(file.read()))
    return sorted(contents)


class TempDirCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)


class Delivery(TempDirCase):
    def test_smtplib(self):
        with Gsmtpd() as server:
            with server.client() as client:
                client.sendmail(SENDER, [RECIPIENT, 'other@example.org'], MESSAGE,
                                mail_options=['BODY=8BITMIME'])
            output = server.output().decode()
        self.assertRegex(output, r'\Alistening on 127\.0\.0\.1:\d+\n'
                                 r'==== Message from 127\.0\.0\.1:\d+ ====\n'
                                 r'EHLO client\.example\.org\n'
                                 r'MAIL FROM:<sender@example\.org> size=32 BODY=8BITMIME\n'
                                 r'RCPT TO:<recipient@example\.org>\n'
                                 r'RCPT TO:<other@example\.org>\n'
                                 r'\n'
                                 r'Subject: Hello\n\nHow are you\?\n'
                                 r'==== End of message ====\n\Z')

    @need('swaks')
    def test_swaks(self):
        with Gsmtpd() as server:
            subprocess.run(['swaks', '--to', RECIPIENT, '--from', SENDER, '--helo', 'swaks.example.org',
                            '--server', f'127.0.0.1:{server.port()}', '--body', 'By swaks.'],
                           check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)
            output = server.output().decode()
        self.assertIn('EHLO swaks.example.org\n', output)
        self.assertIn('MAIL FROM:<sender@example.org>\nRCPT TO:<recipient@example.org>\n', output)
        self.assertIn('\nBy swaks.\n', output)

    @need('curl')
    def test_curl(self):
        with Gsmtpd() as server:
            subprocess.run(['curl', '-sS', f'smtp://127.0.0.1:{server.port()}/curl.example.org',
                            '--mail-from', SENDER, '--mail-rcpt', RECIPIENT, '--upload-file', '-'],
                           check=True, timeout=PATIENCE, input=MESSAGE)
            output = server.output().decode()
        self.assertIn('EHLO curl.example.org\n', output)
        self.assertIn('RCPT TO:<recipient@example.org>\n\nSubject: Hello\n\nHow are you?\n', output)

    def test_sink(self):
        with Gsmtpd('-H', 'sink') as server:
            with server.client() as client:
                for _ in range(100):
                    client.sendmail(SENDER, RECIPIENT, MESSAGE)
            self.assertEqual(len(server.output().splitlines()), 1)

    def test_maildir(self):
        rng = random.Random(1)
        octets = bytes(x for x in range(256) if x not in b'\r\n')
        lines = [bytes(rng.choices(octets, k=rng.randrange(200))) for _ in range(2000)]
        messages = [b'', b'.\r\n..\r\n', MESSAGE, b'\r\n'.join(lines) + b'\r\n']

        with Gsmtpd('--handler=maildir:' + self.path('m')) as server:
            self.assertEqual(sorted(os.listdir(self.path('m'))), ['cur', 'new', 'tmp'])
            with server.client() as client:
                for message in messages:
                    client.sendmail(SENDER, RECIPIENT, message)

        # smtplib sends a line at least.
        messages[0] = b'\r\n'
        self.assertEqual(read_maildir(self.path('m')), sorted(messages))
        self.assertEqual(os.listdir(self.path('m/tmp')), [])

    def test_escape_sequences(self):
        attack = b'Subject: \x1b]0;owned\x07\r\n\r\n\x1b[2J\x9b2J\xc2\x9b2J\x7f\x00\xff\r\n'
        with Gsmtpd('-d', '-d') as server:
            with server.client() as client:
                client.sendmail(SENDER, RECIPIENT, attack)
            output = server.output()
        self.assertIn(rb'\x1B[2J\x9B2J\xC2\x9B2J\x7F\x00\xFF', output)
        self.assertFalse(set(output) - set(range(0x20, 0x7f)) - {0x0a})


class Options(TempDirCase):
    def greeting_and_keywords(self, *args):
        with Gsmtpd('-H', 'sink', *args) as server:
            with server.client() as client:
                client.ehlo()
                return client.ehlo_resp.decode().split('\n')[0], client.esmtp_features

    def test_size(self):
        with Gsmtpd('-H', 'maildir:' + self.path('m'), '-s', '1000') as server:
            with server.client() as client:
                client.ehlo()
                self.assertEqual(client.esmtp_features['size'], '1000')
                self.assertEqual(client.mail(SENDER, ['SIZE=1001'])[0], 552)
                self.assertEqual(client.mail(SENDER, ['SIZE=1000'])[0], 250)
                client.rcpt(RECIPIENT)
                self.assertEqual(client.data(b'x' * 1200 + b'\r\n')[0], 552)
                # The session goes on.
                client.mail(SENDER)
                client.rcpt(RECIPIENT)
                self.assertEqual(client.data(b'x' * 998 + b'\r\n')[0], 250)
        self.assertEqual(read_maildir(self.path('m')), [b'x' * 998 + b'\r\n'])

    def test_size_default_and_none(self):
        self.assertEqual(self.greeting_and_keywords()[1]['size'], '33554432')
        self.assertIn(self.greeting_and_keywords('--size=0')[1]['size'], ('', '0'))

    def test_smtputf8(self):
        with Gsmtpd('-u') as server:
            with server.client() as client:
                client.ehlo()
                self.assertTrue(client.has_extn('smtputf8'))
                client.sendmail('säm@example.org', 'ü@example.org', MESSAGE,
                                mail_options=['SMTPUTF8', 'BODY=8BITMIME'])
            self.assertIn('RCPT TO:<ü@example.org>\n', server.output().decode())
        with Gsmtpd() as server:
            with server.client() as client:
                client.ehlo()
                self.assertFalse(client.has_extn('smtputf8'))
                code, _ = client.docmd('MAIL FROM:<a@example.org> SMTPUTF8')
                self.assertEqual(code, 555)

    def test_hostname(self):
        with Gsmtpd('--hostname', 'mx.example.org') as server:
            with smtplib.SMTP(timeout=PATIENCE) as client:
                _, greeting = client.connect('127.0.0.1', server.port())
                self.assertTrue(greeting.startswith(b'mx.example.org '))
        self.assertTrue(self.greeting_and_keywords('--hostname=mx.example.org')[0].startswith('mx.example.org'))

    def test_timeout(self):
        with Gsmtpd('--timeout=1') as server:
            sock, file = server.connect()
            with sock, file:
                self.assertTrue(file.read().startswith(b'421 4.4.2 '))

    def test_max_errors(self):
        with Gsmtpd('--max-errors=3') as server:
            sock, file = server.connect()
            with sock, file:
                sock.sendall(b'X\r\nX\r\nX\r\nX\r\n')
                codes = [line[:3] for line in file.read().splitlines()]
        self.assertEqual(codes[-1], b'421')
        self.assertLessEqual(len(codes), 4)

    def test_version_and_help(self):
        for option in '-v', '--version':
            result = run(option)
            self.assertEqual((result.returncode, result.stderr), (0, ''))
            self.assertRegex(result.stdout, r'\Agsmtpd \d+\.\d+\.\d+\n\Z')
        result = run('--help')
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        for option in '-l', '-H', '-s', '-u', '--hostname', '-d', '-v', '--timeout', '--max-errors':
            self.assertIn(option, result.stdout)


class Listening(TempDirCase):
    def test_two_listeners(self):
        with Gsmtpd(listen=['127.0.0.1:0', '127.0.0.1:0']) as server:
            self.assertEqual(len(server.addresses), 2)
            self.assertNotEqual(server.port(0), server.port(1))
            for i in range(2):
                with smtplib.SMTP('127.0.0.1', server.port(i), timeout=PATIENCE) as client:
                    client.sendmail(SENDER, RECIPIENT, MESSAGE)
            self.assertEqual(server.output().count(b'==== Message from '), 2)

    def test_localhost(self):
        with Gsmtpd(listen=['localhost:0']) as server:
            hosts = {address.rpartition(':')[0] for address in server.addresses}
            ports = {server.port(i) for i in range(len(server.addresses))}
            self.assertEqual(len(ports), 1)
            self.assertNotIn(0, ports)
            self.assertIn('127.0.0.1', hosts)
            self.assertLessEqual(hosts, {'127.0.0.1', '[::1]'})
            for host in hosts:
                with smtplib.SMTP(host.strip('[]'), server.port(), timeout=PATIENCE) as client:
                    client.sendmail(SENDER, RECIPIENT, MESSAGE)

    @unittest.skipUnless(have_ipv6(), 'there is no IPv6')
    def test_ipv6(self):
        with Gsmtpd(listen=['[::1]:0']) as server:
            self.assertRegex(server.addresses[0], r'\A\[::1\]:\d+\Z')
            with smtplib.SMTP('::1', server.port(), timeout=PATIENCE) as client:
                client.sendmail(SENDER, RECIPIENT, MESSAGE)
            self.assertIn(b'==== Message from [::1]:', server.output())

    def test_unix(self):
        path = self.path('socket')
        with Gsmtpd(listen=['unix:' + path]) as server:
            self.assertEqual(server.addresses, ['unix:' + path])
            with socket.socket(socket.AF_UNIX) as sock, smtplib.SMTP(timeout=PATIENCE) as client:
                sock.settimeout(PATIENCE)
                sock.connect(path)
                client.sock = sock
                self.assertEqual(client.getreply()[0], 220)
                client.sendmail(SENDER, RECIPIENT, MESSAGE)
            self.assertIn(b'\nHow are you?\n', server.output())
            self.assertEqual(server.end(), 0)
        self.assertFalse(os.path.exists(path))

    def test_unix_left_behind(self):
        """A server that was killed leaves its socket; the next one takes its place."""
        path = self.path('socket')
        with Gsmtpd(listen=['unix:' + path]) as server:
            server.end(signal.SIGKILL)
        self.assertTrue(os.path.exists(path))
        with Gsmtpd(listen=['unix:' + path]):
            # One that is alive is left alone.
            result = run('-l', 'unix:' + path)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, r'\Agsmtpd: .*in use.*\n\Z')

    def test_lmtp(self):
        with Gsmtpd('--lmtp-listen=127.0.0.1:0', '-H', 'sink', listen=()) as server:
            self.assertEqual(len(server.addresses), 1)
            # It reads one reply to a message, however many there are.
            with smtplib.LMTP('127.0.0.1', server.port()) as client:
                self.assertEqual(client.sendmail('a@example.org', ['b@example.org'],
                                                 'Subject: x\r\n\r\nx\r\n'), {})
            swaks = subprocess.run(['swaks', '--protocol', 'LMTP', '--server', f'127.0.0.1:{server.port()}',
                                    '--from', 'a@example.org', '--to', 'b@example.org,c@example.org'],
                                   capture_output=True, text=True, timeout=30)
            self.assertEqual(swaks.returncode, 0, swaks.stdout)
            self.assertEqual(swaks.stdout.count('250 2.0.0 Thrown away'), 2, swaks.stdout)

    def test_taken_port(self):
        with Gsmtpd() as server:
            result = run('-l', server.addresses[0])
        self.assertEqual((result.returncode, result.stdout), (1, ''))
        self.assertRegex(result.stderr, r'\Agsmtpd: .*' + re.escape(server.addresses[0]) + r'.*in use\n\Z')

    def test_no_listener_after_an_error(self):
        """All or nothing: no line is printed if the second address is taken."""
        with Gsmtpd() as server:
            result = run('-l', '127.0.0.1:0', '-l', server.addresses[0])
        self.assertEqual((result.returncode, result.stdout), (1, ''))


class Errors(TempDirCase):
    def check_usage(self, *args):
        with self.subTest(args=args):
            result = run('-l', '127.0.0.1:0', *args)
            self.assertEqual((result.returncode, result.stdout), (1, ''))
            self.assertRegex(result.stderr, r'\Agsmtpd: [^\n]+\nTry "gsmtpd --help"[^\n]*\n\Z')

    def test_unknown_options(self):
        self.check_usage('--no-such-option')
        self.check_usage('-x')
        self.check_usage('extra')
        self.check_usage('\x1b[2J')
        self.check_usage('-l')

    def test_options_of_the_future(self):
        for option in ('--max-connections=1', '--max-recipients=1', '--proxy-protocol'):
            self.check_usage(option)

    def test_tls(self):
        self.check_usage('--require-tls')
        self.check_usage('--smtps-listen=localhost:0')
        self.check_usage('--tls-key=x')
        self.check_usage('--tls-self-signed', '--tls-cert=x')

    def test_numbers(self):
        for option in '--size', '--timeout', '--max-errors':
            for value in ('', ' ', '-1', '+1', '1.5', '1e3', '0x10', '1k', 'x', '1 ', '99999999999999999999'):
                self.check_usage(f'{option}={value}')
        self.check_usage('-s', '-1')
        self.check_usage('--size=9223372036854775808')
        self.check_usage('--timeout=86401')
        self.check_usage('--max-errors=1000001')

    def test_handlers(self):
        for handler in '', 'x', 'Sink', 'sink:x', 'debugging:', 'maildir', 'maildir:', 'mbox', 'mbox:':
            self.check_usage('-H', handler)

    def test_hostnames(self):
        for name in '', 'a b', 'a\r\n220 b', 'a\x1b', 'ü', 'x' * 256:
            self.check_usage('--hostname', name)

    def test_addresses(self):
        for address in '', 'x', '25', ':25', 'localhost', 'localhost:', 'localhost:x', 'localhost:65536', \
                       'localhost:-1', '::1:25', '[::1]', '[::1:25', 'unix:':
            self.check_usage('-l', address)

    def test_bad_maildir(self):
        with open(self.path('file'), 'wb'):
            pass
        for name in 'file', 'file/m', 'missing/m':
            result = run('-l', '127.0.0.1:0', '-H', 'maildir:' + self.path(name))
            self.assertEqual((result.returncode, result.stdout), (1, ''))
            self.assertRegex(result.stderr, r'\Agsmtpd: [^\n]*' + re.escape(name) + r'[^\n]*\n\Z')

    @unittest.skipUnless(os.path.exists('/dev/full'), 'there is no /dev/full')
    def test_full_output(self):
        with open('/dev/full', 'wb') as full:
            with Gsmtpd(stdout=full) as server:
                self.assertEqual(server.process.wait(PATIENCE), 1)
                self.assertRegex(server.errors(), r'\Agsmtpd: [^\n]*No space[^\n]*\n\Z')

    def test_output_goes_away(self):
        """A message that cannot be printed is not taken, and that is all."""
        read, write = os.pipe()
        with os.fdopen(read, 'rb') as reader, Gsmtpd(stdout=write) as server:
            os.close(write)
            server.addresses = [reader.readline().decode().strip()]
            reader.close()
            for _ in range(2):
                with server.client() as client:
                    with self.assertRaises(smtplib.SMTPDataError) as caught:
                        client.sendmail(SENDER, RECIPIENT, MESSAGE)
                    self.assertEqual(caught.exception.smtp_code, 451)
                    self.assertNotIn(b'ipe', caught.exception.smtp_error)
            self.assertIn('Broken pipe', server.errors())
            self.assertEqual(server.end(), 0)


def listens(port):
    try:
        socket.create_connection(('127.0.0.1', port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


class Signals(TempDirCase):
    def test_idle(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with Gsmtpd() as server:
                self.assertEqual(server.end(number), 0)
                self.assertEqual(server.errors(), '')

    def test_sessions(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with Gsmtpd('--drain-time=0') as server:
                greeted = server.connect()
                in_data = server.connect()
                in_data[0].sendall(b'EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n')
                while not in_data[1].readline().startswith(b'354'):
                    pass
                in_data[0].sendall(b'Subject: half\r\n')
                self.assertEqual(server.end(number), 0)
                for sock, file in greeted, in_data:
                    with sock, file:
                        self.assertRegex(file.read(), rb'\A421 4\.3\.2 [^\r\n]*\r\n\Z')
                self.assertNotIn(b'half', server.output())

    def test_transaction(self):
        """Who is in the middle of one may finish it, who is not is told at once."""
        for number in signal.SIGTERM, signal.SIGINT:
            with Gsmtpd('--drain-time=600') as server:
                greeted = server.connect()
                in_data = server.connect()
                in_data[0].sendall(b'EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n')
                while not in_data[1].readline().startswith(b'354'):
                    pass
                server.process.send_signal(number)
                with greeted[0], greeted[1]:
                    self.assertRegex(greeted[1].read(), rb'\A421 4\.3\.2 [^\r\n]*\r\n\Z')
                with self.assertRaises(ConnectionRefusedError):
                    server.connect()
                with in_data[0], in_data[1]:
                    in_data[0].sendall(b'Subject: whole\r\n\r\n.\r\n')
                    self.assertRegex(in_data[1].read(), rb'\A250 [^\r\n]*\r\n421 4\.3\.2 [^\r\n]*\r\n\Z')
                self.assertEqual(server.process.wait(PATIENCE), 0)
                self.assertIn(b'whole', server.output())

    def test_second_signal(self):
        with Gsmtpd('--drain-time=600') as server:
            sock, file = server.connect()
            with sock, file:
                sock.sendall(b'EHLO x\r\nMAIL FROM:<a@example.org>\r\n')
                while not file.readline().startswith(b'250 2.1.0'):
                    pass
                server.process.send_signal(signal.SIGTERM)
                server.wait_until(lambda: not listens(server.port()))
                self.assertEqual(server.end(), 0)

    @unittest.skipIf(shutil.which('openssl') is None, 'openssl is not there')
    def test_hangup_certificate(self):
        """A certificate that cannot be read does not take the place of one that could."""
        file = self.path('tls.pem')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
                        '-nodes', '-keyout', file, '-out', self.path('cert.pem'), '-subj', '/CN=localhost'],
                       check=True, timeout=PATIENCE, stderr=subprocess.DEVNULL)
        with open(self.path('cert.pem')) as cert, open(file, 'a') as both:
            both.write(cert.read())
        with Gsmtpd('--tls-cert', file) as server:
            with open(file, 'w') as broken:
                broken.write('x')
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: 'tls.pem' in server.errors())
            with server.client() as client:
                client.starttls()
                client.noop()
            self.assertEqual(server.end(), 0)

    def test_stubborn_client(self):
        """One that never closes does not keep the program alive."""
        with Gsmtpd() as server:
            sock, file = server.connect()
            with sock, file:
                sock.sendall(b'NOOP\r\n')
                file.readline()
                self.assertEqual(server.end(), 0)


class Logs(TempDirCase):
    def dialogue(self, *args):
        with Gsmtpd(*args) as server:
            sock, file = server.connect()
            with sock, file:
                for line in (b'EHLO \x1b[31mred\r\n', b'X\x1b]0;x\x07\r\n', b'NOOP \xc2\x9b\xff\r\n',
                             b'EHLO x\r\n', b'MAIL FROM:<a@example.org> SIZE=99999999999\r\n',
                             b'MAIL FROM:<a@example.org>\r\n', b'RCPT TO:<b@example.org>\r\n'):
                    sock.sendall(line)
                    while file.readline()[3:4] == b'-':
                        pass
                sock.sendall(b'DATA\r\n')
                file.readline()
                sock.sendall(b'Subject: secret\r\n\r\n.\r\nQUIT\r\n')
                file.read()
            server.end()
            errors = Gsmtpd.read(server.stderr)
        self.assertFalse(set(errors) - set(range(0x20, 0x7f)) - {0x0a})
        return errors.decode()

    def test_none(self):
        self.assertEqual(self.dialogue(), '')

    def test_once(self):
        for args in ['-d'], ['--debug']:
            errors = self.dialogue(*args)
            self.assertRegex(errors, r'session \d+: connected from 127\.0\.0\.1:\d+\n')
            self.assertRegex(errors, r'session \d+: message from <a@example\.org>, .*: 250 2\.0\.0 ')
            self.assertRegex(errors, r'session \d+: ended\n')
            self.assertNotIn('RCPT TO', errors)

    def test_twice(self):
        for args in ['-d', '-d'], ['-dd'], ['--debug', '--debug']:
            errors = self.dialogue(*args)
            self.assertIn(r'\x1B[31mred', errors)
            self.assertIn(r'\x1B]0;x\x07', errors)
            self.assertIn('RCPT TO:<b@example.org>', errors)
            self.assertIn('SIZE=99999999999', errors)
            self.assertNotIn('secret', errors)


if __name__ == '__main__':
    unittest.main()
