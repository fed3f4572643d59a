#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A server with a command of its own, PING, and one that it overrides, RSET.
//
// usage: ping.js [ADDRESS]        (default: localhost:8025)

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const SIGINT = 2;
const SIGTERM = 15;

const PingServer = GObject.registerClass(
class PingServer extends Smtpd.Server {
    _init(properties) {
        super._init(properties);
        this._resets = 0;
        this.add_command('PING', (server, session, request, _argument) => {
            request.reply(259, 'OK');
        });
    }

    vfunc_rset(session, request, argument) {
        this._resets++;
        request.add_line(`This is RSET number ${this._resets}`);
        super.vfunc_rset(session, request, argument);
    }
});

function onData(server, session, envelope, request) {
    const text = new TextDecoder().decode(envelope.content.toArray());
    const [, subject] = text.match(/^Subject: *(.*?)\r?$/mi) ?? [];
    print(`from ${envelope.mail_from}: ${subject}`);
    request.reply(250, 'Thank you');
    return Smtpd.Verdict.HANDLED;
}

const server = new PingServer();
server.connect('handle-data', onData);
try {
    server.listen(System.programArgs[0] ?? 'localhost:8025', Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`ping.js: ${error.message}`);
    System.exit(1);
}
for (const address of server.dup_listen_addresses())
    print(`listening on ${address}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
