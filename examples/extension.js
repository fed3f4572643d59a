#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A server with an extension of its own, XTICKET, and with DSN, whose parameters it prints.
//
// usage: extension.js [ADDRESS]        (default: localhost:8025)

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const SIGINT = 2;
const SIGTERM = 15;

const Tickets = GObject.registerClass(class Tickets extends Smtpd.Extension {
    constructor() {
        super({keyword: 'XTICKET'});
        this.add_parameter('MAIL', 'XTICKET', 30);
    }

    // A ticket is a number.
    vfunc_check_parameter(session, verb, keyword, value) {
        return value !== null && /^[0-9]+$/.test(value);
    }
});

function onMail(server, session, envelope, request, address, parameters) {
    if (!parameters.has('XTICKET')) {
        request.reply(550, '5.7.1 No mail without a ticket');
        return Smtpd.Verdict.HANDLED;
    }
    return Smtpd.Verdict.CONTINUE;
}

function onData(server, session, envelope, request) {
    print(`ticket ${envelope.mail_parameters.lookup('XTICKET')}, id ${envelope.envelope_id ?? '-'}`);
    for (const recipient of envelope.get_recipients()) {
        const wantsSuccess = recipient.dsn_notify & Smtpd.DsnNotify.SUCCESS;
        print(`${recipient.address.get_text()}: ${wantsSuccess ? 'to be confirmed' : 'no word of success'}`);
    }
    request.reply(250, '2.0.0 Thank you');
    return Smtpd.Verdict.HANDLED;
}

const server = new Smtpd.Server();
server.add_extension(new Tickets());
server.set_extension_enabled('DSN', true);
server.connect('handle-mail', onMail);
server.connect('handle-data', onData);
try {
    server.listen(System.programArgs[0] ?? 'localhost:8025', Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`extension.js: ${error.message}`);
    System.exit(1);
}
for (const address of server.dup_listen_addresses())
    print(`listening on ${address}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
