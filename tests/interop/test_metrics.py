# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd --metrics-listen, and what its log looks like to programs."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import time
import unittest

from gsmtpd_process import Gsmtpd, PATIENCE, run

try:
    import gi
    gi.require_version('Smtpd', '1.0')
    from gi.repository import Smtpd
except (ImportError, AttributeError, ValueError):
    Smtpd = None

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    text_string_to_metric_families = None

TYPE = 'text/plain; version=0.0.4; charset=utf-8'
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[a-z0-9.-]+",?)+)\})? ([0-9]+)\Z')


def have_metrics():
    result = run('--metrics-listen=nowhere')
    return 'without libsoup' not in result.stderr


HAVE_METRICS = have_metrics()


def need_metrics(test):
    return unittest.skipUnless(HAVE_METRICS, 'built without libsoup')(test)


class MetricsServer(Gsmtpd):
    def __init__(self, *args):
        super().__init__('--metrics-listen=127.0.0.1:0', '-H', 'sink', *args)

    @property
    def url(self):
        return re.search(r'^metrics on (http://127\.0\.0\.1:\d+/metrics)$', self.output().decode(), re.M)[1]

    @property
    def address(self):
        host, port = re.match(r'http://([^:]+):(\d+)/', self.url).groups()
        return host, int(port)

    def ask(self, method='GET', path='/metrics', body=None):
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response, response.read().decode()
        finally:
            connection.close()

    def samples(self):
        """Checks the format, line by line; returns {(name, labels): value}."""
        response, text = self.ask()
        assert response.status == 200
        samples, helped, typed = {}, set(), {}
        assert text.endswith('\n')
        for line in text.splitlines():
            if line.startswith('# HELP '):
                name, _, words = line[len('# HELP '):].partition(' ')
                assert name not in helped and words
                helped.add(name)
            elif line.startswith('# TYPE '):
                name, kind = line[len('# TYPE '):].split(' ')
                assert kind == ('counter' if name.endswith('_total') else 'gauge'), line
                assert name not in typed and name in helped
                typed[name] = kind
                current = name
            else:
                name, labels, value = SAMPLE.match(line).groups()
                assert name == current, line
                assert (name, labels or '') not in samples, line
                samples[name, labels or ''] = int(value)
        return samples


@need_metrics
class Metrics(unittest.TestCase):
    def test_page(self):
        with MetricsServer() as server:
            response, text = server.ask()
            self.assertEqual((response.status, response.headers['Content-Type']), (200, TYPE))
            self.assertEqual(int(response.headers['Content-Length']), len(text))
            self.assertIsNone(response.headers['Server'])
            head, nothing = server.ask('HEAD')
            self.assertEqual((head.status, nothing), (200, ''))
            for path in '/', '/metrics/', '/metrics/x', '/metric', '/etc/passwd':
                self.assertEqual(server.ask(path=path)[0].status, 404, path)
            for method in 'POST', 'PUT', 'DELETE', 'OPTIONS', 'NONSENSE':
                response, _ = server.ask(method, body=b'x' * 100000)
                self.assertEqual((response.status, response.headers['Allow']), (405, 'GET, HEAD'), method)
            self.assertEqual(server.end(), 0)

    @unittest.skipUnless(shutil.which('curl'), 'curl is not installed')
    def test_curl(self):
        with MetricsServer() as server:
            text = subprocess.run(['curl', '--silent', '--fail', '--noproxy', '*', server.url], check=True,
                                  capture_output=True, timeout=PATIENCE, text=True).stdout
        self.assertIn('\nsmtpd_sessions 0\n', text)

    @unittest.skipUnless(text_string_to_metric_families, 'prometheus_client is not installed')
    def test_parser(self):
        with MetricsServer() as server:
            families = list(text_string_to_metric_families(server.ask()[1]))
        self.assertIn('smtpd_refusals', [family.name for family in families])
        for family in families:
            self.assertIn(family.type, ('counter', 'gauge'))
            self.assertTrue(family.documentation)
            self.assertGreater(len(family.samples), 0)

    def test_numbers(self):
        with MetricsServer() as server:
            before = server.samples()
            with server.client() as client:
                client.sendmail('a@example.org', ['b@example.org'], b'Subject: x\r\n\r\nHello\r\n')
                client.docmd('NONSENSE')
                client.docmd('VRFY')
                during = server.samples()
            server.wait_until(lambda: server.samples()['smtpd_sessions', ''] == 0)
            after = server.samples()
        changed = {key: value for key, value in after.items() if value != before[key]}
        self.assertGreater(changed.pop(('smtpd_received_bytes_total', '')), 100)
        self.assertGreater(changed.pop(('smtpd_sent_bytes_total', '')), 100)
        self.assertEqual(changed, {
            ('smtpd_connections_accepted_total', ''): 1,
            ('smtpd_commands_total', ''): 7,
            ('smtpd_client_errors_total', ''): 2,
            ('smtpd_transactions_total', ''): 1,
            ('smtpd_recipients_total', 'outcome="accepted"'): 1,
            ('smtpd_messages_total', 'outcome="accepted"'): 1,
            ('smtpd_message_bytes_total', ''): 21,
            ('smtpd_refusals_total', 'class="5",reason="unknown-command"'): 1,
            ('smtpd_refusals_total', 'class="5",reason="syntax"'): 1,
        })
        self.assertEqual(during['smtpd_sessions', ''], 1)
        self.assertEqual(set(before), set(after))

    @unittest.skipUnless(Smtpd, 'PyGObject is not there')
    def test_complete(self):
        """What the library counts is all there."""
        snapshot = Smtpd.Server().statistics.snapshot().unpack()
        expected = sum(len(value) if isinstance(value, dict) else 1 for value in snapshot.values())
        with MetricsServer() as server:
            # The two sums are left to Prometheus, which is told what program it is.
            self.assertEqual(len(server.samples()), expected - 2 + 1)

    def test_many_connections(self):
        """They are few, and are ended, whatever they do; mail goes on."""
        with MetricsServer() as server:
            began = time.monotonic()
            idle = [socket.create_connection(server.address, PATIENCE) for _ in range(50)]
            idle[0].sendall(b'GET /metrics HTTP/1.1\r\n')
            with server.client() as client:
                client.sendmail('a@example.org', ['b@example.org'], b'x\r\n')
            for sock in idle:
                with sock:
                    self.assertEqual(sock.recv(1000)[:1000], b'')
            self.assertLess(time.monotonic() - began, PATIENCE)
            server.wait_until(lambda: server.samples()['smtpd_messages_total', 'outcome="accepted"'] == 1)

    def test_drain(self):
        """There are numbers for as long as there is somebody to be counted."""
        with MetricsServer() as server:
            sock, file = server.connect()
            with sock, file:
                for line in b'EHLO x\r\n', b'MAIL FROM:<a@example.org>\r\n':
                    sock.sendall(line)
                    while file.readline()[3:4] == b'-':
                        pass
                server.process.terminate()
                self.assertEqual(server.samples()['smtpd_transactions_open', ''], 1)
                sock.sendall(b'RSET\r\n')
                file.read()
            self.assertEqual(server.process.wait(PATIENCE), 0)

    def test_taken(self):
        with socket.create_server(('127.0.0.1', 0)) as sock:
            address = f'127.0.0.1:{sock.getsockname()[1]}'
            result = run('-l', '127.0.0.1:0', f'--metrics-listen={address}')
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, '')
        self.assertRegex(result.stderr, rf'\Agsmtpd: Cannot serve metrics on {re.escape(address)}: .*in use\n')

    def test_bad_address(self):
        for address in '', 'localhost', ':9925', 'localhost:', 'localhost:x', '9925', '127.0.0.1:99999', 'unix:/x':
            with self.subTest(address):
                result = run('-l', '127.0.0.1:0', f'--metrics-listen={address}')
                self.assertEqual(result.returncode, 1)
                self.assertIn('is no value for --metrics-listen: HOST:PORT is\n', result.stderr)


