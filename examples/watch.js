#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// A window of the terminal that shows mail as it arrives. The server and the keyboard are served by
// one main loop.
//
// usage: watch.js [ADDRESS]        (default: localhost:8025)
//
// Type the number of a message to see it, p to pause (senders are told to come again) and to go on,
// q to end.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');

const STDIN = 0;

const messages = [];
let paused = false;

// Nobody who sends mail is to move the cursor here, or worse.
function printable(text) {
    return text.replaceAll('\r\n', '\n').replace(/[^\P{C}\n\t]/gu, '?');
}

function onMail() {
    return paused ? '450 4.3.2 Come again later' : Smtpd.Verdict.CONTINUE;
}

function onData(_server, _session, envelope, _request) {
    const {content} = envelope;
    messages.push(content);
    const columns = [
        String(messages.length).padStart(3),
        String(content.get_size()).padStart(8),
        envelope.mail_from.padEnd(25),
        envelope.rcpt_tos.join(' ').padEnd(25),
    ];
    print(printable(columns.join(' ')));
    return '250 2.0.0 Seen';
}

function obey(line) {
    if (line === 'p') {
        paused = !paused;
        print(paused ? 'paused' : 'going on');
    } else if (messages[line - 1]) {
        print(printable(new TextDecoder().decode(messages[line - 1].toArray())));
    } else {
        print('a number of a message, p, or q');
    }
}

async function readKeyboard() {
    const keyboard = Gio.DataInputStream.new(Gio.UnixInputStream.new(STDIN, false));
    for (;;) {
        const [line] = await keyboard.read_line_async(GLib.PRIORITY_DEFAULT, null);
        if (line === null || line === 'q')
            return;
        obey(line);
    }
}

const server = new Smtpd.Server();
server.connect('handle-mail', onMail);
server.connect('handle-data', onData);
try {
    server.listen(System.programArgs[0] ?? 'localhost:8025', Smtpd.ListenerKind.SMTP);
} catch (error) {
    printerr(`watch.js: ${error.message}`);
    System.exit(1);
}
for (const address of server.dup_listen_addresses())
    print(`listening on ${address}`);

const loop = new GLib.MainLoop(null, false);
readKeyboard().catch(logError).finally(() => loop.quit());
loop.run();
