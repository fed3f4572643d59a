#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// The smallest server: it takes all mail and throws it away. JavaScript has one thread, so the
// controller serves in its main loop.
//
// usage: sink.js [ADDRESS]        (default: localhost:8025)

import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const SIGINT = 2;
const SIGTERM = 15;

const server = new Smtpd.Server();
server.add_handler(new Smtpd.SinkHandler());

const controller = new Smtpd.Controller({server, threaded: false});
controller.add_address(System.programArgs[0] ?? 'localhost:8025', Smtpd.ListenerKind.SMTP);
try {
    controller.start();
} catch (error) {
    printerr(`sink.js: ${error.message}`);
    System.exit(1);
}
for (const address of controller.dup_addresses())
    print(`listening on ${address}`);

const loop = new GLib.MainLoop(null, false);
for (const number of [SIGINT, SIGTERM])
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, () => loop.quit());
loop.run();
controller.stop();
