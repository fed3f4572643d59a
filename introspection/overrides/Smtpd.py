# SPDX-License-Identifier: LGPL-2.1-or-later

"""What makes Smtpd feel at home in Python.

Properties are attributes (`session.host_name`), values are read like values
(`str(address)`, `parameters['SIZE']`), `super().do_rset(...)` chains up, and hooks,
handler methods, command methods and added commands may be `async def`:

    async def on_rcpt(server, session, envelope, request, address, parameters):
        if await Smtpd.run_in_thread(is_known, str(address)):
            return Smtpd.Verdict.CONTINUE
        request.reply(550, '5.1.1 No such user')

A coroutine's request is held at once. What the coroutine raises fails the request, and the
coroutine is closed when nobody waits for its answer any more. What becomes of a request is
decided in C; here it is only told.
"""

import concurrent.futures
import functools
import inspect
import sys
import threading
import traceback
import types

from gi.module import get_introspection_module
from gi.overrides import override
from gi.repository import GLib, GObject

Smtpd = get_introspection_module('Smtpd')

__all__ = ['sleep', 'run_in_thread']


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
    """An attribute of a boxed value, read by a method of it."""
    return property(lambda self: getattr(self, method)())


@export
class Reply(Smtpd.Reply):
    code = value_of('get_code')
    status = value_of('get_status')
    lines = value_of('get_lines')
    __str__ = Smtpd.Reply.to_string


@export
class Address(Smtpd.Address):
    text = value_of('get_text')
    local_part = value_of('dup_local_part')
    domain = value_of('get_domain')
    __str__ = Smtpd.Address.get_text


@export
class Parameters(Smtpd.Parameters):
    """Also a mapping of keywords, in any case, to values; None for a keyword without one."""

    __len__ = Smtpd.Parameters.get_length
    __contains__ = Smtpd.Parameters.has

    def __iter__(self):
        return (self.get_keyword(index) for index in range(len(self)))

    def __getitem__(self, keyword: str):
        if keyword not in self:
            raise KeyError(keyword)
        return self.lookup(keyword)


@export
@attributes
class Session(Smtpd.Session):
    pass


attributes(Smtpd.Credentials)
attributes(Smtpd.TlsContext)
attributes(Smtpd.TlsInfo)


@export
@attributes
class Recipient(Smtpd.Recipient):
    pass


@export
class Envelope(Smtpd.Envelope):
    recipients = value_of('get_recipients')

    @property
    def content(self):
        """The message as bytes, None before its end."""
        content = self.get_content()
        return content.get_data() if content is not None else None

    @content.setter
    def content(self, content):
        self.set_content(GLib.Bytes.new(content) if isinstance(content, bytes) else content)


attributes(Envelope)


@export
@attributes
class Request(Smtpd.Request):
    pass


# Coroutines

THREADS = concurrent.futures.ThreadPoolExecutor(thread_name_prefix='smtpd')
running = threading.local()


class Task:
    """Runs a coroutine in the session's main context, for a request or for none."""

    def __init__(self, coroutine, session, request, obeys_verdict):
        self.coroutine = coroutine
        self.context = session.get_main_context()
        self.request = request
        self.obeys_verdict = obeys_verdict
        self.cancellable = None
        self.left_to_others = False

        # A coroutine that chains up to another one leaves the answer to it.
        outer = getattr(running, 'task', None)
        if outer is not None and outer.request is request:
            outer.left_to_others = True

        if request is not None:
            request.hold()
        self.step()

    def step(self, *_):
        """Runs until the coroutine awaits something that is not there yet."""
        outer, running.task = getattr(running, 'task', None), self
        try:
            awaited = self.coroutine.send(None)
            if awaited is not None and not hasattr(awaited, 'add_done_callback'):
                awaited = self.coroutine.throw(TypeError(f'{awaited!r} cannot be awaited here'))
        except StopIteration as stop:
            self.end()
            self.judge(stop.value)
        except BaseException as error:
            self.end()
            self.fail(error)
        else:
            self.wait_for(awaited)
        finally:
            running.task = outer

    def wait_for(self, awaited):
        if self.cancellable is None and self.request is not None:
            self.cancellable = self.request.get_cancellable()
            self.watch = GObject.Object.connect(self.cancellable, 'cancelled', self.cancel)
        if self.cancellable is not None and self.cancellable.is_cancelled():
            self.cancel()
        elif awaited is None:
            self.wake()
        else:
            awaited.add_done_callback(self.wake)

    def wake(self, *_):
        """Goes on in the right thread; from any."""
        source = GLib.idle_source_new()
        source.set_priority(GLib.PRIORITY_DEFAULT)
        source.set_callback(self.resume)
        source.attach(self.context)

    def resume(self, *_):
        if self.coroutine is not None:
            self.step()

    def cancel(self, *_):
        """Nobody waits any more."""
        if self.coroutine is None or self.coroutine.cr_running:
            return
        coroutine = self.coroutine
        self.end()
        try:
            coroutine.close()
        except Exception:
            traceback.print_exc()

    def end(self):
        self.coroutine = None
        if self.cancellable is not None:
            GObject.Object.disconnect(self.cancellable, self.watch)
            self.cancellable = None

    def judge(self, verdict):
        """Tells what a coroutine has said by returning; nothing if it has answered."""
        if self.request is None or self.left_to_others:
            return
        if not self.obeys_verdict or verdict not in (Verdict.CONTINUE, Verdict.HANDLED):
            self.request.fail(GLib.Error('A coroutine returned without an answer',
                                         GLib.quark_to_string(Smtpd.error_quark()),
                                         Smtpd.Error.NO_ANSWER))
        elif verdict == Verdict.CONTINUE:
            self.request.proceed()

    def fail(self, error):
        traceback.print_exception(error)
        if self.request is not None:
            if not isinstance(error, GLib.Error):
                error = GLib.Error(f'{type(error).__name__}: {error}', 'python-exception', 0)
            self.request.fail(error)


