# SPDX-License-Identifier: LGPL-2.1-or-later

"""Each client, each way: in clear, by STARTTLS, in TLS from the beginning, and with a password in TLS. The table in
docs/interop.md is what is tried here."""

import os
import pathlib
import re
import shutil
import smtplib
import socket
import ssl
import subprocess
import unittest

from gsmtpd_process import Gsmtpd, PATIENCE, make_certificate, make_folder
from postfix_process import Postfix, need_postfix

# Where Debian keeps what others get from npm.
NODE_MODULES = pathlib.Path('/usr/share/nodejs')
HAPROXY = shutil.which('haproxy', path='/usr/sbin:/usr/local/sbin:/usr/bin')
EXIM = os.path.join(os.environ.get('EXIM_ROOT', ''), 'usr/sbin/exim4')
DOCS = pathlib.Path(__file__).parents[2] / 'docs/interop.md'

WAYS = ('plain', 'starttls', 'implicit', 'auth')
PROTOCOLS = dict(zip(WAYS, ('ESMTP', 'ESMTPS', 'ESMTPS', 'ESMTPSA')))
USER, PASSWORD = 'alice', 'sesame'
MESSAGE = b'Subject: hello\r\n\r\nHow are you?\r\n'

NODEMAILER = '''
const [, port, way, user, pass] = process.argv;
const transport = require('nodemailer').createTransport({
  host: '127.0.0.1', port: Number(port), secure: way === 'implicit', ignoreTLS: way === 'plain',
  requireTLS: way === 'starttls' || way === 'auth', tls: { rejectUnauthorized: false },
  auth: way === 'auth' ? { user, pass } : undefined,
});
transport.sendMail({ from: 'a@example.org', to: 'b@example.org', subject: 'hello', text: 'x' })
  .then(info => { console.log(info.response); transport.close(); },
        error => { console.error(error); process.exit(1); });
'''


def need(program):
    return unittest.skipUnless(shutil.which(program), f'{program} is not installed')


class Case(unittest.TestCase):
    """A server that knows Alice, and takes mail of others, too."""

    def setUp(self):
        self.directory = make_folder(self)
        self.cert, self.key, users = (self.directory / name for name in ('cert.pem', 'key.pem', 'users'))
        make_certificate(self.cert, self.key)
        users.write_text(f'{USER}:{PASSWORD}\n')
        users.chmod(0o600)
        self.server = Gsmtpd('-d', '--smtps-listen=127.0.0.1:0', '--proxy-listen=127.0.0.1:0', '--proxy-smtps-listen=127.0.0.1:0',
                             '--proxy-network=127.0.0.1', f'--tls-cert={self.cert}', f'--tls-key={self.key}',
                             f'--auth-file={users}', '--auth-mechanisms=PLAIN,LOGIN,SCRAM-SHA-256-PLUS,SCRAM-SHA-256',
                             '-H', f'maildir:{self.directory}/mail')
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)

    def port(self, way):
        return self.server.port(1 if way == 'implicit' else 0)

    def write(self, name, content):
        (self.directory / name).write_bytes(content)
        return str(self.directory / name)

    def run_client(self, *args, message=None, env=None):
        result = subprocess.run(args, input=message, stdin=None if message else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=PATIENCE, env=env)
        self.assertEqual(result.returncode, 0, result.stdout)

    def messages(self):
        return [path.read_bytes() for path in (self.directory / 'mail/new').iterdir()]

    def check(self, way):
        """One message has come, in that way."""
        self.server.wait_until(self.messages)
        message, = self.messages()
        self.assertIn(b'Subject: hello\r\n', message)
        self.assertRegex(message, rb'\tby \S+ with %s\b' % PROTOCOLS[way].encode())
        logins = len(re.findall(f': AUTH [A-Z0-9-]+: 235 [^;]*; user: {USER}$', self.server.errors(), re.M))
        self.assertEqual(logins, way == 'auth', self.server.errors())


class Smtplib(Case):
    def send(self, way, port=None):
        context = ssl.create_default_context(cafile=self.cert)
        port = port or self.port(way)
        client = smtplib.SMTP_SSL('localhost', port, timeout=PATIENCE, context=context) if way == 'implicit' \
            else smtplib.SMTP('localhost', port, timeout=PATIENCE)
        with client:
            if way in ('starttls', 'auth'):
                client.starttls(context=context)
            if way == 'auth':
                client.login(USER, PASSWORD)
            client.sendmail('a@example.org', 'b@example.org', MESSAGE)


