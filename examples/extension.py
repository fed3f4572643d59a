#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server with an extension of its own, XTICKET, and with DSN, whose parameters it prints.

usage: extension.py [ADDRESS]        (default: localhost:8025)
"""

import signal
import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402


class Tickets(Smtpd.Extension):
    def __init__(self):
        super().__init__(keyword='XTICKET')
        self.add_parameter('MAIL', 'XTICKET', 30)

    def do_check_parameter(self, session, verb, keyword, value):
        """A ticket is a number."""
        return value is not None and value.isdigit()


def on_mail(server, session, envelope, request, address, parameters):
    if 'XTICKET' not in parameters:
        request.reply(550, '5.7.1 No mail without a ticket')
        return Smtpd.Verdict.HANDLED
    return Smtpd.Verdict.CONTINUE


def on_data(server, session, envelope, request):
    print(f'ticket {envelope.mail_parameters["XTICKET"]}, id {envelope.envelope_id or "-"}', flush=True)
    for recipient in envelope.recipients:
        wants_success = recipient.dsn_notify & Smtpd.DsnNotify.SUCCESS
        print(f'{recipient.address}: {"to be confirmed" if wants_success else "no word of success"}', flush=True)
    request.reply(250, '2.0.0 Thank you')
    return Smtpd.Verdict.HANDLED


def main():
    server = Smtpd.Server()
    server.add_extension(Tickets())
    server.set_extension_enabled('DSN', True)
    server.connect('handle-mail', on_mail)
    server.connect('handle-data', on_data)
    try:
        server.listen(sys.argv[1] if len(sys.argv) > 1 else 'localhost:8025', Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'extension.py: {error.message}')
    for address in server.dup_listen_addresses():
        print(f'listening on {address}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main()
