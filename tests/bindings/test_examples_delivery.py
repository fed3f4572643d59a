# SPDX-License-Identifier: LGPL-2.1-or-later

"""The examples that do something with mail: throw it away, judge it, keep it, pass it on, show it."""

import base64
import contextlib
import http.server
import json
import os
import pathlib
import smtplib
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from example_process import MESSAGE, PATIENCE, Example, commands

try:
    import gi
    gi.require_version('Soup', '3.0')
except (ImportError, ValueError):
    gi = None


class Waiting(threading.Thread):
    """What a client is answered, which takes its time."""

    def __init__(self, talk, *args):
        super().__init__(daemon=True)
        self.answer = None
        self.talk, self.args = talk, args
        self.start()

    def run(self):
        self.answer = self.talk(*self.args)

    def wait(self):
        self.join(PATIENCE)
        return self.answer


class Case(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def check_others_are_served(self, example, waiting):
        """While one waits for its answer, another does not."""
        with example.client() as client:
            for _ in range(20):
                self.assertEqual(client.noop()[0], 250)
        self.assertIsNone(waiting.answer)


class Sink(Case):

    def test(self):
        for language, command in commands('sink'):
            with self.subTest(language):
                with Example(command) as example, example.client() as client:
                    for _ in range(2):
                        self.assertEqual(client.sendmail('a@example.org', ['b@example.org'], MESSAGE), {})
                self.assertEqual(example.process.returncode, 0)


class Policy(Case):

    def test(self):
        for language, command in commands('policy'):
            with self.subTest(language):
                with Example(command, self.directory / 'users') as example:
                    self.check(example)
                self.assertEqual(example.process.returncode, 0)

    def ask(self, example, recipient):
        with example.client() as client:
            client.ehlo()
            client.mail('a@example.org')
            return client.rcpt(recipient)[0]

    def check(self, example):
        users = self.directory / 'users'
        start = time.monotonic()

        # A file that is not read before somebody writes it.
        os.mkfifo(users)
        waiting = Waiting(self.ask, example, 'b@example.org')
        self.check_others_are_served(example, waiting)
        users.write_text('b\nc\n')
        self.assertEqual(waiting.wait(), 450)
        users.unlink()

        users.write_text('b\nc\n')
        self.assertEqual(self.ask(example, 'nobody@example.org'), 550)
        while (code := self.ask(example, 'b@example.org')) == 450 and time.monotonic() < start + PATIENCE:
            time.sleep(0.2)
        self.assertEqual(code, 250)
        self.assertGreater(time.monotonic() - start, 1)
        with example.client() as client:
            self.assertEqual(list(client.sendmail('a@example.org', ['b@example.org', 'nobody@example.org'], MESSAGE)),
                             ['nobody@example.org'])

        users.unlink()
        self.assertEqual(self.ask(example, 'b@example.org'), 451)


class Mailbox(Case):

    def test(self):
        users = self.directory / 'users'
        users.touch(mode=0o600)
        users.write_text('joe:pencil\n')
        for language, command in commands('mailbox'):
            with self.subTest(language):
                maildir = self.directory / language
                with Example(command, maildir, users) as example:
                    self.check(example)
                self.assertEqual(example.process.returncode, 0)
                self.assertEqual(example.output, 'message from joe by ESMTPSA\n')
                [path] = (maildir / 'new').iterdir()
                text = path.read_bytes()
                self.assertTrue(text.startswith(b'Return-Path: <joe@example.org>'))
                self.assertIn(b'with ESMTPSA', text)
                self.assertTrue(text.endswith(MESSAGE.encode()))

    def check(self, example):
        with example.client() as client:
            client.ehlo()
            self.assertFalse(client.has_extn('auth'))
            self.assertNotEqual(client.docmd('AUTH PLAIN', base64.b64encode(b'\0joe\0pencil').decode())[0], 235)
            self.assertEqual(client.mail('joe@example.org')[0], 530)
            client.starttls(context=ssl._create_unverified_context())
            client.ehlo()
            self.assertEqual(client.mail('joe@example.org')[0], 530)
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                client.login('joe', 'pencils')
            client.login('joe', 'pencil')
            self.assertEqual(client.sendmail('joe@example.org', ['b@example.org'], MESSAGE), {})

    def test_no_users(self):
        for language, command in commands('mailbox'):
            with self.subTest(language):
                process = subprocess.run([*command, '127.0.0.1:0', self.directory / language, '/nonexistent/users'],
                                         capture_output=True, text=True, timeout=PATIENCE)
                self.assertEqual(process.returncode, 1)
                self.assertIn('/nonexistent/users', process.stderr)


class Hook(http.server.ThreadingHTTPServer):
    """Takes what is POSTed, and answers when it may."""

    def __init__(self):
        super().__init__(('127.0.0.1', 0), HookRequest)
        self.url = f'http://127.0.0.1:{self.server_port}/mail'
        self.may_answer = threading.Event()
        self.status = 200
        self.posts = []

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.may_answer.set()
            self.shutdown()
            thread.join()
            self.server_close()


class HookRequest(http.server.BaseHTTPRequestHandler):

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.server.posts.append((self.path, self.headers['Content-Type'], json.loads(body)))
        self.server.may_answer.wait(PATIENCE)
        with contextlib.suppress(ConnectionError):  # it may have left
            self.send_response(self.server.status)
            self.send_header('Content-Length', '0')
            self.end_headers()

    def log_message(self, *args):
        pass


@unittest.skipUnless(gi, 'there is no libsoup')
class Webhook(Case):
    TEXT = b'From: a@example.org\r\nSubject: a "quoted" \\\tone\r\n\r\nSubject: not this\r\n\xff\xc3\xa4\r\n'

    def test(self):
        for language, command in commands('webhook'):
            with self.subTest(language), Hook().running() as hook, Example(command, hook.url) as example:
                self.check_success(example, hook)
                self.check_client_that_leaves(example, hook)
                self.check_failures(example, hook)

    def send(self, example, text=TEXT):
        with example.client() as client:
            client.ehlo()
            client.mail('a@example.org')
            client.rcpt('b@example.org')
            client.rcpt('c@example.org')
            return client.data(text)[0]

    def check_success(self, example, hook):
        waiting = Waiting(self.send, example)
        self.wait_for_post(hook)
        self.check_others_are_served(example, waiting)
        hook.may_answer.set()
        self.assertEqual(waiting.wait(), 250)

        [(path, content_type, message)] = hook.posts
        self.assertEqual((path, content_type), ('/mail', 'application/json'))
        self.assertTrue(message.pop('peer').startswith('127.0.0.1:'))
        self.assertEqual(base64.b64decode(message.pop('message')), self.TEXT)
        self.assertEqual(message, {'sender': 'a@example.org', 'recipients': ['b@example.org', 'c@example.org'],
                                   'subject': 'a "quoted" \\\tone'})

        for text, subject in ((b'From: x\r\n\r\nText\r\n', ''), (b'\r\n', ''), (b'subject:\r\n\r\nText\r\n', ''),
                              (b'To: y\r\nSubject: a\r\n long\r\n\tone\r\n', 'a long one')):
            self.assertEqual(self.send(example, text), 250)
            self.assertEqual(' '.join(hook.posts[-1][2]['subject'].split()), subject)
        self.assertEqual(self.send(example, b'Subject: \xff\r\n\r\n'), 250)

    def wait_for_post(self, hook):
        for _ in range(PATIENCE * 20):
            if hook.posts:
                return
            time.sleep(0.05)
        self.fail('nothing is POSTed')

    def check_client_that_leaves(self, example, hook):
        hook.posts.clear()
        hook.may_answer.clear()
        with contextlib.closing(example.client()) as client:
            client.ehlo()
            client.mail('a@example.org')
            client.rcpt('b@example.org')
            client.docmd('DATA')
            client.send(self.TEXT + b'.\r\n')
            self.wait_for_post(hook)
        hook.may_answer.set()

    def check_failures(self, example, hook):
        for status, code in (204, 250), (500, 451), (404, 451), (299, 250):
            hook.status = status
            self.assertEqual(self.send(example), code)
        hook.shutdown()
        hook.server_close()
        self.assertEqual(self.send(example), 451)


class Watch(Case):

    def test(self):
        for language, command in commands('watch'):
            with self.subTest(language), Example(command, stdin=subprocess.PIPE) as example:
                keyboard, example.process.stdin = example.process.stdin, None
                with keyboard:
                    self.check(example, keyboard, example.process.stdout)
                    self.assertEqual(example.process.wait(PATIENCE), 0)

    def test_end_of_input(self):
        for language, command in commands('watch'):
            with self.subTest(language), Example(command, stdin=subprocess.PIPE) as example:
                example.process.stdin.close()
                self.assertEqual(example.process.wait(PATIENCE), 0)
                example.process.stdin = None

    def check(self, example, keyboard, screen):
        def type_line(line):
            keyboard.write(f'{line}\n')
            keyboard.flush()

        def read_message():
            return ''.join(iter(screen.readline, '\n')) + '\n' + ''.join(iter(screen.readline, '\n'))

        with example.client() as client:
            client.sendmail('a@example.org', ['b@example.org', 'c@example.org'], MESSAGE)
            self.assertEqual(screen.readline().split(), ['1', str(len(MESSAGE)), 'a@example.org',
                                                         'b@example.org', 'c@example.org'])
            client.sendmail('', ['b@example.org'], b'Subject: \x1b[2J\xc2\x9b2J\r\n\r\n\xe4\tx\r\n')
            self.assertEqual(screen.readline().split()[0], '2')

            type_line('1')
            self.assertEqual(read_message(), 'Subject: hello\n\nx\n')
            type_line('2')
            message = read_message()
            self.assertTrue(message.startswith('Subject: ?[2J?2J\n\n'), message)
            self.assertTrue(message.endswith('\tx\n'), message)
            for line in '3', '0', '-1', '', 'x':
                type_line(line)
                self.assertIn('number', screen.readline())

            type_line('p')
            self.assertEqual(screen.readline(), 'paused\n')
            self.assertEqual(client.mail('a@example.org')[0], 450)
            type_line('p')
            self.assertEqual(screen.readline(), 'going on\n')
            self.assertEqual(client.mail('a@example.org')[0], 250)
        type_line('q')


if __name__ == '__main__':
    unittest.main()
