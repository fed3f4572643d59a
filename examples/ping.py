#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server with a command of its own, PING, and one that it overrides, RSET.

usage: ping.py [ADDRESS]        (default: localhost:8025)
"""

import email
import signal
import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402


class PingServer(Smtpd.Server):
    """Answers PING, counts RSET."""

    def __init__(self, **properties):
        super().__init__(**properties)
        self.resets = 0
        self.add_command('PING', on_ping)

    def do_rset(self, session, request, argument):
        self.resets += 1
        request.add_line(f'This is RSET number {self.resets}')
        super().do_rset(session, request, argument)


def on_ping(server, session, request, argument):
    request.reply(259, 'OK')


def on_data(server, session, envelope, request):
    message = email.message_from_bytes(envelope.content)
    print(f'from {envelope.mail_from}: {message["Subject"]}', flush=True)
    request.reply(250, 'Thank you')
    return Smtpd.Verdict.HANDLED


def main():
    server = PingServer()
    server.connect('handle-data', on_data)
    try:
        server.listen(sys.argv[1] if len(sys.argv) > 1 else 'localhost:8025', Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'ping.py: {error.message}')
    for address in server.dup_listen_addresses():
        print(f'listening on {address}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main()
