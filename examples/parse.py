#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server that looks into messages with Python's email package.

usage: parse.py [ADDRESS]        (default: localhost:8025)
"""

import email.parser
import email.policy
import signal
import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402

PIECE = 65536


def parse(stream):
    """Piece by piece: of a large message not all is in memory twice."""
    parser = email.parser.BytesFeedParser(policy=email.policy.default)
    while data := stream.read_bytes(PIECE, None).get_data():
        parser.feed(data)
    return parser.close()


def on_data(server, session, envelope, request):
    message = parse(envelope.open_content())
    if message['subject'] is None:
        request.reply(550, '5.6.0 A message needs a subject here')
        return Smtpd.Verdict.HANDLED

    print('subject:', message['subject'])
    for part in message.walk():
        print(' ', part.get_content_type())
    request.reply(250, '2.0.0 Read')
    return Smtpd.Verdict.HANDLED


def main():
    server = Smtpd.Server()
    server.connect('handle-data', on_data)
    try:
        server.listen(sys.argv[1] if len(sys.argv) > 1 else 'localhost:8025', Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'parse.py: {error.message}')
    for address in server.dup_listen_addresses():
        print(f'listening on {address}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main()