@need('swaks')
class Swaks(Case):
    OPTIONS = {'plain': [], 'starttls': ['--tls'], 'implicit': ['--tls-on-connect'],
               'auth': ['--tls', '--auth', 'PLAIN', '--auth-user', USER, '--auth-password', PASSWORD]}

    def send(self, way):
        self.run_client('swaks', '--server', f'127.0.0.1:{self.port(way)}', *self.OPTIONS[way], '--from', 'a@example.org',
                        '--to', 'b@example.org', '--header', 'Subject: hello')


@need('curl')
class Curl(Case):
    OPTIONS = {'plain': [], 'starttls': ['--ssl-reqd'], 'implicit': [], 'auth': ['--ssl-reqd', '-u', f'{USER}:{PASSWORD}']}

    def send(self, way):
        scheme = 'smtps' if way == 'implicit' else 'smtp'
        self.run_client('curl', '-sS', '--max-time', str(PATIENCE), f'{scheme}://localhost:{self.port(way)}', '--cacert', self.cert,
                        *self.OPTIONS[way], '--mail-from', 'a@example.org', '--mail-rcpt', 'b@example.org', '-T', '-', message=MESSAGE)


@need('msmtp')
class Msmtp(Case):
    OPTIONS = {'plain': ['--tls=off'], 'starttls': ['--tls=on', '--tls-starttls=on'], 'implicit': ['--tls=on', '--tls-starttls=off'],
               'auth': ['--tls=on', '--tls-starttls=on', '--auth=on', f'--user={USER}', f'--passwordeval=echo {PASSWORD}']}

    def send(self, way):
        trust = [] if way == 'plain' else [f'--tls-trust-file={self.cert}']
        self.run_client('msmtp', '-C', '/dev/null', '--host=localhost', f'--port={self.port(way)}', *self.OPTIONS[way], *trust,
                        '--from=a@example.org', 'b@example.org', message=MESSAGE)


@need_postfix
class ByPostfix(Case):
    OPTIONS = {'plain': 'smtp_tls_security_level = none\n', 'starttls': '', 'implicit': 'smtp_tls_wrappermode = yes\n',
               'auth': 'smtp_sasl_auth_enable = yes\nsmtp_sasl_security_options = noanonymous\nsmtp_sasl_mechanism_filter = plain\n'
                       'smtp_sasl_password_maps = inline:{{ {{ [127.0.0.1]:{port} = %s:%s }} }}\n' % (USER, PASSWORD)}

    def send(self, way):
        port = self.port(way)
        with Postfix(self.directory / 'postfix', port, self.OPTIONS[way].format(port=port)) as postfix:
            postfix.send(b'Subject: hello\n\nx\n')
            try:
                self.server.wait_until(self.messages)
            except AssertionError as error:
                raise AssertionError(postfix.log()) from error


@unittest.skipUnless(os.access(EXIM, os.X_OK), 'there is no Exim')
@unittest.skipIf(os.getuid() != 0, 'Exim wants root')
class ByExim(Case):
    CONFIG = '''
exim_path = {exim}
exim_user = 65534
exim_group = 65534
spool_directory = {spool}
log_file_path = {spool}/%slog
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
  port = {port}
  allow_localhost
  tls_verify_hosts =
  tls_try_verify_hosts =
  {options}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{user}^{password}
'''
    OPTIONS = {'plain': 'hosts_avoid_tls = *', 'starttls': 'hosts_require_tls = *', 'implicit': 'protocol = smtps',
               'auth': 'hosts_require_tls = *\n  hosts_require_auth = *'}

    def environment(self):
        """Its user, which a package that is only unpacked has not made."""
        entries = {'passwd': 'Debian-exim:x:65534:65534::/:/bin/false', 'group': 'Debian-exim:x:65534:'}
        paths = {name: self.write(name, pathlib.Path('/etc', name).read_bytes() + entry.encode() + b'\n')
                 for name, entry in entries.items()}
        env = {**os.environ, 'LD_PRELOAD': 'libnss_wrapper.so', 'NSS_WRAPPER_PASSWD': paths['passwd'],
               'NSS_WRAPPER_GROUP': paths['group']}
        env.pop('LD_LIBRARY_PATH', None)
        return env

    def send(self, way):
        spool = self.directory / 'spool'
        spool.mkdir()
        os.chown(spool, 65534, 65534)
        options = self.OPTIONS[way] + ('' if way == 'auth' else '\n  hosts_try_auth =')
        config = self.write('conf', self.CONFIG.format(exim=EXIM, spool=spool, port=self.port(way), options=options, user=USER,
                                                      password=PASSWORD).encode())
        self.run_client(EXIM, '-C', config, '-odf', '-i', '-f', 'a@example.org', 'b@example.org', message=b'Subject: hello\n\nx\n',
                        env=self.environment())


