# SPDX-License-Identifier: LGPL-2.1-or-later

"""The package gsmtpd behind proxies, and beside aiosmtpd behind the same ones."""

import ipaddress
import socket
import struct
import unittest
import warnings

import gsmtpd.controller
import gsmtpd.proxy_protocol
from gsmtpd.handlers import Sink
from gsmtpd.proxy_protocol import AF, PROTO, V2_CMD, MalformedTLV, ProxyTLV, UnknownTypeTLV

try:
    import aiosmtpd.controller
    import aiosmtpd.proxy_protocol
except ImportError:
    aiosmtpd = None

PATIENCE = 30
SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'
ADDRESSES = socket.inet_aton('192.0.2.1') + socket.inet_aton('198.51.100.2') + struct.pack('!HH', 1234, 25)


def tlv(kind, value):
    return struct.pack('!BH', kind, len(value)) + value


def version_2(command, family, octets):
    return SIGNATURE + struct.pack('!BBH', 0x20 | command, family, len(octets)) + octets


TLVS = tlv(0x02, b'mx.example') + tlv(0xe0, b'own') + tlv(0x20, b'\1\0\0\0\0' + tlv(0x21, b'TLSv1.3') + tlv(0x22, b'joe'))
SIX = b''.join(socket.inet_pton(socket.AF_INET6, address) for address in ('2001:db8::1', '2001:db8::2'))

HEADERS = {
    'version 1': b'PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n',
    'version 1, IPv6': b'PROXY TCP6 2001:db8::1 2001:db8::2 1234 25\r\n',
    'version 1, unknown': b'PROXY UNKNOWN\r\n',
    'version 2': version_2(1, 0x11, ADDRESSES),
    'version 2, IPv6': version_2(1, 0x21, SIX + struct.pack('!HH', 1, 2)),
    'version 2, more': version_2(1, 0x11, ADDRESSES + TLVS),
    'version 2, local': version_2(0, 0x00, b''),
}

WRONG = {
    'another protocol': b'EHLO me\r\n',
    'no address': b'PROXY TCP4 192.0.2.x 198.51.100.2 1234 25\r\n',
    'too many ports': b'PROXY TCP4 192.0.2.1 198.51.100.2 1234 25 26\r\n',
    'no version': SIGNATURE + struct.pack('!BBH', 0x31, 0x11, 12) + ADDRESSES,
    'too short': version_2(1, 0x11, ADDRESSES[:8]),
}

ATTRIBUTES = ('version', 'command', 'family', 'protocol', 'src_addr', 'dst_addr', 'src_port', 'dst_port', 'rest', 'error',
              'valid', 'tlv')


