#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A policy that has to ask before it answers RCPT, and serves all others while it does.

Is the recipient in a file of users, one a line, which is read each time? A client that has not
written to one of them before is told to come again a second later (greylisting); programs that
send spam often do not.

usage: policy.py [ADDRESS [FILE]]        (default: localhost:8025 users)
"""

import pathlib
import signal
import sys
import time

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402

DELAY = 1  # seconds


class Policy(Smtpd.Handler):

    def __init__(self, users):
        super().__init__()
        self.users = users
        self.attempts = {}  # when each (host, sender, recipient) came first; a program would forget some

    async def do_handle_rcpt(self, server, session, envelope, request, address, parameters):
        # What it raises is a 451, of which the client learns no more.
        text = await Smtpd.run_in_thread(self.users.read_text)
        if address.local_part not in text.splitlines():
            return '550 5.1.1 No such user'
        attempt = session.peer.get_address().to_string(), envelope.mail_from, str(address)
        now = time.monotonic()
        if now < self.attempts.setdefault(attempt, now) + DELAY:
            return '450 4.7.1 Come again a little later'
        return Smtpd.Verdict.CONTINUE


def main(address='localhost:8025', path='users'):
    server = Smtpd.Server()
    server.add_handler(Policy(pathlib.Path(path)))
    server.add_handler(Smtpd.SinkHandler())
    try:
        server.listen(address, Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'policy.py: {error.message}')
    for listening in server.dup_listen_addresses():
        print(f'listening on {listening}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main(*sys.argv[1:])
