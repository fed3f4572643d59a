# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a proxy says of its client, as handle_PROXY() is told."""

import ipaddress
from enum import IntEnum

from gi.repository import Gio

__all__ = ['AF', 'MalformedTLV', 'PROTO', 'ProxyData', 'ProxyTLV', 'UnknownTypeTLV', 'V2_CMD']

NOT_FOUND = object()


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


class MalformedTLV(RuntimeError):
    """Values that end before they should."""


class UnknownTypeTLV(KeyError):
    """A value that has no name."""


def matches(get, expected, raises):
    """Whether there are such attributes, and with these values; or an error that says which is not."""
    for name, value in expected.items():
        found = get(name)
        if found is NOT_FOUND and raises:
            raise KeyError(f'notfound:{name}')
        if found != value and raises:
            raise ValueError(f'mismatch:{name} actual={found!r} expect={value!r}')
        if found != value:
            return False
    return True


class ProxyTLV(dict):
    """What else the header says: values by their names, which are attributes, too; None if there is none."""

    PP2_TYPENAME = {0x01: 'ALPN', 0x02: 'AUTHORITY', 0x03: 'CRC32C', 0x04: 'NOOP', 0x05: 'UNIQUE_ID', 0x20: 'SSL',
                    0x21: 'SSL_VERSION', 0x22: 'SSL_CN', 0x23: 'SSL_CIPHER', 0x24: 'SSL_SIG_ALG',
                    0x25: 'SSL_KEY_ALG', 0x30: 'NETNS'}

    def __init__(self, *args, _tlv_loc=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.tlv_loc = _tlv_loc or {}

    def __getattr__(self, name):
        return self.get(name)

    def same_attribs(self, _raises=False, **expected):
        return matches(lambda name: self.get(name, NOT_FOUND), expected, _raises)

    @classmethod
    def parse(cls, data, partial_ok=True, strict=False):
        """The values, and where they begin; with `partial_ok` those before one that is wrong."""
        values, places = {}, {}
        try:
            cls._parse(bytes(data), 0, strict, values, places)
        except MalformedTLV:
            if not partial_ok:
                raise
        return values, places

    @classmethod
    def _parse(cls, data, begin, strict, values, places):
        at = 0
        while at < len(data):
            kind, value = data[at], data[at + 3:at + 3 + int.from_bytes(data[at + 1:at + 3], 'big')]
            end = at + 3 + int.from_bytes(data[at + 1:at + 3], 'big')
            if len(data) < at + 3 or len(data) < end:
                raise MalformedTLV(f'TLV 0x{kind:02X} is malformed')
            if strict and kind not in cls.PP2_TYPENAME:
                raise UnknownTypeTLV(f'x{kind:02X}')
            name = cls.PP2_TYPENAME.get(kind, f'x{kind:02X}')
            places[name] = begin + at
            if name == 'SSL':
                cls._parse_ssl(value, begin + at + 3, strict, values, places)
            else:
                values[name] = value
            at = end

    @classmethod
    def _parse_ssl(cls, value, begin, strict, values, places):
        """What the client and the proxy have of TLS: flags, a verdict, and values of its own."""
        if len(value) < 5:
            raise MalformedTLV('TLV 0x20 is malformed')
        values.update(SSL_CLIENT=value[0], SSL_VERIFY=int.from_bytes(value[1:5], 'big'), SSL=False)
        cls._parse(value[5:], begin + 5, strict, values, places)
        values['SSL'] = True

    @classmethod
    def from_raw(cls, raw, strict=False):
        if not raw:
            return None
        values, places = cls.parse(raw, partial_ok=False, strict=strict)
        return cls(values, _tlv_loc=places)

    @classmethod
    def name_to_num(cls, name):
        return {value: kind for kind, value in cls.PP2_TYPENAME.items()}.get(name)


class ProxyData:
    """A header that was read, and that is right: a wrong one ends the connection unseen."""

    error = ''
    valid = True

    def __init__(self, *, version=None, info=None):
        self.version = info.get_version() if info is not None else version
        self.command = V2_CMD(int(info.get_command())) if self.version == 2 and info is not None else None
        self.src_addr, self.src_port = split(info.get_source() if info is not None else None)
        self.dst_addr, self.dst_port = split(info.get_destination() if info is not None else None)
        tlvs = info.dup_tlvs() if info is not None else None
        self.rest = tlvs.get_data() if tlvs is not None else b''
        self.protocol = PROTO.STREAM if self.src_addr is not None else PROTO.UNSPEC

    @property
    def family(self):
        if self.src_addr is None:
            return AF.UNSPEC
        if isinstance(self.src_addr, str):
            return AF.UNIX
        return AF.INET if self.src_addr.version == 4 else AF.INET6

    @property
    def tlv(self):
        return ProxyTLV.from_raw(self.rest)

    def same_attribs(self, _raises=False, **expected):
        return matches(lambda name: getattr(self, name, NOT_FOUND), expected, _raises)

    def __bool__(self):
        return self.valid

    def __repr__(self):
        return f'ProxyData(version={self.version}, src_addr={self.src_addr}, src_port={self.src_port})'
