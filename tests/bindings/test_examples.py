# SPDX-License-Identifier: LGPL-2.1-or-later

"""The examples, each started as a newcomer would, in each language."""

import base64
import email
import importlib.util
import pathlib
import re
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from example_process import BUILD, EXAMPLES, MESSAGE, PATIENCE, Example, commands

SOURCE = EXAMPLES.parent


class Readme(unittest.TestCase):
    """The programs in README.md, as they stand there, but for the port."""

    def program(self, language):
        text = (SOURCE / 'README.md').read_text()
        return re.search(rf'^```{language}\n(.*?)^```', text, re.M | re.S).group(1)

    def check(self, command):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(command(port), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True)
        try:
            self.talk(port)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)

    def talk(self, port):
        for _ in range(PATIENCE * 10):
            try:
                client = smtplib.SMTP('127.0.0.1', port, local_hostname='me.example', timeout=PATIENCE)
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        with client:
            self.assertEqual(client.docmd('PING'), (259, b'OK'))
            self.assertEqual(client.rset()[0], 250)
            self.assertEqual(client.sendmail('a@example.org', ['b@example.org'], MESSAGE), {})

    def write(self, directory, name, language, port):
        path = pathlib.Path(directory) / name
        path.write_text(self.program(language).replace('localhost:8025', f'127.0.0.1:{port}'))
        return path

    def test_c(self):
        with tempfile.TemporaryDirectory() as directory:
            def build(port):
                program = pathlib.Path(directory) / 'ping'
                flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'gio-2.0'], check=True,
                                       capture_output=True, text=True).stdout.split()
                build_root = BUILD.parent
                subprocess.run(['cc', '-o', program, self.write(directory, 'ping.c', 'c', port),
                                f'-I{SOURCE}', f'-I{build_root}', f'-I{build_root}/smtpd',
                                f'-L{build_root}/smtpd', '-lsmtpd-1.0', *flags], check=True)
                return [program]
            self.check(build)

    def test_python(self):
        with tempfile.TemporaryDirectory() as directory:
            self.check(lambda port: [sys.executable, self.write(directory, 'ping.py', 'python', port)])

    def test_javascript(self):
        with tempfile.TemporaryDirectory() as directory:
            self.check(lambda port: ['gjs', '-m', self.write(directory, 'ping.js', 'js', port)])


