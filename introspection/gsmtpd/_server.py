# SPDX-License-Identifier: LGPL-2.1-or-later

"""Between a server of the library and the SMTP objects of its connections."""

import base64
import functools
import logging
import math

from gi.repository import GLib, Smtpd

from gsmtpd.proxy_protocol import ProxyData
from gsmtpd.smtp import COMMANDS, MISSING, SMTP, AuthResult, Exchange, LoginPassword, is_overridden
from gsmtpd.ssl import tls_context_of

log = logging.getLogger('mail.log')

SUCCESS = '235 2.7.0 Authentication successful'
INVALID = '535 5.7.8 Authentication credentials invalid'
FRESH = ('HELO', 'RSET')
UPPER = ('SIZE', 'BODY', 'SMTPUTF8')
PASSWORDS = ('PLAIN', 'LOGIN')
LOGIN_CHALLENGES = ('AuthLoginUsernameChallenge', 'AuthLoginPasswordChallenge')


def smtp_of(server, native):
    """The object of a connection, made when it is first asked for something."""
    smtp = getattr(native, 'smtp', None)
    if smtp is None:
        smtp = native.smtp = server.make(server, native)
    return smtp


def options_of(parameters):
    """As aiosmtpd has them, in capitals; but not the values in which letters differ by case."""
    options = []
    for option in parameters.to_strv():
        keyword, equals, value = option.partition('=')
        keyword = keyword.upper()
        options.append(keyword + equals + (value.upper() if keyword in UPPER else value))
    return options


def path_of(address):
    return str(address) or '<>'


def status_of(status):
    """What a hook has returned, for the library; nothing is no answer."""
    if status is MISSING:
        return Smtpd.Verdict.CONTINUE
    if isinstance(status, (bytes, bytearray)):
        status = status.decode('utf-8', 'replace')
    if status is not None and not isinstance(status, str):
        raise TypeError(f'{type(status).__name__} is nothing that a hook can answer')
    exchange = Exchange.current.get()
    if exchange.lines and status is not None:
        status = '\n'.join([*exchange.lines, status])
        exchange.lines = []
    return status


def succeeds(status):
    return status is MISSING or str(status)[:1] == '2'


# Hooks

async def call(smtp, request, name, *args):
    """Calls a hook of the handler's; its exception is answered."""
    Exchange.current.set(Exchange(request))
    return await smtp._answer_errors(smtp._call_handler_hook(name, *args))


async def simple(name, server, session, envelope, request, *args):
    smtp = smtp_of(server, session)
    if name in FRESH:
        smtp._forget_envelope()
    else:
        smtp._use_envelope(envelope)
    return status_of(await call(smtp, request, name, *args))


def on_connect(server, session, envelope, request):
    smtp_of(server, session)
    return Smtpd.Verdict.CONTINUE


async def on_noop(server, session, envelope, request, argument):
    return await simple('NOOP', server, session, envelope, request, argument or None)


async def on_vrfy(server, session, envelope, request, argument):
    smtp = smtp_of(server, session)
    return status_of(await call(smtp, request, 'VRFY', argument.strip().removeprefix('<').removesuffix('>')))


async def on_ehlo(server, session, envelope, request, host_name):
    smtp = smtp_of(server, session)
    smtp._forget_envelope()
    smtp.session.extended_smtp = True
    lines = request.dup_lines()
    if not smtp._ehlo_takes_responses:
        status = await call(smtp, request, 'EHLO', host_name)
        exchange = Exchange.current.get()
        answers = [f'250-{line}' for line in lines] + exchange.lines + [status]
        exchange.lines = []
    else:
        responses = [f'250-{line}' for line in lines[:-1]] + [f'250 {lines[-1]}']
        answers = await call(smtp, request, 'EHLO', host_name, responses)
    if isinstance(answers, list):
        # The hook need not see to which line is the last one.
        answers = [answer if isinstance(answer, str) else answer.decode() for answer in answers]
        answers = '\n'.join([f'{line[:3]}-{line[4:]}' for line in answers[:-1]]
                            + [f'{answers[-1][:3]} {answers[-1][4:]}'])
    return answers


async def on_mail(server, session, envelope, request, address, parameters):
    smtp = smtp_of(server, session)
    mine = smtp._use_envelope(envelope)
    options = options_of(parameters)
    mine.smtp_utf8 = 'SMTPUTF8' in options
    status = await call(smtp, request, 'MAIL', path_of(address), options)
    if succeeds(status):
        if mine.mail_from is None:
            mine.mail_from = path_of(address)
        mine.mail_options = mine.mail_options or options
        rewrite(request, mine.mail_from)
    return status_of(status)


