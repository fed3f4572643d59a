#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A mailbox for those who have a password: a message is in the Maildir before it is answered with 250.

Mail is taken after AUTH alone, and AUTH after STARTTLS.

usage: mailbox.py [ADDRESS [MAILDIR [USERS]]]        (default: localhost:8025 Maildir users)

USERS is a file with a line for each of them: USER:PASSWORD, or better the line that
"gsmtpd --make-auth=USER" prints. Others must not be able to read it.
"""

import signal
import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402


def on_data(server, session, envelope, request):
    print(f'message from {session.identity} by {session.protocol}', flush=True)
    return Smtpd.Verdict.CONTINUE


def make_server(maildir, users):
    # Clients have no reason to trust this one. See Smtpd.TlsContext.new() for a certificate from a file.
    tls = Smtpd.TlsContext.new_self_signed('localhost')
    box = Smtpd.MaildirHandler(path=maildir, add_trace=True)
    box.prepare()
    server = Smtpd.Server(tls_context=tls, auth_required=True)
    server.connect('handle-data', on_data)
    server.add_handler(Smtpd.AuthFileHandler.new(users))
    server.add_handler(box)
    return server


def main(address='localhost:8025', maildir='Maildir', users='users'):
    try:
        server = make_server(maildir, users)
        server.listen(address, Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'mailbox.py: {error.message}')
    for listening in server.dup_listen_addresses():
        print(f'listening on {listening}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main(*sys.argv[1:])