class Handler(Sink):
    """Says yes to what the test likes."""

    def __init__(self, answer=True):
        self.answer = answer
        self.seen = []

    async def handle_PROXY(self, server, session, envelope, proxy_data):
        assert session.proxy_data is proxy_data
        self.seen.append((proxy_data, session.peer))
        return self.answer


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Proxies(unittest.TestCase):

    def serve(self, handler, package=gsmtpd, **kwargs):
        kwargs = {'proxy_protocol_timeout': PATIENCE, **kwargs}
        if package is gsmtpd:
            kwargs.setdefault('proxy_networks', ['127.0.0.1'])
        controller = package.controller.Controller(handler, '127.0.0.1', free_port(), ready_timeout=PATIENCE, **kwargs)
        controller.start()
        self.addCleanup(controller.stop)
        return controller

    def say(self, controller, header):
        """What the server says first, and to a NOOP then."""
        with socket.create_connection(('127.0.0.1', controller.port), PATIENCE) as sock, sock.makefile('rb') as file:
            codes = [b'', b'']
            try:
                sock.sendall(header)
                codes[0] = file.readline()[:3]
                if codes[0]:
                    sock.sendall(b'NOOP\r\n')
                codes[1] = file.readline()[:3]
            except ConnectionError:
                pass
            return tuple(codes)

    def test_headers(self):
        handler = Handler()
        controller = self.serve(handler)
        for name, header in HEADERS.items():
            with self.subTest(name):
                self.assertEqual(self.say(controller, header), (b'220', b'250'))
        data, peer = handler.seen[0]
        self.assertEqual((data.version, data.command, data.family, data.protocol), (1, None, AF.INET, PROTO.STREAM))
        self.assertEqual((data.src_addr, data.src_port), (ipaddress.ip_address('192.0.2.1'), 1234))
        self.assertEqual((data.dst_addr, data.dst_port), (ipaddress.ip_address('198.51.100.2'), 25))
        self.assertEqual(peer, ('192.0.2.1', 1234))
        self.assertTrue(data)
        self.assertTrue(data.same_attribs(version=1, src_port=1234))
        self.assertFalse(data.same_attribs(version=2))
        with self.assertRaises(KeyError):
            data.same_attribs(_raises=True, nothing=1)
        data, peer = handler.seen[-1]
        self.assertEqual((data.command, data.src_addr, peer[0]), (V2_CMD.LOCAL, None, '127.0.0.1'))

    def test_values(self):
        handler = Handler()
        self.say(self.serve(handler), HEADERS['version 2, more'])
        values = handler.seen[0][0].tlv
        self.assertEqual(values, {'AUTHORITY': b'mx.example', 'xE0': b'own', 'SSL': True, 'SSL_CLIENT': 1, 'SSL_VERIFY': 0,
                                  'SSL_VERSION': b'TLSv1.3', 'SSL_CN': b'joe'})
        self.assertEqual((values.AUTHORITY, values.SSL_CN, values.ALPN), (b'mx.example', b'joe', None))
        self.assertTrue(values.same_attribs(SSL=True))

    def test_parse(self):
        self.assertIsNone(ProxyTLV.from_raw(b''))
        self.assertEqual(ProxyTLV.name_to_num('NETNS'), 0x30)
        self.assertEqual(ProxyTLV.parse(tlv(4, b'') + b'\1\0')[0], {'NOOP': b''})
        for octets in b'\1', b'\1\0', b'\1\0\1', tlv(0x20, b'\1'), tlv(0x20, b'\1\0\0\0\0\1'):
            with self.subTest(octets), self.assertRaises(MalformedTLV):
                ProxyTLV.from_raw(octets)
        with self.assertRaises(UnknownTypeTLV):
            ProxyTLV.from_raw(tlv(0xe0, b''), strict=True)

    def test_wrong(self):
        handler = Handler()
        controller = self.serve(handler)
        for name, header in WRONG.items():
            with self.subTest(name):
                self.assertEqual(self.say(controller, header), (b'', b''))
        self.assertEqual(handler.seen, [])

    def test_too_late(self):
        controller = self.serve(Handler(), proxy_protocol_timeout=0.5)
        self.assertEqual(self.say(controller, b'PROXY '), (b'', b''))

    def test_refused(self):
        for answer in False, None, 0, '':
            with self.subTest(answer):
                self.assertEqual(self.say(self.serve(Handler(answer)), HEADERS['version 1']), (b'554', b''))

    def test_without_a_hook(self):
        self.assertEqual(self.say(self.serve(Sink()), HEADERS['version 1'])[0], b'554')

    def test_raises(self):
        class Failing(Sink):
            async def handle_PROXY(self, server, session, envelope, proxy_data):
                raise ValueError('secret')

        self.assertEqual(self.say(self.serve(Failing()), HEADERS['version 1']), (b'451', b''))

    def test_networks(self):
        """Nobody is believed who is not named, this machine included."""
        for networks in [], ['192.0.2.0/24']:
            handler = Handler()
            with self.subTest(networks):
                self.assertEqual(self.say(self.serve(handler, proxy_networks=networks), HEADERS['version 1']), (b'', b''))
                self.assertEqual(handler.seen, [])
        with self.assertRaises(ValueError):
            self.serve(Handler(), proxy_networks=None)
        with self.assertRaises(ValueError):
            self.serve(Handler(), proxy_protocol_timeout=0)

    def test_not_asked_for(self):
        handler = Handler()
        controller = self.serve(handler, proxy_protocol_timeout=None, proxy_networks=None)
        self.assertEqual(self.say(controller, HEADERS['version 1'])[0], b'220')
        self.assertEqual(handler.seen, [])

    @unittest.skipIf(aiosmtpd is None, 'there is no aiosmtpd')
    def test_same(self):
        ours, theirs = Handler(), Handler()
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            controllers = [self.serve(ours), self.serve(theirs, aiosmtpd)]
        # When it starts, the other one has connected to itself.
        theirs.seen.clear()
        for name, header in {**HEADERS, **WRONG}.items():
            with self.subTest(name):
                self.assertEqual(self.say(controllers[0], header), self.say(controllers[1], header))
        for name, (our, _), (their, _) in zip(HEADERS, ours.seen, theirs.seen, strict=True):
            for attribute in ATTRIBUTES:
                with self.subTest(f'{name}: {attribute}'):
                    self.assertEqual(getattr(our, attribute), getattr(their, attribute))


if __name__ == '__main__':
    unittest.main()
