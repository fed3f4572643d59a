#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A policy that has to ask before it answers RCPT, and serves all others while it does: is the
// recipient in a file of users, one a line, which is read each time? A client that has not written
// to one of them before is told to come again a second later (greylisting); programs that send spam
// often do not.
//
// usage: policy.js [ADDRESS [FILE]]        (default: localhost:8025 users)

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

Gio._promisify(Gio.File.prototype, 'load_contents_async', 'load_contents_finish');

const SIGINT = 2;
const SIGTERM = 15;

const DELAY = 1000; // milliseconds

const Policy = GObject.registerClass(
class Policy extends Smtpd.Handler {
    _init(users) {
        super._init();
        this._users = users;
        // When each "host sender recipient" came first; a program would forget some.
        this._attempts = new Map();
    }

    async vfunc_handle_rcpt(_server, session, envelope, request, address, _parameters) {
        // What it throws is a 451, of which the client learns no more.
        const [contents] = await this._users.load_contents_async(request.get_cancellable());
        const names = new TextDecoder().decode(contents).split('\n').filter(name => name !== '');
        if (!names.includes(address.dup_local_part()))
            return '550 5.1.1 No such user';
        const host = session.peer.get_address().to_string();
        const attempt = `${host} ${envelope.mail_from} ${address}`;
        const now = Date.now();
        if (!this._attempts.has(attempt))
            this._attempts.set(attempt, now);
        if (now < this._attempts.get(attempt) + DELAY)
            return '450 4.7.1 Come again a little later';
        return Smtpd.Verdict.CONTINUE;
    }
});

const [address = 'localhost:8025', path = 'users'] = System.programArgs;
const server = new Smtpd.Server();
server.add_handler(new Policy(Gio.File.new_for_commandline_arg(path)));
server.add_handler(new Smtpd.SinkHandler());
try {
    server.listen(address, Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`policy.js: ${error.message}`);
    System.exit(1);
}
for (const listening of server.dup_listen_addresses())
    print(`listening on ${listening}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