@unittest.skipUnless((NODE_MODULES / 'nodemailer').exists(), 'there is no nodemailer')
class Nodemailer(Case):
    def send(self, way):
        self.run_client('node', '-e', NODEMAILER, '--', str(self.port(way)), way, USER, PASSWORD,
                        env={**os.environ, 'NODE_PATH': str(NODE_MODULES)})


@unittest.skipUnless(os.environ.get('ESMTP_CLIENT'), 'there is no libesmtp')
class Libesmtp(Case):
    WAYS = ('plain', 'starttls', 'auth')
    OPTIONS = {'plain': [], 'starttls': ['starttls'], 'auth': ['starttls', f'{USER}:{PASSWORD}']}

    # A ticket that comes behind the handshake, as in TLS 1.3, makes it wait for ever.
    OPENSSL = b'openssl_conf = conf\n[conf]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\nMaxProtocol = TLSv1.2\n'

    def send(self, way):
        # In its home it looks for certificates.
        env = {**os.environ, 'HOME': str(self.directory), 'OPENSSL_CONF': self.write('openssl.cnf', self.OPENSSL)}
        self.run_client(os.environ['ESMTP_CLIENT'], f'127.0.0.1:{self.port(way)}', 'a@example.org', 'b@example.org',
                        self.write('message', MESSAGE), *self.OPTIONS[way], env=env)


@need('gsasl')
class Gsasl(Case):
    """It authenticates, and that is all."""

    WAYS = ('auth',)

    def send(self, way):
        self.run_client('gsasl', '--smtp', '--starttls', '--x509-ca-file', self.cert, '-m', 'SCRAM-SHA-256-PLUS', '-a', USER,
                        '-p', PASSWORD, 'localhost', str(self.port(way)))

    def check(self, way):
        self.assertRegex(self.server.errors(), f'(?m): AUTH SCRAM-SHA-256-PLUS: 235 [^;]*; user: {USER}$')


@unittest.skipUnless(HAPROXY, 'there is no HAProxy')
class ByHaproxy(Smtplib):
    """Between smtplib and the server; TLS goes through it."""

    def send(self, way):
        super().send(way, self.start(self.server.port(3 if way == 'implicit' else 2)))

    def start(self, backend):
        """It is given the socket, which so is there already; returns its port."""
        config = self.write('haproxy.cfg', (
            'defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n'
            f'listen smtp\n  bind "fd@${{LISTENER}}"\n  server one 127.0.0.1:{backend} send-proxy-v2\n').encode())
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)
        log = open(self.directory / 'log', 'wb')
        self.addCleanup(log.close)
        process = subprocess.Popen([HAPROXY, '-db', '-f', config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   pass_fds=[listener.fileno()], env={**os.environ, 'LISTENER': str(listener.fileno())})
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.kill)
        return listener.getsockname()[1]


CLIENTS = {'smtplib (Python)': Smtplib, 'swaks': Swaks, 'curl': Curl, 'msmtp': Msmtp, 'Postfix': ByPostfix, 'Exim': ByExim,
           'nodemailer': Nodemailer, 'libesmtp': Libesmtp, 'gsasl': Gsasl, 'HAProxy, in front': ByHaproxy}


def add_tests():
    for case in CLIENTS.values():
        for way in getattr(case, 'WAYS', WAYS):
            def test(self, way=way):
                self.send(way)
                self.check(way)
            setattr(case, f'test_{way}', test)


add_tests()


class Table(unittest.TestCase):
    def test_docs(self):
        rows = {}
        for line in DOCS.read_text().splitlines():
            cells = [cell.strip() for cell in line.strip('|').split('|')]
            if len(cells) == 5 and cells[0] in CLIENTS:
                rows[cells[0]] = [way for way, cell in zip(WAYS, cells[1:]) if cell == 'yes']
        self.assertEqual(rows, {name: list(getattr(case, 'WAYS', WAYS)) for name, case in CLIENTS.items()})


if __name__ == '__main__':
    unittest.main()
