# SPDX-License-Identifier: LGPL-2.1-or-later

"""gsmtpd behind HAProxy and nginx, beside swaks, and as the next server of a Postfix: who is the client?"""

import http.server
import os
import pathlib
import re
import shutil
import smtplib
import socket
import ssl
import subprocess
import threading
import time
import unittest

from gsmtpd_process import PATIENCE, Gsmtpd, make_folder, run
from postfix_process import Postfix, need_postfix

try:
    import gi

    gi.require_version('Smtpd', '1.0')

    from gi.repository import Smtpd
except (ImportError, ValueError):
    Smtpd = None

HAPROXY = shutil.which('haproxy', path='/usr/sbin:/usr/local/sbin:/usr/bin')
NGINX = shutil.which('nginx', path='/usr/sbin:/usr/local/sbin:/usr/bin')
NGINX_MAIL = pathlib.Path('/usr/lib/nginx/modules/ngx_mail_module.so')
EXAMPLES = pathlib.Path(os.environ.get('SMTPD_EXAMPLES', 'examples'))

MESSAGE = b'Subject: Hello\r\n\r\nHow are you?\r\n'
# Linux has all of 127.0.0.0/8 on its loopback interface.
CLIENT = '127.0.0.5'


def free_ports(n):
    """Ports that nobody has for the moment."""
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(n)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def wait_until(condition, explain=lambda: ''):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(explain())
        time.sleep(0.02)


