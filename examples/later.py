#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server that answers RCPT later, while it serves all others.

usage: later.py [ADDRESS]        (default: localhost:8025)
"""

import signal
import sys
import threading
import time

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402

DELAY = 1  # seconds


def decide(request, address):
    """The answer, which may come from any thread."""
    if address.local_part == 'nobody':
        request.reply(550, '5.1.1 No such user')
    else:
        request.proceed()
    return GLib.SOURCE_REMOVE


def look_up(request, address):
    """Stands for what takes its time and blocks."""
    time.sleep(DELAY)
    decide(request, address)


def on_rcpt(server, session, envelope, request, address, parameters):
    request.hold()
    if address.domain == 'thread.example':
        threading.Thread(target=look_up, args=(request, address)).start()
    else:
        GLib.timeout_add(DELAY * 1000, decide, request, address)
    return Smtpd.Verdict.HANDLED


async def on_vrfy(server, session, envelope, request, argument):
    """The same for who likes it better: a coroutine is held by itself."""
    await Smtpd.sleep(DELAY)
    request.reply(252, f'2.0.0 Perhaps there is a {argument}')


def on_data(server, session, envelope, request):
    request.reply(250, f'2.0.0 For {len(envelope.rcpt_tos)}')
    return Smtpd.Verdict.HANDLED


def main():
    server = Smtpd.Server()
    server.connect('handle-rcpt', on_rcpt)
    server.connect('handle-vrfy', on_vrfy)
    server.connect('handle-data', on_data)
    try:
        server.listen(sys.argv[1] if len(sys.argv) > 1 else 'localhost:8025', Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'later.py: {error.message}')
    for address in server.dup_listen_addresses():
        print(f'listening on {address}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main()
