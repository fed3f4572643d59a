# SPDX-License-Identifier: LGPL-2.1-or-later

"""What makes Smtpd feel at home in Python.

Properties are attributes (`session.host_name`), values are read like values
(`str(address)`, `parameters['SIZE']`), `super().do_rset(...)` chains up, and hooks,
handler methods, command methods and added commands may be `async def`, and may answer by what
they return:

    async def on_rcpt(server, session, envelope, request, address, parameters):
        if await Smtpd.run_in_thread(is_known, str(address)):
            return Smtpd.Verdict.CONTINUE
        return '550 5.1.1 No such user'

A coroutine's request is held at once. What the coroutine raises fails the request, and the
coroutine is cancelled when nobody waits for its answer any more. It is a task of asyncio's: of
the loop that runs, of the one that the server was told of, or of one in the server's main context.

What becomes of a request is decided in C; here it is only told.
"""

import collections.abc
import concurrent.futures
import contextlib
import contextvars
import functools
import inspect
import math
import sys
import traceback
import types

from gi.module import get_introspection_module
from gi.overrides import override
from gi.repository import GLib, GObject

Smtpd = get_introspection_module('Smtpd')
Verdict = Smtpd.Verdict

__all__ = ['sleep', 'run', 'run_in_thread']


def export(cls):
    """Puts an override in the place of the class that it is derived from."""
    __all__.append(cls.__name__)
    return override(cls)


# Attributes

def attributes(cls):
    """Makes attributes of the properties of a class of objects."""
    for pspec in cls.props:
        name = pspec.name.replace('-', '_')
        if hasattr(cls, name):
            continue
        setter = None
        if pspec.flags & GObject.ParamFlags.WRITABLE:
            setter = functools.partial(lambda name, self, value: self.set_property(name, value), pspec.name)
        getter = functools.partial(lambda name, self: self.get_property(name), pspec.name)
        setattr(cls, name, property(getter, setter, doc=f'The property `{pspec.name}`.'))
    return cls


def value_of(method):
    """An attribute that is read by a method."""
    return property(lambda self: getattr(self, method)())


def shown(describe):
    """A repr() of what may be seen in a log: no passwords, no arguments of commands."""
    def represent(self):
        what = ' '.join(str(part) for part in describe(self) if part is not None)
        return f'<Smtpd.{type(self).__name__} {what}>'
    return represent


@export
class Reply(Smtpd.Reply):
    code = value_of('get_code')
    status = value_of('get_status')
    lines = value_of('get_lines')
    __str__ = Smtpd.Reply.to_string
    __repr__ = shown(lambda self: [repr(str(self))])

    def __eq__(self, other):
        return str(self) == str(other) if isinstance(other, Smtpd.Reply) else NotImplemented

    def __hash__(self):
        return hash(str(self))


@export
class Address(Smtpd.Address):
    text = value_of('get_text')
    local_part = value_of('dup_local_part')
    domain = value_of('get_domain')
    __str__ = Smtpd.Address.get_text
    __repr__ = shown(lambda self: [f'<{self}>'])

    def __eq__(self, other):
        return self.equal(other) if isinstance(other, Smtpd.Address) else NotImplemented

    def __hash__(self):
        return hash((self.get_domain() or '').lower())


@export
class Parameters(Smtpd.Parameters):
    """Also a mapping of keywords, in any case, to values; None for a keyword without one."""

    __len__ = Smtpd.Parameters.get_length
    __contains__ = Smtpd.Parameters.has
    __repr__ = shown(lambda self: self.to_strv())
    get = collections.abc.Mapping.get
    keys = collections.abc.Mapping.keys
    items = collections.abc.Mapping.items
    values = collections.abc.Mapping.values

    def __iter__(self):
        return (self.get_keyword(index) for index in range(len(self)))

    def __getitem__(self, keyword: str):
        if keyword not in self:
            raise KeyError(keyword)
        return self.lookup(keyword)


def describe_peer(session):
    peer = session.get_peer()
    return peer.to_string() if peer is not None else None


@export
@attributes
class Session(Smtpd.Session):
    __repr__ = shown(lambda self: [self.get_id(), self.get_protocol(), describe_peer(self),
                                   self.get_host_name(), self.get_identity()])


for cls in Smtpd.TlsContext, Smtpd.TlsInfo, Smtpd.Credentials, Smtpd.ProxyInfo, Smtpd.ForwardedClient, \
        Smtpd.Statistics, Smtpd.DeliveryReport, Smtpd.DeliveryStatus:
    attributes(cls)
Smtpd.Credentials.__repr__ = shown(lambda self: [self.get_mechanism(), self.get_authentication_id()])
Smtpd.Secret.__repr__ = Smtpd.Secret.__str__ = shown(lambda self: ['...'])


