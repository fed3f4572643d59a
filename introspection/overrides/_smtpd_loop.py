# SPDX-License-Identifier: LGPL-2.1-or-later

"""An event loop of asyncio's that lives in a main context of GLib's.

It is served in two ways. Whoever iterates the context, such as a `GLib.MainLoop`, serves the
tasks of asyncio, and nobody calls `run_forever()`. Or else `run_forever()`, and what is built on
it, iterates the context: then a program of asyncio's serves the sources of GLib.
"""

import asyncio
import selectors
import sys
import threading
import weakref

from gi.repository import GLib

SECOND = 1000000  # in microseconds. GLib's monotonic clock is the one of asyncio


class Selector(selectors.DefaultSelector):
    """Asks the kernel what is ready, and leaves the waiting to the main context."""

    def __init__(self):
        super().__init__()
        self.wait = None

    def select(self, timeout=None):
        if self.wait is not None and (timeout is None or timeout > 0):
            self.wait(timeout)
        return super().select(0)


class EventLoop(asyncio.SelectorEventLoop):
    """One source in the context: it is ready when a descriptor of asyncio's is, or a timer."""

    def __init__(self, context=None):
        self.selector = Selector()
        super().__init__(self.selector)
        self.context = context or GLib.MainContext.ref_thread_default()
        # The source would keep the loop, as the loop keeps the context.
        tick = weakref.WeakMethod(self.tick)
        self.source = GLib.unix_fd_source_new(self.selector.fileno(), GLib.IOCondition.IN)
        self.source.set_callback(lambda *_: (tick() or bool)())
        self.source.attach(self.context)

    def __del__(self):
        self.close()

    def close(self):
        if not self.is_closed() and not sys.is_finalizing():
            self.source.destroy()
        super().close()

    def set_timer(self):
        if self._ready:
            self.source.set_ready_time(0)
        elif self._scheduled:
            self.source.set_ready_time(int(self._scheduled[0].when() * SECOND))
        else:
            self.source.set_ready_time(-1)

    def call_soon(self, callback, *args, context=None):
        handle = super().call_soon(callback, *args, context=context)
        if not self.is_running():
            self.source.set_ready_time(0)
        return handle

    def call_at(self, when, callback, *args, context=None):
        handle = super().call_at(when, callback, *args, context=context)
        if not self.is_running():
            self.set_timer()
        return handle

    def tick(self):
        """The source is ready. When the loop runs, to have waked it up is enough."""
        if self.is_closed():
            return GLib.SOURCE_REMOVE
        if self.is_running():
            self.source.set_ready_time(-1)
            return GLib.SOURCE_CONTINUE

        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        self._thread_id = threading.get_ident()
        try:
            self._run_once()
        finally:
            self._thread_id = None
            asyncio._set_running_loop(outer)
            if not self.is_closed():
                self.set_timer()
        return GLib.SOURCE_CONTINUE

    def wait(self, timeout):
        if timeout is None:
            self.source.set_ready_time(-1)
        else:
            self.source.set_ready_time(GLib.get_monotonic_time() + int(timeout * SECOND))
        self.context.iteration(True)

    def run_forever(self):
        self.context.push_thread_default()
        self.selector.wait = self.wait
        try:
            super().run_forever()
        finally:
            self.selector.wait = None
            self.context.pop_thread_default()
            self.set_timer()


loops = weakref.WeakValueDictionary()
lock = threading.Lock()


def loop_of(context):
    """The loop of a context. It is there as long as somebody keeps it."""
    with lock:
        loop = loops.get(context)
        if loop is None or loop.is_closed():
            loop = loops[context] = EventLoop(context)
        return loop
