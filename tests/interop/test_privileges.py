# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd that has begun as root and goes on as somebody else."""

import os
import pwd
import ssl
import unittest

from gsmtpd_process import Gsmtpd, run
from test_gsmtpd import MESSAGE, RECIPIENT, SENDER, TempDirCase


def is_root():
    return os.geteuid() == 0


def nobody():
    return pwd.getpwnam('nobody')


class Options(TempDirCase):
    def check_error(self, expected, *args):
        result = run('-l', '127.0.0.1:0', '-H', 'sink', *args)
        self.assertEqual((result.returncode, result.stdout), (1, ''))
        self.assertRegex(result.stderr, r'\Agsmtpd: ' + expected)

    def test_wrong(self):
        for user in '', 'no such user', ':nogroup', '99999999999':
            self.check_error('There is no user', '--user=' + user)
        for group in '', 'no such group', '-1':
            self.check_error('There is no group', '--user=nobody:' + group)
        self.check_error('--user is for becoming somebody with less power', '--user=root')
        self.check_error('--chroot needs --user', '--chroot=/')

    @unittest.skipIf(is_root(), 'root may do that')
    def test_not_allowed(self):
        self.check_error('Cannot ', '--user=nobody')

    def test_no_new_privileges(self):
        with Gsmtpd('-H', 'sink') as server, open(f'/proc/{server.process.pid}/status') as file:
            self.assertIn('NoNewPrivs:\t1\n', file.read())


@unittest.skipUnless(is_root(), 'only root can become somebody else')
class Dropping(TempDirCase):
    def setUp(self):
        super().setUp()
        # Others may go through it.
        os.chmod(self.directory, 0o755)
        os.mkdir(self.path('spool'))
        os.chown(self.path('spool'), nobody().pw_uid, nobody().pw_gid)

    def check_identity(self, server, gid=None):
        uid, gid = nobody().pw_uid, nobody().pw_gid if gid is None else gid
        with open(f'/proc/{server.process.pid}/status') as file:
            status = dict(line.rstrip('\n').split(':\t', 1) for line in file)
        self.assertEqual(status['Uid'].split(), [str(uid)] * 4)
        self.assertEqual(status['Gid'].split(), [str(gid)] * 4)
        self.assertNotIn('0', status['Groups'].split())
        for name in 'CapPrm', 'CapEff', 'CapInh', 'CapAmb':
            self.assertEqual(int(status[name], 16), 0, name)
        # Every thread of it.
        for task in os.listdir(f'/proc/{server.process.pid}/task'):
            self.assertEqual(os.stat(f'/proc/{server.process.pid}/task/{task}').st_uid, uid)

    def deliver(self, server):
        with server.client() as client:
            client.sendmail(SENDER, RECIPIENT, MESSAGE)

    def delivered(self, path):
        new = os.path.join(path, 'new')
        name, = os.listdir(new)
        info = os.stat(os.path.join(new, name))
        self.assertEqual(info.st_uid, nobody().pw_uid)
        with open(os.path.join(new, name), 'rb') as file:
            return file.read()

    def test_user(self):
        """Ports, keys and secrets are for root, what is delivered is not."""
        with open(self.path('users'), 'w') as file:
            os.fchmod(file.fileno(), 0o600)
            file.write('alice:sesame\n')
        with Gsmtpd('--user=nobody', '--tls-self-signed', '--auth-file', self.path('users'), '--auth-required',
                    '-H', 'maildir:' + self.path('spool/m')) as server:
            self.check_identity(server)
            with server.client() as client:
                client.starttls(context=ssl._create_unverified_context())
                client.login('alice', 'sesame')
                client.sendmail(SENDER, RECIPIENT, MESSAGE)
            self.check_identity(server)
            self.assertEqual(server.end(), 0, server.errors())
        self.assertIn(b'How are you?', self.delivered(self.path('spool/m')))

    def test_group(self):
        for user, gid in (f'{nobody().pw_uid}', None), (f'nobody:{nobody().pw_gid}', None), ('nobody:12345', 12345):
            with Gsmtpd('--user=' + user, '-H', 'sink') as server:
                self.check_identity(server, gid)

    def test_privileged_port(self):
        """One that only root may have, on an address where nobody else has it."""
        with Gsmtpd('--user=nobody', '-H', 'sink', listen=['127.77.25.1:25']) as server:
            self.check_identity(server)

    def test_not_writable(self):
        """What the user may not write to is found out at the start."""
        os.mkdir(self.path('closed'), 0o700)
        result = run('-l', '127.0.0.1:0', '--user=nobody', '-H', 'maildir:' + self.path('closed/m'))
        self.assertEqual((result.returncode, result.stdout), (1, ''))
        self.assertRegex(result.stderr, r'\Agsmtpd: .*Permission denied\n\Z')

    def test_chroot(self):
        with Gsmtpd('--user=nobody', '--chroot=' + self.directory, '--tls-self-signed', '-H', 'maildir:/spool/m') as server:
            self.check_identity(server)
            self.assertEqual(os.readlink(f'/proc/{server.process.pid}/root'), os.path.realpath(self.directory))
            self.assertEqual(os.readlink(f'/proc/{server.process.pid}/cwd'), os.path.realpath(self.directory))
            self.deliver(server)
            self.assertEqual(server.end(), 0, server.errors())
        content = self.delivered(self.path('spool/m'))
        self.assertIn(b'How are you?', content)

    def test_chroot_zone(self):
        """The zone of the time was read before."""
        with Gsmtpd('--user=nobody', '--chroot=' + self.directory, '-H', 'maildir:/spool/m') as server:
            self.deliver(server)
        with Gsmtpd('--user=nobody', '-H', 'maildir:' + self.path('spool/n')) as server:
            self.deliver(server)
        zones = [self.delivered(self.path(name)).split(b';\r\n\t')[1].split(b'\r\n')[0][-5:] for name in ('spool/m', 'spool/n')]
        self.assertEqual(*zones)

    def test_bad_chroot(self):
        os.chmod(self.path('spool'), 0o755)
        for directory, reason in (self.path('missing'), 'No such file'), (self.path('spool'), 'others than root'):
            result = run('-l', '127.0.0.1:0', '--user=nobody', '--chroot=' + directory, '-H', 'sink')
            self.assertEqual((result.returncode, result.stdout), (1, ''))
            self.assertIn(reason, result.stderr)


if __name__ == '__main__':
    unittest.main()
