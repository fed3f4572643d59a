# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the servers have to do, and how it is counted."""

import contextlib
import dataclasses
import pathlib
import socket
import ssl
import subprocess
import sys
import time

from servers import (AIOSMTPD, AIOSMTPD_HOOKS, BARE, BARE_TLS, C_HOOKS, FACADE_HOOKS, GO, JS_HOOKS, MEMORY, NODE, NO_HOOKS,
                     OURS, PEERS, PYTHON_HOOKS, SINK, SLOW_HOOK, STREAM, built, cpu_seconds, environment, pin, status_kib, tool)

LARGE = 10 << 20
SESSIONS = 50


@dataclasses.dataclass
class Result:
    cpu: float      # microseconds of the server's processor time for each operation
    wall: float     # microseconds of the clock
    rss: float      # KiB at the most


@dataclasses.dataclass
class Workload:
    name: str
    title: str
    servers: list
    run: callable            # of (port, count, server): does the work, and says how much it was
    count: int               # operations, of a server of speed 1
    targets: dict = dataclasses.field(default_factory=dict)  # by name of the peer: the ratio asked for
    certificate: bool = False
    unit: str = 'µs'
    beside: int = 0          # idle connections meanwhile
    measure: callable = None  # in place of processor time: of (process, port), a figure

    def measure_once(self, server, scale, certificate):
        count = max(int(self.count * server.speed * scale), 1)
        with server.running(certificate if self.certificate else None) as (process, port):
            if self.measure:
                figure = self.measure(process, port, scale)
                return Result(figure, 0, status_kib(process.pid, 'VmHWM'))
            with crowd(port, self.beside and max(int(self.beside * min(scale * 10, 1)), 1)):
                cpu, clock = cpu_seconds(process.pid), time.monotonic()
                done = self.run(port, count, server)
                cpu, clock = cpu_seconds(process.pid) - cpu, time.monotonic() - clock
            return Result(cpu / done * 1e6, clock / done * 1e6, status_kib(process.pid, 'VmHWM'))


def call(*argv):
    subprocess.run([str(argument) for argument in argv], check=True, preexec_fn=pin(1),
                   stdout=subprocess.DEVNULL, env=environment())


def source(*options, size=1024, each=1):
    def run(port, count, server):
        count = max(count, SESSIONS if size < LARGE else 4)
        call(tool('smtp-source'), *options, '-m', count, '-l', size, f'127.0.0.1:{port}')
        return count * each
    return run