def can_connect(port):
    try:
        socket.create_connection(('127.0.0.1', port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def unverified():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = make_folder(self)

    def serve(self, *args, **kwargs):
        server = Gsmtpd(*args, **kwargs)
        server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def start(self, *args):
        """Starts a proxy, which writes to a file what goes wrong."""
        log = open(self.directory / 'log', 'wb')
        self.addCleanup(log.close)
        process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.kill)
        return process

    def log(self):
        return (self.directory / 'log').read_text(errors='backslashreplace')

    def send(self, port, smtps=False, source=CLIENT):
        """Sends from an address; the port that this client had."""
        options = {'local_hostname': 'client.example.org', 'timeout': PATIENCE, 'source_address': (source, 0)}
        client = smtplib.SMTP_SSL('127.0.0.1', port, context=unverified(), **options) if smtps \
            else smtplib.SMTP('127.0.0.1', port, **options)
        with client:
            own = client.sock.getsockname()[1]
            client.sendmail('a@example.org', 'b@example.org', MESSAGE)
        return own


@unittest.skipUnless(HAPROXY, 'there is no HAProxy')
class ByHaproxy(Case):
    def start_haproxy(self, config):
        path = self.directory / 'haproxy.cfg'
        path.write_text(config)
        self.start(HAPROXY, '-db', '-f', path)

    def test_example(self):
        """The sample with its three servers, on other ports."""
        servers = [self.serve('--proxy-listen=127.0.0.1:0', '--proxy-smtps-listen=127.0.0.1:0',
                              '--proxy-network=127.0.0.1', '--tls-self-signed', '-d', '-d', listen=())
                   for _ in range(3)]
        smtp, smtps = free_ports(2)
        config = (EXAMPLES / 'haproxy.cfg').read_text()
        config = config.replace('bind :25\n', f'bind 127.0.0.1:{smtp}\n')
        config = config.replace('bind :465\n', f'bind 127.0.0.1:{smtps}\n')
        config = config.replace('inter 5s', 'inter 100ms')
        for i, server in enumerate(servers):
            config = config.replace(f'127.0.0.1:1002{i + 1}', f'127.0.0.1:{server.port(0)}')
            config = config.replace(f'127.0.0.1:1046{i + 1}', f'127.0.0.1:{server.port(1)}')
        self.assertNotRegex(config, r'(?m)^[^#]*127\.0\.0\.1:10')
        self.start_haproxy(config)
        wait_until(lambda: can_connect(smtp), self.log)

        # Its checks have come, and are none of clients.
        wait_until(lambda: all('EHLO haproxy.example.org' in server.errors() for server in servers), self.log)

        ports = {self.send(smtp) for _ in range(6)} | {self.send(smtps, smtps=True) for _ in range(6)}
        outputs = [server.output().decode() for server in servers]
        seen = re.findall(r'^==== Message from (\S+):(\d+) ====$', ''.join(outputs), re.M)
        self.assertEqual(sorted((CLIENT, str(port)) for port in ports), sorted(seen))
        # Each has had its share.
        self.assertTrue(all('==== Message' in output for output in outputs), outputs)

        # One that fails is passed over.
        servers[0].process.kill()
        servers[0].process.wait()
        wait_until(lambda: 'smtp_servers/one is DOWN' in self.log(), self.log)
        for _ in range(4):
            self.send(smtp)

    def relay(self, send):
        server = self.serve('--proxy-listen=127.0.0.1:0', '--proxy-network=127.0.0.1', listen=())
        port, = free_ports(1)
        self.start_haproxy('defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n'
                           f'listen smtp\n  bind 127.0.0.1:{port}\n  server one 127.0.0.1:{server.port()} {send}\n')
        wait_until(lambda: can_connect(port), self.log)
        own = self.send(port)
        self.assertIn(f'==== Message from {CLIENT}:{own} ====\n', server.output().decode())

    def test_v1(self):
        self.relay('send-proxy')

    def test_v2(self):
        self.relay('send-proxy-v2')

    def test_v2_options(self):
        self.relay('send-proxy-v2 proxy-v2-options crc32c,unique-id')

    def test_lmtp(self):
        server = self.serve('--proxy-lmtp-listen=127.0.0.1:0', '--proxy-network=127.0.0.1', listen=())
        port, = free_ports(1)
        self.start_haproxy('defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n'
                           f'listen lmtp\n  bind 127.0.0.1:{port}\n  server one 127.0.0.1:{server.port()} send-proxy\n')
        wait_until(lambda: can_connect(port), self.log)
        with smtplib.LMTP('127.0.0.1', port, source_address=(CLIENT, 0), local_hostname='client.example.org') as client:
            client.sendmail('a@example.org', 'b@example.org', MESSAGE)
        self.assertRegex(server.output().decode(), rf'==== Message from {re.escape(CLIENT)}:\d+ ====')


class Allower(http.server.BaseHTTPRequestHandler):
    """What nginx asks where to send a client, and whether to let it in."""

    def do_GET(self):
        self.server.asked.append(dict(self.headers))
        self.send_response(200)
        self.send_header('Auth-Status', 'OK')
        self.send_header('Auth-Server', '127.0.0.1')
        self.send_header('Auth-Port', str(self.server.backend))
        self.end_headers()

    def log_message(self, *args):
        pass


@unittest.skipUnless(NGINX and NGINX_MAIL.exists(), 'there is no nginx with its mail proxy')
class ByNginx(Case):
    def start_nginx(self, backend):
        allower = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Allower)
        allower.backend, allower.asked = backend, []
        thread = threading.Thread(target=allower.serve_forever)
        thread.start()
        self.addCleanup(allower.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(allower.shutdown)
        port, = free_ports(1)
        (self.directory / 'nginx.conf').write_text(
            f'load_module {NGINX_MAIL};\n'
            f'daemon off; master_process off; pid {self.directory}/pid; error_log stderr;\n'
            'events {}\n'
            'mail {\n'
            '  server_name proxy.example.org;\n'
            f'  auth_http 127.0.0.1:{allower.server_address[1]}/;\n'
            '  server {\n'
            f'    listen 127.0.0.1:{port};\n'
            '    protocol smtp; smtp_auth none; xclient on;\n'
            '  }\n'
            '}\n')
        self.start(NGINX, '-p', self.directory, '-c', self.directory / 'nginx.conf', '-e', 'stderr')
        wait_until(lambda: can_connect(port), self.log)
        return port

    def test_xclient(self):
        server = self.serve('--xclient-network=127.0.0.1', '-d', '-d')
        port = self.start_nginx(server.port())
        self.send(port)
        self.assertRegex(server.output().decode(), rf'==== Message from {re.escape(CLIENT)}(:\d+)? ====\n')
        self.assertIn('XCLIENT ADDR=' + CLIENT, server.errors())

    def test_client_is_none_of_the_proxies(self):
        """Behind XCLIENT, nginx passes on whatever the client says."""
        server = self.serve('--xclient-network=127.0.0.1', '-d', '-d')
        port = self.start_nginx(server.port())
        with smtplib.SMTP('127.0.0.1', port, timeout=PATIENCE, source_address=(CLIENT, 0)) as client:
            client.ehlo('client.example.org')
            client.mail('a@example.org')
            client.rcpt('b@example.org')
            client.rset()
            self.assertEqual(client.docmd('XCLIENT', 'ADDR=127.0.0.1')[0], 550)
            client.sendmail('a@example.org', 'b@example.org', MESSAGE)
        self.assertRegex(server.output().decode(), rf'==== Message from {re.escape(CLIENT)}(:\d+)? ====\n')


@unittest.skipUnless(shutil.which('swaks'), 'swaks is not installed')
class BySwaks(Case):
    def swaks(self, port, *args):
        return subprocess.run(['swaks', '--to', 'b@example.org', '--from', 'a@example.org', '--helo', 'client.example.org',
                               '--server', f'127.0.0.1:{port}', *args], timeout=PATIENCE, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_proxy(self):
        server = self.serve('--proxy-listen=127.0.0.1:0', '--proxy-network=127.0.0.0/8', listen=())
        for version in '1', '2':
            for family, source, destination in (('TCP4', '192.0.2.' + version, '198.51.100.2'),
                                                ('TCP6', '2001:db8::' + version, '2001:db8::ffff')):
                if version == '2':
                    family = {'TCP4': 'AF_INET', 'TCP6': 'AF_INET6'}[family]
                args = ['--proxy-version', version, '--proxy-family', family, '--proxy-source', source,
                        '--proxy-source-port', '1234', '--proxy-dest', destination, '--proxy-dest-port', '25']
                if version == '2':
                    args += ['--proxy-protocol', 'STREAM', '--proxy-command', 'PROXY']
                result = self.swaks(server.port(), *args)
                self.assertEqual(result.returncode, 0, result.stdout)
                host = f'[{source}]' if ':' in source else source
                self.assertIn(f'==== Message from {host}:1234 ====\n', server.output().decode())

    def test_xclient(self):
        server = self.serve('--xclient-network=127.0.0.1')
        result = self.swaks(server.port(), '--xclient-addr', '192.0.2.7', '--xclient-name', 'client.example',
                            '--xclient-login', 'user')
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertRegex(server.output().decode(), r'==== Message from 192\.0\.2\.7(:0)? ====\n')

    def test_strangers(self):
        server = self.serve('--proxy-listen=127.0.0.1:0', '--proxy-network=192.0.2.0/24')
        result = self.swaks(server.port(1), '--proxy-version', '1', '--proxy', 'TCP4 192.0.2.1 198.51.100.2 1 2')
        self.assertNotEqual(result.returncode, 0)
        self.assertNotIn('220 ', result.stdout)
        result = self.swaks(server.port(0), '--xclient', 'ADDR=192.0.2.7')
        self.assertIn('Host did not advertise XCLIENT', result.stdout)


@need_postfix
@unittest.skipUnless(Smtpd, 'there are no bindings')
class ByPostfix(Case):
    OPTIONS = ('''\
smtp_send_xforward_command = yes
smtp_tls_security_level =
mynetworks = 127.0.0.0/8
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
smtpd_client_port_logging = yes
''')

    def test_xforward(self):
        """From a client to Postfix, from there to a server whose hook sees where it has come from."""
        seen = []

        def on_data(server, session, envelope, request):
            client = session.xforward
            seen.append(client and (client.address.get_address().to_string(), client.address.get_port(), client.host_name,
                                    client.protocol, client.ident, client.lookup('SOURCE'),
                                    session.peer.get_address().to_string()))
            request.reply(250, None)
            return Smtpd.Verdict.HANDLED

        server = Smtpd.Server(xforward_networks=['127.0.0.1'])
        server.connect('handle-data', on_data)
        port, = free_ports(1)
        with Smtpd.Controller(server, '127.0.0.1:0') as controller:
            postfix = Postfix(self.directory / 'postfix', int(controller.addresses[0].rpartition(':')[2]), self.OPTIONS)
            with open(postfix.home / 'config/master.cf', 'a') as file:
                file.write(f'127.0.0.1:{port} inet n - n - - smtpd\n')
            with postfix:
                wait_until(lambda: can_connect(port), postfix.log)
                own = self.send(port)
                wait_until(lambda: seen, postfix.log)
                ident, = re.findall(r'(\w+): client=', postfix.log())
        self.assertEqual(seen, [(CLIENT, own, 'client.example.org', 'ESMTP', ident, 'REMOTE', '127.0.0.1')])


class Options(unittest.TestCase):
    def test_bad(self):
        for args in (['--proxy-listen=127.0.0.1:0'], ['--proxy-network=10.0.0.0/33'], ['--xclient-network=localhost'],
                     ['--xforward-network=10.0.0.1/8'], ['--proxy-lmtp-listen=127.0.0.1:0', '--xclient-network=127.0.0.1'],
                     ['--proxy-smtps-listen=127.0.0.1:0', '--proxy-network=127.0.0.1']):
            with self.subTest(args):
                result = run(*args)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, r'network|--tls-cert')
                self.assertEqual(result.stdout, '')

    def test_resolve_peers(self):
        with Gsmtpd('--resolve-peers') as server, server.client() as client:
            self.assertEqual(client.noop()[0], 250)


if __name__ == '__main__':
    unittest.main()