async def on_rcpt(server, session, envelope, request, address, parameters):
    smtp = smtp_of(server, session)
    mine = smtp._use_envelope(envelope)
    fill_in_sender(smtp, mine, envelope)
    options = options_of(parameters)
    n_recipients, n_options = len(mine.rcpt_tos), len(mine.rcpt_options)
    status = await call(smtp, request, 'RCPT', str(address), options)
    if succeeds(status):
        if len(mine.rcpt_tos) == n_recipients:
            mine.rcpt_tos.append(str(address))
        if len(mine.rcpt_options) == n_options:
            mine.rcpt_options.extend(options)
        rewrite(request, mine.rcpt_tos[-1])
    return status_of(status)


def rewrite(request, text):
    """The library's own handlers get what a hook has made of an address."""
    if text == path_of(request.get_address()):
        return
    try:
        request.set_address(Smtpd.Address.new('' if text == '<>' else text))
    except (GLib.Error, TypeError):
        log.warning('a hook has put in place of an address what is none')


def fill_in_sender(smtp, mine, envelope):
    if mine.mail_from is None and envelope is not None:
        mine.mail_from = path_of(envelope.get_reverse_path())
        mine.mail_options = options_of(envelope.get_mail_parameters())
        mine.smtp_utf8 = envelope.get_smtputf8()


async def on_data(server, session, envelope, request):
    smtp = smtp_of(server, session)
    mine = smtp._use_envelope(envelope)
    fill_in_sender(smtp, mine, envelope)
    if 'RCPT' not in smtp._handle_hooks or not mine.rcpt_tos:
        mine.rcpt_tos = envelope.dup_rcpt_tos()
        mine.rcpt_options = [option for recipient in envelope.get_recipients()
                             for option in options_of(recipient.get_parameters())]
    mine.original_content = mine.content = envelope.content
    if smtp._decode_data:
        try:
            mine.content = decode(smtp, mine.content)
        except UnicodeDecodeError:
            return '500 Error: strict ASCII mode'
    if 'DATA' in smtp._handle_hooks:
        return status_of(await call(smtp, request, 'DATA'))
    if hasattr(smtp.event_handler, 'process_message'):
        Exchange.current.set(Exchange(request))
        return status_of(await smtp._answer_errors(process_message(smtp, mine)))
    return Smtpd.Verdict.CONTINUE


def decode(smtp, content):
    if smtp.enable_SMTPUTF8:
        return content.decode('utf-8', 'surrogateescape')
    return content.decode('ascii')


async def process_message(smtp, mine):
    """How handlers of smtpd, before there were hooks, are called."""
    status = smtp.event_handler.process_message(smtp.session.peer, mine.mail_from, mine.rcpt_tos, mine.content)
    if hasattr(status, '__await__'):
        status = await status
    return '250 OK' if status is None else status


async def on_help(server, session, envelope, request, argument):
    return smtp_of(server, session)._help(argument)


async def on_handshake(server, session, envelope, request):
    smtp = smtp_of(server, session)
    smtp.session._own.clear()
    hook = smtp._handle_hooks.get('STARTTLS')
    if hook is None:
        return Smtpd.Verdict.CONTINUE
    verdict = hook(smtp, smtp.session, smtp.envelope)
    if hasattr(verdict, '__await__'):
        verdict = await verdict
    return Smtpd.Verdict.CONTINUE if verdict else '554 5.7.0 Command refused due to lack of security'


async def on_proxy(server, session, envelope, request, info):
    smtp = smtp_of(server, session)
    smtp.session.proxy_data = ProxyData(info=info)
    accepted = await call(smtp, request, 'PROXY', smtp.session.proxy_data)
    # A server behind a proxy has a hook that says yes.
    return Smtpd.Verdict.CONTINUE if accepted else '554 5.7.1 Not from there'


# AUTH

def message_of(result, standard):
    """The result's own message, if it says the same as the result."""
    message = result.message
    if message and message[:1] == standard[:1] and (not result.success or message[:3] == '235'):
        return message
    return standard


