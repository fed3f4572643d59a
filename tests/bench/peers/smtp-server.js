// SPDX-License-Identifier: LGPL-2.1-or-later

// smtp-server.js PORT [CERTIFICATE]: nodemailer's smtp-server, to be measured.

const {readFileSync} = require('node:fs');
const {SMTPServer} = require('smtp-server');

const [port, certificate] = process.argv.slice(2);
const pem = certificate && readFileSync(certificate);

const server = new SMTPServer({
    secure: Boolean(pem),
    ...pem && {key: pem, cert: pem},
    disabledCommands: pem ? ['AUTH'] : ['AUTH', 'STARTTLS'],
    authOptional: true,
    logger: false,
    disableReverseLookup: true,
    onData(stream, session, callback) {
        stream.resume();
        stream.on('end', callback);
    },
});

// Who connects and says nothing is no reason to end.
server.on('error', () => {});
server.listen(Number(port), '127.0.0.1');