@unittest.skipIf(HAVE_METRICS, 'built with libsoup')
class NoMetrics(unittest.TestCase):
    def test_says_so(self):
        result = run('-l', '127.0.0.1:0', '--metrics-listen=127.0.0.1:0')
        self.assertEqual(result.returncode, 1)
        self.assertIn('was built without libsoup', result.stderr)


class LogFormat(unittest.TestCase):
    def test_json(self):
        with Gsmtpd('-d', '--log-format=json', '-H', 'sink', '-u') as server:
            with server.client() as client:
                client.sendmail('a@example.org', ['b@example.org', 'c@example.org'], b'x\r\n')
                client.command_encoding = 'utf-8'
                client.docmd('RCPT TO:<"a\\"\\\\b"@ex\u00e4mple.org>')
            server.wait_until(lambda: 'disconnect' in server.errors())
            records = [json.loads(line) for line in Gsmtpd.read(server.stderr).decode('ascii').splitlines()]
        events = [record['SMTP_EVENT'] for record in records]
        self.assertEqual((events[0], events[-1]), ('connect', 'disconnect'))
        message = records[events.index('message')]
        self.assertEqual((message['SMTP_MAIL_FROM'], message['SMTP_RCPT_TO'], message['SMTP_REPLY_CODE']),
                         ('a@example.org', 'b@example.org c@example.org', '250'))
        self.assertEqual(records[events.index('refuse')]['SMTP_ARGUMENT'], 'TO:<"a\\\\"\\\\\\\\b"@ex\u00e4mple.org>')
        self.assertRegex(message['TIME'], r'\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z')
        self.assertEqual({record['SMTP_SESSION'] for record in records}, {'1'})

    def test_json_of_other_lines(self):
        """Octets that a client chose, in the dialogue."""
        with Gsmtpd('-d', '-d', '--log-format=json') as server:
            sock, file = server.connect()
            with sock, file:
                sock.sendall(b'NOOP "\\\x1b\xff\xe2\x80\xae\r\nQUIT\r\n')
                file.read()
            server.wait_until(lambda: 'disconnect' in server.errors())
            lines = Gsmtpd.read(server.stderr).splitlines()
        self.assertGreater(len(lines), 4)
        for line in lines:
            self.assertFalse(set(line) - set(range(0x20, 0x7f)))
            self.assertIn('MESSAGE', json.loads(line))

    def test_quiet(self):
        with Gsmtpd('--log-format=json', '-H', 'sink') as server:
            with server.client() as client:
                client.sendmail('a@example.org', ['b@example.org'], b'x\r\n')
            self.assertEqual(server.end(), 0)
            self.assertEqual(server.errors(), '')

    def test_bad_format(self):
        result = run('--log-format=xml')
        self.assertEqual(result.returncode, 1)
        self.assertIn('"xml" is no value for --log-format: text, json and journal are', result.stderr)

    def test_journal(self):
        """Where there is no journal, the text is better than nothing."""
        with Gsmtpd('-d', '--log-format=journal') as server:
            sock, file = server.connect()
            with sock, file:
                sock.sendall(b'QUIT\r\n')
                file.read()
            self.assertEqual(server.end(), 0)


if __name__ == '__main__':
    unittest.main()