@export
@attributes
class Recipient(Smtpd.Recipient):
    __str__ = lambda self: str(self.get_address())  # noqa: E731
    __repr__ = shown(lambda self: [f'<{self}>'])


@export
class Envelope(Smtpd.Envelope):
    """Also the sequence of its recipients."""

    recipients = value_of('get_recipients')
    __len__ = Smtpd.Envelope.get_n_recipients
    __iter__ = lambda self: iter(self.get_recipients())  # noqa: E731
    __bool__ = lambda self: True  # noqa: E731
    __repr__ = shown(lambda self: [f'<{self.get_mail_from()}>', f'to {len(self)}'])

    @property
    def content(self):
        """The message as bytes, None before its end."""
        content = self.get_content()
        return content.get_data() if content is not None else None

    @content.setter
    def content(self, content):
        self.set_content(content if content is None or isinstance(content, GLib.Bytes) else GLib.Bytes.new(content))


attributes(Envelope)


@export
@attributes
class Request(Smtpd.Request):
    __repr__ = shown(lambda self: [self.get_verb(), self.get_final_reply()])


# What a hook says

def request_in(args):
    return next((arg for arg in args if isinstance(arg, Smtpd.Request)), None)


def failure_of(error):
    if isinstance(error, GLib.Error):
        return error
    return GLib.Error(f'{type(error).__name__}: {error}', 'python-exception', 0)


def fail(request, error):
    """Tells the library, and whoever reads the output, of an exception."""
    traceback.print_exception(error)
    if request is not None:
        request.fail(failure_of(error))
    return Verdict.FAILED


def reply_of(answer):
    """The reply that a hook has returned: one, its text, or a code and a text."""
    if isinstance(answer, Smtpd.Reply):
        return answer
    if isinstance(answer, str):
        return Smtpd.Reply.parse(answer)
    if isinstance(answer, tuple) and len(answer) == 2:
        code, text = answer
        Smtpd.Reply.parse(f'{int(code)}')  # raises if it is no code
        return Smtpd.Reply.new_full(code, None, text.splitlines())
    raise TypeError(f'{type(answer).__name__} is nothing that a hook can answer')


def tell(args, answer):
    """Tells the library what a hook has returned that is neither None nor a verdict."""
    request = request_in(args)
    try:
        if inspect.isawaitable(answer):
            Attendant(answer, args)
        else:
            request.send_reply(reply_of(answer))
    except Exception as error:
        return fail(request, error)
    return Verdict.HANDLED


class Hook(functools.partial):
    """Stands for a callback of a signal, and can be disconnected as if it were it."""

    __slots__ = ()

    def __eq__(self, other):
        return self.args[0] == other or self is other

    __hash__ = functools.partial.__hash__


def call_hook(callback, *args):
    """A hook, the verdict of which the library obeys."""
    try:
        answer = callback(*args)
    except Exception as error:
        return fail(request_in(args), error)
    if isinstance(answer, int):
        return answer
    return tell(args, answer) if answer is not None else Verdict.FAILED


def call_listener(callback, *args):
    """A signal that nobody answers."""
    answer = callback(*args)
    if inspect.isawaitable(answer):
        Attendant(answer, args)
        return None
    return answer


def call_method(callback, *args):
    """A method, which answers through its request; what it returns does the same."""
    try:
        answer = callback(*args)
    except Exception as error:
        fail(request_in(args), error)
    else:
        if answer is not None:
            answer_method(args, answer)


def answer_method(args, answer):
    if not isinstance(answer, int):
        tell(args, answer)
    elif answer == Verdict.CONTINUE:
        request_in(args).proceed()


# Coroutines

THREADS = concurrent.futures.ThreadPoolExecutor(thread_name_prefix='smtpd')
attended = contextvars.ContextVar('attended')


def find_loop(server, session):
    """Where coroutines of a server are run, and whether that is in another thread."""
    asyncio = sys.modules.get('asyncio')
    running = asyncio._get_running_loop() if asyncio is not None else None
    loop = server.asyncio_loop
    if running is not None and (loop is None or loop is running):
        return running, False
    if loop is not None:
        return loop, True

    from gi.overrides._smtpd_loop import loop_of
    server._own_loop = loop_of(session.get_main_context())
    return server._own_loop, False


