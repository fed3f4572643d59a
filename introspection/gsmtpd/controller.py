# SPDX-License-Identifier: LGPL-2.1-or-later

"""Controllers, which run a server in a thread or in a loop of asyncio's."""

import asyncio
import errno
import os
import socket
import threading

from gi.overrides._smtpd_loop import EventLoop
from gi.repository import Gio, GLib, Smtpd

from gsmtpd._server import listen_to, make_server, on_connect
from gsmtpd.smtp import SMTP
from gsmtpd.ssl import tls_context_of

__all__ = ['BaseController', 'BaseThreadedController', 'BaseUnthreadedController', 'Controller',
           'UnixSocketController', 'UnixSocketUnthreadedController', 'UnthreadedController', 'get_localhost']

DEFAULT_READY_TIMEOUT = 5.0
DRAIN_TIME = 1000  # milliseconds
ERRORS = {Gio.IOErrorEnum.ADDRESS_IN_USE: errno.EADDRINUSE, Gio.IOErrorEnum.PERMISSION_DENIED: errno.EACCES}


def get_localhost():
    """The address of this machine to itself, of IPv6 if it has that."""
    if not socket.has_ipv6:
        return '127.0.0.1'
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(('::1', 0))
        return '::1'
    except OSError as error:
        return '::1' if error.errno == errno.EADDRINUSE else '127.0.0.1'


def listen(server, address, kind):
    try:
        server.listen(address, kind)
    except GLib.Error as error:
        if error.domain == 'g-io-error-quark':
            raise OSError(ERRORS.get(error.code, errno.EIO), error.message) from None
        raise


class BaseController:
    """A handler, and where and how it is asked."""

    smtpd = None
    server = None

    def __init__(self, handler, loop=None, *, ssl_context=None, server_hostname=None, server_kwargs=None,
                 **SMTP_parameters):
        self.handler = handler
        self.loop = loop
        self.ssl_context = ssl_context
        self.SMTP_kwargs = {**(server_kwargs or {}), **SMTP_parameters}
        if server_hostname:
            self.SMTP_kwargs['hostname'] = server_hostname
        self.SMTP_kwargs.setdefault('enable_SMTPUTF8', True)
        if self.loop is None:
            self.loop = EventLoop(GLib.MainContext.new())

    def factory(self):
        """Makes the object of a connection. One more is made at the start, to see what to offer."""
        return SMTP(self.handler, **self.SMTP_kwargs)

    def _make(self):
        smtp = self.factory()
        if smtp is None:
            raise RuntimeError('factory() returned None')
        return smtp

    def _make_server(self):
        self.smtpd = self._make()
        server = make_server(self.smtpd)
        if self.ssl_context is not None:
            server.tls_context = tls_context_of(self.ssl_context)
        server.make = self._make_connection
        server.connect('handle-connect', on_connect)
        listen_to(server, self.smtpd)
        return server

    def _make_connection(self, server, session):
        smtp = self.smtpd = self._make()
        smtp._begin(server, session, self.loop)
        listen_to(server, smtp)
        return smtp

    def _kind(self):
        name = 'LMTP' if self.smtpd.is_lmtp else 'SMTPS' if self.ssl_context is not None else 'SMTP'
        if self.smtpd._proxy_timeout is None:
            return getattr(Smtpd.ListenerKind, name)
        if not hasattr(Smtpd.ListenerKind, 'PROXY_SMTP'):
            raise NotImplementedError('this version of Smtpd does not speak the PROXY protocol')
        return getattr(Smtpd.ListenerKind, 'PROXY_' + name)

    def _address(self):
        raise NotImplementedError

    def _note_addresses(self, addresses):
        """Port 0 has become another one."""

    @property
    def _is_ours(self):
        return isinstance(self.loop, EventLoop)

    # In a loop of ours, server and coroutines are served by the same thread.

    def _open(self):
        self.server = self._make_server()
        listen(self.server, self._address(), self._kind())
        self._note_addresses(self.server.addresses)

    async def _shut(self):
        server, self.server = self.server, None
        if server is None:
            return
        drained = asyncio.get_running_loop().create_future()
        server.connect('drained', lambda _: drained.done() or drained.set_result(None))
        server.drain(DRAIN_TIME)
        if server.is_draining():
            await drained

    # Else the server has a thread, from which coroutines are sent to the loop.

    def _start_thread(self):
        self.server = self._make_server()
        self.server.asyncio_loop = self.loop
        self._native = Smtpd.Controller(server=self.server, drain_time=DRAIN_TIME)
        self._native.add_address(self._address(), self._kind())
        try:
            self._native.start()
        except GLib.Error as error:
            raise OSError(ERRORS.get(error.code, errno.EIO), error.message) from None
        self._note_addresses(self._native.addresses)

    def _stop_thread(self):
        self._native.stop()
        self.server = None


