# SPDX-License-Identifier: LGPL-2.1-or-later

"""What systemd thinks of the units."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from gsmtpd_process import GSMTPD, PATIENCE

DATA = os.environ['SMTPD_DATA']
ANALYZE = shutil.which('systemd-analyze')

# In tenths; a service without any hardening has 96.
MOST_EXPOSED = 20


@unittest.skipIf(ANALYZE is None, 'systemd-analyze is not there')
class Units(unittest.TestCase):
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


if __name__ == '__main__':
    unittest.main()
