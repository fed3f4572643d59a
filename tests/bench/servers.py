# SPDX-License-Identifier: LGPL-2.1-or-later

"""The servers that are measured: ours in several guises, and those that people would take instead."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / 'tests' / 'bench'
BUILD = pathlib.Path(os.environ.get('SMTPD_BUILD', ROOT / '_build'))
SBIN = '/usr/sbin:/usr/local/sbin:' + os.environ.get('PATH', '')
MANY = 1 << 30
# The Python that Debian builds its modules for.
PYTHON = '/usr/bin/python3' if os.path.exists('/usr/bin/python3') else sys.executable


def tool(name):
    return shutil.which(name, path=SBIN)


def built(path):
    return str(BUILD / path)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def pin(index):
    """Gives a process a processor of its own: else much of what is measured is their moves."""
    processors = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {processors[index % len(processors)]})


@dataclasses.dataclass
class Server:
    name: str
    command: callable       # of a port and the file of a certificate, or None
    speed: float = 1        # about how many times faster than the slowest: it gets so much more to do
    why_not: callable = lambda: None
    listens: bool = True    # on the port it was given; else it prints one
    protocol: str = 'smtp'

    @contextlib.contextmanager
    def running(self, certificate=None):
        """Yields (process, port)."""
        port = free_port()
        process = subprocess.Popen(self.command(port, certificate), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL if self.listens else subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, env=environment(), preexec_fn=pin(0))
        try:
            if self.listens:
                wait_for(port, process)
            else:
                port = int(process.stdout.readline().rpartition(':')[2])
            yield process, port
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def environment():
    env = dict(os.environ, NODE_PATH=built('bench/node_modules'))
    for name, path in (('GI_TYPELIB_PATH', 'introspection'), ('LD_LIBRARY_PATH', 'smtpd'),
                       ('PYTHONPATH', 'introspection/python')):
        env[name] = built(path) + (':' + env[name] if env.get(name) else '')
    return env


def wait_for(port, process):
    for _ in range(500):
        with contextlib.suppress(OSError):
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    sys.exit(f'bench: a server does not come up: {process.args}')


def gsmtpd(port, certificate, handler='sink'):
    program = os.environ.get('GSMTPD', built('smtpd/gsmtpd'))
    # One of the workloads is nothing but NOOP.
    options = ['-s', '0', '-H', handler, '--limit', 'max-junk-commands=0']
    if certificate:
        return [program, '--smtps-listen', f'127.0.0.1:{port}', '--tls-cert', certificate, *options]
    return [program, '-l', f'127.0.0.1:{port}', *options]


def hook_server(which, threshold=MANY):
    return lambda port, certificate: [built('tests/bench/hook-server'), str(port), which, str(threshold)]


def smtp_sink(port, certificate):
    user = ['-u', 'nobody'] if os.getuid() == 0 else []
    return [tool('smtp-sink'), *user, '-m', '20000', f'127.0.0.1:{port}', '1000']


def optional(*arguments):
    return [argument for argument in arguments if argument]


def needs(path, what):
    return lambda: None if path and os.path.exists(path) else what


def lacks_aiosmtpd():
    found = subprocess.run([PYTHON, '-c', 'import aiosmtpd'], stderr=subprocess.DEVNULL).returncode == 0
    return None if found else 'python3-aiosmtpd is not installed'


OURS = Server('ours', gsmtpd, 8)
MEMORY = Server('ours, in memory', hook_server('none'), 8)
C_HOOKS = Server('ours, C hooks', hook_server('all', 262144), 8)
NO_HOOKS = Server('ours, no hooks', hook_server('none', 262144), 8)
SLOW_HOOK = Server('ours, hook of 10 ms', hook_server('slow', 262144), 8)
PYTHON_HOOKS = Server('ours, Python hooks', lambda port, certificate: [PYTHON, str(BENCH / 'peers/hooks.py'), str(port)],
                      2, needs(built('introspection/Smtpd-1.0.typelib'), 'there is no typelib'))
FACADE_HOOKS = Server('ours, gsmtpd', lambda port, certificate: [PYTHON, str(BENCH / 'peers/facade.py'), str(port)],
                      2, needs(built('introspection/Smtpd-1.0.typelib'), 'there is no typelib'))
JS_HOOKS = Server('ours, JavaScript hooks',
                  lambda port, certificate: ['gjs', '-m', str(BENCH / 'peers/hooks.js'), str(port)], 2,
                  needs(tool('gjs') and built('introspection/Smtpd-1.0.typelib'), 'there is no gjs or no typelib'))
SINK = Server('smtp-sink', smtp_sink, 6, needs(tool('smtp-sink'), 'Postfix is not installed'))
GO = Server('go-smtp', lambda port, certificate: optional(built('bench/go-smtp'), str(port), certificate), 5,
            needs(built('bench/go-smtp'), 'it was not built (golang-github-emersion-go-smtp-dev)'))
AIOSMTPD = Server('aiosmtpd', lambda port, certificate:
                  optional(PYTHON, str(BENCH / 'peers/aiosmtpd_server.py'), str(port), 'sink', certificate), 1,
                  lacks_aiosmtpd)
AIOSMTPD_HOOKS = Server('aiosmtpd, hooks', lambda port, certificate:
                        [PYTHON, str(BENCH / 'peers/aiosmtpd_server.py'), str(port), 'hooks'], 1, lacks_aiosmtpd)
NODE = Server('smtp-server', lambda port, certificate:
              optional('node', str(BENCH / 'peers/smtp-server.js'), str(port), certificate), 1.5,
              needs(tool('node') and built('bench/node_modules/smtp-server'), 'it is not in _build/bench (npm)'))
BARE_TLS = Server('bare GnuTLS', lambda port, certificate: [built('tests/bench/tls-bench'), 'serve', certificate], 8,
                  listens=False, protocol='bare')
STREAM = Server('ours, as it comes', lambda port, certificate: [built('tests/bench/stream-server'), certificate], 8,
                listens=False)

# The floor: what the kernel takes, and next to nothing else.
BARE = Server('bare loop', lambda port, certificate: [built('tests/bench/bare-server'), str(port)], 8)

PEERS = [SINK, GO, AIOSMTPD, NODE]


def cpu_seconds(pid):
    """User and system time of a process, of all its threads, by the kernel's clock of it."""
    return time.clock_gettime((~pid << 3) | 2)


def status_kib(pid, key):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith(key + ':'):
            return int(line.split()[1])
    return 0
