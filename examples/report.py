#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server that takes mail for anybody, and reports to the sender what has become of it.

He hears of whom it could not be delivered to, and, if he asks for that by DSN (RFC 3461), of whom it was.

usage: report.py [ADDRESS]        (default: localhost:8025)
"""

import signal
import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402


def report_outcome(server, envelope):
    report = Smtpd.DeliveryReport.new_for_envelope(server.hostname, envelope)
    for recipient in envelope.recipients:
        if recipient.address.local_part == 'nobody':
            status = report.add_envelope_recipient(recipient, Smtpd.DeliveryAction.FAILED, '5.1.1')
            status.diagnostic = '550 5.1.1 No such user'
        else:
            report.add_envelope_recipient(recipient, Smtpd.DeliveryAction.DELIVERED, '2.1.5')

    # Nobody is told what he does not want to hear, and nobody of a message that came from <>: that may be a report itself.
    if report.is_due():
        answer = report.to_envelope()
        print(f'MAIL FROM:<{answer.mail_from}>', *answer.mail_options)
        print(f'RCPT TO:<{answer.rcpt_tos[0]}>')
        print(answer.content.decode(), flush=True)


def on_data(server, session, envelope, request):
    request.reply(250, '2.0.0 Taken')
    report_outcome(server, envelope)
    return Smtpd.Verdict.HANDLED


def main():
    server = Smtpd.Server()
    server.set_extension_enabled('DSN', True)  # a promise, which on_data() keeps
    server.connect('handle-data', on_data)
    try:
        server.listen(sys.argv[1] if len(sys.argv) > 1 else 'localhost:8025', Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'report.py: {error.message}')
    for address in server.dup_listen_addresses():
        print(f'listening on {address}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main()
