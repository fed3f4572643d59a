# SPDX-License-Identifier: LGPL-2.1-or-later

"""Servers to be measured, and what is said of them."""

import contextlib
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICK = os.sysconf('SC_CLK_TCK')
SBIN = '/usr/sbin:/usr/local/sbin:' + os.environ.get('PATH', '')


def tool(name):
    path = shutil.which(name, path=SBIN)
    if path is None:
        sys.exit(f'bench: {name} is not installed (it comes with Postfix)')
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def built(path):
    return str(pathlib.Path(os.environ.get('SMTPD_BUILD', ROOT / '_build')) / path)


def gsmtpd(port):
    return [os.environ.get('GSMTPD', built('smtpd/gsmtpd')), '-l', f'127.0.0.1:{port}', '-H', 'sink']


def smtp_sink(port):
    user = ['-u', 'nobody'] if os.getuid() == 0 else []
    return [tool('smtp-sink'), *user, f'127.0.0.1:{port}', '1000']


def wait_for(port):
    for _ in range(200):
        with contextlib.suppress(OSError):
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        time.sleep(0.02)
    sys.exit('bench: the server does not come up')


def cpu_seconds(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_kib(pid):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
    return 0


@contextlib.contextmanager
def running(command, port):
    server = subprocess.Popen(command(port), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def idle_crowd(port, size):
    """Connections that have said EHLO and say nothing more."""
    crowd = []
    try:
        for i in range(size):
            client = socket.socket()
            # A source address has some 28,000 ports.
            client.bind((f'127.0.1.{1 + i // 10000}', 0))
            client.connect(('127.0.0.1', port))
            client.recv(512)
            client.sendall(b'EHLO idle\r\n')
            client.recv(512)
            crowd.append(client)
        yield
    finally:
        for client in crowd:
            client.close()


def report(name, values, unit='µs'):
    print(f'  {name:<34} {statistics.median(values):8.2f} {unit}'
          f'  ({min(values):.2f} … {max(values):.2f})', flush=True)


def ratios(ours, theirs):
    """Nothing in place of what was too short to be measured."""
    return [a / b for a, b in zip(ours, theirs) if b > 0] or [float('nan')]
