# SPDX-License-Identifier: LGPL-2.1-or-later

"""TLS beside a loop of GnuTLS with nothing around it; the clients are the same."""

import contextlib
import itertools
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from servers import built, cpu_seconds, gsmtpd, ratios, report, rss_kib

# For each thousand of handshakes, which make it long enough to be measured.
BULK = 100 << 20
IDLE = 2000

# So that a server has something to do while a client thinks, as under load.
CLIENTS = 4

TOOL = built('tests/bench/tls-bench')


def make_certificate(directory):
    """A key on P-256 and a certificate that it signs, in one file."""
    path = pathlib.Path(directory) / 'bench.pem'
    key, certificate = path.with_suffix('.key'), path.with_suffix('.crt')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-keyout', key, '-out', certificate, '-subj', '/CN=bench', '-days', '2'],
                   check=True, stderr=subprocess.DEVNULL)
    path.write_bytes(certificate.read_bytes() + key.read_bytes())
    return str(path)


def ours(certificate):
    command = gsmtpd(0)
    return [command[0], '--smtps-listen', '127.0.0.1:0', '--tls-cert', certificate, '-s', '0', *command[3:]]


def stream(certificate):
    return [built('tests/bench/stream-server'), certificate]


def bare(certificate):
    return [TOOL, 'serve', certificate]


def bare_file(certificate):
    return [TOOL, 'keep', certificate]


def pin(index):
    """Gives a process a processor of its own: else much of what is measured is their moves."""
    processors = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {processors[index % len(processors)]})


@contextlib.contextmanager
def running(command):
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, preexec_fn=pin(0))
    try:
        yield server.pid, server.stdout.readline().rpartition(':')[2].strip()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def cost(command, clients, action, *arguments):
    """Seconds of the server's processor time, and of the clock."""
    with running(command) as (pid, port):
        cpu, clock = cpu_seconds(pid), time.monotonic()
        running_clients = [subprocess.Popen([TOOL, action, port, *arguments], preexec_fn=pin(1))
                           for _ in range(clients)]
        if any([client.wait() for client in running_clients]):
            sys.exit('bench: a client has failed')
        return cpu_seconds(pid) - cpu, time.monotonic() - clock


def handshakes(certificate, rounds, count):
    """Connections that get a greeting and go, some at a time."""
    cases = list(itertools.product(('1.3', '1.2'), ('full', 'resumed')))
    figures = {(case, server): [] for case in cases for server in (ours, bare)}
    for _ in range(rounds):
        for case, server in figures:
            seconds = cost(server(certificate), CLIENTS, 'shake', str(count // CLIENTS), *case)[0]
            figures[case, server].append(seconds / count * 1e6)

    for version, kind in cases:
        mine, theirs = figures[(version, kind), ours], figures[(version, kind), bare]
        print(f'a connection with a {kind} handshake, TLS {version}, P-256, by {CLIENTS} clients')
        report('gsmtpd --smtps-listen', mine)
        report('bare GnuTLS', theirs)
        report('ratio', ratios(mine, theirs), 'x ')
        if kind == 'resumed':
            full = figures[(version, 'full'), ours]
            report('part of a full one', ratios(mine, full), 'x ')


def bulk(certificate, rounds, size):
    """A message that a program takes as it comes, and one that is kept in a file."""
    cases = {'as it comes': (stream, bare), 'kept in a file': (ours, bare_file)}
    figures = {server: [] for pair in cases.values() for server in pair}
    for _ in range(rounds):
        for server in figures:
            protocol = 'bare' if server in (bare, bare_file) else 'smtp'
            figures[server].append(cost(server(certificate), 1, 'send', str(size), '1.3', protocol))

    print(f'a message of {size >> 20} MiB in TLS 1.3, AES-256-GCM')
    for index, what in enumerate(('processor', 'clock')):
        for name, pair in cases.items():
            mine, theirs = ([size / max(taken[index], 1e-9) / 2**20 for taken in figures[server]] for server in pair)
            report(f'{name}, {what}', mine, 'MiB/s')
            report('bare GnuTLS likewise', theirs, 'MiB/s')
            report('ratio', ratios(mine, theirs), 'x ')


def crowd(certificate, size):
    context = ssl._create_unverified_context()
    with running(ours(certificate)) as (pid, port), contextlib.ExitStack() as stack:
        before = rss_kib(pid)
        for _ in range(size):
            client = socket.create_connection(('127.0.0.1', int(port)))
            client = stack.enter_context(context.wrap_socket(client))
            client.recv(512)
            client.sendall(b'EHLO idle\r\n')
            client.recv(512)
        print(f'{size} idle connections in TLS')
        report('memory of each', [(rss_kib(pid) - before) / size], 'KiB')


def measure(arguments):
    with tempfile.TemporaryDirectory() as directory:
        certificate = make_certificate(directory)
        handshakes(certificate, arguments.rounds, arguments.handshakes)
        # Enough of it that a tick of the processor's clock is a hundredth at most.
        bulk(certificate, arguments.rounds, BULK * arguments.handshakes // 1000)
        crowd(certificate, min(IDLE, arguments.idle))
