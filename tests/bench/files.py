# SPDX-License-Identifier: LGPL-2.1-or-later

"""Messages of 10 MiB into a Maildir, synchronized, beside dd that does the same."""

import subprocess
import tempfile
import time

import report
from servers import BUILD, Server, gsmtpd, tool
from workloads import LARGE, call


def deliver(directory, messages):
    """Seconds, by four clients."""
    server = Server('maildir', lambda port, certificate: gsmtpd(port, None, f'maildir:{directory}/m'))
    with server.running() as (_, port):
        start = time.monotonic()
        call(tool('smtp-source'), '-d', '-s', 4, '-m', messages, '-l', LARGE, f'127.0.0.1:{port}')
        return time.monotonic() - start


def copy(directory, messages):
    start = time.monotonic()
    for i in range(messages):
        subprocess.run(['dd', 'if=/dev/zero', f'of={directory}/{i}', 'bs=1M', f'count={LARGE >> 20}',
                        'conv=fsync', 'status=none'], check=True)
    return time.monotonic() - start


def measure(arguments, certificate):
    messages = max(int(40 * arguments.scale), 4)
    ours, theirs = [], []
    for _ in range(arguments.rounds):
        # Beside the program: /tmp may be memory.
        with tempfile.TemporaryDirectory(dir=BUILD) as directory:
            ours.append(messages * LARGE / deliver(directory, messages) / 2**20)
            theirs.append(messages * LARGE / copy(directory, messages) / 2**20)
    print('\nfiles: messages of 10 MiB by four clients into a Maildir, by the clock')
    report.line('ours', ours, 'MiB/s')
    report.line('dd conv=fsync', theirs, 'MiB/s')
    report.line('  ratio', report.ratios(ours, theirs), '')
