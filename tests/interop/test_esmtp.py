# SPDX-License-Identifier: LGPL-2.1-or-later

"""What real clients say with the parameters of extensions, hooks see as typed values."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from gsmtpd_process import Gsmtpd, PATIENCE, run
from postfix_process import Postfix, need_postfix

try:
    import gi
    gi.require_version('Smtpd', '1.0')
    from gi.repository import Smtpd
except (ImportError, ValueError):
    Smtpd = None

MESSAGE = b'Subject: x\r\n\r\nx\r\n'


@unittest.skipIf(Smtpd is None, 'there are no bindings')
class Case(unittest.TestCase):
    EXTENSIONS = ['DSN', 'DELIVERBY', 'MT-PRIORITY', 'RRVS', 'NO-SOLICITING', 'SMTPUTF8', 'LIMITS']

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        os.chmod(self.directory, 0o755)
        self.messages = []
        self.verbs = []
        server = Smtpd.Server()
        for keyword in self.EXTENSIONS:
            server.set_extension_enabled(keyword, True)
        server.connect('handle-data', self.on_data)
        controller = Smtpd.Controller(server, '127.0.0.1:0')
        controller.start()
        self.addCleanup(controller.stop)
        self.port = int(controller.addresses[0].rpartition(':')[2])

    def on_data(self, server, session, envelope, request):
        self.verbs.append(request.verb)
        self.messages.append((envelope, envelope.recipients, envelope.content))
        request.reply(250, '2.0.0 taken')
        return Smtpd.Verdict.HANDLED

    def run_client(self, *args, **kwargs):
        result = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, **kwargs)
        self.assertEqual(result.returncode, 0, result.stdout)

    def take(self):
        """The only message that has come: its envelope and its only recipient."""
        (envelope, (recipient,), self.content), = self.messages
        return envelope, recipient

    def assert_dsn(self, envelope, recipient, envelope_id, original):
        self.assertEqual(envelope.dsn_return, Smtpd.DsnReturn.HEADERS)
        self.assertEqual(envelope.envelope_id, envelope_id)
        self.assertEqual(recipient.dsn_notify, Smtpd.DsnNotify.SUCCESS | Smtpd.DsnNotify.DELAY)
        self.assertEqual((recipient.original_type, recipient.original_address), original)


class Clients(Case):
    @unittest.skipUnless(shutil.which('swaks'), 'swaks is not installed')
    def test_swaks(self):
        # It puts brackets around all of it, and takes a comma for the end of an address.
        self.run_client('swaks', '--server', f'127.0.0.1:{self.port}', '--body', 'x', '--from',
                        'a@example.org> RET=HDRS MT-PRIORITY=2 SOLICIT=org.example:A BY=60;N ENVID=<x+2By',
                        '--to', 'b@example.org> NOTIFY=DELAY RRVS=2014-04-03T23:01:00Z;R ORCPT=rfc822;<B@example.org')
        envelope, recipient = self.take()
        self.assertEqual((envelope.dsn_return, envelope.envelope_id), (Smtpd.DsnReturn.HEADERS, '<x+y>'))
        self.assertEqual((recipient.dsn_notify, recipient.original_address),
                         (Smtpd.DsnNotify.DELAY, '<B@example.org>'))
        self.assertEqual((envelope.priority, envelope.solicitations), (2, ['org.example:A']))
        self.assertEqual((envelope.deliver_by, envelope.deliver_by_seconds), (Smtpd.DeliverBy.NOTIFY, 60))
        self.assertEqual((recipient.valid_since, recipient.valid_since_action),
                         (1396566060, Smtpd.ValidSinceAction.REJECT))
        self.assertEqual(str(recipient.address), 'b@example.org')

    @unittest.skipUnless(os.environ.get('ESMTP_CLIENT'), 'there is no libesmtp')
    def test_libesmtp(self):
        path = self.directory / 'message'
        path.write_bytes(MESSAGE)
        self.run_client(os.environ['ESMTP_CLIENT'], f'127.0.0.1:{self.port}', 'a@example.org', 'b@example.org',
                        path, 'wishes')
        envelope, recipient = self.take()
        self.assert_dsn(envelope, recipient, 'a+b c', ('rfc822', 'B+x@example.org'))
        self.assertEqual(self.verbs, ['BDAT'])

    @unittest.skipUnless(os.environ.get('ESMTP_CLIENT'), 'there is no libesmtp')
    def test_libesmtp_deliverby(self):
        """Version 1.1 leaves out the semicolon of BY=120;RT: that is no wish, and must not pass for one."""
        path = self.directory / 'message'
        path.write_bytes(MESSAGE)
        result = subprocess.run([os.environ['ESMTP_CLIENT'], f'127.0.0.1:{self.port}', 'a@example.org', 'b@example.org',
                                 path, 'in-time'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        if result.returncode == 0:
            envelope, _ = self.take()
            self.assertEqual((envelope.deliver_by, envelope.deliver_by_seconds, envelope.deliver_by_trace),
                             (Smtpd.DeliverBy.RETURN, 120, True))
        else:
            self.assertEqual(self.messages, [])
            self.assertIn(b'MAIL: 501', result.stdout)

    def test_exim(self):
        """It passes on what it was told."""
        exim = os.path.join(os.environ.get('EXIM_ROOT', ''), 'usr/sbin/exim4')
        if not os.access(exim, os.X_OK) or os.getuid() != 0:
            self.skipTest('there is no Exim, or nobody who may start it')
        for name, entry in ('passwd', 'Debian-exim:x:65534:65534::/:/bin/false\n'), ('group', 'Debian-exim:x:65534:\n'):
            (self.directory / name).write_text(pathlib.Path('/etc', name).read_text() + entry)
        env = {**os.environ, 'LD_PRELOAD': 'libnss_wrapper.so', 'NSS_WRAPPER_PASSWD': str(self.directory / 'passwd'),
               'NSS_WRAPPER_GROUP': str(self.directory / 'group')}
        env.pop('LD_LIBRARY_PATH', None)
        spool = self.directory / 'spool'
        spool.mkdir()
        os.chown(spool, 65534, 65534)
        config = self.directory / 'conf'
        config.write_text(f'''
            exim_path = {exim}
            exim_user = 65534
            exim_group = 65534
            spool_directory = {spool}
            log_file_path = {spool}/%slog
            primary_hostname = client.example.org
            keep_environment = LD_PRELOAD : ^NSS_WRAPPER
            acl_smtp_rcpt = accept
            acl_smtp_data = accept
            dsn_advertise_hosts = *
            begin acl
            begin routers
            all:
              driver = manualroute
              route_list = * 127.0.0.1
              self = send
              transport = smtp
            begin transports
            smtp:
              driver = smtp
              port = {self.port}
              allow_localhost
            ''')
        self.run_client(exim, '-C', config, '-odf', '-bs', env=env, input=(
            b'EHLO me\r\nMAIL FROM:<a@example.org> RET=HDRS ENVID=x+2By\r\n'
            b'RCPT TO:<b@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;B@example.org\r\nDATA\r\n' + MESSAGE + b'.\r\nQUIT\r\n'))
        envelope, recipient = self.take()
        self.assert_dsn(envelope, recipient, 'x+y', ('rfc822', 'B@example.org'))


@need_postfix
class ByPostfix(Case):
    def send(self, *args, message):
        with Postfix(self.directory / 'postfix', self.port, 'smtp_tls_security_level = may\nsmtputf8_enable = yes') as postfix:
            postfix.run('sendmail', '-C', postfix.home / 'config', *args, input=message)
            for _ in range(PATIENCE * 10):
                if self.messages:
                    return
                subprocess.run(['sleep', '0.1'], check=True)
            raise AssertionError(postfix.log())

    def test_dsn(self):
        self.send('-N', 'success,delay', '-R', 'hdrs', '-V', 'x+y', '-f', 'a@example.org', 'b@example.org',
                  message=b'Subject: x\n\nx\n')
        self.assert_dsn(*self.take(), 'x+y', ('rfc822', 'b@example.org'))

    def test_smtputf8(self):
        """From one end to the other, local parts outside ASCII."""
        sender, address = 'sënder@example.org', 'ü@bücher.example'
        self.send('-N', 'success,delay', '-R', 'hdrs', '-V', 'x', '-f', sender, address, message='Subject: ü\n\nx\n'.encode())
        envelope, recipient = self.take()
        self.assertTrue(envelope.smtputf8)
        self.assertEqual(envelope.mail_from, sender)
        self.assertEqual(str(recipient.address), address)
        self.assert_dsn(envelope, recipient, 'x', ('utf-8', address))
        self.assertIn('Subject: ü'.encode(), self.content)


class Program(unittest.TestCase):
    """gsmtpd --extension"""

    def test_extensions(self):
        with Gsmtpd('-H', 'sink', '--extension=dsn', '--extension=DELIVERBY:60', '--extension=no-chunking',
                    '--extension=NO-SOLICITING:net.example:ADV') as server, server.client() as client:
            client.ehlo()
            self.assertIn('dsn', client.esmtp_features)
            self.assertEqual(client.esmtp_features['deliverby'], '60')
            self.assertEqual(client.esmtp_features['no-soliciting'], 'net.example:ADV')
            self.assertNotIn('chunking', client.esmtp_features)
            self.assertEqual(client.docmd('MAIL FROM:<a@example.org> RET=FULL BY=60;R')[0], 250)

    def test_relayed(self):
        """By a relay to a server that knows it, and not to one that does not."""
        with Gsmtpd('-H', 'sink', '--extension=deliverby') as knows, Gsmtpd('-H', 'sink') as knows_not:
            for back, code in (knows, 250), (knows_not, 550):
                with Gsmtpd('-H', f'relay:127.0.0.1:{back.port()}', '--extension=deliverby') as front:
                    with self.subTest(code), front.client() as client:
                        client.ehlo()
                        self.assertEqual(client.docmd('MAIL FROM:<a@example.org> BY=60;R')[0], code)

    def test_requiretls_relayed(self):
        """A report goes on all the same, RFC 8689 section 5."""
        with Gsmtpd('-H', 'sink') as back:
            with Gsmtpd('-H', f'relay:127.0.0.1:{back.port()}', '--tls-self-signed', '--extension=requiretls') as front:
                with front.client() as client:
                    client.ehlo()
                    client.starttls()
                    client.ehlo()
                    self.assertEqual(client.docmd('MAIL FROM:<a@example.org> REQUIRETLS')[0], 550)
                    self.assertEqual(client.docmd('MAIL FROM:<> REQUIRETLS')[0], 250)

    def test_unknown(self):
        for word in 'XFOO', 'no-XFOO', 'no-', ':', '':
            with self.subTest(word):
                result = run('--extension=' + word)
                self.assertEqual(result.returncode, 1)
                self.assertIn('extension', result.stderr)

    def test_requiretls(self):
        with Gsmtpd('-H', 'sink', '--tls-self-signed', '--extension=requiretls') as server, server.client() as client:
            client.ehlo()
            self.assertFalse(client.has_extn('requiretls'))
            self.assertEqual(client.docmd('MAIL FROM:<a@example.org> REQUIRETLS')[0], 530)
            client.starttls()
            client.ehlo()
            self.assertTrue(client.has_extn('requiretls'))
            self.assertEqual(client.docmd('MAIL FROM:<a@example.org> REQUIRETLS=1')[0], 501)
            self.assertEqual(client.docmd('MAIL FROM:<a@example.org> REQUIRETLS')[0], 250)


if __name__ == '__main__':
    unittest.main()
