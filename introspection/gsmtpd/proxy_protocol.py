# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a proxy says of its client, as handle_PROXY() is told."""

import ipaddress
from enum import IntEnum

from gi.repository import Gio


class AF(IntEnum):
    UNSPEC = 0
    INET = 1
    INET6 = 2
    UNIX = 3


class PROTO(IntEnum):
    UNSPEC = 0
    STREAM = 1
    DGRAM = 2


class V2_CMD(IntEnum):
    LOCAL = 0
    PROXY = 1


def split(address):
    """The address and port of a socket address."""
    if isinstance(address, Gio.InetSocketAddress):
        return ipaddress.ip_address(address.get_address().to_string()), address.get_port()
    if isinstance(address, Gio.UnixSocketAddress):
        return address.get_path(), None
    return None, None


class ProxyTLV:
    """What else the header says: values by their numbers, and those with names as attributes."""

    TYPES = {'ALPN': 0x01, 'AUTHORITY': 0x02, 'CRC32C': 0x03, 'NOOP': 0x04, 'UNIQUE_ID': 0x05, 'SSL': 0x20,
             'NETNS': 0x30}
    TLS_TYPES = {'SSL_VERSION': 0x21, 'SSL_CN': 0x22, 'SSL_CIPHER': 0x23, 'SSL_SIG_ALG': 0x24, 'SSL_KEY_ALG': 0x25}

    def __init__(self, info):
        self._info = info

    def get(self, name, default=None):
        if name in self.TLS_TYPES:
            value = self._info.lookup_tls_tlv(self.TLS_TYPES[name])
        else:
            value = self._info.lookup_tlv(self.TYPES.get(name, name))
        return value.get_data() if value is not None else default

    __getitem__ = get

    def __getattr__(self, name):
        if name in self.TYPES or name in self.TLS_TYPES:
            return self.get(name)
        raise AttributeError(name)


class ProxyData:
    """A header that was read, and that is right: a wrong one ends the connection unseen."""

    error = ''
    valid = True

    def __init__(self, *, info=None, version=None):
        self.version = info.get_version() if info is not None else version
        self.command = V2_CMD(int(info.get_command())) if info is not None else None
        self.src_addr, self.src_port = split(info.get_source() if info is not None else None)
        self.dst_addr, self.dst_port = split(info.get_destination() if info is not None else None)
        self.tlv = ProxyTLV(info) if info is not None else None
        self.protocol = PROTO.STREAM if self.src_addr is not None else PROTO.UNSPEC

    @property
    def family(self):
        if self.src_addr is None:
            return AF.UNSPEC
        if isinstance(self.src_addr, str):
            return AF.UNIX
        return AF.INET if self.src_addr.version == 4 else AF.INET6

    def __bool__(self):
        return self.valid

    def __repr__(self):
        return f'ProxyData(version={self.version}, src_addr={self.src_addr}, src_port={self.src_port})'
