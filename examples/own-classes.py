#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server with its own classes of sessions and envelopes.

usage: own-classes.py [ADDRESS]        (default: localhost:8025)
"""

import signal
import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402


class CountingSession(Smtpd.Session):
    """A connection that knows how many messages came by it."""

    messages = 0


class NumberedEnvelope(Smtpd.Envelope):
    """A transaction with a number."""

    def __init__(self, number):
        super().__init__()
        self.number = number


class OwnServer(Smtpd.Server):
    """Makes sessions by a property, and envelopes by a method."""

    envelopes = 0

    def __init__(self):
        super().__init__(session_type=CountingSession)

    def do_create_envelope(self, session):
        self.envelopes += 1
        return NumberedEnvelope(self.envelopes)


def on_data(server, session, envelope, request):
    session.messages += 1
    request.reply(250, f'Message {session.messages} of this session, transaction {envelope.number} of all')
    return Smtpd.Verdict.HANDLED


def main():
    server = OwnServer()
    server.connect('handle-data', on_data)
    try:
        server.listen(sys.argv[1] if len(sys.argv) > 1 else 'localhost:8025', Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'own-classes.py: {error.message}')
    for address in server.dup_listen_addresses():
        print(f'listening on {address}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main()
