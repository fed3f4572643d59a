#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A server that takes mail for anybody, and reports to the sender whom it could not deliver it to.
//
// usage: report.js [ADDRESS]        (default: localhost:8025)

import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const SIGINT = 2;
const SIGTERM = 15;

function reportFailures(server, envelope, failed) {
    const report = Smtpd.DeliveryReport.new(server.hostname, envelope.reverse_path);
    for (const recipient of failed) {
        const status = report.add_recipient(recipient.address, Smtpd.DeliveryAction.FAILED, '5.1.1');
        status.diagnostic = '550 5.1.1 No such user';
    }
    report.arrival_date = GLib.DateTime.new_now_local();
    report.original = envelope.content;
    report.smtputf8 = envelope.smtputf8;

    // Nobody is told of a message that came from <>: that may be a report itself.
    if (report.is_due()) {
        const answer = report.to_envelope();
        print(`MAIL FROM:<${answer.mail_from}>`, ...answer.mail_options);
        print(`RCPT TO:<${answer.rcpt_tos[0]}>`);
        print(new TextDecoder().decode(answer.content.get_data()));
    }
}

function onData(server, session, envelope, request) {
    request.reply(250, '2.0.0 Taken');
    const failed = envelope.get_recipients().filter(
        recipient => recipient.address.dup_local_part() === 'nobody');
    if (failed.length > 0)
        reportFailures(server, envelope, failed);
    return Smtpd.Verdict.HANDLED;
}

const server = new Smtpd.Server();
server.connect('handle-data', onData);
try {
    server.listen(System.programArgs[0] ?? 'localhost:8025', Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`report.js: ${error.message}`);
    System.exit(1);
}
for (const address of server.dup_listen_addresses())
    print(`listening on ${address}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