def load(mode, connections=SESSIONS, each=1, size=1024):
    def run(port, count, server):
        rounds = max(count // connections // each, 1)
        call(built('tests/bench/load-client'), mode, port, connections, rounds, size)
        return rounds * connections * each
    return run


@contextlib.contextmanager
def crowd(port, size):
    """Connections that have said EHLO and say nothing more."""
    if not size:
        yield
        return
    client = subprocess.Popen([built('tests/bench/load-client'), 'idle', str(port), str(size), '0'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=pin(1))
    try:
        if client.stdout.readline() != b'ready\n':
            sys.exit('bench: the crowd has lost somebody')
        yield
    finally:
        client.stdin.close()
        client.stdout.close()
        client.wait()


def idle_memory(process, port, scale):
    size = max(int(5000 * min(scale * 10, 1)), 10)
    before = status_kib(process.pid, 'VmRSS')
    with crowd(port, size):
        return (status_kib(process.pid, 'VmRSS') - before) / size


def idle_tls_memory(process, port, scale):
    """All of them at the same time: some servers let clients wait before they greet."""
    size = max(int(1000 * min(scale * 10, 1)), 10)
    context = ssl._create_unverified_context()
    with contextlib.ExitStack() as stack:
        def connect(n):
            clients = [stack.enter_context(context.wrap_socket(socket.create_connection(('127.0.0.1', port))))
                       for _ in range(n)]
            for client in clients:
                client.recv(512)
                client.sendall(b'EHLO idle\r\n')
            for client in clients:
                client.recv(512)

        # The first one brings what all of them need.
        connect(1)
        before = status_kib(process.pid, 'VmRSS')
        connect(size)
        return (status_kib(process.pid, 'VmRSS') - before) / size


def shake(version, kind):
    def run(port, count, server):
        clients = 4
        each = max(count // clients, 1)
        processes = [subprocess.Popen([built('tests/bench/tls-bench'), 'shake', str(port), str(each), version, kind],
                                      preexec_fn=pin(1)) for _ in range(clients)]
        if any([process.wait() for process in processes]):
            sys.exit('bench: a client of TLS has failed')
        return each * clients
    return run


def send_tls(port, count, server):
    """Messages of 10 MiB, each in a connection; the bare loop takes the same octets without SMTP."""
    for _ in range(count):
        call(built('tests/bench/tls-bench'), 'send', port, LARGE, '1.3', server.protocol)
    return count


def targets(sink=None, go=None, aiosmtpd=None, node=None, **others):
    named = {SINK.name: sink, GO.name: go, AIOSMTPD.name: aiosmtpd, NODE.name: node}
    return {name: target for name, target in {**named, **others}.items() if target}


WORKLOADS = [
    Workload('short', 'a session for each message of 1 KiB', [OURS, *PEERS, BARE], source('-s', SESSIONS), 1000,
             targets(0.85, 0.7, 1 / 8, 1 / 7)),
    Workload('long', 'many messages of 1 KiB a session', [OURS, *PEERS, BARE], source('-d', '-s', SESSIONS), 2000,
             targets(0.75, 0.65, 1 / 9, 1 / 2.5)),
    Workload('pipelined', 'the same, envelopes pipelined', [OURS, *PEERS, BARE], load('pipeline'), 2000,
             targets(0.7, 0.45, 1 / 18, 1 / 5)),
    Workload('10MiB', 'messages of 10 MiB by DATA, kept in memory', [MEMORY, *PEERS, BARE],
             source('-d', '-s', 4, size=LARGE), 6, targets(0.12, 0.08, 1 / 30, 1 / 4)),
    Workload('10MiB-file', 'messages of 10 MiB by DATA, kept in a file', [OURS, SINK],
             source('-d', '-s', 4, size=LARGE), 6, targets(0.25)),
    Workload('10MiB-bdat', 'messages of 10 MiB by BDAT, kept in memory', [MEMORY],
             load('bdat', 4, size=LARGE), 6),
    Workload('recipients', '100 recipients a message', [OURS, *PEERS, BARE], source('-d', '-s', SESSIONS, '-r', 100), 60),
    Workload('noop', 'NOOP, one by one', [OURS, *PEERS, BARE], load('noop'), 8000, targets(1.1, 1.1, 1 / 4, 1 / 3)),
    Workload('noops', 'NOOP, 50 at a time', [OURS, *PEERS, BARE], load('noops', each=50), 20000,
             targets(1.6, 1 / 4, 1 / 9, 1 / 6)),
    Workload('tls', 'a full handshake, TLS 1.3, P-256', [OURS, BARE_TLS, GO, AIOSMTPD, NODE], shake('1.3', 'full'), 300,
             targets(None, 0.85, 1 / 2, 1 / 3.5, **{BARE_TLS.name: 1.15}), certificate=True),
    Workload('tls12', 'a full handshake, TLS 1.2, P-256', [OURS, BARE_TLS], shake('1.2', 'full'), 300,
             targets(**{BARE_TLS.name: 1.15}), certificate=True),
    Workload('tls-resumed', 'a resumed handshake, TLS 1.3', [OURS, BARE_TLS], shake('1.3', 'resumed'), 300,
             targets(**{BARE_TLS.name: 1.15}), certificate=True),
    Workload('tls12-resumed', 'a resumed handshake, TLS 1.2', [OURS, BARE_TLS], shake('1.2', 'resumed'), 300,
             targets(**{BARE_TLS.name: 1.15}), certificate=True),
    Workload('tls-10MiB', 'messages of 10 MiB in TLS 1.3', [STREAM, BARE_TLS, GO, AIOSMTPD, NODE], send_tls, 4,
             targets(None, 1 / 6, 1 / 18, 1 / 2.5, **{BARE_TLS.name: 1.2}), certificate=True),
    Workload('python', 'hooks on EHLO, MAIL, RCPT and DATA in Python', [PYTHON_HOOKS, AIOSMTPD_HOOKS],
             source('-d', '-s', SESSIONS), 2000, {AIOSMTPD_HOOKS.name: 1 / 4}),
    Workload('facade', "the same with aiosmtpd's handler on gsmtpd", [FACADE_HOOKS, AIOSMTPD_HOOKS],
             source('-d', '-s', SESSIONS), 2000, {AIOSMTPD_HOOKS.name: 1 / 2}),
    Workload('javascript', 'the same in JavaScript', [JS_HOOKS, NODE], source('-d', '-s', SESSIONS), 2000),
    Workload('hooks', 'C hooks on every command, many messages a session', [C_HOOKS, NO_HOOKS],
             source('-d', '-s', SESSIONS), 2000, {NO_HOOKS.name: 1.2}),
    Workload('late', 'RCPT with a hook that answers after 10 ms, 1,000 sessions', [SLOW_HOOK, NO_HOOKS],
             load('rcpt', 1000), 2000),
    Workload('memory', 'memory of an idle connection', [OURS, *PEERS], None, 1, targets(1, 1, 1, 1), unit='KiB',
             measure=idle_memory),
    Workload('memory-tls', 'memory of an idle connection in TLS', [OURS, GO, AIOSMTPD, NODE], None, 1,
             targets(None, 1, 1, 1), certificate=True, unit='KiB', measure=idle_tls_memory),
]

# Of ours against itself: what is open, and how large messages are.
CROWDS = [Workload(f'beside-{size}', f'beside {size:,} idle connections', [NO_HOOKS], source('-d', '-s', SESSIONS), 1500,
                   beside=size) for size in (0, 10, 100, 1000, 5000, 10000)]
SIZES = [Workload(f'size-{size}', f'messages of {size:,} octets', [MEMORY, SINK], source('-d', '-s', 4, size=size),
                  max(2, min(2000, (8 << 20) // size))) for size in (1 << 10, 1 << 13, 1 << 16, 1 << 20, 10 << 20)]
