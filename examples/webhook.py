#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Passes mail on to an HTTP server: POSTs each message to it as JSON, by libsoup 3.

The answer is 250 when the HTTP server has answered 2xx, else 451, so that the client keeps the
message and tries again.

usage: webhook.py [ADDRESS [URL]]        (default: localhost:8025 http://localhost:8080/)
"""

import asyncio
import base64
import email
import json
import signal
import sys

import gi

gi.require_version('Smtpd', '1.0')
gi.require_version('Soup', '3.0')

from gi.repository import GLib, Smtpd, Soup  # noqa: E402


def subject_of(content):
    """As it stands in the header, in one line."""
    subject = email.message_from_bytes(content)['Subject']
    return ''.join(str(subject or '').splitlines())


class Webhook(Smtpd.Handler):

    def __init__(self, uri):
        super().__init__()
        self.uri = uri
        self.http = Soup.Session(timeout=60)

    async def do_handle_data(self, server, session, envelope, request):
        content = envelope.content
        body = json.dumps({
            'peer': session.peer.to_string(),
            'sender': envelope.mail_from,
            'recipients': envelope.rcpt_tos,
            'subject': subject_of(content),
            'message': base64.b64encode(content).decode(),
        })
        try:
            status = await self.post(body.encode(), request.get_cancellable())
        except GLib.Error as error:
            print(error.message, file=sys.stderr)
            return '451 4.4.1 Nobody takes it now'
        if not 200 <= status < 300:
            print('HTTP status', status, file=sys.stderr)
            return '451 4.3.0 Nobody takes it now'
        return '250 2.0.0 Passed on'

    def post(self, body, cancellable):
        """What can be awaited in the place of libsoup's callback."""
        answered = asyncio.get_running_loop().create_future()
        message = Soup.Message.new_from_uri('POST', self.uri)
        message.set_request_body_from_bytes('application/json', GLib.Bytes.new(body))

        def on_answered(http, result):
            if answered.cancelled():  # the client has left
                return
            try:
                http.send_and_read_finish(result)
            except GLib.Error as error:
                answered.set_exception(error)
            else:
                answered.set_result(message.props.status_code)

        self.http.send_and_read_async(message, GLib.PRIORITY_DEFAULT, cancellable, on_answered)
        return answered


def main(address='localhost:8025', url='http://localhost:8080/'):
    server = Smtpd.Server()
    try:
        server.add_handler(Webhook(GLib.Uri.parse(url, GLib.UriFlags(Soup.HTTP_URI_FLAGS))))
        server.listen(address, Smtpd.ListenerKind.SMTP)
    except GLib.Error as error:
        sys.exit(f'webhook.py: {error.message}')
    for listening in server.dup_listen_addresses():
        print(f'listening on {listening}', flush=True)

    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == '__main__':
    main(*sys.argv[1:])
