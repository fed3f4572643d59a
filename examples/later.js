#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A server that answers RCPT later, while it serves all others.
//
// usage: later.js [ADDRESS]        (default: localhost:8025)

import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const SIGINT = 2;
const SIGTERM = 15;

const DELAY = 1000; // milliseconds

function onRcpt(server, session, envelope, request, address, _parameters) {
    request.hold();
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, DELAY, () => {
        if (address.dup_local_part() === 'nobody')
            request.reply(550, '5.1.1 No such user');
        else
            request.proceed();
        return GLib.SOURCE_REMOVE;
    });
    return Smtpd.Verdict.HANDLED;
}

function onData(server, session, envelope, request) {
    request.reply(250, `2.0.0 For ${envelope.rcpt_tos.length}`);
    return Smtpd.Verdict.HANDLED;
}

const server = new Smtpd.Server();
server.connect('handle-rcpt', onRcpt);
server.connect('handle-data', onData);
try {
    server.listen(System.programArgs[0] ?? 'localhost:8025', Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`later.js: ${error.message}`);
    System.exit(1);
}
for (const address of server.dup_listen_addresses())
    print(`listening on ${address}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