Verdict = Smtpd.Verdict


def driven(function, obeys_verdict=False):
    """Makes a plain function of a coroutine function; leaves any other as it is."""
    if not inspect.iscoroutinefunction(function) and \
            not inspect.iscoroutinefunction(getattr(function, '__call__', None)):
        return function

    @functools.wraps(function)
    def start(*args):
        request = next((arg for arg in args if isinstance(arg, Request)), None)
        session = next((arg for arg in args if isinstance(arg, Session)), None) or request.get_session()
        Task(function(*args), session, request, obeys_verdict)
        return Verdict.HANDLED if obeys_verdict else None

    return start


def must_answer_now(signal, callback):
    """What a coroutine says comes too late where there is no request to hold."""
    if signal.replace('_', '-') == 'handle-parameter' and driven(callback) is not callback:
        raise TypeError('handle-parameter wants an answer at once: no coroutine function')


@types.coroutine
def wait(future):
    try:
        if not future.done():
            yield future
        return future.result()
    finally:
        future.cancel()


async def sleep(seconds: float):
    """Lets a coroutine of a hook or command wait, while all others are served."""
    over = concurrent.futures.Future()
    source = GLib.timeout_source_new(int(seconds * 1000))
    source.set_callback(lambda *_: over.set_result(None))
    source.attach(running.task.context)
    try:
        await wait(over)
    finally:
        source.destroy()


async def run_in_thread(function, *args):
    """Calls a function that blocks in another thread, and waits for what it returns."""
    return await wait(THREADS.submit(function, *args))


# Classes to derive from

class ChainUp:
    """The library's own method, for `super().do_x(...)` and `Smtpd.Server.do_x(self, ...)`."""

    def __init__(self, method):
        self.method = method

    def __get__(self, instance, owner):
        native = next(cls for cls in owner.__mro__ if cls.__module__.endswith('.Smtpd'))
        method = self.method.__get__(None, native)

        def chain_up(*args):
            task = getattr(running, 'task', None)
            if task is not None and task.request in args:
                task.left_to_others = True
            return method(*args)

        return chain_up if instance is None else functools.partial(chain_up, instance)


class Derivable:
    """Has `async def` methods driven. A class is registered after this, with what it then has."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name, function in list(vars(cls).items()):
            if any(isinstance(vars(base).get(name), ChainUp) for base in cls.__mro__):
                setattr(cls, name, driven(function))


def derivable(cls):
    for info in cls.__info__.get_vfuncs():
        name = 'do_' + info.__name__
        setattr(cls, name, ChainUp(inspect.getattr_static(cls, name)))
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
        """Adds a command; `callback` may be a coroutine function."""
        super().add_command(verb, driven(callback), *args)


for name in dir(Smtpd):
    if isinstance(getattr(Smtpd, name), type) and issubclass(getattr(Smtpd, name), Handler):
        attributes(getattr(Smtpd, name))


@export
@derivable
@attributes
class Server(Derivable, Smtpd.Server):

    def connect(self, signal: str, callback, *args) -> int:
        """Connects to a signal; to a `handle-*` signal `callback` may be a coroutine function."""
        must_answer_now(signal, callback)
        return super().connect(signal, driven(callback, obeys_verdict=True), *args)

    def connect_after(self, signal: str, callback, *args) -> int:
        """Connects to a signal, behind those that are connected already."""
        must_answer_now(signal, callback)
        return super().connect_after(signal, driven(callback, obeys_verdict=True), *args)

    def add_command(self, verb: str, callback, *args):
        """Adds a command; `callback` may be a coroutine function."""
        super().add_command(verb, driven(callback), *args)


@export
@attributes
class Controller(Smtpd.Controller):
    """Runs a server in a thread of its own, also for the time of a `with`:

        with Smtpd.Controller(server, 'localhost:0') as controller:
            print(controller.addresses)
    """

    addresses = value_of('dup_addresses')

    def __init__(self, server=None, address=None, kind=Smtpd.ListenerKind.SMTP, **properties):
        super().__init__(server=server or Server(), **properties)
        if address is not None:
            self.add_address(address, kind)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()
