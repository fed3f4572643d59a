# SPDX-License-Identifier: LGPL-2.1-or-later

"""TLS with Postfix, nodemailer and sslscan."""

import os
import pathlib
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

from gsmtpd_process import Gsmtpd, PATIENCE, make_folder
from postfix_process import Postfix, need_postfix

# Where Debian keeps what others get from npm.
NODE_MODULES = pathlib.Path('/usr/share/nodejs')

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
        self.directory = make_folder(self)

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


@need_postfix
class ByPostfix(Case):
    def deliver(self, server, index, options):
        with Postfix(self.directory / 'postfix', server.port(index), options) as postfix:
            postfix.send(b'Subject: from Postfix\n\nx\n')
            try:
                self.assert_came(server, b'from Postfix')
            except AssertionError as error:
                raise AssertionError(postfix.log()) from error

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
