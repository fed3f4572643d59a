# SPDX-License-Identifier: LGPL-2.1-or-later

"""Python's ssl, with contexts that tell a server of this library what they were told.

Python's own contexts do not tell where their certificates came from, and TLS is GnuTLS's here.
"""

import ssl
from ssl import *  # noqa: F401, F403
from ssl import CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED, Purpose

from gi.repository import Smtpd


class SSLContext(ssl.SSLContext):
    """A context for a server."""

    def __new__(cls, protocol=ssl.PROTOCOL_TLS_SERVER, *args, **kwargs):
        self = super().__new__(cls, protocol, *args, **kwargs)
        self.chains = []
        self.ca_file = None
        return self

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        if password is not None:
            raise ValueError('keys that are encrypted are not supported')
        super().load_cert_chain(certfile, keyfile)
        self.chains.append((str(certfile), str(keyfile or certfile)))

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        if capath is not None or cadata is not None:
            raise ValueError('certificates of authorities are in a file here: cafile')
        super().load_verify_locations(cafile)
        self.ca_file = str(cafile)

    def make_tls_context(self):
        if not self.chains:
            raise ValueError('there is no certificate: call load_cert_chain()')
        context = Smtpd.TlsContext.new(*self.chains[0])
        for chain in self.chains[1:]:
            context.add_certificate(*chain)
        if self.verify_mode != CERT_NONE:
            certificates = {CERT_OPTIONAL: Smtpd.ClientCertificates.REQUESTED,
                            CERT_REQUIRED: Smtpd.ClientCertificates.REQUIRED}
            context.client_certificates = certificates[self.verify_mode]
            context.ca_file = self.ca_file
            context.reload()
        return context


def create_default_context(purpose=Purpose.SERVER_AUTH, *, cafile=None, capath=None, cadata=None):
    """As ssl.create_default_context(): a context for a server if the purpose is CLIENT_AUTH."""
    if purpose != Purpose.CLIENT_AUTH:
        return ssl.create_default_context(purpose, cafile=cafile, capath=capath, cadata=cadata)
    context = SSLContext()
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def tls_context_of(context):
    """The library's context of what a program gives as one."""
    if context is None or isinstance(context, Smtpd.TlsContext):
        return context
    if isinstance(context, SSLContext):
        return context.make_tls_context()
    raise TypeError('a context of the module ssl does not tell its certificates: '
                    'make it with "from gsmtpd import ssl"')
