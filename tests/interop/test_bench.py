# SPDX-License-Identifier: LGPL-2.1-or-later

"""The harness of the bench works; what it measures is nobody's business here."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

BENCH = pathlib.Path(__file__).resolve().parents[1] / 'bench' / 'run'
PARTS = ['long', 'pipelined', 'noops', 'tls', 'tls-10MiB', 'python', 'hooks', 'late', 'memory', 'memory-tls',
         'beside-10', 'beside-10000', 'size-1024', 'size-65536', 'callgrind', 'tls-bulk']


@unittest.skipUnless(os.environ.get('SMTPD_BUILD'), 'there is no build folder')
@unittest.skipUnless(shutil.which('smtp-source', path='/usr/sbin:/usr/bin'), 'there is no smtp-source')
class Bench(unittest.TestCase):
    def test_small(self):
        with tempfile.TemporaryDirectory() as directory:
            figures, picture = (os.path.join(directory, name) for name in ('bench.json', 'bench.svg'))
            output = subprocess.run([BENCH, '--rounds=1', '--scale=0.002', f'--json={figures}', f'--svg={picture}',
                                     '--markdown', *(f'--only={part}' for part in PARTS)],
                                    check=True, stdout=subprocess.PIPE, text=True).stdout
            with open(figures) as file:
                workloads = json.load(file)['workloads']
            root = xml.etree.ElementTree.parse(picture).getroot()

        self.assertEqual(root.tag.rpartition('}')[2], 'svg')
        for name in ('long', 'tls', 'memory'):
            self.assertIn('ours', workloads[name]['servers'])
        self.assertGreater(workloads['long']['servers']['ours'][0]['cpu'], 0)
        self.assertIn('smtp-sink', workloads['long']['ratios'])
        self.assertIn('| load | beside |', output)
        self.assertIn('core, message', output)
        self.assertIn('a message of', output)


if __name__ == '__main__':
    unittest.main()