class Attendant:
    """Sees to it that a coroutine is run, and tells the library what has come of it."""

    def __init__(self, coroutine, args):
        self.request = request_in(args)
        self.left_to_others = False

        # A coroutine that chains up to another one leaves the answer to it.
        outer = attended.get(None)
        if outer is not None and outer.request is self.request:
            outer.left_to_others = True

        session = next((arg for arg in args if isinstance(arg, Smtpd.Session)), None) or self.request.get_session()
        server = self.request.get_server() if self.request is not None else args[0]
        loop, self.is_elsewhere = find_loop(server, session)
        if self.request is not None:
            self.request.hold()
        if self.is_elsewhere:
            self.task = sys.modules['asyncio'].run_coroutine_threadsafe(self.run(coroutine), loop)
        else:
            self.task = loop.create_task(self.run(coroutine))

    async def run(self, coroutine):
        attended.set(self)
        try:
            answer = await self.watch(coroutine)
        except Exception as error:
            fail(self.request, error)
        except BaseException as error:
            if self.request is not None:
                self.request.fail(failure_of(error))
            raise
        else:
            self.judge(answer)

    @types.coroutine
    def watch(self, coroutine):
        """Only who has to wait need be told that nobody waits for him."""
        steps = coroutine.__await__()
        try:
            awaited = steps.send(None)
        except StopIteration as stop:
            return stop.value

        if self.request is None:
            return (yield from self.go_on(steps, awaited))
        cancellable = self.request.get_cancellable()
        watch = GObject.Object.connect(cancellable, 'cancelled', lambda _: self.task.cancel())
        try:
            if cancellable.is_cancelled():
                self.task.cancel()
            return (yield from self.go_on(steps, awaited))
        finally:
            GObject.Object.disconnect(cancellable, watch)

    @staticmethod
    def go_on(steps, awaited):
        while True:
            try:
                value = yield awaited
            except BaseException as error:
                step = functools.partial(steps.throw, error)
            else:
                step = functools.partial(steps.send, value)
            try:
                awaited = step()
            except StopIteration as stop:
                return stop.value

    def judge(self, answer):
        """Tells what a coroutine has said by returning; nothing if that was said already."""
        if self.request is None or (self.left_to_others and answer is None):
            return
        if answer is None or answer == Verdict.FAILED:
            self.request.fail(GLib.Error('A coroutine returned without an answer',
                                         GLib.quark_to_string(Smtpd.error_quark()), Smtpd.Error.NO_ANSWER))
        elif answer == Verdict.CONTINUE:
            self.request.proceed()
        elif answer != Verdict.HANDLED:
            tell([self.request], answer)


def call_there(request, method, args):
    """Calls a method in the thread of the server, when that comes to it."""
    source = GLib.idle_source_new()
    source.set_priority(GLib.PRIORITY_DEFAULT)
    source.set_callback(lambda _: method(*args))
    source.attach(request.get_session().get_main_context())


async def sleep(seconds: float):
    """Lets a coroutine wait, while all others are served."""
    await sys.modules['asyncio'].sleep(seconds)


async def run_in_thread(function, *args):
    """Calls a function that blocks in another thread, and waits for what it returns."""
    return await sys.modules['asyncio'].get_running_loop().run_in_executor(THREADS, function, *args)


def run(main):
    """Runs a coroutine as `asyncio.run()` does, in a loop that serves the main context too."""
    import asyncio
    from gi.overrides._smtpd_loop import loop_of

    loop = loop_of(GLib.MainContext.ref_thread_default())
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)


# Classes to derive from

class ChainUp:
    """The library's own method, for `super().do_x(...)` and `Smtpd.Server.do_x(self, ...)`."""

    def __init__(self, method, answers):
        self.method = method
        self.answers = answers

    def __get__(self, instance, owner):
        native = next(cls for cls in owner.__mro__ if cls.__module__.endswith('.Smtpd'))
        method = self.method.__get__(None, native)

        def chain_up(*args):
            attendant = attended.get(None)
            if attendant is not None and attendant.request in args:
                attendant.left_to_others = True
                if attendant.is_elsewhere:
                    return call_there(attendant.request, method, args)
            return method(*args)

        return chain_up if instance is None else functools.partial(chain_up, instance)