class Examples(unittest.TestCase):
    LANGUAGES = {'C': 'c', 'Python': 'py', 'JavaScript': 'js', 'Vala': 'vala'}

    def test_list(self):
        """README.md lists those that are there, in the languages in which they are."""
        rows = re.findall(r'^\| `(\S+)` .*\| (.*?) *\|$', (EXAMPLES / 'README.md').read_text(), re.M)
        listed = {f'{name}.{self.LANGUAGES[language]}' for name, languages in rows for language in languages.split(', ')}
        there = {path.name for path in EXAMPLES.iterdir() if path.suffix[1:] in self.LANGUAGES.values()}
        self.assertEqual(listed, there)

    def test_size(self):
        """They can be read at one go. C wants a few lines more."""
        for language, suffix in self.LANGUAGES.items():
            for path in EXAMPLES.glob(f'*.{suffix}'):
                with self.subTest(path.name):
                    self.assertLessEqual(len(path.read_text().splitlines()), 110 if language == 'C' else 100)

    def test_ping(self):
        for language, command in commands('ping'):
            with self.subTest(language), Example(command) as example:
                with example.client() as client:
                    self.assertEqual(client.docmd('PING'), (259, b'OK'))
                    first = client.rset()
                    second = client.rset()
                    self.assertEqual((first[0], second[0]), (250, 250))
                    self.assertIn(b'1', first[1])
                    self.assertIn(b'2', second[1].splitlines()[0])
                    client.sendmail('a@example.org', ['b@example.org'], MESSAGE)
                    self.assertEqual(client.docmd('PONG')[0], 500)
            with self.subTest(language):
                self.assertEqual(example.process.returncode, 0)
                self.assertIn('a@example.org', example.output)
                self.assertIn('hello', example.output)

    def test_own_classes(self):
        for language, command in commands('own-classes'):
            with self.subTest(language), Example(command) as example:
                with example.client() as client:
                    for _ in range(2):
                        client.sendmail('a@example.org', ['b@example.org'], MESSAGE)

    def test_parse(self):
        text = ('Subject: =?utf-8?q?hel=6Co_you?=\r\nMIME-Version: 1.0\r\n'
                'Content-Type: multipart/mixed; boundary=b\r\n\r\n'
                '--b\r\n\r\none\r\n--b\r\nContent-Type: image/png\r\n\r\ntwo\r\n--b--\r\n')
        for language, command in commands('parse'):
            with self.subTest(language), Example(command) as example:
                with example.client() as client:
                    client.sendmail('a@example.org', ['b@example.org'], text)
                    with self.assertRaises(smtplib.SMTPDataError):
                        client.sendmail('a@example.org', ['b@example.org'], 'From: x\r\n\r\n')
            with self.subTest(language):
                self.assertEqual(example.process.returncode, 0)
                self.assertIn('hello you', example.output)
                self.assertEqual([line.strip() for line in example.output.splitlines() if '/' in line],
                                 ['multipart/mixed', 'text/plain', 'image/png'])

    def test_report(self):
        for language, command in commands('report'):
            with self.subTest(language), Example(command) as example:
                with example.client() as client:
                    client.sendmail('a@example.org', ['b@example.org'], MESSAGE)
                    client.sendmail('', ['nobody@example.org'], MESSAGE)
                    client.sendmail('a@example.org', ['b@example.org', 'nobody@example.org'], MESSAGE)
                    client.sendmail('c@example.org', ['nobody@example.org'], MESSAGE, rcpt_options=['NOTIFY=NEVER'])
                    client.sendmail('d@example.org', ['b@example.org'], MESSAGE, ['ENVID=x+2By'], ['NOTIFY=SUCCESS'])
            with self.subTest(language):
                self.assertEqual(example.process.returncode, 0)
                self.assertEqual(example.output.count('MAIL FROM:<>'), 2)
                failure, success = example.output.partition('MAIL FROM:<>')[2].split('MAIL FROM:<>')
                recipient, _, text = failure.partition('RCPT TO:')[2].partition('\n')
                report = email.message_from_string(text.strip())
                self.assertEqual(recipient, '<a@example.org>')
                status = report.get_payload()[1].get_payload()
                self.assertEqual([group['Final-Recipient'] for group in status[1:]], ['rfc822; nobody@example.org'])
                self.assertEqual(report.get_payload()[2].get_payload().strip(), 'Subject: hello')
                self.assertIn('\nRCPT TO:<d@example.org>\n', success)
                self.assertIn('Original-Envelope-Id: x+y', success)
                self.assertIn('Action: delivered', success)

    def test_submission(self):
        for language, command in commands('submission'):
            with self.subTest(language), Example(command) as example:
                self.check_submission(example)
            with self.subTest(language):
                self.assertEqual(example.process.returncode, 0)
                self.assertEqual([line for line in example.output.splitlines() if line.startswith('message')],
                                 ['message from joe by ESMTPSA', 'message from jim by ESMTPSA'])

    def check_submission(self, example):
        with example.client() as client:
            self.assertEqual(client.ehlo()[0], 250)
            self.assertNotIn('auth', client.esmtp_features)
            self.assertEqual(client.mail('joe@example.org')[0], 530)
            client.starttls(context=ssl._create_unverified_context())
            client.login('joe', 'pencil')
            client.sendmail('joe@example.org', ['b@example.org'], MESSAGE)
            self.assertEqual(client.mail('jim@example.org')[0], 553)
        with example.client() as client:
            client.starttls(context=ssl._create_unverified_context())
            client.ehlo()
            with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                client.login('joe', 'pencils')
            self.assertEqual(caught.exception.smtp_code, 535)
            for token, code in ('guess', 535), ('letmein', 235):
                bearer = f'n,a=jim,\x01auth=Bearer {token}\x01\x01'
                reply = client.docmd('AUTH OAUTHBEARER', base64.b64encode(bearer.encode()).decode())
                if reply[0] == 334:
                    reply = client.docmd('AQ==')
                self.assertEqual(reply[0], code)
            client.sendmail('jim@example.org', ['b@example.org'], MESSAGE)

    def test_extension(self):
        for language, command in commands('extension'):
            with self.subTest(language):
                with Example(command) as example, example.client() as client:
                    client.ehlo()
                    self.assertTrue(client.has_extn('xticket'))
                    for parameters, code in ('', 550), (' XTICKET', 501), (' XTICKET=x', 501), (' XTICKET=7 ENVID=a+2Bb', 250):
                        self.assertEqual(client.docmd('MAIL FROM:<a@example.org>' + parameters)[0], code)
                    client.docmd('RCPT TO:<b@example.org> NOTIFY=SUCCESS')
                    client.docmd('RCPT TO:<c@example.org>')
                    self.assertEqual(client.data(MESSAGE)[0], 250)
                self.assertEqual(example.output.splitlines(), ['ticket 7, id a+b', 'b@example.org: to be confirmed',
                                                               'c@example.org: no word of success'])

    def run_tests(self, command, *results):
        """What is a test itself: it passes, and says what the results are."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=PATIENCE * 3)
        self.assertEqual(done.returncode, 0, done.stdout)
        for result in results:
            self.assertIn(result, done.stdout)

    def test_fixture(self):
        with self.subTest('C'):
            self.run_tests([BUILD / 'example-fixture', '--tap'], 'ok 1 /notify/sent', 'ok 2 /notify/busy')
        if shutil.which('gjs'):
            with self.subTest('JavaScript'):
                self.run_tests(['gjs', '-m', EXAMPLES / 'fixture.js'], 'ok - sent', 'ok - busy', '1..4')

    @unittest.skipUnless(importlib.util.find_spec('pytest'), 'there is no pytest')
    def test_fixture_of_pytest(self):
        for name, result in ('fixture.py', '7 passed'), ('welcome', '12 passed'):
            with self.subTest(name):
                self.run_tests([sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', EXAMPLES / name], result)

    def test_later(self):
        for language, command in commands('later'):
            with self.subTest(language), Example(command) as example:
                self.check_later(example)

    def check_later(self, example):
        """While one waits for its answer, another is served at full speed."""
        answers = []

        def wait():
            with example.client() as client:
                client.ehlo()
                client.mail('a@example.org')
                begun.set()
                answers.append(client.rcpt('b@example.org'))
                answers.append(client.rcpt('nobody@example.org'))

        begun = threading.Event()
        waiting = threading.Thread(target=wait)
        with example.client() as client:
            client.noop()
            start = time.monotonic()
            waiting.start()
            begun.wait(PATIENCE)
            for _ in range(50):
                self.assertEqual(client.noop()[0], 250)
            self.assertEqual(answers, [])
            waiting.join(PATIENCE)
            self.assertGreater(time.monotonic() - start, 1)
        self.assertEqual([code for code, _ in answers], [250, 550])


if __name__ == '__main__':
    unittest.main()
