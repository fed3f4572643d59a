# SPDX-License-Identifier: LGPL-2.1-or-later

"""What type checkers read: that it is all there, and that they find what is wrong."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

TYPINGS = pathlib.Path(os.environ['SMTPD_BUILD']) / 'introspection'
PATIENCE = 100

PYTHON = '''
from gi.repository import Smtpd


class Server(Smtpd.Server):
    async def do_rset(self, session: Smtpd.Session, request: Smtpd.Request, argument: str) -> str:
        await Smtpd.sleep(1)
        return '250 OK'


def run(server: Smtpd.Server, request: Smtpd.Request) -> None:
    server.add_command('PING', lambda server, session, request, argument: (250, 'OK'))
    server.hostname = 'mx.example'
    request.reply(550, None)
    reply = Smtpd.Reply.parse('250 OK')
    code: int = reply.code + reply.get_code()
    with Smtpd.Controller(server, '127.0.0.1:0') as controller:
        port: int = controller.port
'''
PYTHON_WRONG = ['server.hostname = 5', "request.reply('550', None)", "code: str = reply.code",
                "server.add_command('PING', lambda server, session, request, argument: 5.5)"]

TYPESCRIPT = '''
import Smtpd from 'gi://Smtpd?version=1.0';

class Server extends Smtpd.Server {
    async vfunc_rset(session: Smtpd.Session, request: Smtpd.Request, argument: string) {
        return '250 OK';
    }
}

const server = new Server({hostname: 'mx.example'});
server.connect('handle-rcpt', async (_server, session, envelope, request, address, parameters) => {
    const domain: string | null = address.get_domain();
    for (const [keyword, value] of parameters)
        print(keyword, value);
    return domain === null ? [550, '5.1.1 No'] : Smtpd.Verdict.CONTINUE;
});
server.add_command('PING', () => '259 OK');
const port: string = server.dup_listen_addresses()[0];
'''
TYPESCRIPT_WRONG = ['server.hostname = 5;', 'server.nonsense();', "server.add_command('PING', () => true);",
                    'const number: number = server.hostname;']

# As much of what this is built on as is needed to check it.
OTHERS = '''
declare function print(...what: unknown[]): void;
declare module 'gi://Gio' {
    namespace Gio {
        type AsyncReadyCallback = unknown; type AsyncResult = unknown; type Cancellable = unknown; type InputStream = unknown; type IOStream = unknown; type OutputStream = unknown;
        type SocketAddress = unknown; type TlsCertificate = unknown;
        class SocketService {}
    }
    export default Gio;
}
declare module 'gi://GLib' {
    namespace GLib { type Bytes = unknown; type DateTime = unknown; type Variant = unknown; type Error = unknown; type MainContext = unknown; }
    export default GLib;
}
declare module 'gi://GObject' {
    namespace GObject { type GType = unknown; class Object {} }
    export default GObject;
}
'''


class Typings(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_checker(self, *command):
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, timeout=PATIENCE,
                              env={**os.environ, 'MYPYPATH': str(self.directory / 'stubs')})
        return done.stdout + done.stderr

    def test_complete(self):
        """Every class, method and enumeration that there is has a line in both."""
        core = '{http://www.gtk.org/introspection/core/1.0}'
        namespace = ElementTree.parse(os.environ['SMTPD_GIR']).getroot().find(core + 'namespace')
        named = []
        for element in namespace:
            name = element.get('name', '')
            if element.tag in (core + 'class', core + 'enumeration', core + 'bitfield'):
                named.append((r'(class|enum) {}\b', name))
            if element.tag == core + 'class':
                named += [(r'\b{}\(', member.get('name')) for member in element
                          if member.tag in (core + 'method', core + 'constructor')
                          and member.get('introspectable') != '0']
        self.assertGreater(len(named), 200)
        for file in 'Smtpd.pyi', 'smtpd-1.0.d.ts':
            text = (TYPINGS / file).read_text()
            missing = [name for pattern, name in named if not re.search(pattern.format(name), text)]
            self.assertEqual(missing, [])

    @unittest.skipUnless(shutil.which('mypy'), 'there is no mypy')
    def test_python(self):
        self.write('stubs/gi/__init__.pyi', '')
        self.write('stubs/gi/repository/__init__.pyi', 'from typing import Any\nGLib: Any\nGio: Any\nGObject: Any\n')
        self.write('stubs/gi/repository/Smtpd.pyi', (TYPINGS / 'Smtpd.pyi').read_text())
        wrong = ''.join(f'    {line}\n' for line in PYTHON_WRONG)
        self.write('good.py', PYTHON)
        self.write('bad.py', PYTHON + wrong)
        self.assertEqual(self.run_checker('mypy', 'good.py').splitlines()[-1],
                         'Success: no issues found in 1 source file')
        found = self.run_checker('mypy', '--allow-redefinition', 'bad.py')
        lines = {int(n) for n in re.findall(r'^bad.py:(\d+): error', found, re.M)}
        first = len(PYTHON.splitlines()) + 1
        self.assertEqual(lines, set(range(first, first + len(PYTHON_WRONG))), found)

    @unittest.skipUnless(shutil.which('tsc'), 'there is no TypeScript')
    def test_typescript(self):
        shutil.copy(TYPINGS / 'smtpd-1.0.d.ts', self.directory)
        self.write('others.d.ts', OTHERS)
        self.write('good.ts', TYPESCRIPT)
        self.write('bad.ts', TYPESCRIPT + '\n'.join(TYPESCRIPT_WRONG))
        options = {'noEmit': True, 'strict': True, 'target': 'es2021', 'module': 'es2022', 'moduleResolution': 'node',
                   'allowSyntheticDefaultImports': True, 'types': []}
        for name in 'good', 'bad':
            self.write(f'{name}.json', json.dumps({
                'compilerOptions': options, 'files': ['smtpd-1.0.d.ts', 'others.d.ts', f'{name}.ts']}))
        self.maxDiff = None
        self.assertEqual(self.run_checker('tsc', '-p', 'good.json'), '')
        found = self.run_checker('tsc', '-p', 'bad.json')
        lines = {int(n) for n in re.findall(r'^bad.ts\((\d+),', found, re.M)}
        first = len(TYPESCRIPT.splitlines()) + 1
        self.assertEqual(lines, set(range(first, first + len(TYPESCRIPT_WRONG))), found)


if __name__ == '__main__':
    unittest.main()
