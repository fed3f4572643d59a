# SPDX-License-Identifier: LGPL-2.1-or-later

"""The class SMTP, of which there is an object for each connection, and what it deals in."""

import asyncio
import base64
import binascii
import contextvars
import inspect
import logging
import re
import socket
import warnings
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Optional

from gi.repository import Gio, Smtpd

from gsmtpd import __version__
from gsmtpd.ssl import tls_context_of

__all__ = ['AuthResult', 'Envelope', 'LoginPassword', 'MISSING', 'SMTP', 'Session', 'TLSSetupException',
           '__version__', 'auth_mechanism', 'syntax']
__ident__ = f'Smtpd {__version__}'

CALL_LIMIT_DEFAULT = 20
DATA_SIZE_DEFAULT = 2 ** 25

log = logging.getLogger('mail.log')


class _Missing:
    def __repr__(self):
        return 'MISSING'

    def __bool__(self):
        return False


MISSING = _Missing()


class TLSSetupException(Exception):
    pass


@dataclass(kw_only=True)
class AuthResult:
    """What an authenticator or an AUTH mechanism has found."""

    success: bool
    handled: bool = True
    message: Optional[str] = None
    auth_data: Any = field(default=None, repr=False)


class LoginPassword(NamedTuple):
    login: bytes
    password: bytes

    def __repr__(self):
        return f'LoginPassword(login={self.login!r}, password=...)'

    __str__ = __repr__


def syntax(text, extended=None, when=None):
    """What HELP says of a command: `extended` to those who said EHLO, and only if the server's
    attribute `when` is true."""
    def decorate(function):
        function.__smtp_syntax__ = text
        function.__smtp_syntax_extended__ = extended
        function.__smtp_syntax_when__ = when
        return function
    return decorate


def auth_mechanism(actual_name):
    """The name of an AUTH mechanism, if it is not that of its method."""
    name = actual_name.upper()
    if not re.fullmatch(r'[A-Z0-9_-]{1,20}', name):
        raise ValueError(f'{actual_name} is no name of an AUTH mechanism')

    def decorate(function):
        function.__auth_mechanism_name__ = name
        return function
    return decorate


def peer_of(address):
    """A socket address as Python's sockets tell it."""
    if isinstance(address, Gio.InetSocketAddress):
        host, port = address.get_address().to_string(), address.get_port()
        if address.get_family() == Gio.SocketFamily.IPV6:
            return host, port, address.get_flowinfo(), address.get_scope_id()
        return host, port
    return '' if address is not None else None


def tls_extras(info):
    """What asyncio would tell of a transport."""
    return {
        'cipher': (info.get_cipher_suite(), info.get_version(), None),
        'compression': None,
        'peercert_der': bytes_of(info.get_peer_certificate_der()),
        'server_name': info.get_server_name(),
        'tls_info': info,
    }


def bytes_of(value):
    return value.get_data() if value is not None else None


def own(name, default=None):
    """An attribute that the library knows, unless the program has set it."""
    def read(self):
        if name in self._own:
            return self._own[name]
        return getattr(self._native, 'get_' + name)() if self._native is not None else default

    def write(self, value):
        self._own[name] = value

    return property(read, write)


class Session:
    """A connection."""

    host_name = own('host_name')
    extended_smtp = own('extended_smtp', False)
    authenticated = own('authenticated')

    def __init__(self, loop):
        self.loop = loop
        self.peer = None
        self.proxy_data = None
        self.auth_data = None
        self.login_data = None
        self._native = None
        self._own = {}

    @property
    def ssl(self):
        """What is known of TLS, None without."""
        info = self._native.get_tls_info() if self._native is not None else None
        return tls_extras(info) if info is not None else None


class Envelope:
    """A message and its way."""

    def __init__(self):
        self.mail_from = None
        self.mail_options = []
        self.smtp_utf8 = False
        self.content = None
        self.original_content = None
        self.rcpt_tos = []
        self.rcpt_options = []


class Exchange:
    """A command that is being answered, and the lines that were pushed for it."""

    current = contextvars.ContextVar('exchange', default=None)

    def __init__(self, request, mechanism=None):
        self.request = request
        self.mechanism = mechanism
        self.lines = []
        self.is_answered = False


