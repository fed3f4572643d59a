# SPDX-License-Identifier: LGPL-2.1-or-later

"""Real clients with what only a program can judge: bearer tokens and certificates. The hooks are
coroutines that take their time."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402

PATIENCE = 30

# Where Debian keeps what others get from npm.
NODE_MODULES = pathlib.Path('/usr/share/nodejs')

TOKEN = 'ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg=='
WRONG = 'ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCh=='

MESSAGE = b'Subject: x\r\n\r\nx\r\n'

DELIVER = '''
const [, port, user, accessToken] = process.argv;
const transport = require('nodemailer').createTransport({
  host: '127.0.0.1', port: Number(port), requireTLS: true, tls: { rejectUnauthorized: false },
  auth: { type: 'OAuth2', user, accessToken },
});
transport.sendMail({ from: 'a@example.org', to: 'b@example.org', subject: 'x', text: 'x' })
  .then(info => { console.log(info.response); transport.close(); },
        error => { console.error(error); process.exit(1); });
'''


def need(program):
    return unittest.skipUnless(shutil.which(program), f'{program} is not installed')


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, stderr=subprocess.DEVNULL, timeout=PATIENCE)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.directory = directory.name
        cls.make_certificate('localhost')
        cls.make_certificate('ca')
        for name in 'alice', 'mallory':
            cls.make_certificate(name, '-CA', cls.path('ca.crt'), '-CAkey', cls.path('ca.key'))
        cls.make_certificate('stranger')

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name)

    @classmethod
    def make_certificate(cls, name, *signer):
        """NAME.key and NAME.crt, signed by itself if by nobody else."""
        key, request, crt = cls.path(name + '.key'), cls.path(name + '.csr'), cls.path(name + '.crt')
        extensions = cls.path(name + '.ext')
        with open(extensions, 'w') as file:
            file.write(f'subjectAltName=DNS:{name}\nbasicConstraints=CA:{"FALSE" if signer else "TRUE"}\n')
        openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key,
                '-out', request, '-subj', '/CN=' + name)
        openssl('x509', '-req', '-in', request, '-out', crt, '-days', '2', '-extfile', extensions,
                *(['-CAcreateserial', *signer] if signer else ['-signkey', key]))

    def setUp(self):
        self.asked, self.taken = [], []
        context = Smtpd.TlsContext.new(self.path('localhost.crt'), self.path('localhost.key'))
        context.client_certificates = Smtpd.ClientCertificates.REQUESTED
        context.ca_file = self.path('ca.crt')
        self.server = Smtpd.Server(tls_context=context, auth_required=True,
                                   auth_mechanisms=['EXTERNAL', 'OAUTHBEARER', 'XOAUTH2'])
        self.server.connect('handle-auth', self.on_auth)
        self.server.connect('handle-data', self.on_data)
        self.server.listen('127.0.0.1:0', Smtpd.ListenerKind.SMTP)
        self.port = self.server.dup_listen_addresses()[0].rpartition(':')[2]

    async def on_auth(self, server, session, envelope, request, credentials):
        await Smtpd.sleep(0.01)
        self.asked.append((credentials.mechanism, credentials.authentication_id, credentials.authorization_id))
        if credentials.mechanism == 'EXTERNAL':
            good = credentials.authentication_id == 'CN=alice' and credentials.authorization_id in (None, 'alice')
        else:
            good = credentials.authentication_id == 'alice' and credentials.token == TOKEN
        if good:
            request.reply(235, '2.7.0 Welcome')
        else:
            request.reply(535, '5.7.8 No')

    def on_data(self, server, session, envelope, request):
        self.taken.append((session.auth_mechanism, session.identity))
        request.reply(250, '2.0.0 Thank you')
        return Smtpd.Verdict.HANDLED

    def run_client(self, *command, message=None, env=None):
        """(whether it went well, all that it printed), with the loop."""
        loop = GLib.MainLoop()
        results = []

        def play():
            try:
                results.append(subprocess.run(
                    command, input=message, stdin=None if message else subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, timeout=PATIENCE, env={**os.environ, **(env or {})}))
            except subprocess.SubprocessError as error:
                results.append(error)
            GLib.idle_add(loop.quit)

        thread = threading.Thread(target=play)
        thread.start()
        loop.run()
        thread.join()
        while self.server.get_n_sessions() > 0:
            GLib.MainContext.default().iteration(True)
        if isinstance(results[0], Exception):
            raise results[0]
        return results[0].returncode == 0, results[0].stdout.decode(errors='backslashreplace')


class Client(Case):
    def msmtp(self, mechanism, secret, *options):
        return self.run_client('msmtp', '-C', '/dev/null', '--host=localhost', f'--port={self.port}', '--tls=on',
                               f'--tls-trust-file={self.path("localhost.crt")}', '--auth=' + mechanism.lower(),
                               '--user=alice', '--passwordeval=echo "$SECRET"', '--from=a@example.org', *options,
                               'b@example.org', message=MESSAGE, env={'SECRET': secret})

    def curl(self, mechanism, *options):
        return self.run_client('curl', '-sSv', '--max-time', str(PATIENCE), '--ssl-reqd',
                               '--cacert', self.path('localhost.crt'), f'smtp://localhost:{self.port}',
                               '--login-options', f'AUTH={mechanism}', '-u', 'alice:', '--mail-from', 'a@example.org',
                               '--mail-rcpt', 'b@example.org', '-T', '-', *options, message=MESSAGE)

    def gsasl(self, *options):
        return self.run_client('gsasl', '--smtp', '--starttls', '-m', 'EXTERNAL', '--x509-ca-file',
                               self.path('localhost.crt'), *options, 'localhost', self.port)

    def nodemailer(self, token):
        return self.run_client('node', '-e', DELIVER, '--', self.port, 'alice', token,
                               env={'NODE_PATH': str(NODE_MODULES)})

    def pair(self, name, cert, key):
        return cert, self.path(name + '.crt'), key, self.path(name + '.key')

    def assert_in(self, client, mechanism, authentication_id, authorization_id=None, takes=True):
        good, output = client
        self.assertTrue(good, output)
        self.assertEqual(self.asked, [(mechanism, authentication_id, authorization_id)])
        self.assertEqual(self.taken, [(mechanism, authorization_id or authentication_id)] if takes else [])
        self.asked.clear()
        self.taken.clear()

    def assert_out(self, client, *asked, code='535'):
        good, output = client
        self.assertFalse(good, output)
        self.assertIn(code, output)
        self.assertEqual(self.asked, [*asked])
        self.assertEqual(self.taken, [])
        self.asked.clear()


class Tokens(Client):
    @need('msmtp')
    def test_msmtp(self):
        for mechanism in 'OAUTHBEARER', 'XOAUTH2':
            self.assert_in(self.msmtp(mechanism, TOKEN), mechanism, 'alice')
            self.assert_out(self.msmtp(mechanism, WRONG), (mechanism, 'alice', None))

    @need('curl')
    def test_curl(self):
        for mechanism in 'OAUTHBEARER', 'XOAUTH2':
            # With a token it takes the first in any case.
            self.server.auth_mechanisms = [mechanism]
            self.assert_in(self.curl(mechanism, '--oauth2-bearer', TOKEN), mechanism, 'alice')
            # With XOAUTH2 it hangs up when it is told why, before the 535.
            self.assert_out(self.curl(mechanism, '--oauth2-bearer', WRONG), (mechanism, 'alice', None),
                            code='535' if mechanism == 'OAUTHBEARER' else 'Login denied')

    @unittest.skipUnless((NODE_MODULES / 'nodemailer').exists(), 'there is no nodemailer')
    def test_nodemailer(self):
        self.assert_in(self.nodemailer(TOKEN), 'XOAUTH2', 'alice')
        # It wants a better one then, which it cannot get.
        self.assert_out(self.nodemailer(WRONG), ('XOAUTH2', 'alice', None), code='new access token')


class Certificates(Client):
    @need('curl')
    def test_curl(self):
        def client(name):
            return self.curl('EXTERNAL', *self.pair(name, '--cert', '--key'))

        self.assert_in(client('alice'), 'EXTERNAL', 'CN=alice', 'alice')
        self.assert_out(client('mallory'), ('EXTERNAL', 'CN=mallory', 'alice'))
        self.assert_out(client('stranger'), code='Login denied')

    @need('gsasl')
    def test_gsasl(self):
        """It sends no message."""
        def client(name, identity):
            return self.gsasl('-z', identity, *self.pair(name, '--x509-cert-file', '--x509-key-file'))

        self.assert_in(client('alice', ''), 'EXTERNAL', 'CN=alice', takes=False)
        self.assert_in(client('alice', 'alice'), 'EXTERNAL', 'CN=alice', 'alice', takes=False)
        self.assert_out(client('alice', 'root'), ('EXTERNAL', 'CN=alice', 'root'))
        self.assert_out(client('mallory', ''), ('EXTERNAL', 'CN=mallory', None))
        # This is no failure to gsasl.
        _, output = client('stranger', '')
        self.assertIn('Cannot find mechanism', output)
        self.assertEqual(self.asked, [])

    @need('msmtp')
    def test_msmtp(self):
        def client(name):
            cert, cert_file, key, key_file = self.pair(name, '--tls-cert-file', '--tls-key-file')
            return self.msmtp('EXTERNAL', 'x', f'{cert}={cert_file}', f'{key}={key_file}')

        self.assert_in(client('alice'), 'EXTERNAL', 'CN=alice', 'alice')
        self.assert_out(client('mallory'), ('EXTERNAL', 'CN=mallory', 'alice'))
        self.assert_out(client('stranger'), code='EXTERNAL')


if __name__ == '__main__':
    unittest.main()
