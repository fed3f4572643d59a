# SPDX-License-Identifier: LGPL-2.1-or-later

"""A large message in TLS beside a loop of GnuTLS with nothing around it; the client is the same."""

import pathlib
import subprocess
import time

import report
from servers import BARE_TLS, OURS, STREAM, Server, built, cpu_seconds
from workloads import call

SIZE = 400 << 20

BARE_FILE = Server('bare GnuTLS, into a file', lambda port, certificate:
                   [built('tests/bench/tls-bench'), 'keep', certificate], listens=False, protocol='bare')


def make_certificate(directory):
    """A key on P-256 and a certificate that it signs, in one file."""
    path = pathlib.Path(directory) / 'bench.pem'
    key, certificate = path.with_suffix('.key'), path.with_suffix('.crt')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-keyout', key, '-out', certificate, '-subj', '/CN=bench', '-days', '2'],
                   check=True, stderr=subprocess.DEVNULL)
    path.write_bytes(certificate.read_bytes() + key.read_bytes())
    return str(path)


def rate(server, certificate, size):
    """MiB for a second of the server's processor time, and of the clock."""
    with server.running(certificate) as (process, port):
        cpu, clock = cpu_seconds(process.pid), time.monotonic()
        call(built('tests/bench/tls-bench'), 'send', port, size, '1.3', server.protocol)
        return [size / 2**20 / taken for taken in (cpu_seconds(process.pid) - cpu, time.monotonic() - clock)]


def measure(arguments, certificate):
    size = max(int(SIZE * arguments.scale), 1 << 20)
    pairs = [(STREAM, BARE_TLS), (OURS, BARE_FILE)]
    rates = {server.name: [] for pair in pairs for server in pair}
    for _ in range(arguments.rounds):
        for pair in pairs:
            for server in pair:
                rates[server.name].append(rate(server, certificate, size))

    print(f'\ntls-bulk: a message of {size >> 20} MiB in TLS 1.3, AES-256-GCM')
    for index, what in enumerate(('processor', 'clock')):
        for pair in pairs:
            mine, theirs = ([both[index] for both in rates[server.name]] for server in pair)
            for server, values in zip(pair, (mine, theirs)):
                report.line(f'{server.name}, {what}', values, 'MiB/s')
            report.line('  ratio', report.ratios(mine, theirs), '')
