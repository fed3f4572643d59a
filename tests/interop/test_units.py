# SPDX-License-Identifier: LGPL-2.1-or-later

"""What systemd thinks of the units, and how gsmtpd fares under the filter of system calls that is in one."""

import ctypes
import ctypes.util
import errno
import mmap
import os
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

from gsmtpd_process import GSMTPD, Gsmtpd, PATIENCE

DATA = os.environ['SMTPD_DATA']
ANALYZE = shutil.which('systemd-analyze')
SECCOMP = ctypes.util.find_library('seccomp')

# In tenths; a service without any hardening has 96.
MOST_EXPOSED = 20


class UnitCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        shutil.copy(os.path.join(DATA, 'gsmtpd.socket'), self.directory)
        with open(os.path.join(DATA, 'gsmtpd.service.in')) as file:
            text = file.read()
        with open(self.path('gsmtpd.service'), 'w') as file:
            file.write(text.replace('@bindir@/gsmtpd', os.path.abspath(GSMTPD)))

    def path(self, name):
        return os.path.join(self.directory, name)


@unittest.skipIf(ANALYZE is None, 'systemd-analyze is not there')
class Units(UnitCase):
    def analyze(self, *args):
        return subprocess.run([ANALYZE, *args], capture_output=True, text=True, timeout=PATIENCE,
                              env={**os.environ, 'SYSTEMD_UNIT_PATH': self.directory + ':'})

    def test_verify(self):
        result = self.analyze('verify', '--man=no', self.path('gsmtpd.service'), self.path('gsmtpd.socket'))
        self.assertNotIn('gsmtpd', result.stderr)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_security(self):
        result = self.analyze('security', '--offline=yes', f'--threshold={MOST_EXPOSED}',
                              self.path('gsmtpd.service'))
        if 'nrecognized option' in result.stderr:
            self.skipTest('this systemd-analyze is too old')
        exposure = re.search(r'Overall exposure level for \S+: (\S+)', result.stdout)
        self.assertIsNotNone(exposure, result.stderr)
        self.assertEqual(result.returncode, 0, exposure[0])

    def test_arguments(self):
        """The program understands what it is started with."""
        with open(self.path('gsmtpd.service')) as file:
            arguments = re.search(r'^ExecStart=\S+ (.*)$', file.read(), re.M)[1].split()
        result = subprocess.run([GSMTPD, *arguments, '--version'], capture_output=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, 0, result.stderr)


