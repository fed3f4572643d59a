#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A server with its own classes of sessions and envelopes.
//
// usage: own-classes.js [ADDRESS]        (default: localhost:8025)

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const SIGINT = 2;
const SIGTERM = 15;

// A connection that knows how many messages came by it.
const CountingSession = GObject.registerClass(
class CountingSession extends Smtpd.Session {
    _init(properties) {
        super._init(properties);
        this.messages = 0;
    }
});

// A transaction with a number.
const NumberedEnvelope = GObject.registerClass(
class NumberedEnvelope extends Smtpd.Envelope {
    _init(number) {
        super._init();
        this.number = number;
    }
});

// Makes sessions by a property, and envelopes by a method.
const OwnServer = GObject.registerClass(
class OwnServer extends Smtpd.Server {
    _init() {
        super._init({session_type: CountingSession.$gtype});
        this._envelopes = 0;
    }

    vfunc_create_envelope(_session) {
        this._envelopes++;
        return new NumberedEnvelope(this._envelopes);
    }
});

function onData(server, session, envelope, request) {
    session.messages++;
    request.reply(250, `Message ${session.messages} of this session, ` +
        `transaction ${envelope.number} of all`);
    return Smtpd.Verdict.HANDLED;
}

const server = new OwnServer();
server.connect('handle-data', onData);
try {
    server.listen(System.programArgs[0] ?? 'localhost:8025', Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`own-classes.js: ${error.message}`);
    System.exit(1);
}
for (const address of server.dup_listen_addresses())
    print(`listening on ${address}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
