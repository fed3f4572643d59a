# SPDX-License-Identifier: LGPL-2.1-or-later

"""The harness of the bench works; what it measures is nobody's business here."""

import os
import pathlib
import shutil
import subprocess
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[1] / 'bench' / 'run'


@unittest.skipUnless(os.environ.get('SMTPD_BUILD'), 'there is no build folder')
class Bench(unittest.TestCase):
    def run_part(self, part):
        return subprocess.run([BENCH, '--rounds=1', '--messages=40', '--handshakes=8', '--idle=10', '--only', part],
                              check=True, stdout=subprocess.PIPE, text=True).stdout

    @unittest.skipUnless(shutil.which('smtp-source', path='/usr/sbin:/usr/bin'), 'there is no smtp-source')
    def test_plain(self):
        self.assertIn('beside 10 idle connections', self.run_part('plain'))

    def test_tls(self):
        output = self.run_part('tls')
        self.assertIn('a resumed handshake, TLS 1.2', output)
        self.assertIn('10 idle connections in TLS', output)


if __name__ == '__main__':
    unittest.main()