def expand(name):
    """The system calls of a group, of the groups in it, too."""
    if not name.startswith('@'):
        return {name}
    listed = subprocess.run([ANALYZE, 'syscall-filter', name], capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    words = [line.strip() for line in listed.splitlines() if line.startswith('    ') and not line.lstrip().startswith('#')]
    return set().union(*map(expand, words))


class Comparison(ctypes.Structure):
    _fields_ = [('argument', ctypes.c_uint), ('operation', ctypes.c_int), ('a', ctypes.c_uint64), ('b', ctypes.c_uint64)]


class Filter:
    """What the unit says of system calls, for a process that is to be started."""

    ALLOW, ERRNO = 0x7fff0000, 0x00050000
    EQUAL, MASKED = 4, 7

    def __init__(self, unit):
        self.seccomp = ctypes.CDLL(SECCOMP)
        self.seccomp.seccomp_init.restype = ctypes.c_void_p
        self.allowed = set()
        for words in re.findall(r'^SystemCallFilter=(.*)$', unit, re.M):
            calls = set().union(*map(expand, words.lstrip('~').split()))
            self.allowed = self.allowed - calls if words.startswith('~') else self.allowed | calls
        families = re.search(r'^RestrictAddressFamilies=(.*)$', unit, re.M)[1].split()
        self.families = [getattr(socket, name) for name in families]
        self.no_execution = 'MemoryDenyWriteExecute=yes' in unit
        # What this systemd does not know does not exist for it.
        self.refused = expand('@known') - self.allowed

    def add(self, context, action, name, *comparisons):
        number = self.seccomp.seccomp_syscall_resolve_name(name.encode())
        # Below zero are those of other machines.
        if number >= 0:
            array = (Comparison * len(comparisons))(*comparisons)
            self.seccomp.seccomp_rule_add_array(context, action, number, len(comparisons), array)

    def load(self):
        context = ctypes.c_void_p(self.seccomp.seccomp_init(self.ERRNO | errno.ENOSYS))
        for name in self.refused:
            self.add(context, self.ERRNO | errno.EPERM, name)
        for name in self.allowed - {'socket', 'mmap', 'mprotect'}:
            self.add(context, self.ALLOW, name)
        for family in self.families:
            self.add(context, self.ALLOW, 'socket', (0, self.EQUAL, family, 0))
        # MemoryDenyWriteExecute=: nothing that was written is run.
        for protection in range(8):
            executes = self.no_execution and protection & mmap.PROT_EXEC
            if not (executes and protection & mmap.PROT_WRITE):
                self.add(context, self.ALLOW, 'mmap', (2, self.MASKED, 7, protection))
            if not executes:
                self.add(context, self.ALLOW, 'mprotect', (2, self.MASKED, 7, protection))
        if self.seccomp.seccomp_load(context) != 0:
            raise OSError('no filter')


@unittest.skipIf(ANALYZE is None or SECCOMP is None, 'systemd-analyze or libseccomp is not there')
class Sandbox(UnitCase):
    """Under the filter of system calls that is in the unit, all goes as it does without."""

    def filter(self):
        with open(self.path('gsmtpd.service')) as file:
            return Filter(file.read())

    def serve(self, *args):
        server = Gsmtpd(*args, preexec_fn=self.filter().load)
        server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        # The last word behind the colon: 2 is a filter.
        with open(f'/proc/{server.process.pid}/status') as file:
            self.assertRegex(file.read(), r'(?m)^Seccomp:\s+2$')
        return server

    def send(self, server, port, implicit=False, user=None):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client = smtplib.SMTP_SSL('127.0.0.1', port, timeout=PATIENCE, context=context) if implicit \
            else smtplib.SMTP('127.0.0.1', port, timeout=PATIENCE)
        with client:
            if not implicit:
                client.starttls(context=context)
            if user:
                client.login(user, 'sesame')
            client.sendmail('a@example.org', 'b@example.org', b'Subject: x\r\n\r\n' + b'x' * 70 + b'\r\n')

    def test_refused(self):
        """It is a filter."""
        script = ('import errno, mmap, os, socket\n'
                  'for call in (lambda: os.chown("/", 0, 0), lambda: os.setuid(0), lambda: os.nice(1), lambda: os.chroot("/"),\n'
                  '             lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),\n'
                  '             lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)):\n'
                  '    try:\n'
                  '        call()\n'
                  '    except OSError as error:\n'
                  '        print(errno.errorcode[error.errno])\n')
        result = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, timeout=PATIENCE,
                                preexec_fn=self.filter().load)
        self.assertEqual(len(result.stdout.split()), 6, result)
        self.assertLessEqual(set(result.stdout.split()), {'EPERM', 'ENOSYS'}, result)

    def test_maildir(self):
        with open(self.path('users'), 'w') as file:
            os.fchmod(file.fileno(), 0o600)
            file.write('alice:sesame\n')
        server = self.serve('--smtps-listen=127.0.0.1:0', '--lmtp-listen=127.0.0.1:0', '--tls-self-signed', '--auth-file', self.path('users'),
                            '--log-format=json', '--resolve-peers', '-d', '-H', 'maildir:' + self.path('m'))
        self.send(server, server.port(0), user='alice')
        self.send(server, server.port(2), implicit=True)
        server.process.send_signal(signal.SIGHUP)
        self.send(server, server.port(2), implicit=True, user='alice')
        with smtplib.LMTP('127.0.0.1', server.port(1), timeout=PATIENCE) as client:
            client.sendmail('a@example.org', 'b@example.org', b'x' * 3000000)
        self.assertEqual(len(os.listdir(self.path('m/new'))), 4)
        self.assertEqual(server.end(), 0, server.errors())

    def test_mbox_and_relay(self):
        last = self.serve('--tls-self-signed', '-H', 'mbox:' + self.path('mbox'))
        # By a name, which is looked up.
        first = self.serve('--tls-self-signed', '-H', f'relay:localhost:{last.port()}')
        self.send(first, first.port())
        with open(self.path('mbox')) as file:
            self.assertIn('Subject: x', file.read())
        for server in first, last:
            self.assertEqual(server.end(), 0, server.errors())
            self.assertEqual(server.errors(), '')


if __name__ == '__main__':
    unittest.main()
