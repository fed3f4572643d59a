# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd on sockets that others have opened, as systemd does, and on Unix sockets with a mode."""

import fcntl
import os
import signal
import smtplib
import socket
import stat
import subprocess
import tempfile
import unittest

from gsmtpd_process import GSMTPD, PATIENCE, Gsmtpd, run

# exec keeps the process: LISTEN_PID is known only to itself.
LAUNCHER = 'export LISTEN_PID=$$; exec "$@"'


def start(sockets, names, *args):
    def place():
        # Out of the way first, for they may stand where others are to go.
        high = [fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD, 100) for sock in sockets]
        for index, descriptor in enumerate(high):
            os.dup2(descriptor, 3 + index, inheritable=True)

    return subprocess.Popen(
        ['sh', '-c', LAUNCHER, 'sh', GSMTPD, '-H', 'sink', *args], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, close_fds=False, preexec_fn=place,
        env={**os.environ, 'LISTEN_FDS': str(len(sockets)), 'LISTEN_FDNAMES': ':'.join(names)})


class Activation(unittest.TestCase):
    def finish(self, process, status=0):
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, status, errors)
        return output

    def test_activation(self):
        with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as lmtp, \
                socket.create_server(('127.0.0.1', 0)) as smtp:
            path = os.path.join(directory, 's')
            lmtp.bind(path)
            lmtp.listen()
            port = smtp.getsockname()[1]
            process = start([smtp, lmtp], ['smtp', 'lmtp'])
            lines = [process.stdout.readline() for _ in range(2)]
            self.assertEqual(lines, [f'listening on 127.0.0.1:{port}\n'.encode(),
                                     f'listening on unix:{path}\n'.encode()])
            with smtplib.SMTP('127.0.0.1', port, timeout=PATIENCE) as client:
                client.sendmail('a@example.org', ['b@example.org'], 'x\r\n')
            with smtplib.LMTP(path) as client:
                client.sendmail('a@example.org', ['b@example.org'], 'x\r\n')
            self.assertEqual(self.finish(process), b'')
            self.assertTrue(os.path.exists(path))

            # Clients that come while it is away are served when it is back.
            waiting = socket.create_connection(('127.0.0.1', port), timeout=PATIENCE)
            process = start([smtp], [])
            with waiting, waiting.makefile('rb') as file:
                self.assertTrue(file.readline().startswith(b'220 '))
            self.finish(process)

    def test_not_for_us(self):
        """Variables that were left behind by somebody else."""
        with socket.create_server(('127.0.0.1', 0)) as sock:
            env = {**os.environ, 'LISTEN_PID': '1', 'LISTEN_FDS': '1'}
            process = subprocess.Popen([GSMTPD, '-l', '127.0.0.1:0'], stdin=subprocess.DEVNULL, env=env,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertNotIn(str(sock.getsockname()[1]).encode(), process.stdout.readline())
            self.assertEqual(self.finish(process), b'')

    def test_no_socket(self):
        with open('/dev/null', 'rb') as file:
            process = start([file], [])
            output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, output), (1, b''))
        self.assertIn(b'Descriptor 3', errors)

    def test_smtps_needs_certificate(self):
        with socket.create_server(('127.0.0.1', 0)) as sock:
            process = start([sock], ['smtps'])
            output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, output), (1, b''))
        self.assertIn(b'--tls-cert', errors)


class Sockets(unittest.TestCase):
    def test_unix_mode(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 's')
            with Gsmtpd('--unix-mode=0606', listen=['unix:' + path]) as server:
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o606)
                self.assertEqual(server.end(), 0)
            self.assertFalse(os.path.exists(path))

    def test_wrong_modes(self):
        for mode in '', '8', '1777', '-1', '0x10', 'rw':
            self.assertEqual(run('--unix-mode', mode).returncode, 1)

    def test_reuse_port(self):
        with Gsmtpd('--reuse-port') as first:
            with Gsmtpd('--reuse-port', listen=first.addresses) as second:
                self.assertEqual(first.addresses, second.addresses)
            self.assertEqual(run('-l', first.addresses[0]).returncode, 1)


if __name__ == '__main__':
    unittest.main()