def check_result(smtp, result):
    """What was found, as a reply. Only true itself is a yes."""
    if not isinstance(result, AuthResult) or not isinstance(result.success, bool):
        raise TypeError('not an AuthResult that says true or false')
    if not result.success:
        return message_of(result, INVALID)
    smtp.session.auth_data = result.auth_data
    smtp.session.login_data = getattr(result.auth_data, 'login', None)
    return message_of(result, SUCCESS)


async def on_auth(server, session, envelope, request, credentials):
    smtp = smtp_of(server, session)
    mechanism = credentials.get_mechanism()
    if mechanism not in PASSWORDS or is_replaced(smtp, mechanism) or asks_otherwise(smtp, mechanism):
        result, smtp._auth_result = smtp._auth_result, None
    else:
        login = (credentials.get_authentication_id() or '').encode()
        password = (credentials.get_password() or '').encode()
        Exchange.current.set(Exchange(request))
        result = await smtp._authenticate(mechanism, LoginPassword(login, password))
    return check_result(smtp, result)


def is_replaced(smtp, mechanism):
    return 'AUTH' in smtp._handle_hooks or is_overridden(smtp._auth_methods[mechanism])


def asks_otherwise(smtp, mechanism):
    """Whether the library's own mechanism would ask the client for something else."""
    return mechanism == 'LOGIN' and any(getattr(smtp, name) != getattr(SMTP, name) for name in LOGIN_CHALLENGES)


class Mechanism(Smtpd.SaslMechanism):
    """A mechanism that is a coroutine, which goes through several steps: each is a request."""

    waiting = None
    exchange = None

    def do_step(self, request, response):
        smtp = self.get_session().smtp
        octets = response.get_data() or b'' if response is not None else None
        if self.exchange is None:
            self.exchange = Exchange(request, mechanism=self)
            return self.run(smtp, octets)
        request.hold()
        self.exchange.request = request
        waiting, self.waiting = self.waiting, None
        smtp.loop.call_soon_threadsafe(lambda: waiting.done() or waiting.set_result(octets or b''))
        return None

    async def challenge(self, octets):
        smtp = self.get_session().smtp
        request = self.exchange.request
        self.waiting = waiting = smtp.loop.create_future()
        # A client that gives up is answered by the library.
        handler = request.connect('replied', lambda *_: smtp.loop.call_soon_threadsafe(waiting.cancel))
        request.challenge(GLib.Bytes.new(octets))
        try:
            return await waiting
        finally:
            request.disconnect(handler)

    async def run(self, smtp, octets):
        exchange = self.exchange
        Exchange.current.set(exchange)
        args = [self.get_name()] + ([base64.b64encode(octets).decode()] if octets is not None else [])
        try:
            result = await self.find(smtp, args)
            reply = check_result_early(result)
        except Exception as error:
            log.exception('an AUTH mechanism has failed')
            exchange.request.fail(GLib.Error(type(error).__name__, 'python-exception', 0))
            return
        if not result.success:
            if not exchange.is_answered:
                exchange.request.send_reply(Smtpd.Reply.parse(reply))
            return
        smtp._auth_result = result
        login = getattr(result.auth_data, 'login', b'') or b''
        credentials = Smtpd.Credentials.new(
            self.get_name(), login.decode('utf-8', 'replace') if isinstance(login, bytes) else str(login))
        credentials.verified = True
        exchange.request.present(credentials)

    async def find(self, smtp, args):
        status = await smtp._call_handler_hook('AUTH', args)
        if status is not MISSING:
            return AuthResult(success=smtp.session.authenticated is True and str(status)[:3] == '235',
                              handled=False, message=status)
        result = await smtp._auth_methods[self.get_name()](smtp, args)
        if isinstance(result, AuthResult):
            return result
        # As it was before there was AuthResult: an identity, or none.
        if result is None or result is MISSING or result is False:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=result)


def check_result_early(result):
    if not isinstance(result.success, bool):
        raise TypeError('not an AuthResult that says true or false')
    return message_of(result, SUCCESS if result.success else INVALID)


# The server

class Server(Smtpd.Server):
    make = None  # makes the object of a connection


def over_limit(smtp, verb):
    if smtp._calls_left is None:
        return False
    left = smtp._calls_left.setdefault(verb, smtp._call_limit)
    smtp._calls_left[verb] = left - 1
    return left < 1


def method_of(verb):
    def method(self, session, request, argument):
        name = request.get_verb()
        smtp = smtp_of(self, session)
        if over_limit(smtp, name):
            request.reply(421, f'4.7.0 {name} sent too many times')
            return None
        mine = smtp._smtp_methods.get(name)
        if mine is None or not is_overridden(mine):
            return getattr(super(type(self), self), 'do_' + verb)(session, request, argument)
        return smtp._run_command(request, mine, argument)
    return method


