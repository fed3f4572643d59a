#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests of a program that sends mail, in the manner of the runners there are: each test is an async
// function, and catches what is sent.
//
// usage: fixture.js

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

Gio._promisify(Gio.SocketClient.prototype, 'connect_to_host_async', 'connect_to_host_finish');
Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');

// The program under test: throws if the server does not take the message.
async function notify(port, recipient) {
    const connection = await new Gio.SocketClient().connect_to_host_async('localhost', port, null);
    const input = new Gio.DataInputStream({
        base_stream: connection.get_input_stream(),
        newline_type: Gio.DataStreamNewlineType.CR_LF,
    });
    for (const line of ['EHLO me.example', 'MAIL FROM:<me@example.org>', `RCPT TO:<${recipient}>`, 'DATA',
        'Subject: News\r\n\r\nHello\r\n.', 'QUIT', null]) {
        let reply;
        do
            [reply] = await input.read_line_async(GLib.PRIORITY_DEFAULT, null);
        while (reply?.[3] === '-');
        if (!reply || reply >= '4')
            throw new Error(reply ?? 'disconnected');
        if (line !== null)
            connection.get_output_stream().write_all(`${line}\r\n`, null);
    }
}

// The fixture

async function withCatcher(test) {
    const catcher = new Smtpd.Catcher();
    catcher.start();
    try {
        await test(catcher);
    } finally {
        catcher.stop();
    }
}

// The tests

function assertEqual(one, other) {
    if (one !== other)
        throw new Error(`${one} is not ${other}`);
}

const tests = {
    async sent(catcher) {
        await notify(catcher.port, 'joe@example.org');
        const message = await catcher.nextMessage();
        assertEqual(message.mail_from, 'me@example.org');
        assertEqual(message.rcpt_tos.join(), 'joe@example.org');
        assertEqual(new TextDecoder().decode(message.content.toArray()), 'Subject: News\r\n\r\nHello\r\n');
    },

    async two(catcher) {
        await notify(catcher.port, 'joe@example.org');
        await notify(catcher.port, 'jim@example.org');
        const messages = await catcher.waitForMessages(2);
        assertEqual(messages.map(message => message.rcpt_tos).join(), 'joe@example.org,jim@example.org');
    },

    async nothing(catcher) {
        const reason = await catcher.nextMessage(10).catch(error => error);
        assertEqual(reason.matches(Smtpd.error_quark(), Smtpd.Error.TIMED_OUT), true);
    },

    async busy(catcher) {
        catcher.chaos.add_rule('rcpt=450 4.2.1 Mailbox busy');
        const reason = await notify(catcher.port, 'joe@example.org').catch(error => error);
        assertEqual(reason.message, '450 4.2.1 Mailbox busy');
        assertEqual(catcher.wait(0, 0).length, 0);
    },
};

let failed = false;
for (const [name, test] of Object.entries(tests)) {
    const reason = await withCatcher(test).then(() => null, error => error);
    print(reason === null ? `ok - ${name}` : `not ok - ${name}: ${reason.message}`);
    failed ||= reason !== null;
}
print(`1..${Object.keys(tests).length}`);
System.exit(failed ? 1 : 0);
