// SPDX-License-Identifier: LGPL-2.1-or-later

// hooks.js PORT: our server with hooks in JavaScript, to be measured beside smtp-server's.

import GLib from 'gi://GLib';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

const server = new Smtpd.Server();
for (const name of ['ehlo', 'mail', 'rcpt'])
    server.connect(`handle-${name}`, () => Smtpd.Verdict.CONTINUE);
server.connect('handle-data', (_server, _session, _envelope, request) => {
    request.reply(250, '2.0.0 OK');
    return Smtpd.Verdict.HANDLED;
});
server.listen(`127.0.0.1:${System.programArgs[0]}`, Smtpd.ListenerKind.SMTP);
new GLib.MainLoop(null, false).run();