def on_command(server, session, request, argument):
    """A command that the library does not know."""
    smtp = smtp_of(server, session)
    verb = request.get_verb()
    if over_limit(smtp, verb):
        return f'421 4.7.0 {verb} sent too many times'
    return smtp._run_command(request, smtp._smtp_methods[verb], argument)


@functools.cache
def server_type(verbs):
    """A server that asks for these commands first."""
    methods = {f'do_{COMMANDS[verb]}': method_of(COMMANDS[verb]) for verb in sorted(verbs)}
    return type('Server' + ''.join(sorted(verbs)), (Server,), methods)


HOOKS = {
    'HELO': functools.partial(simple, 'HELO'),
    'EHLO': on_ehlo,
    'NOOP': on_noop,
    'QUIT': functools.partial(simple, 'QUIT'),
    'RSET': functools.partial(simple, 'RSET'),
    'VRFY': on_vrfy,
    'MAIL': on_mail,
    'RCPT': on_rcpt,
    'DATA': on_data,
    'PROXY': on_proxy,
}


def choose(server, name, nick):
    """Sets a property that not every version has, of an enumeration, by the value's nick."""
    pspec = server.find_property(name)
    for value in pspec.enum_class.__enum_values__.values() if pspec is not None else ():
        if value.value_nick == nick:
            server.set_property(name, value)


def make_server(smtp):
    """A server for connections such as this one would be."""
    verbs = {verb for verb, method in smtp._smtp_methods.items() if verb in COMMANDS and is_overridden(method)}
    if smtp._calls_left is not None:
        verbs.update(COMMANDS)
    server = server_type(frozenset(verbs))(
        hostname=smtp.hostname, ident=smtp.__ident__, smtputf8=bool(smtp.enable_SMTPUTF8),
        tls_context=tls_context_of(smtp.tls_context), require_tls=bool(smtp.require_starttls),
        timeout=max(1, int(smtp._timeout_duration)), auth_required=bool(smtp._auth_required),
        auth_requires_tls=bool(smtp._auth_require_tls))
    server.data_size_limit = smtp.data_size_limit or 0
    # There the CRLF counts.
    server.text_line_limit = max(1, smtp.line_length_limit - 2) if smtp.line_length_limit else 0
    choose(server, 'profile', 'aiosmtpd')
    if smtp._decode_data:
        server.set_extension_enabled('8BITMIME', False)
    if smtp._proxy_timeout is not None:
        server.proxy_networks = list(smtp._proxy_networks)
        server.proxy_timeout = max(1, math.ceil(smtp._proxy_timeout))
    for verb, method in smtp._smtp_methods.items():
        if verb not in COMMANDS:
            server.add_command(verb, on_command)
    server.connected_hooks = set()
    server.connect('handle-help', on_help)
    server.connect('handle-tls-handshake', on_handshake)
    set_up_auth(server, smtp)
    return server


def set_up_auth(server, smtp):
    names = sorted(smtp._auth_methods)
    own = [name for name in names if is_replaced(smtp, name)]
    if smtp._authenticator is None and smtp._auth_callback is None:
        names = own
    for name in names:
        if name in own or asks_otherwise(smtp, name):
            server.add_mechanism(name, Mechanism.__gtype__)
    server.auth_mechanisms = names
    if names:
        server.connect('handle-auth', on_auth)


def listen_to(server, smtp):
    """Has the server ask for what the handler has a hook for."""
    wanted = set(smtp._handle_hooks) & set(HOOKS)
    if hasattr(smtp.event_handler, 'process_message'):
        wanted.add('DATA')
    # Without a hook nobody is let in.
    if smtp._proxy_timeout is not None:
        wanted.add('PROXY')
    else:
        wanted.discard('PROXY')
    for name in wanted - server.connected_hooks:
        server.connected_hooks.add(name)
        server.connect('handle-' + name.lower(), ask(name, HOOKS[name]))


def ask(name, hook):
    """Handlers may differ from connection to connection."""
    def on_signal(server, session, *args):
        if name in smtp_of(server, session)._handle_hooks or name in ('DATA', 'PROXY'):
            return hook(server, session, *args)
        return Smtpd.Verdict.CONTINUE
    return on_signal
