# SPDX-License-Identifier: LGPL-2.1-or-later

"""AUTH with real clients: the right password is let in, by every mechanism that they know, and the
wrong one is not."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import smtplib
import ssl
import subprocess
import unittest
import unittest.mock

from gsmtpd_process import GSMTPD, Gsmtpd, PATIENCE, make_certificate, make_folder
from postfix_process import Postfix, need_postfix

# Where Debian keeps what others get from npm.
NODE_MODULES = pathlib.Path('/usr/share/nodejs')

MECHANISMS = ('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN', 'CRAM-MD5')
PASSWORD = 'p\u00e4ncil "1'
WRONG = 'p\u00e4ncil "2'

DELIVER = '''
const [, port, user, pass, method, subject] = process.argv;
const transport = require('nodemailer').createTransport({
  host: '127.0.0.1', port: Number(port), requireTLS: true, tls: { rejectUnauthorized: false },
  auth: { user, pass }, authMethod: method || undefined,
});
transport.sendMail({ from: 'a@example.org', to: 'b@example.org', subject, text: 'x' })
  .then(info => { console.log(info.response); transport.close(); },
        error => { console.error(error); process.exit(1); });
'''


def need(program):
    return unittest.skipUnless(shutil.which(program), f'{program} is not installed')


def execute(*command, message=None, env=None):
    """(whether it went well, all that it printed)"""
    result = subprocess.run(command, input=message, stdin=None if message else subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
                            env={**os.environ, **(env or {})})
    return result.returncode == 0, result.stdout.decode(errors='backslashreplace')


def make_message(subject):
    return f'Subject: {subject}\r\n\r\nx\r\n'.encode()


class Case(unittest.TestCase):
    """alice has a password in the file, bob has keys."""

    def setUp(self):
        self.directory = make_folder(self)

        self.cert, self.key, self.users = (str(self.directory / name) for name in ('cert.pem', 'key.pem', 'users'))
        make_certificate(self.cert, self.key)
        line = subprocess.run([GSMTPD, '--make-auth', 'bob'], input=PASSWORD.encode(), check=True,
                              stdout=subprocess.PIPE, timeout=PATIENCE).stdout
        with open(self.users, 'wb') as file:
            os.chmod(self.users, 0o600)
            file.write(f'alice:{PASSWORD}\n'.encode() + line)

    def serve(self, *args, mechanisms=MECHANISMS):
        return Gsmtpd('-d', '--smtps-listen', '127.0.0.1:0', '--tls-cert', self.cert, '--tls-key', self.key,
                      '--auth-file', self.users, '--auth-required', '-H', f'maildir:{self.directory}/mail',
                      *(['--auth-mechanisms', ','.join(mechanisms)] if mechanisms else []), *args)

    def messages(self):
        """How each message came, by its subject."""
        found = {}
        for path in (self.directory / 'mail/new').iterdir():
            content = path.read_text()
            found[re.search('^Subject: (.*)$', content, re.M)[1]] = re.search(r'\tby \S+ with (\w+)', content)[1]
        return found

    @staticmethod
    def count(server, mechanism, code, user):
        return len(re.findall(f': AUTH {mechanism}: {code} [^;]*; user: {user}$', server.errors(), re.M))

    def check(self, server, log_in, mechanisms, users=('alice', 'bob'), protocol='ESMTPSA'):
        """log_in (mechanism, user, password, subject) is a client. Those who fail wait, so they do it
        together."""
        attempts = [(mechanism, user, password, f'{mechanism} {user} {number}')
                    for mechanism in mechanisms for user in users
                    for number, password in enumerate((PASSWORD, WRONG))]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda attempt: log_in(*attempt), attempts))

        mail = self.messages()
        for (mechanism, user, password, subject), (good, output) in zip(attempts, results):
            with self.subTest(mechanism=mechanism, user=user, password=password):
                self.assertEqual(good, password == PASSWORD, output)
                self.assertNotIn(password, server.errors())
                if password == PASSWORD:
                    self.assertEqual(self.count(server, mechanism, 235, user), 1, server.errors())
                    if protocol is not None:
                        self.assertEqual(mail[subject], protocol)
                else:
                    self.assertIn('535', output)
                    self.assertEqual(self.count(server, mechanism, 535, user), 1, server.errors())
                    self.assertNotIn(subject, mail)


@need('swaks')
class Swaks(Case):
    def client(self, server, *options):
        def log_in(mechanism, user, password, subject):
            return execute('swaks', '--server', f'127.0.0.1:{server.port()}', *options, '--auth', mechanism,
                           '--auth-user', user, '--auth-password', password, '--from', 'a@example.org',
                           '--to', 'b@example.org', '--header', f'Subject: {subject}')
        return log_in

    def test_tls(self):
        with self.serve() as server:
            self.check(server, self.client(server, '--tls'), ['PLAIN', 'LOGIN'])
            self.check(server, self.client(server, '--tls'), ['CRAM-MD5'], ['alice'])

    def test_clear(self):
        with self.serve('--auth-without-tls') as server:
            self.check(server, self.client(server), ['PLAIN', 'LOGIN'], protocol='ESMTPA')
            self.check(server, self.client(server), ['CRAM-MD5'], ['alice'], protocol='ESMTPA')

    def test_clear_without_leave(self):
        with self.serve() as server:
            good, output = self.client(server)('PLAIN', 'alice', PASSWORD, 'x')
        self.assertFalse(good, output)
        self.assertEqual(self.messages(), {})


@need('gsasl')
class Gsasl(Case):
    """It authenticates, and that is all."""

    def client(self, server, *options):
        def log_in(mechanism, user, password, subject):
            return execute('gsasl', '--smtp', *options, '-m', mechanism, '-a', user, '-p', password,
                           'localhost', str(server.port()))
        return log_in

    def test_tls(self):
        options = '--starttls', '--x509-ca-file', self.cert
        with self.serve() as server:
            self.check(server, self.client(server, *options), ['PLAIN', 'SCRAM-SHA-256-PLUS'], protocol=None)
            self.check(server, self.client(server, *options), ['CRAM-MD5', 'LOGIN', 'SCRAM-SHA-1-PLUS'], ['alice'],
                       protocol=None)
            # With a channel to bind to it would not do without.
            options = *options, '--no-cb'
            self.check(server, self.client(server, *options), ['SCRAM-SHA-256'], protocol=None)
            self.check(server, self.client(server, *options), ['SCRAM-SHA-1'], ['alice'], protocol=None)

    def test_clear(self):
        with self.serve('--auth-without-tls', mechanisms=None) as server:
            self.check(server, self.client(server, '--no-starttls'), ['SCRAM-SHA-256'], protocol=None)
            self.check(server, self.client(server, '--no-starttls'), ['SCRAM-SHA-1'], ['alice'], protocol=None)

    def test_keys_of_another_hash(self):
        """Nothing can be said of such a password, so it is wrong."""
        with self.serve() as server:
            good, output = self.client(server, '--starttls', '--x509-ca-file', self.cert)(
                'SCRAM-SHA-1-PLUS', 'bob', PASSWORD, 'x')
            self.assertFalse(good, output)
            self.assertIn('535', output)

    def test_own_choice(self):
        """The strongest, of what is offered if nothing was said."""
        with self.serve(mechanisms=None) as server:
            result = execute('gsasl', '--smtp', '-a', 'bob', '-p', PASSWORD, '--x509-ca-file', self.cert, 'localhost',
                             str(server.port()))
            self.assertTrue(result[0], result[1])
            self.assertEqual(self.count(server, 'SCRAM-SHA-256-PLUS', 235, 'bob'), 1, server.errors())


@need('msmtp')
class Msmtp(Case):
    def client(self, server, *options, index=0):
        def log_in(mechanism, user, password, subject):
            return execute('msmtp', '-C', '/dev/null', '--host=localhost', f'--port={server.port(index)}', *options,
                           f'--auth={mechanism.lower()}', f'--user={user}', "--passwordeval=echo \"$PASSWORD\"",
                           '--from=a@example.org', 'b@example.org', message=make_message(subject),
                           env={'PASSWORD': password})
        return log_in

    def test_starttls(self):
        options = '--tls=on', '--tls-starttls=on', f'--tls-trust-file={self.cert}'
        with self.serve() as server:
            self.check(server, self.client(server, *options), ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'])
            self.check(server, self.client(server, *options), ['SCRAM-SHA-1', 'CRAM-MD5'], ['alice'])

    def test_implicit(self):
        options = '--tls=on', '--tls-starttls=off', f'--tls-trust-file={self.cert}'
        with self.serve() as server:
            self.check(server, self.client(server, *options, index=1), ['SCRAM-SHA-256', 'PLAIN'], ['bob'])

    def test_clear(self):
        with self.serve('--auth-without-tls') as server:
            self.check(server, self.client(server, '--tls=off'), ['SCRAM-SHA-256'], protocol='ESMTPA')


@need('curl')
class Curl(Case):
    def client(self, server, url, *options):
        def log_in(mechanism, user, password, subject):
            return execute('curl', '-sSv', '--max-time', str(PATIENCE), *options, url,
                           '--login-options', f'AUTH={mechanism}', '-u', f'{user}:{password}',
                           '--mail-from', 'a@example.org', '--mail-rcpt', 'b@example.org', '-T', '-',
                           message=make_message(subject))
        return log_in

    def test_tls(self):
        with self.serve() as server:
            starttls = self.client(server, f'smtp://localhost:{server.port()}', '--ssl-reqd', '--cacert', self.cert)
            self.check(server, starttls, ['PLAIN', 'LOGIN'])
            self.check(server, starttls, ['CRAM-MD5'], ['alice'])

    def test_implicit(self):
        with self.serve() as server:
            self.check(server, self.client(server, f'smtps://localhost:{server.port(1)}', '--cacert', self.cert),
                       ['PLAIN'])

    def test_clear(self):
        with self.serve('--auth-without-tls') as server:
            self.check(server, self.client(server, f'smtp://localhost:{server.port()}'), ['PLAIN'], protocol='ESMTPA')


class Smtplib(Case):
    def client(self, server, tls):
        def log_in(mechanism, user, password, subject):
            with server.client() as client:
                if tls:
                    client.starttls(context=ssl.create_default_context(cafile=self.cert))
                client.ehlo()
                client.user, client.password = user, password
                try:
                    client.auth(mechanism, getattr(client, 'auth_' + mechanism.lower().replace('-', '_')))
                except smtplib.SMTPAuthenticationError as error:
                    return False, str(error)
                client.sendmail('a@example.org', 'b@example.org', make_message(subject))
            return True, ''
        return log_in

    # It encodes all it says in ASCII.
    PASSWORDS = 'pencil', 'pencils'

    def setUp(self):
        super().setUp()
        with open(self.users, 'w') as file:
            file.write('alice:pencil\n')

    def check_each(self, tls, protocol):
        with self.serve('--auth-without-tls') as server, unittest.mock.patch.multiple(
                __name__, PASSWORD=self.PASSWORDS[0], WRONG=self.PASSWORDS[1]):
            self.check(server, self.client(server, tls), ['PLAIN', 'LOGIN', 'CRAM-MD5'], ['alice'], protocol=protocol)

    def test_tls(self):
        self.check_each(True, 'ESMTPSA')

    def test_clear(self):
        self.check_each(False, 'ESMTPA')


@unittest.skipUnless((NODE_MODULES / 'nodemailer').exists(), 'there is no nodemailer')
class Nodemailer(Case):
    def client(self, server, chooses=False):
        def log_in(mechanism, user, password, subject):
            return execute('node', '-e', DELIVER, '--', str(server.port()), user, password,
                           '' if chooses else mechanism, subject, env={'NODE_PATH': str(NODE_MODULES)})
        return log_in

    def test_each(self):
        with self.serve() as server:
            self.check(server, self.client(server), ['PLAIN', 'LOGIN'])
            self.check(server, self.client(server), ['CRAM-MD5'], ['alice'])

    def test_own_choice(self):
        with self.serve(mechanisms=None) as server:
            self.check(server, self.client(server, chooses=True), ['PLAIN'])


@need_postfix
class ByPostfix(Case):
    """A Postfix that relays everything to a server which wants to know it."""

    def deliver(self, server, name, password, mechanism):
        passwords = self.directory / f'passwords-{name}'
        passwords.write_text(f'[127.0.0.1]:{server.port()} bob:{password}\n')
        options = ('smtp_sasl_auth_enable = yes\n'
                   f'smtp_sasl_password_maps = texthash:{passwords}\n'
                   'smtp_sasl_security_options = noanonymous\n'
                   f'smtp_sasl_mechanism_filter = {mechanism}\n')
        return Postfix(self.directory / name, server.port(), options)

    def test_right(self):
        for mechanism in 'PLAIN', 'LOGIN', 'SCRAM-SHA-256':
            with self.serve() as server, self.deliver(server, mechanism, PASSWORD, mechanism) as postfix:
                postfix.send(b'Subject: %s\n\nx\n' % mechanism.encode())
                try:
                    server.wait_until(lambda: mechanism in self.messages())
                except AssertionError as error:
                    raise AssertionError(postfix.log()) from error
                self.assertEqual(self.messages()[mechanism], 'ESMTPSA')
                self.assertEqual(self.count(server, mechanism, 235, 'bob'), 1, server.errors())

    def test_wrong(self):
        with self.serve() as server, self.deliver(server, 'wrong', WRONG, 'PLAIN') as postfix:
            postfix.send(b'Subject: wrong\n\nx\n')
            server.wait_until(lambda: 'status=deferred' in postfix.log())
            self.assertIn('said: 535 5.7.8 ', postfix.log())
            self.assertEqual(self.count(server, 'PLAIN', 535, 'bob'), 1, server.errors())
        self.assertEqual(self.messages(), {})


if __name__ == '__main__':
    unittest.main()
