#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A window of the terminal that shows mail as it arrives.

The server and the keyboard are served by one main loop.

usage: watch.py [ADDRESS]        (default: localhost:8025)

Type the number of a message to see it, p to pause (senders are told to come again) and to go on,
q to end.
"""

import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Gio, GLib, Smtpd  # noqa: E402


def printable(text):
    """Nobody who sends mail is to move the cursor here, or worse."""
    return ''.join(c if c.isprintable() or c in '\n\t' else '?' for c in text.replace('\r\n', '\n'))


class Window:
    """What is seen, and what is typed."""

    def __init__(self, loop):
        self.loop = loop
        self.messages = []
        self.paused = False
        self.keyboard = Gio.DataInputStream.new(Gio.UnixInputStream.new(sys.stdin.fileno(), False))
        self.wait()

    def on_mail(self, server, session, envelope, request, address, parameters):
        return '450 4.3.2 Come again later' if self.paused else Smtpd.Verdict.CONTINUE

    def on_data(self, server, session, envelope, request):
        content = envelope.content
        self.messages.append(content)
        line = f'{len(self.messages):3} {len(content):8} {envelope.mail_from:25} {" ".join(envelope.rcpt_tos):25}'
        print(printable(line), flush=True)
        return '250 2.0.0 Seen'

    def wait(self):
        self.keyboard.read_line_async(GLib.PRIORITY_DEFAULT, None, self.on_typed)

    def on_typed(self, keyboard, result):
        line, _ = keyboard.read_line_finish_utf8(result)
        if line is None or line == 'q':
            self.loop.quit()
            return
        if line == 'p':
            self.paused = not self.paused
            print('paused' if self.paused else 'going on', flush=True)
        elif line.isdecimal() and 1 <= int(line) <= len(self.messages):
            print(printable(self.messages[int(line) - 1].decode(errors='replace')), flush=True)
        else:
            print('a number of a message, p, or q', flush=True)
        self.wait()


def main(address='localhost:8025'):
    loop = GLib.MainLoop()
    window = Window(loop)
    server = Smtpd.Server()
    server.connect('handle-mail', window.on_mail)
    server.connect('handle-data', window.on_data)
    try:
        server.listen(address, Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'watch.py: {error.message}')
    for listening in server.dup_listen_addresses():
        print(f'listening on {listening}', flush=True)
    loop.run()


if __name__ == '__main__':
    main(*sys.argv[1:])
