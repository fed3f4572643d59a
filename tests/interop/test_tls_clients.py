# SPDX-License-Identifier: LGPL-2.1-or-later

"""TLS with Postfix, nodemailer and sslscan."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from gsmtpd_process import Gsmtpd, PATIENCE

# Where Debian keeps what others get from npm.
NODE_MODULES = pathlib.Path('/usr/share/nodejs')

MAIN_CF = '''\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file_prefixes = {home}
maillog_file = {home}/log
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
sendmail_path = /usr/sbin/sendmail
mailq_path = /usr/bin/mailq
newaliases_path = /usr/bin/newaliases
alias_maps =
alias_database =
mydestination =
myhostname = client.example.org
inet_interfaces = loopback-only
inet_protocols = ipv4
smtp_bind_address = 127.0.0.1
relayhost = [127.0.0.1]:{port}
smtp_tls_security_level = encrypt
{options}
'''

MASTER_CF = '''\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
showq unix n - n - - showq
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
'''

DELIVER = '''
const [, port, secure] = process.argv;
const transport = require('nodemailer').createTransport({
  host: '127.0.0.1', port: Number(port), secure: secure === 'yes', requireTLS: true,
  tls: { rejectUnauthorized: false },
});
transport.sendMail({ from: 'a@example.org', to: 'b@example.org', subject: 'from nodemailer', text: 'x' })
  .then(info => { console.log(info.response); transport.close(); },
        error => { console.error(error); process.exit(1); });
'''


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.directory.chmod(0o755)

    def serve(self, *args):
        return Gsmtpd('--smtps-listen', '127.0.0.1:0', '--tls-self-signed', '--require-tls',
                      '-H', f'maildir:{self.directory}/mail', *args)

    def messages(self):
        return [path.read_bytes() for path in (self.directory / 'mail/new').iterdir()]

    def assert_came(self, server, subject):
        """One message, through TLS."""
        server.wait_until(lambda: self.messages())
        message, = self.messages()
        self.assertIn(b'Subject: ' + subject, message)
        self.assertRegex(message, br'with ESMTPS\r\n\t\(TLS1\.3, ')


@unittest.skipUnless(os.path.exists('/usr/lib/postfix/sbin/master'), 'there is no Postfix')
@unittest.skipIf(os.getuid() != 0, 'Postfix wants to be started by root')
class Postfix(Case):
    @contextlib.contextmanager
    def postfix(self, port, options):
        """An instance of its own, in our directory."""
        home = self.directory / 'postfix'
        for name in 'config', 'queue', 'data':
            (home / name).mkdir(parents=True)
        shutil.chown(home / 'data', 'postfix')
        (home / 'config/main.cf').write_text(MAIN_CF.format(home=home, port=port, options=options))
        (home / 'config/master.cf').write_text(MASTER_CF)
        self.run_tool('postfix', '-c', home / 'config', 'start')
        try:
            yield home
        finally:
            self.run_tool('postfix', '-c', home / 'config', 'stop')

    def run_tool(self, name, *args, **kwargs):
        result = subprocess.run([shutil.which(name, path='/usr/sbin'), *args], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, **kwargs)
        self.assertEqual(result.returncode, 0, result.stdout)

    def deliver(self, server, index, options):
        with self.postfix(server.port(index), options) as home:
            self.run_tool('sendmail', '-C', home / 'config', '-f', 'a@example.org', 'b@example.org',
                          input='Subject: from Postfix\n\nx\n')
            try:
                self.assert_came(server, b'from Postfix')
            except AssertionError as error:
                raise AssertionError((home / 'log').read_text()) from error

    def test_starttls(self):
        with self.serve() as server:
            self.deliver(server, 0, '')

    def test_implicit(self):
        with self.serve() as server:
            self.deliver(server, 1, 'smtp_tls_wrappermode = yes')


@unittest.skipUnless((NODE_MODULES / 'nodemailer').exists(), 'there is no nodemailer')
class Nodemailer(Case):
    def deliver(self, port, secure):
        result = subprocess.run(['node', '-e', DELIVER, '--', str(port), secure], timeout=PATIENCE, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**os.environ, 'NODE_PATH': str(NODE_MODULES)})
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertTrue(result.stdout.startswith('250 '), result.stdout)

    def test_starttls(self):
        with self.serve() as server:
            self.deliver(server.port(0), 'no')
            self.assert_came(server, b'from nodemailer')

    def test_implicit(self):
        with self.serve() as server:
            self.deliver(server.port(1), 'yes')
            self.assert_came(server, b'from nodemailer')


@unittest.skipUnless(shutil.which('sslscan'), 'there is no sslscan')
class Sslscan(Case):
    """Nothing old and nothing weak is offered unless somebody asks for it."""

    def scan(self, port, *options):
        result = subprocess.run(['sslscan', '--xml=-', '--no-colour', *options, f'127.0.0.1:{port}'],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=4 * PATIENCE)
        return ElementTree.fromstring(result.stdout).find('ssltest')

    def assert_good(self, found):
        versions = {element.get('type') + element.get('version') for element in found.iter('protocol')
                    if element.get('enabled') == '1'}
        self.assertEqual(versions, {'tls1.2', 'tls1.3'})

        ciphers = [element.attrib for element in found.iter('cipher')]
        self.assertTrue(ciphers)
        for cipher in ciphers:
            self.assertGreaterEqual(int(cipher['bits']), 128, cipher)
            self.assertNotRegex(cipher['cipher'], 'NULL|EXP|anon|RC4|DES|MD5|SHA$', cipher)
            if cipher['sslversion'] == 'TLSv1.2':
                self.assertRegex(cipher['cipher'], '^(ECDHE|DHE)-', cipher)

        # Some builds of sslscan cannot look for it.
        self.assertEqual([element.get('supported') for element in found.iter('compression')
                          if element.get('supported') != '0'], [])
        self.assertEqual({element.get('vulnerable') for element in found.iter('heartbleed')}, {'0'})
        renegotiation = found.find('renegotiation')
        self.assertNotEqual((renegotiation.get('supported'), renegotiation.get('secure')), ('1', '0'))

    def test_implicit(self):
        with self.serve() as server:
            self.assert_good(self.scan(server.port(1)))

    def test_starttls(self):
        with self.serve() as server:
            self.assert_good(self.scan(server.port(0), '--starttls-smtp'))


if __name__ == '__main__':
    unittest.main()