class Derivable:
    """Has methods answer by what they return. A class is registered after this, with what it then has."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name, function in list(vars(cls).items()):
            native = next((vars(base)[name] for base in cls.__mro__[1:]
                           if isinstance(vars(base).get(name), ChainUp)), None)
            if native is None or not inspect.isfunction(function):
                continue
            caller = call_method if native.answers else call_listener
            setattr(cls, name, functools.wraps(function)(
                lambda *args, caller=caller, function=function: caller(function, *args)))


def derivable(cls):
    for info in cls.__info__.get_vfuncs():
        name = 'do_' + info.__name__
        answers = any(argument.get_name() == 'request' for argument in info.get_arguments())
        setattr(cls, name, ChainUp(inspect.getattr_static(cls, name), answers))
    return cls


@export
@derivable
@attributes
class Handler(Derivable, Smtpd.Handler):
    pass


@export
@derivable
@attributes
class SaslMechanism(Derivable, Smtpd.SaslMechanism):
    pass


@export
@derivable
@attributes
class Extension(Derivable, Smtpd.Extension):

    def add_command(self, verb: str, callback, *args):
        """Adds a command; `callback` may return a reply, and may be a coroutine function."""
        super().add_command(verb, functools.partial(call_method, callback), *args)


for name in dir(Smtpd):
    if isinstance(getattr(Smtpd, name), type) and issubclass(getattr(Smtpd, name), Handler):
        attributes(getattr(Smtpd, name))


UNANSWERED = {'handle-body', 'handle-disconnect'}


def is_coroutine_function(function):
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, '__call__', None))


def hook_of(signal, callback):
    """What is connected in the place of a callback."""
    name = signal.replace('_', '-')
    if not name.startswith('handle-'):
        return callback
    if name == 'handle-parameter':
        # There is no request to hold.
        if is_coroutine_function(callback):
            raise TypeError('handle-parameter wants an answer at once: no coroutine function')
        return callback
    return Hook(call_listener if name in UNANSWERED else call_hook, callback)


@export
@derivable
@attributes
class Server(Derivable, Smtpd.Server):

    asyncio_loop = None  # the loop that coroutines of hooks run in, if it is not to be found
    sessions = value_of('get_sessions')
    handlers = value_of('get_handlers')
    addresses = value_of('dup_listen_addresses')
    __repr__ = shown(lambda self: [self.get_hostname(), *self.addresses, f'{self.get_n_sessions()} sessions'])

    def connect(self, signal: str, callback, *args) -> int:
        """Connects to a signal. What is connected to a `handle-*` signal may return a reply, and
        may be a coroutine function."""
        return super().connect(signal, hook_of(signal, callback), *args)

    def connect_after(self, signal: str, callback, *args) -> int:
        """Connects to a signal, behind those that are connected already."""
        return super().connect_after(signal, hook_of(signal, callback), *args)

    def add_command(self, verb: str, callback, *args):
        """Adds a command; `callback` may return a reply, and may be a coroutine function."""
        super().add_command(verb, functools.partial(call_method, callback), *args)


def server_of(served):
    if not isinstance(served, Smtpd.Handler):
        return served or Server()
    server = Server()
    server.add_handler(served)
    return server


@export
@attributes
class Controller(Smtpd.Controller):
    """Runs a server, or one with a handler, in a thread of its own, also for the time of a `with`:

        with Smtpd.Controller(handler, 'localhost:0') as controller:
            print(controller.addresses)

    Within a program of asyncio's it is `async with`, and coroutines run in the program's loop.
    """

    addresses = value_of('dup_addresses')
    __repr__ = shown(lambda self: self.addresses or ['stopped'])

    def __init__(self, server=None, address=None, kind=Smtpd.ListenerKind.SMTP, **properties):
        super().__init__(server=server_of(server), **properties)
        if address is not None:
            self.add_address(address, kind)

    @property
    def port(self):
        """The port of the first address."""
        return int(self.addresses[0].rpartition(':')[2])

    def start(self):
        asyncio = sys.modules.get('asyncio')
        server = self.get_server()
        loop = server.asyncio_loop
        if asyncio is not None and (loop is None or loop.is_closed()):
            server.asyncio_loop = asyncio._get_running_loop()
        return super().start()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    async def __aenter__(self):
        return self.__enter__()

    async def __aexit__(self, *exception):
        await run_in_thread(self.stop)


@export
@attributes
class Catcher(Smtpd.Catcher):
    """Catches mail in tests, for the time of a `with`:

        with Smtpd.Catcher() as catcher:
            program_under_test('localhost', catcher.port)
            [envelope] = catcher.wait(1)

    Times are in seconds, and what does not come in time is a TimeoutError.
    """

    host = 'localhost'
    address = value_of('dup_address')
    messages = property(lambda self: self.wait(0, 0), doc='The envelopes of all messages that were caught.')
    __repr__ = shown(lambda self: [self.address or 'stopped', f'{len(self.messages)} messages'])

    def wait(self, n_messages=1, timeout=5.0):
        """Waits for at least so many messages, and gives the envelopes of all that were caught."""
        with timing_out():
            return super().wait(n_messages, milliseconds_of(timeout))

    def next(self, timeout=5.0):
        """Gives the envelope of the next message, and waits for it if need be."""
        with timing_out():
            return super().next(milliseconds_of(timeout))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()


def milliseconds_of(seconds):
    return min(math.ceil(seconds * 1000), GLib.MAXUINT32)


@contextlib.contextmanager
def timing_out():
    """Has those errors raised that people catch."""
    try:
        yield
    except GLib.Error as error:
        if not error.matches(Smtpd.error_quark(), Smtpd.Error.TIMED_OUT):
            raise
        raise TimeoutError(error.message) from None
