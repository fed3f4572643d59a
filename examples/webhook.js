#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Passes mail on to an HTTP server: POSTs each message to it as JSON, by libsoup 3, and answers 250
// when that has answered 2xx, else 451, so that the client keeps the message and tries again.
//
// usage: webhook.js [ADDRESS [URL]]        (default: localhost:8025 http://localhost:8080/)

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import Soup from 'gi://Soup?version=3.0';
import System from 'system';

Gio._promisify(Soup.Session.prototype, 'send_and_read_async', 'send_and_read_finish');

const SIGINT = 2;
const SIGTERM = 15;

const http = new Soup.Session({timeout: 60});

// As it stands in the header, in one line.
function subjectOf(message) {
    const [header] = new TextDecoder().decode(message).split('\r\n\r\n', 1);
    const [, subject = ''] = header.match(/^Subject: *(.*(?:\r\n[ \t].*)*)$/mi) ?? [];
    return subject.replaceAll('\r\n', '');
}

async function post(uri, body, cancellable) {
    const message = Soup.Message.new_from_uri('POST', uri);
    message.set_request_body_from_bytes('application/json', new TextEncoder().encode(body));
    await http.send_and_read_async(message, GLib.PRIORITY_DEFAULT, cancellable);
    return message.status_code;
}

async function passOn(uri, session, envelope, request) {
    const message = envelope.content.toArray();
    const body = JSON.stringify({
        peer: session.peer.to_string(),
        sender: envelope.mail_from,
        recipients: envelope.rcpt_tos,
        subject: subjectOf(message),
        message: GLib.base64_encode(message),
    });
    let status;
    try {
        status = await post(uri, body, request.get_cancellable());
    } catch (error) {
        printerr(error.message);
        return '451 4.4.1 Nobody takes it now';
    }
    if (status < 200 || status > 299) {
        printerr(`HTTP status ${status}`);
        return '451 4.3.0 Nobody takes it now';
    }
    return '250 2.0.0 Passed on';
}

const [address = 'localhost:8025', url = 'http://localhost:8080/'] = System.programArgs;
const server = new Smtpd.Server();
try {
    const uri = GLib.Uri.parse(url, Soup.HTTP_URI_FLAGS);
    server.connect('handle-data', (_server, session, envelope, request) =>
        passOn(uri, session, envelope, request));
    server.listen(address, Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`webhook.js: ${error.message}`);
    System.exit(1);
}
for (const listening of server.dup_listen_addresses())
    print(`listening on ${listening}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
