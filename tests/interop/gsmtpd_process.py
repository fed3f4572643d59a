# SPDX-License-Identifier: LGPL-2.1-or-later

"""A gsmtpd for a test: started on free ports, stopped at the end."""

import os
import pathlib
import re
import signal
import socket
import smtplib
import subprocess
import tempfile
import time

GSMTPD = os.environ.get('GSMTPD', 'gsmtpd')

# Much, for machines that are slow or run it under a debugger.
PATIENCE = 30


class Gsmtpd:
    """Runs from "with" to its end; addresses has what it says it listens on."""

    def __init__(self, *args, listen=('127.0.0.1:0',), stdout=None, preexec_fn=None):
        self.args = [GSMTPD]
        for address in listen:
            self.args += ['-l', address]
        self.args += args
        self.given_stdout = stdout
        self.preexec_fn = preexec_fn
        self.process = None
        self.addresses = []

    def __enter__(self):
        # Files, because nobody reads pipes while a test runs.
        self.stdout = tempfile.TemporaryFile()
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.args, stdin=subprocess.DEVNULL,
            stdout=self.given_stdout or self.stdout, stderr=self.stderr, preexec_fn=self.preexec_fn)
        if self.given_stdout is None:
            try:
                self.wait_until(lambda: b'listening on ' in self.output())
            except BaseException:
                self.__exit__(None, None, None)
                raise
            text = self.output().decode()
            self.addresses = re.findall(r'^listening on (.+)$', text, re.M)
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.stdout.close()
        self.stderr.close()

    def wait_until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(f'it ended with {self.process.returncode}: {self.errors()}')
            if time.monotonic() > end:
                raise AssertionError(f'nothing happens; {self.output()} {self.errors()}')
            time.sleep(0.01)

    @staticmethod
    def read(file):
        return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)

    def output(self):
        return self.read(self.stdout)

    def errors(self):
        return self.read(self.stderr).decode(errors='backslashreplace')

    def port(self, index=0):
        return int(self.addresses[index].rpartition(':')[2])

    def client(self):
        return smtplib.SMTP('127.0.0.1', self.port(), local_hostname='client.example.org',
                            timeout=PATIENCE)

    def connect(self):
        """A connection without a client: (socket, file), the greeting read."""
        sock = socket.create_connection(('127.0.0.1', self.port()), timeout=PATIENCE)
        file = sock.makefile('rb')
        assert file.readline().startswith(b'220 ')
        return sock, file

    def end(self, number=signal.SIGTERM):
        """Sends a signal; returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def make_folder(test):
    """One that lasts as long as the test, also for those who do not stay root."""
    directory = tempfile.TemporaryDirectory()
    test.addCleanup(directory.cleanup)
    path = pathlib.Path(directory.name)
    path.chmod(0o755)
    return path


def make_certificate(cert, key):
    """For localhost, by itself."""
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-days', '2',
                    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
                   check=True, stderr=subprocess.DEVNULL, timeout=PATIENCE)


def run(*args):
    """Runs gsmtpd where it should end by itself."""
    return subprocess.run([GSMTPD, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=PATIENCE, text=True, errors='backslashreplace')


TRACE = re.compile(br'Return-Path: <[^>\r\n]*>\r\nReceived: from [^\r\n]+\r\n(?:\t[^\r\n]+\r\n)+')


def take_off_trace(content):
    """Returns what stands behind the trace fields, which must be there."""
    match = TRACE.match(content)
    assert match, content[:200]
    return content[match.end():]
