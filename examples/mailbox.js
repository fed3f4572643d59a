#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A mailbox for those who have a password: a message is in the Maildir before it is answered with
// 250. Mail is taken after AUTH alone, and AUTH after STARTTLS.
//
// usage: mailbox.js [ADDRESS [MAILDIR [USERS]]]        (default: localhost:8025 Maildir users)
//
// USERS is a file with a line for each of them: USER:PASSWORD, or better the line that
// "gsmtpd --make-auth=USER" prints. Others must not be able to read it.

import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const SIGINT = 2;
const SIGTERM = 15;

function makeServer(maildir, users) {
    const box = new Smtpd.MaildirHandler({path: maildir, add_trace: true});
    box.prepare();
    const server = new Smtpd.Server({
        // Clients have no reason to trust this one. See Smtpd.TlsContext.new() for a certificate
        // from a file.
        tls_context: Smtpd.TlsContext.new_self_signed('localhost'),
        auth_required: true,
    });
    server.connect('handle-data', (_server, session, _envelope, _request) => {
        print(`message from ${session.identity} by ${session.protocol}`);
        return Smtpd.Verdict.CONTINUE;
    });
    server.add_handler(Smtpd.AuthFileHandler.new(users));
    server.add_handler(box);
    return server;
}

const [address = 'localhost:8025', maildir = 'Maildir', users = 'users'] = System.programArgs;
let server;
try {
    server = makeServer(maildir, users);
    server.listen(address, Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`mailbox.js: ${error.message}`);
    System.exit(1);
}
for (const listening of server.dup_listen_addresses())
    print(`listening on ${listening}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
