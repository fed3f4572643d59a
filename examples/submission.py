#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server for people who send mail: AUTH in TLS, and nothing without it.

usage: submission.py [ADDRESS]        (default: localhost:8025)

Its users are joe, whose password is "pencil", and whoever brings the token "letmein".
"""

import signal
import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402

# A program would keep what Secret.derive() makes, and not the passwords.
SECRETS = {'joe': Smtpd.Secret.derive(Smtpd.ScramHash.SHA256, 'pencil', 0)}


def on_credentials(server, session, envelope, request, credentials):
    """What is known of this user? With it PLAIN, LOGIN and SCRAM are checked."""
    request.send_secret(SECRETS.get(credentials.authentication_id))
    return Smtpd.Verdict.HANDLED


async def on_auth(server, session, envelope, request, credentials):
    """May it come in? Who was verified may, unless somebody objects here."""
    if credentials.token is None:
        return Smtpd.Verdict.CONTINUE
    await Smtpd.sleep(0.1)  # ask whoever has issued it
    if credentials.token == 'letmein':
        request.reply(235, '2.7.0 Welcome')
    return Smtpd.Verdict.CONTINUE


def on_mail(server, session, envelope, request, address, parameters):
    if address.local_part != session.identity:
        request.reply(553, '5.7.1 That is somebody else')
        return Smtpd.Verdict.HANDLED
    return Smtpd.Verdict.CONTINUE


def on_data(server, session, envelope, request):
    print(f'message from {session.identity} by {session.protocol}', flush=True)
    request.reply(250, '2.0.0 Thank you')
    return Smtpd.Verdict.HANDLED


def main():
    server = Smtpd.Server(tls_context=Smtpd.TlsContext.new_self_signed('localhost'), auth_required=True,
                          auth_mechanisms=['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'OAUTHBEARER'])
    server.connect('handle-credentials', on_credentials)
    server.connect('handle-auth', on_auth)
    server.connect('handle-mail', on_mail)
    server.connect('handle-data', on_data)
    try:
        server.listen(sys.argv[1] if len(sys.argv) > 1 else 'localhost:8025', Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'submission.py: {error.message}')
    for address in server.dup_listen_addresses():
        print(f'listening on {address}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main()