# The commands, and the methods of Smtpd.Server that do them.
COMMANDS = {verb: verb.lower() for verb in
            ('HELO', 'EHLO', 'NOOP', 'QUIT', 'STARTTLS', 'AUTH', 'HELP', 'VRFY', 'EXPN', 'MAIL', 'RCPT', 'RSET',
             'DATA')}
COMMANDS['LHLO'] = 'ehlo'


def members(thing, prefix):
    return {name[len(prefix):]: getattr(thing, name) for name in dir(thing)
            if name.startswith(prefix) and callable(getattr(thing, name))}


def is_overridden(method):
    """Whether it is not one of this package."""
    function = getattr(method, '__func__', method)
    return not str(getattr(function, '__module__', None)).startswith('gsmtpd.')


class SMTP:
    """A connection's side of the server.

    The library speaks the protocol. Methods `smtp_NAME` that a subclass has are asked first, and
    have the command done by calling the one of this class."""

    is_lmtp = False
    # Programs may set these two; nothing comes of it.
    command_size_limit = 512
    command_size_limits = {}
    line_length_limit = 1001
    local_part_limit = 0
    AuthLoginUsernameChallenge = 'User Name\x00'
    AuthLoginPasswordChallenge = 'Password\x00'

    def __init__(self, handler, *, data_size_limit=DATA_SIZE_DEFAULT, enable_SMTPUTF8=False, decode_data=False,
                 hostname=None, ident=None, tls_context=None, require_starttls=False, timeout=300,
                 auth_required=False, auth_require_tls=True, auth_exclude_mechanism=None, auth_callback=None,
                 command_call_limit=None, authenticator=None, proxy_protocol_timeout=None, proxy_networks=None,
                 loop=None):
        self.__ident__ = ident or __ident__
        self.event_handler = handler
        self.data_size_limit = data_size_limit
        self.enable_SMTPUTF8 = enable_SMTPUTF8
        self.hostname = hostname or socket.getfqdn()
        self.tls_context = tls_context
        self.require_starttls = tls_context and require_starttls
        self.loop = loop
        self.session = None
        self.envelope = None
        self.transport = None
        self._decode_data = decode_data
        self._timeout_duration = timeout
        self._auth_required = auth_required
        self._auth_require_tls = auth_require_tls
        self._auth_excluded = set(auth_exclude_mechanism or ())
        self._authenticator = authenticator
        self._auth_callback = auth_callback
        self._proxy_timeout = proxy_protocol_timeout
        self._proxy_networks = proxy_networks
        self._auth_result = None
        self._native_server = None
        self._native_envelope = None
        self._lock = asyncio.Lock()
        self._set_call_limit(command_call_limit)
        self._find_methods()
        tls_context_of(tls_context)
        if auth_required and not auth_require_tls:
            warnings.warn('Passwords are sent in clear where TLS is not required')
        if proxy_protocol_timeout is not None and proxy_protocol_timeout <= 0:
            raise ValueError('proxy_protocol_timeout must be > 0')
        if proxy_protocol_timeout is not None and proxy_networks is None:
            raise ValueError('proxy_protocol_timeout needs proxy_networks: the addresses of the proxies, '
                             'who can claim to be anybody')

    def _set_call_limit(self, limit):
        if limit is None:
            self._calls_left, self._call_limit = None, None
            return
        limits = {'*': limit} if isinstance(limit, int) else limit
        if not isinstance(limits, dict) or not all(isinstance(value, int) for value in limits.values()):
            raise TypeError('command_call_limit must be int or Dict[str, int]')
        self._calls_left, self._call_limit = dict(limits), limits.get('*', CALL_LIMIT_DEFAULT)

    def _find_methods(self):
        handler = self.event_handler
        self._smtp_methods = members(self, 'smtp_')
        self._handle_hooks = members(handler, 'handle_')
        self._auth_methods = {}
        for thing in self, handler:
            for name, method in members(thing, 'auth_').items():
                name = getattr(method, '__auth_mechanism_name__', name.replace('__', '-')).upper()
                if name not in self._auth_excluded:
                    self._auth_methods[name] = method
        if 'EHLO' in self._handle_hooks:
            n_arguments = len(inspect.signature(self._handle_hooks['EHLO']).parameters)
            if n_arguments not in (4, 5):
                raise RuntimeError('handle_EHLO() takes 4 or 5 arguments')
            self._ehlo_takes_responses = n_arguments == 5
            if n_arguments == 4:
                warnings.warn('handle_EHLO() with 4 arguments is deprecated', DeprecationWarning)

    def _create_session(self):
        return Session(self.loop)

    def _create_envelope(self):
        return Envelope()

    def _begin(self, server, native, loop):
        """A client has connected."""
        self.loop = loop
        self.transport = native
        self._native_server = server
        self.session = self._create_session()
        self.session.peer = peer_of(native.get_peer())
        self.session._native = native
        self.envelope = self._create_envelope()

    def _use_envelope(self, native):
        """Each transaction has an envelope of its own."""
        if native is not self._native_envelope:
            if self._native_envelope is not None:
                self.envelope = self._create_envelope()
            self._native_envelope = native
        return self.envelope

    def _forget_envelope(self):
        """What was begun is over, as the hook sees it."""
        self.envelope = self._create_envelope()
        self._native_envelope = None

    # Answers

    async def push(self, status):
        """Sends a line to the client: a reply, or with a hyphen behind the code a part of one."""
        text = status.decode('utf-8', 'replace') if isinstance(status, (bytes, bytearray)) else status
        if not isinstance(text, str):
            raise TypeError(f'a reply is str or bytes, not {type(status).__name__}')
        exchange = Exchange.current.get()
        if exchange is None:
            raise RuntimeError('there is no command to answer')
        lines = text.removesuffix('\n').removesuffix('\r').splitlines() or ['']
        exchange.lines += lines
        if lines[-1][3:4] != '-':
            reply = Smtpd.Reply.parse('\n'.join(exchange.lines))
            exchange.lines = []
            exchange.is_answered = True
            if not exchange.request.send_reply(reply):
                log.info('%r was answered already', self.session.peer)

    async def _chain_up(self, verb, argument):
        """Has the library do a command, and waits until it is answered."""
        exchange = Exchange.current.get()
        request = exchange.request
        for line in exchange.lines:
            request.add_line(line[4:])
        exchange.lines = []

        replied = self.loop.create_future()

        def on_replied(request, reply):
            self.loop.call_soon_threadsafe(lambda: replied.done() or replied.set_result(reply))

        handler = request.connect('replied', on_replied)
        method = getattr(Smtpd.Server, 'do_' + COMMANDS[verb])
        method(self._native_server, self.session._native, request, argument or '')
        if request.get_final_reply() is None:
            await replied
        exchange.is_answered = True
        request.disconnect(handler)

    async def _run_command(self, request, method, argument):
        """A command that is not the library's alone. One waits for the one before, which may go
        on when it has answered."""
        async with self._lock:
            Exchange.current.set(Exchange(request))
            return await self._answer_errors(method(argument or None))

    async def _answer_errors(self, awaitable):
        try:
            return await awaitable
        except Exception as error:
            status = await self.handle_exception(error)
            code = str(status)[:3] if status is not None else ''
            if code[:1] not in ('4', '5'):
                raise
            return status

    async def handle_exception(self, error):
        """What is answered to the client; nothing of the exception unless a program says so."""
        hook = self._handle_hooks.get('exception')
        return await hook(error) if hook is not None else None

    async def _call_handler_hook(self, command, *args):
        hook = self._handle_hooks.get(command)
        if hook is None:
            return MISSING
        return await hook(self, self.session, self.envelope, *args)

    async def check_helo_needed(self, helo='HELO'):
        if not self.session.host_name:
            await self.push(f'503 Error: send {helo} first')
            return True
        return False

    async def check_auth_needed(self, caller_method):
        if self._auth_required and not self.session.authenticated:
            await self.push('530 5.7.0 Authentication required')
            return True
        return False

    # Commands

    @syntax('HELO hostname')
    async def smtp_HELO(self, hostname):
        await self._chain_up('HELO', hostname)

    @syntax('EHLO hostname')
    async def smtp_EHLO(self, hostname):
        await self._chain_up('EHLO', hostname)

    @syntax('NOOP [ignored]')
    async def smtp_NOOP(self, arg):
        await self._chain_up('NOOP', arg)

    @syntax('QUIT')
    async def smtp_QUIT(self, arg):
        await self._chain_up('QUIT', arg)

    @syntax('STARTTLS', when='tls_context')
    async def smtp_STARTTLS(self, arg):
        await self._chain_up('STARTTLS', arg)

    @syntax('AUTH <mechanism>')
    async def smtp_AUTH(self, arg):
        await self._chain_up('AUTH', arg)

    @syntax('HELP [command]')
    async def smtp_HELP(self, arg):
        await self._chain_up('HELP', arg)

    @syntax('VRFY <address>')
    async def smtp_VRFY(self, arg):
        await self._chain_up('VRFY', arg)

    @syntax('MAIL FROM: <address>', extended=' [SP <mail-parameters>]')
    async def smtp_MAIL(self, arg):
        await self._chain_up('MAIL', arg)

    @syntax('RCPT TO: <address>', extended=' [SP <mail-parameters>]')
    async def smtp_RCPT(self, arg):
        await self._chain_up('RCPT', arg)

    @syntax('RSET')
    async def smtp_RSET(self, arg):
        await self._chain_up('RSET', arg)

    @syntax('DATA')
    async def smtp_DATA(self, arg):
        """Up to the 354. The message comes later, and is what handle_DATA() is for."""
        await self._chain_up('DATA', arg)

    async def smtp_EXPN(self, arg):
        await self._chain_up('EXPN', arg)

    # What HELP says

    def _syntax_of(self, verb):
        method = self._smtp_methods.get(verb)
        text = getattr(method, '__smtp_syntax__', None)
        when = getattr(method, '__smtp_syntax_when__', None)
        if text is None or (when and not getattr(self, when)):
            return None
        return text + ((method.__smtp_syntax_extended__ or '') if self.session.extended_smtp else '')

    def _help(self, arg):
        text = self._syntax_of(arg.strip().upper()) if arg else None
        if text is not None:
            return f'250 Syntax: {text}'
        verbs = ' '.join(verb for verb in sorted(self._smtp_methods) if self._syntax_of(verb) is not None)
        return f'{501 if arg else 250} Supported commands: {verbs}'

    # AUTH

    async def challenge_auth(self, challenge, encode_to_b64=True, log_client_response=False):
        """Asks the client for more, within a mechanism. Returns its octets; a client that gives up
        ends the mechanism."""
        octets = challenge.encode() if isinstance(challenge, str) else bytes(challenge)
        if not encode_to_b64:
            octets = base64.b64decode(octets)
        return await Exchange.current.get().mechanism.challenge(octets)

    async def _authenticate(self, mechanism, auth_data):
        """Asks the program. An answer that comes later is waited for, and is no yes by itself."""
        if self._authenticator is not None:
            result = self._authenticator(self, self.session, self.envelope, mechanism, auth_data)
            if inspect.isawaitable(result):
                result = await result
            if not isinstance(result, AuthResult):
                raise TypeError('an authenticator returns an AuthResult')
            return result
        if self._auth_callback is None:
            return AuthResult(success=False, handled=False)
        result = self._auth_callback(mechanism, *auth_data)
        if inspect.isawaitable(result):
            result = await result
        return AuthResult(success=bool(result), handled=False, auth_data=auth_data if result else None)

    async def auth_PLAIN(self, _, args):
        octets = base64.b64decode(args[1], validate=True) if len(args) > 1 else await self.challenge_auth('')
        parts = octets.split(b'\0')
        if len(parts) != 3:
            return AuthResult(success=False, handled=False, message='501 5.5.2 This is not what PLAIN sends')
        return await self._authenticate('PLAIN', LoginPassword(*parts[1:]))

    async def auth_LOGIN(self, _, args):
        if len(args) > 1:
            try:
                login = base64.b64decode(args[1], validate=True)
            except binascii.Error:
                return AuthResult(success=False, handled=False, message='501 5.5.2 This is not base64')
        else:
            login = await self.challenge_auth(self.AuthLoginUsernameChallenge)
        password = await self.challenge_auth(self.AuthLoginPasswordChallenge)
        return await self._authenticate('LOGIN', LoginPassword(login, password))
