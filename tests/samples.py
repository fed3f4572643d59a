# SPDX-License-Identifier: LGPL-2.1-or-later

"""Reads the samples in the guides, and does with them what the guides say.

A page is cut at its headings of the second level. Within such a group

- a block of c, python, js or vala is a whole program;
- a block of sh behind a program is how it is started, and says how its file is called; one with
  "<!-- client -->" above it is what a reader types in another terminal;
- a block with "<!-- fragment -->" above it is a part of something: it is compiled, and run where that can be.
  "<!-- fragment: NAME, NAME -->" says what it takes from a program in Python;
- a block of no language with lines that begin with "C: " and "S: " is a dialogue with each of the programs;
  "(TLS)" is a handshake, "…" stands for any text, and as a whole line for any lines of the same reply;
- one with "<!-- output -->" above it is what each of the programs prints.
"""

import os
import pathlib
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import time

PATIENCE = 60
ADDRESS = 'localhost:8025'
SUFFIXES = {'c': 'c', 'python': 'py', 'js': 'js', 'vala': 'vala'}


class Block:
    def __init__(self, language, marker, text, line):
        self.language = language
        self.marker, _, names = marker.partition(':')
        self.names = names.replace(',', ' ').split()
        self.text = text
        self.line = line

    @property
    def is_program(self):
        return self.language in SUFFIXES and self.marker == ''

    @property
    def is_dialogue(self):
        return self.language == '' and re.search('^[CS]: ', self.text, re.M) is not None


class Group:
    """A page's blocks between two headings."""

    def __init__(self, title):
        self.title = title
        self.blocks = []

    def programs(self):
        """Each program, with the block that says how it is started, if there is one."""
        for index, block in enumerate(self.blocks):
            if block.is_program:
                following = self.blocks[index + 1:index + 2]
                yield block, next((other for other in following if other.language == 'sh' and not other.marker), None)

    def dialogues(self):
        return [block for block in self.blocks if block.is_dialogue]

    def marked(self, marker):
        return [block for block in self.blocks if block.marker == marker]


def read_page(path):
    groups = [Group('')]
    marker = ''
    lines = iter(enumerate(pathlib.Path(path).read_text().splitlines(), 1))
    for number, line in lines:
        fence = re.fullmatch(r'```(\w*)', line)
        if fence:
            text = []
            for _, inner in lines:
                if inner == '```':
                    break
                text.append(inner + '\n')
            groups[-1].blocks.append(Block(fence[1], marker, ''.join(text), number))
        elif line.startswith('## '):
            groups.append(Group(line[3:]))
        comment = re.fullmatch(r'<!-- ((?:fragment|client|output).*) -->', line)
        marker = comment[1] if comment else ''
    return groups


# Talking to a program

def to_pattern(text):
    return '.*'.join(re.escape(part) for part in text.split('…'))


class Dialogue:
    """Plays what the client says, and looks at what the server says."""

    def __init__(self, port, process):
        self.socket = connect(port, process)
        self.file = self.socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()
        self.socket.close()

    def start_tls(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket, server_hostname='localhost')
        self.file = self.socket.makefile('rb')

    def expect(self, text, following):
        line = self.read()
        if text == '…':
            while re.match(r'\d\d\d-', line) and not re.fullmatch(following, line):
                line = self.read()
            return re.fullmatch(following, line) is not None
        if not re.fullmatch(to_pattern(text), line):
            raise AssertionError(f'the server should say {text!r}, and says {line!r}')
        return False

    def read(self):
        return self.file.readline().decode().rstrip('\r\n')

    def play(self, text):
        lines = [line for line in text.splitlines() if line]
        seen = False
        for index, line in enumerate(lines):
            if line == '(TLS)':
                self.start_tls()
            elif line.startswith('C:'):
                self.socket.sendall(line[3:].encode() + b'\r\n')
            elif line.startswith('S: ') and not seen:
                following = lines[index + 1] if index + 1 < len(lines) else ''
                seen = self.expect(line[3:], to_pattern(following[3:]))
            elif line.startswith('S: '):
                seen = False
            elif not re.fullmatch(r'\(.*\)', line):
                raise AssertionError(f'neither said by the client nor by the server: {line!r}')


def connect(port, process):
    """A connection to what a process serves, when it has come so far."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            return socket.create_connection(('127.0.0.1', port), PATIENCE)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError('it does not listen')


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


# Running it

class Runner:
    def __init__(self, directory, python=sys.executable, environment=None):
        self.directory = pathlib.Path(directory)
        self.python = python
        self.environment = {**(environment or os.environ), 'PYTHONUNBUFFERED': '1'}
        self.port = free_port()

    def here(self, text):
        """A text of the guide, for this machine and this moment."""
        return text.replace(ADDRESS, f'127.0.0.1:{self.port}')

    def command(self, program, start):
        """How a program is started, whose file is written."""
        suffix = SUFFIXES[program.language]
        name = f'sample.{suffix}'
        if start is not None:
            name = re.search(rf'\b[\w-]+\.{suffix}\b', start.text)[0]
        (self.directory / name).write_text(self.here(program.text))
        if start is not None:
            script = re.sub(r'^python3\b', shlex.quote(self.python), self.here(start.text), flags=re.M)
        else:
            script = {
                'c': f'cc -Wall -Werror -o sample {name} $(pkg-config --cflags --libs smtpd-1.0)\n./sample\n',
                'python': f'{shlex.quote(self.python)} {name}\n',
                'js': f'gjs -m {name}\n',
                'vala': f'valac --pkg gio-2.0 --pkg smtpd-1.0 -X -w -o sample {name}\n./sample\n',
            }[program.language]
        return script

    def run(self, group, program, start):
        """Does with a program what its part of the page says."""
        with open(self.directory / 'output', 'wb') as output, open(self.directory / 'errors', 'wb') as errors:
            process = subprocess.Popen(['sh', '-e', '-c', self.command(program, start)], cwd=self.directory,
                                       env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                                       start_new_session=True)
        try:
            self.use(group, process)
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            raise AssertionError(f'{error}\n{self.printed()}{(self.directory / "errors").read_text()}') from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(PATIENCE)

    def use(self, group, process):
        dialogues, clients = group.dialogues(), group.marked('client')
        for dialogue in dialogues:
            with Dialogue(self.port, process) as client:
                client.play(dialogue.text)
        if clients and not dialogues:
            connect(self.port, process).close()
        for client in clients:
            subprocess.run(['sh', '-e', '-c', self.here(client.text)], cwd=self.directory, check=True,
                           env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        if not dialogues and not clients and process.wait(PATIENCE) != 0:
            raise AssertionError('it fails')
        for output in group.marked('output'):
            self.wait_for_output(self.here(output.text))

    def printed(self):
        return (self.directory / 'output').read_text()

    def wait_for_output(self, text):
        pattern = ''.join(f'^{to_pattern(line)}\r?\n(?:.*\n)*?' for line in text.splitlines())
        end = time.monotonic() + PATIENCE
        while not re.search(pattern, self.printed(), re.M):
            if time.monotonic() > end:
                raise AssertionError(f'it should print\n{text}and prints')
            time.sleep(0.1)
