#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A server that takes mail for anybody, and reports to the sender what has become of it: whom it could not be
// delivered to, and, if he asks for that by DSN (RFC 3461), whom it was.
//
// usage: report.js [ADDRESS]        (default: localhost:8025)

import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const SIGINT = 2;
const SIGTERM = 15;

function reportOutcome(server, envelope) {
    const report = Smtpd.DeliveryReport.new_for_envelope(server.hostname, envelope);
    for (const recipient of envelope.get_recipients()) {
        if (recipient.address.dup_local_part() === 'nobody') {
            const status = report.add_envelope_recipient(recipient, Smtpd.DeliveryAction.FAILED, '5.1.1');
            status.diagnostic = '550 5.1.1 No such user';
        } else {
            report.add_envelope_recipient(recipient, Smtpd.DeliveryAction.DELIVERED, '2.1.5');
        }
    }

    // Nobody is told what he does not want to hear, and nobody of a message that came from <>: that may be a report
    // itself.
    if (report.is_due()) {
        const answer = report.to_envelope();
        print(`MAIL FROM:<${answer.mail_from}>`, ...answer.mail_options);
        print(`RCPT TO:<${answer.rcpt_tos[0]}>`);
        print(new TextDecoder().decode(answer.content.get_data()));
    }
}

function onData(server, session, envelope, request) {
    request.reply(250, '2.0.0 Taken');
    reportOutcome(server, envelope);
    return Smtpd.Verdict.HANDLED;
}

const server = new Smtpd.Server();
server.set_extension_enabled('DSN', true); // a promise, which onData() keeps
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
