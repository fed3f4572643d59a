#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A server for people who send mail: AUTH in TLS, and nothing without it.
//
// usage: submission.js [ADDRESS]        (default: localhost:8025)
//
// Its users are joe, whose password is "pencil", and whoever brings the token "letmein".

import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const SIGINT = 2;
const SIGTERM = 15;

// A program would keep what Secret.derive() makes, and not the passwords.
const secrets = new Map([['joe', Smtpd.Secret.derive(Smtpd.ScramHash.SHA256, 'pencil', 0)]]);

// What is known of this user? With it PLAIN, LOGIN and SCRAM are checked.
function onCredentials(_server, _session, _envelope, request, credentials) {
    request.send_secret(secrets.get(credentials.authentication_id) ?? null);
    return Smtpd.Verdict.HANDLED;
}

// May it come in? Who was verified may, unless somebody objects here.
function onAuth(_server, _session, _envelope, request, credentials) {
    const {token} = credentials;
    if (token === null)
        return Smtpd.Verdict.CONTINUE;
    request.hold();
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, 100, () => { // ask whoever has issued it
        if (token === 'letmein')
            request.reply(235, '2.7.0 Welcome');
        else
            request.proceed();
        return GLib.SOURCE_REMOVE;
    });
    return Smtpd.Verdict.HANDLED;
}

function onMail(_server, session, _envelope, request, address, _parameters) {
    if (address.dup_local_part() === session.identity)
        return Smtpd.Verdict.CONTINUE;
    request.reply(553, '5.7.1 That is somebody else');
    return Smtpd.Verdict.HANDLED;
}

function onData(_server, session, _envelope, request) {
    print(`message from ${session.identity} by ${session.protocol}`);
    request.reply(250, '2.0.0 Thank you');
    return Smtpd.Verdict.HANDLED;
}

const server = new Smtpd.Server({
    tls_context: Smtpd.TlsContext.new_self_signed('localhost'),
    auth_required: true,
    auth_mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'OAUTHBEARER'],
});
server.connect('handle-credentials', onCredentials);
server.connect('handle-auth', onAuth);
server.connect('handle-mail', onMail);
server.connect('handle-data', onData);
try {
    server.listen(System.programArgs[0] ?? 'localhost:8025', Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`submission.js: ${error.message}`);
    System.exit(1);
}
for (const address of server.dup_listen_addresses())
    print(`listening on ${address}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
