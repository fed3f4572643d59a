# SPDX-License-Identifier: LGPL-2.1-or-later

"""Those that speak for clients, from Python."""

import socket
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Gio, Smtpd  # noqa: E402

PATIENCE = 20


class Client:
    def __init__(self, controller):
        address = ('127.0.0.1', int(controller.addresses[0].rpartition(':')[2]))
        self.socket = socket.create_connection(address, PATIENCE)
        self.file = self.socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()
        self.socket.close()

    def say(self, octets):
        """The last line of the reply, empty at the end."""
        self.socket.sendall(octets)
        return self.read()

    def read(self):
        while True:
            line = self.file.readline()
            if line[3:4] != b'-':
                return line


def text_of(address):
    return address.to_string() if address is not None else None


class Proxy(unittest.TestCase):
    HEADER = b'PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n'

    def run_server(self, server):
        controller = Smtpd.Controller(server)
        controller.add_address('127.0.0.1:0', Smtpd.ListenerKind.PROXY_SMTP)
        return controller

    def test_signal(self):
        seen = []

        def on_proxy(server, session, envelope, request, info):
            seen.append((envelope, info.version, info.command, text_of(info.source), text_of(info.destination),
                         info.tls, info.lookup_tlv(0x30) or info.dup_tlvs(), session.proxy_info is info, text_of(session.peer),
                         isinstance(session.proxy_peer, Gio.InetSocketAddress)))
            return Smtpd.Verdict.CONTINUE

        server = Smtpd.Server(proxy_networks=['127.0.0.1'])
        server.connect('handle-proxy', on_proxy)
        self.assertEqual(server.proxy_networks, ['127.0.0.1'])
        with self.run_server(server) as controller, Client(controller) as client:
            self.assertTrue(client.say(self.HEADER).startswith(b'220 '))
        self.assertEqual(seen, [(None, 1, Smtpd.ProxyCommand.PROXY, '192.0.2.1:1234', '198.51.100.2:25', False, None,
                                 True, '192.0.2.1:1234', True)])

    def test_raises(self):
        def on_proxy(*args):
            raise RuntimeError('a hook that raises; this is meant to be seen')

        server = Smtpd.Server(proxy_networks=['127.0.0.1'])
        server.connect('handle-proxy', on_proxy)
        with self.run_server(server) as controller, Client(controller) as client:
            self.assertTrue(client.say(self.HEADER).startswith(b'451 '))
            self.assertEqual(client.read(), b'')

    def test_handler(self):
        class Handler(Smtpd.Handler):
            async def do_handle_proxy(self, server, session, envelope, request, info):
                request.reply(554, '5.7.1 not from ' + text_of(info.source))

        server = Smtpd.Server(proxy_networks=['127.0.0.1'])
        server.add_handler(Handler())
        with self.run_server(server) as controller, Client(controller) as client:
            self.assertEqual(client.say(self.HEADER), b'554 5.7.1 not from 192.0.2.1:1234\r\n')

    def test_nobody(self):
        server = Smtpd.Server()
        self.assertEqual(server.proxy_networks, [])
        with self.run_server(server) as controller, Client(controller) as client:
            self.assertEqual(client.read(), b'')

    def test_properties(self):
        server = Smtpd.Server(proxy_timeout=7, resolve_timeout=100, xclient_networks=['unix', '2001:db8::/32'],
                              xforward_networks=['192.0.2.7'])
        self.assertEqual(server.proxy_timeout, 7)
        self.assertEqual(server.resolve_timeout, 100)
        self.assertFalse(server.resolve_peers)
        self.assertEqual(server.xclient_networks, ['unix', '2001:db8::/32'])
        self.assertEqual(server.dup_xforward_networks(), ['192.0.2.7'])
        server.xclient_networks = None
        self.assertEqual(server.xclient_networks, [])


class Forwarded(unittest.TestCase):
    def test_both(self):
        seen = []

        def on_connect(server, session, envelope, request):
            seen.append((text_of(session.peer) if session.xclient else None, session.peer_name))
            return Smtpd.Verdict.CONTINUE

        def on_mail(server, session, envelope, request, address, parameters):
            seen.append((session.xclient.login, session.xclient.lookup('PORT'), session.authenticated,
                         session.xforward))
            return Smtpd.Verdict.CONTINUE

        server = Smtpd.Server(xclient_networks=['127.0.0.1'], xforward_networks=['127.0.0.1', '192.0.2.0/24'])
        server.connect('handle-connect', on_connect)
        server.connect('handle-mail', on_mail)
        with Smtpd.Controller(server, '127.0.0.1:0') as controller, Client(controller) as client:
            self.assertTrue(client.read().startswith(b'220 '))
            self.assertTrue(client.say(b'XCLIENT NAME=a.example ADDR=192.0.2.1 PORT=1 LOGIN=u\r\n').startswith(b'220 '))
            self.assertTrue(client.say(b'EHLO a\r\n').startswith(b'250 '))
            self.assertTrue(client.say(b'XFORWARD IDENT=x ADDR=IPV6:2001:db8::1\r\n').startswith(b'250 '))
            self.assertTrue(client.say(b'MAIL FROM:<a@example.org>\r\n').startswith(b'250 '))
        forwarded = seen[2][3]
        self.assertEqual(seen[:2], [(None, None), ('192.0.2.1:1', 'a.example')])
        self.assertEqual(seen[2][:3], ('u', '1', False))
        self.assertEqual((forwarded.ident, text_of(forwarded.address), forwarded.name), ('x', '2001:db8::1', None))


if __name__ == '__main__':
    unittest.main()