class BaseThreadedController(BaseController):
    """Has a thread, in which the server and its coroutines run."""

    _thread = None
    _thread_exception = None

    def __init__(self, handler, loop=None, *, ready_timeout=DEFAULT_READY_TIMEOUT, **kwargs):
        super().__init__(handler, loop, **kwargs)
        self.ready_timeout = float(os.getenv('AIOSMTPD_CONTROLLER_TIMEOUT', ready_timeout))

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)

        async def begin():
            if self._is_ours:
                self._open()
            else:
                self._start_thread()

        try:
            self.loop.run_until_complete(begin())
        except Exception as error:
            self._thread_exception = error
            return
        finally:
            ready.set()
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(self._end())
        finally:
            self.loop.close()

    async def _end(self):
        if self._is_ours:
            await self._shut()
        else:
            await self.loop.run_in_executor(None, self._stop_thread)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def start(self):
        """Returns when clients can connect, or raises why they cannot."""
        if self._thread is not None:
            raise AssertionError('SMTP daemon already running')
        if self.loop.is_closed():
            self.loop = EventLoop(GLib.MainContext.new())
        self._thread_exception = None
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(self.ready_timeout):
            raise TimeoutError('The server has not started in time')
        if self._thread_exception is not None:
            self._thread.join()
            self._thread = None
            raise self._thread_exception

    def stop(self, no_assert=False):
        """Returns when messages under way have been answered, or a second is over."""
        if self._thread is None:
            if not no_assert:
                raise AssertionError('SMTP daemon not running')
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._thread = None
        self.smtpd = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop(no_assert=True)


class BaseUnthreadedController(BaseController):
    """Lives in a loop that somebody else runs."""

    def __init__(self, handler, loop=None, **kwargs):
        super().__init__(handler, loop, **kwargs)
        self.ended = threading.Event()

    def begin(self):
        """Clients can connect; they are served as soon as the loop runs."""
        if self._is_ours:
            async def begin():
                self._open()
            self.loop.run_until_complete(begin())
        else:
            self._start_thread()

    async def finalize(self):
        self.ended.clear()
        if self._is_ours:
            await self._shut()
        else:
            await self.loop.run_in_executor(None, self._stop_thread)
        self.smtpd = None
        self.ended.set()

    def end(self):
        self.ended.clear()
        if self.loop.is_running():
            self.loop.create_task(self.finalize())
        else:
            self.loop.run_until_complete(self.finalize())


class InetMixin(BaseController):

    def __init__(self, handler, hostname=None, port=8025, loop=None, **kwargs):
        super().__init__(handler, loop, **kwargs)
        self.hostname = get_localhost() if hostname is None else hostname
        self.port = port

    def _address(self):
        host = f'[{self.hostname}]' if ':' in self.hostname else self.hostname or '*'
        return f'{host}:{self.port}'

    def _note_addresses(self, addresses):
        self.port = int(addresses[0].rpartition(':')[2])


class UnixSocketMixin(BaseController):

    def __init__(self, handler, unix_socket, loop=None, **kwargs):
        super().__init__(handler, loop, **kwargs)
        self.unix_socket = str(unix_socket)

    def _address(self):
        return 'unix:' + self.unix_socket


class Controller(InetMixin, BaseThreadedController):
    """Runs a server on a port, in a thread."""


class UnixSocketController(UnixSocketMixin, BaseThreadedController):
    """Runs a server on a Unix socket, in a thread."""


class UnthreadedController(InetMixin, BaseUnthreadedController):
    """Runs a server on a port, in a loop of asyncio's."""


class UnixSocketUnthreadedController(UnixSocketMixin, BaseUnthreadedController):
    """Runs a server on a Unix socket, in a loop of asyncio's."""
