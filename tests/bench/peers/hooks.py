# SPDX-License-Identifier: LGPL-2.1-or-later

"""hooks.py PORT: our server with hooks in Python, to be measured beside aiosmtpd's."""

import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402


def on_ehlo(server, session, envelope, request, host_name):
    return Smtpd.Verdict.CONTINUE


def on_path(server, session, envelope, request, address, parameters):
    return Smtpd.Verdict.CONTINUE


def on_data(server, session, envelope, request):
    request.reply(250, '2.0.0 OK')
    return Smtpd.Verdict.HANDLED


server = Smtpd.Server()
server.connect('handle-ehlo', on_ehlo)
server.connect('handle-mail', on_path)
server.connect('handle-rcpt', on_path)
server.connect('handle-data', on_data)
server.listen(f'127.0.0.1:{sys.argv[1]}', Smtpd.ListenerKind.SMTP)
GLib.MainLoop().run()
