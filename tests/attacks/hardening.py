# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the compiler and the linker have been told to do against those who get further than they should."""

import glob
import os
import re
import shutil
import subprocess
import unittest

from attack import is_sanitized
from gsmtpd_process import GSMTPD


@unittest.skipIf(shutil.which('readelf') is None or is_sanitized(), 'not to be seen here')
class Hardening(unittest.TestCase):
    def read(self, *args):
        return subprocess.run(['readelf', '--wide', *args], stdout=subprocess.PIPE, text=True, check=True,
                              env={**os.environ, 'LC_ALL': 'C'}).stdout

    def files(self):
        library, = glob.glob(os.path.join(os.environ['SMTPD_BUILD'], 'smtpd', 'libsmtpd-1.0.so.0.*[0-9]'))
        return GSMTPD, library

    def test_segments(self):
        """Nothing is executable that can be written, and the table of functions cannot be written."""
        for file in self.files():
            lines = self.read('--segments', file).splitlines()
            self.assertTrue(any('GNU_RELRO' in line for line in lines), file)
            for line in lines:
                fields = line.split()
                if fields[:1] in (['LOAD'], ['GNU_STACK']):
                    # The flags stand between the sizes and the alignment.
                    self.assertFalse('W' in ''.join(fields[6:-1]) and 'E' in ''.join(fields[6:-1]), line)
            self.assertRegex(self.read('--dynamic', file), r'BIND_NOW|\bNOW\b', file)

    def test_position(self):
        """The program can be loaded anywhere."""
        self.assertRegex(self.read('--file-header', GSMTPD), r'Type:\s+DYN')

    def test_stack(self):
        """Its end is watched, and calls of copying functions know the size of what they fill."""
        symbols = self.read('--dyn-syms', self.files()[1])
        self.assertIn('__stack_chk_fail', symbols)
        self.assertIn('_chk@', symbols)

    def test_programs(self):
        """CVE-2020-7247, CVE-2019-10149: what starts no other program cannot be made to start one."""
        starting = re.compile(r'\A(system|popen|v?fork|exec[lv]p?e?|execvpe|f?execve|posix_spawnp?|g_spawn_\w+|g_subprocess_\w+|wordexp)\Z')
        for file in self.files():
            symbols = [line.split()[7].partition('@')[0] for line in self.read('--dyn-syms', file).splitlines()
                       if ' UND ' in line and len(line.split()) > 7]
            self.assertGreater(len(symbols), 100)
            self.assertEqual([symbol for symbol in symbols if starting.match(symbol)], [], file)

    def test_examples(self):
        """Nor do the examples, which others will copy."""
        names = glob.glob(os.path.join(os.environ['SMTPD_EXAMPLES'], '*.*'))
        self.assertGreater(len(names), 20)
        for name in names:
            with open(name, encoding='utf-8') as file:
                self.assertNotRegex(file.read(), r'(?i)subprocess|spawn|popen|\bsystem *\(|\bexec[lv]p?e? *\(|\beval *\(', name)


if __name__ == '__main__':
    unittest.main()
