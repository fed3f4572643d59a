// SPDX-License-Identifier: LGPL-2.1-or-later

// The library from JavaScript: subclasses, hooks, handlers, and what goes wrong in them.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Smtpd from 'gi://Smtpd?version=1.0';
import System from 'system';

Gio._promisify(Gio.SocketClient.prototype, 'connect_to_host_async', 'connect_to_host_finish');
Gio._promisify(Gio.SocketListener.prototype, 'accept_async', 'accept_finish');
Gio._promisify(Gio.Subprocess.prototype, 'communicate_utf8_async', 'communicate_utf8_finish');
Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');

class Client {
    static async connect(server, first = null) {
        const client = new Client();
        const socketClient = new Gio.SocketClient({enable_proxy: false});
        client.connection = await socketClient.connect_to_host_async(
            server.dup_listen_addresses()[0], 25, null);
        client.input = new Gio.DataInputStream({
            base_stream: client.connection.get_input_stream(),
            newline_type: Gio.DataStreamNewlineType.CR_LF,
        });
        await client.ask(first);
        return client;
    }

    // Sends a line, if there is one; returns the whole reply.
    async ask(line) {
        if (line !== null)
            this.connection.get_output_stream().write_all(`${line}\r\n`, null);
        const lines = [];
        do {
            const [text] = await this.input.read_line_async(GLib.PRIORITY_DEFAULT, null);
            lines.push(text);
        } while (lines.at(-1)?.[3] === '-');
        return lines.join('|');
    }

    async codes(...lines) {
        const codes = [];
        for (const line of lines)
            codes.push(Number((await this.ask(line)).slice(0, 3)));
        return codes;
    }
}

// Runs a program, to its end.
async function run(argv, input = null) {
    const flags = Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_MERGE;
    const process = Gio.Subprocess.new(argv, flags);
    await process.communicate_utf8_async(input, null);
}

const transaction = ['EHLO me', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.org>', 'DATA', '.'];

function listen(server) {
    server.listen('127.0.0.1:0', Smtpd.ListenerKind.SMTP);
    return Client.connect(server);
}

function equal(actual, expected) {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (a !== b)
        throw new Error(`${a} is not ${b}`);
}

function sleep(milliseconds) {
    return new Promise(resolve => GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
        resolve();
        return GLib.SOURCE_REMOVE;
    }));
}

const OwnSession = GObject.registerClass(class OwnSession extends Smtpd.Session {});
const OwnEnvelope = GObject.registerClass(class OwnEnvelope extends Smtpd.Envelope {});

const OwnServer = GObject.registerClass(class OwnServer extends Smtpd.Server {
    vfunc_create_session() {
        return new OwnSession();
    }

    vfunc_create_envelope(_session) {
        return new OwnEnvelope();
    }

    vfunc_rset(session, request, argument) {
        this.resets = (this.resets ?? 0) + 1;
        request.add_line(`number ${this.resets}`);
        super.vfunc_rset(session, request, argument);
    }

    vfunc_noop() {
        throw new Error('secret');
    }

    vfunc_unknown_command(session, request, argument) {
        if (request.verb === 'PONG')
            request.reply(259, argument);
        else
            super.vfunc_unknown_command(session, request, argument);
    }
});

const OwnHandler = GObject.registerClass(class OwnHandler extends Smtpd.Handler {
    vfunc_handle_mail(server, session, envelope, request, address, parameters) {
        this.seen = [address.get_text(), parameters.get_length()];
        request.proceed();
    }

    vfunc_handle_rcpt(_server, _session, _envelope, request, _address, _parameters) {
        request.hold();
        GLib.timeout_add(GLib.PRIORITY_DEFAULT, 20, () => {
            request.reply(250, '2.1.5 later');
            return GLib.SOURCE_REMOVE;
        });
    }

    vfunc_handle_vrfy() {
    }

    vfunc_handle_data(server, session, envelope, request) {
        this.content = new TextDecoder().decode(envelope.content.toArray());
        this.rcptTos = envelope.rcpt_tos;
        request.reply(250, '2.0.0 taken');
    }
});

const AsyncChild = GObject.registerClass(class AsyncChild extends Smtpd.Server {
    async vfunc_rset(session, request, argument) {
        await sleep(1);
        request.add_line('child');
        super.vfunc_rset(session, request, argument);
    }

    async vfunc_noop(_session, _request, _argument) {
        await sleep(5);
        return '259 child';
    }
});

const AsyncGrandchild = GObject.registerClass(class AsyncGrandchild extends AsyncChild {
    async vfunc_rset(session, request, argument) {
        request.add_line('grandchild');
        super.vfunc_rset(session, request, argument);
    }

    async vfunc_noop(session, request, argument) {
        super.vfunc_noop(session, request, argument);
        await sleep(1);
    }
});

const HookServer = GObject.registerClass(class HookServer extends Smtpd.Server {
    vfunc_rcpt(...args) {
        return this.hook(...args);
    }
});

const HookHandler = GObject.registerClass(class HookHandler extends Smtpd.Handler {
    vfunc_handle_rcpt(...args) {
        return this.hook(...args);
    }
});

function serversWith(hook) {
    const signal = new Smtpd.Server({hook_timeout: 1});
    signal.connect('handle-rcpt', hook);
    const method = new HookServer({hook_timeout: 1});
    method.hook = hook;
    const handler = new HookHandler();
    handler.hook = hook;
    const handled = new Smtpd.Server({hook_timeout: 1});
    handled.add_handler(handler);
    return [['signal', signal], ['method', method], ['handler', handled]];
}

const Even = GObject.registerClass(class Even extends Smtpd.Extension {
    vfunc_describe(_server, _session) {
        return '2 4 6';
    }

    vfunc_check_parameter(_session, verb, keyword, value) {
        if (value === 'throw')
            throw new Error(value);
        return Number(value) % 2 === 0;
    }
});

// A client says twice the number that it was sent.
const Double = GObject.registerClass(class Double extends Smtpd.SaslMechanism {
    vfunc_step(request, response) {
        if (!this.asked) {
            this.asked = true;
            request.challenge(new GLib.Bytes(new TextEncoder().encode('21')));
            return;
        }
        const credentials = Smtpd.Credentials.new(this.get_name(), 'someone');
        credentials.verified = new TextDecoder().decode(response.toArray()) === '42';
        request.present(credentials);
    }
});

function base64(text) {
    return GLib.base64_encode(new TextEncoder().encode(text));
}

const plain = `AUTH PLAIN ${base64('\0joe\0pencil')}`;

function makeAuthServer(properties = {}) {
    return new Smtpd.Server({
        auth_requires_tls: false,
        auth_failure_delay: 0,
        auth_mechanisms: ['PLAIN', 'SCRAM-SHA-256', 'DOUBLE'],
        hook_timeout: 1,
        ...properties,
    });
}

const tests = {
    async subclass() {
        const server = new OwnServer({hostname: 'mx.example'});
        server.add_command('PING', (_server, _session, request, _argument) => request.reply(259, 'OK'));
        let types = null;
        server.connect('handle-mail', (_server, session, envelope) => {
            types = [session instanceof OwnSession, envelope instanceof OwnEnvelope, session.host_name];
            return Smtpd.Verdict.CONTINUE;
        });
        const client = await listen(server);
        equal(await client.ask('PING'), '259 OK');
        equal(await client.ask('RSET'), '250-2.0.0 number 1|250 2.0.0 OK');
        equal(await client.ask('RSET'), '250-2.0.0 number 2|250 2.0.0 OK');
        equal(await client.ask('PONG x'), '259 x');
        equal(await client.codes('PANG', 'NOOP', 'EHLO me', 'MAIL FROM:<>'), [500, 451, 250, 250]);
        equal(types, [true, true, 'me']);
    },

    async types() {
        const server = new Smtpd.Server({session_type: OwnSession.$gtype, envelope_type: OwnEnvelope.$gtype});
        let types = null;
        server.connect('handle-data', (_server, session, envelope, request) => {
            types = [session instanceof OwnSession, envelope instanceof OwnEnvelope];
            request.reply(250, null);
            return Smtpd.Verdict.HANDLED;
        });
        const client = await listen(server);
        equal(await client.codes(...transaction), [250, 250, 250, 354, 250]);
        equal(types, [true, true]);
    },

    async handler() {
        const server = new Smtpd.Server();
        const handler = new OwnHandler();
        server.add_handler(handler);
        const client = await listen(server);
        equal(await client.codes(...transaction), [250, 250, 250, 354, 250]);
        equal(await client.codes('VRFY x', 'NOOP'), [451, 250]);
        equal(handler.seen, ['a@example.org', 0]);
        equal([handler.content, handler.rcptTos], ['', ['b@example.org']]);
    },

    async body() {
        const server = new Smtpd.Server();
        let stream = null;
        server.connect('handle-body', () => {
            stream = Gio.MemoryOutputStream.new_resizable();
            return stream;
        });
        server.connect('handle-data', (_server, _session, _envelope, request) => {
            request.reply(250, null);
            return Smtpd.Verdict.HANDLED;
        });
        const client = await listen(server);
        equal(await client.codes('EHLO me', 'MAIL FROM:<>', 'RCPT TO:<b@example.org>', 'BDAT 5 LAST\r\nhello'),
            [250, 250, 250, 250]);
        equal(stream.is_closed(), true);
        equal(new TextDecoder().decode(stream.steal_as_bytes().toArray()).trimEnd(), 'hello');
    },

    async failures() {
        const hooks = [
            () => { throw new Error('secret'); },
            () => {},
            () => true,
            () => false,
            () => 'yes',
            () => new Promise(() => {}),
            async () => { await sleep(10); },
            async () => { await sleep(10); throw new Error('secret'); },
            async (_server, _session, _envelope, request) => {
                request.hold();
                await sleep(10);
            },
        ];
        for (const hook of hooks) {
            const server = new Smtpd.Server({hook_timeout: 1});
            server.connect('handle-rcpt', hook);
            const client = await listen(server);
            const replies = await client.codes('EHLO me', 'MAIL FROM:<>', 'RCPT TO:<b@example.org>', 'NOOP');
            equal(replies, [250, 250, 451, 250]);
        }
    },

    async authSecrets() {
        const server = makeAuthServer();
        const joe = Smtpd.Secret.derive(Smtpd.ScramHash.SHA256, 'pencil', 4096);
        let session = null;
        server.connect('handle-credentials', (_server, session_, _envelope, request, credentials) => {
            session = session_;
            request.hold();
            sleep(10).then(() => request.send_secret(credentials.authentication_id === 'joe' ? joe : null));
            return Smtpd.Verdict.HANDLED;
        });
        const client = await listen(server);
        equal(await client.codes('EHLO me', `AUTH PLAIN ${base64('\0joe\0pencils')}`,
            `AUTH PLAIN ${base64('\0jim\0pencil')}`, plain), [250, 535, 535, 235]);
        equal([session.authenticated, session.identity, session.auth_mechanism, session.protocol],
            [true, 'joe', 'PLAIN', 'ESMTPA']);
        equal(Smtpd.Secret.parse(joe.to_string()).check_password('pencil'), true);
        equal([String(joe), JSON.stringify(joe)].some(text => text.includes('pencil')), false);
    },

    async authOwnMechanism() {
        const server = makeAuthServer();
        server.add_mechanism('double', Double.$gtype);
        const client = await listen(server);
        equal(await client.codes('EHLO me', 'AUTH DOUBLE', base64('41'), 'AUTH DOUBLE', base64('42')),
            [250, 334, 535, 334, 235]);
    },

    // Whoever does not say yes lets nobody in, in whatever way it fails to.
    async authFailures() {
        const hooks = [
            [454, () => { throw new Error('secret'); }],
            [454, () => {}],
            [454, () => true],
            [454, () => 'yes'],
            [454, () => '250 yes'],
            [454, async () => '250 yes'],
            [454, async () => { throw new Error('secret'); }],
            [235, async () => '235 yes'],
            [454, () => new Promise(() => {})],
            [454, async () => { await sleep(10); return true; }],
            [535, () => Smtpd.Verdict.CONTINUE],
            [535, async (_server, _session, _envelope, request) => {
                request.hold();
                await sleep(10);
                request.reply(535, '5.7.8 No');
                equal(request.reply(235, null), false);
            }],
            [454, async (_server, _session, _envelope, request) => {
                request.hold();
                await sleep(10);
                request.reply(250, 'OK');
            }],
        ];
        for (const [code, hook] of hooks) {
            const server = makeAuthServer();
            let session = null;
            server.connect('handle-ehlo', (_server, session_) => {
                session = session_;
                return Smtpd.Verdict.CONTINUE;
            });
            server.connect('handle-auth', hook);
            const client = await listen(server);
            equal(await client.codes('EHLO me', plain, 'NOOP'), [250, code, 250]);
            equal(session.authenticated, code === 235);
        }
    },

    // The yes comes when the client has left.
    async authTooLate() {
        const server = makeAuthServer({hook_timeout: 60});
        let [request, session] = [null, null];
        server.connect('handle-auth', (_server, session_, _envelope, request_) => {
            [request, session] = [request_, session_];
            request.hold();
            return Smtpd.Verdict.HANDLED;
        });
        const client = await listen(server);
        await client.ask('EHLO me');
        client.connection.get_output_stream().write_all(`${plain}\r\n`, null);
        while (request === null)
            await sleep(10);
        client.connection.close(null);
        while (!session.closed)
            await sleep(10);
        equal([request.reply(235, null), session.authenticated], [false, false]);
    },

    // A client's certificate, as the hook sees it.
    async tls() {
        const directory = GLib.Dir.make_tmp('gjs-tls-XXXXXX');
        const [key, certificate] = ['key', 'crt'].map(name => GLib.build_filenamev([directory, name]));
        await run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
            '-keyout', key, '-out', certificate, '-subj', '/CN=client.example', '-days', '2']);
        const context = Smtpd.TlsContext.new_self_signed('mx.example');
        context.client_certificates = Smtpd.ClientCertificates.REQUESTED;
        context.ca_file = certificate;
        context.reload();
        const server = new Smtpd.Server({tls_context: context});
        const seen = [];
        server.connect('handle-tls-handshake', (_server, session) => {
            const info = session.tls_info;
            const der = info.peer_certificate_der;
            seen.push([info.version, info.server_name, info.peer_verified,
                der && GLib.base64_encode(der.toArray())]);
            return Smtpd.Verdict.CONTINUE;
        });
        server.listen('127.0.0.1:0', Smtpd.ListenerKind.SMTP);

        const client = ['openssl', 's_client', '-starttls', 'smtp', '-servername', 'mx.example',
            '-connect', server.dup_listen_addresses()[0]];
        await run([...client, '-tls1_2'], 'QUIT\r\n');
        await run([...client, '-tls1_3', '-cert', certificate, '-key', key], 'QUIT\r\n');
        const [, pem] = GLib.file_get_contents(certificate);
        const der = new TextDecoder().decode(pem).split('\n').filter(line => !line.startsWith('-----')).join('');
        equal(seen, [['TLS1.2', 'mx.example', false, null], ['TLS1.3', 'mx.example', true, der]]);
        [key, certificate].forEach(path => GLib.unlink(path));
        GLib.rmdir(directory);
    },

    async promises() {
        const server = new Smtpd.Server();
        server.connect('handle-rcpt', async (_server, _session, _envelope, request) => {
            request.hold();
            await sleep(10);
            request.reply(250, '2.1.5 later');
        });
        server.connect('handle-data', async (_server, _session, _envelope, request) => {
            request.hold();
            await sleep(10);
            request.proceed();
        });
        const client = await listen(server);
        equal(await client.codes(...transaction), [250, 250, 250, 354, 554]);
    },

    // What is returned or resolved to, in each place where something may be answered.
    async answers() {
        const answers = [
            ['250 2.1.5 text', '250 2.1.5 text'],
            ['550 5.1.1 No such user', '550 5.1.1 No such user'],
            [[551, '5.1.6 one\n5.1.6 two'], '551-5.1.6 one|551 5.1.6 two'],
            [Smtpd.Reply.new(552, '5.2.2 full'), '552 5.2.2 full'],
            [Smtpd.Verdict.CONTINUE, '250 2.1.5'],
            ...[null, '', 'yes', [1, 'a'], [250], {}, 5.5, Smtpd.Verdict.FAILED].map(nothing => [nothing, '451']),
        ];
        for (const [answer, expected] of answers) {
            const hooks = [() => answer, async () => {
                await sleep(1);
                return answer;
            }];
            for (const [place, server] of hooks.flatMap(hook => serversWith(hook))) {
                const client = await listen(server);
                await client.codes('EHLO me', 'MAIL FROM:<>');
                const reply = await client.ask('RCPT TO:<b@example.org>');
                if (!reply.startsWith(expected))
                    throw new Error(`${place}: ${reply} is not ${expected}`);
            }
        }
    },

    async addedCommands() {
        const server = new Smtpd.Server();
        server.add_command('NOW', () => '259 now');
        server.add_command('LATER', async () => {
            await sleep(1);
            return [259, 'later'];
        });
        server.add_command('NEVER', async () => {});
        server.add_command('RAISE', async () => { throw new Error('secret'); });
        const client = await listen(server);
        equal(await client.ask('NOW'), '259 now');
        equal(await client.ask('LATER'), '259 later');
        equal(await client.codes('NEVER', 'RAISE', 'NOOP'), [451, 451, 250]);
    },

    async exceptionsAreTold() {
        const hooks = [() => { throw new Error('inside'); }, async () => { throw new Error('inside'); }];
        for (const hook of hooks) {
            const server = new Smtpd.Server();
            let message = null;
            server.connect('handle-rcpt', hook);
            server.connect('handle-exception', (_server, _session, _envelope, request, error) => {
                ({message} = error);
                return '452 4.3.1 told';
            });
            const client = await listen(server);
            await client.codes('EHLO me', 'MAIL FROM:<>');
            equal(await client.ask('RCPT TO:<b@example.org>'), '452 4.3.1 told');
            equal(message, 'Error: inside');
        }
    },

    // An async method that chains up leaves the answer to the one above.
    async asyncChains() {
        const server = new AsyncGrandchild();
        const client = await listen(server);
        equal(await client.ask('RSET'), '250-2.0.0 grandchild|250-2.0.0 child|250 2.0.0 OK');
        equal(await client.ask('NOOP'), '259 2.0.0 child');
    },

    values() {
        equal(String(Smtpd.Address.new('a@example.org')), 'a@example.org');
        equal(String(Smtpd.Reply.parse('250 OK')), '250 OK');
        equal([...Smtpd.Parameters.new(['SIZE=1', 'X'])], [['SIZE', '1'], ['X', null]]);
    },

    async 'users from a file'() {
        const [file] = Gio.File.new_tmp('smtpd-test-XXXXXX');
        const write = text => GLib.file_set_contents_full(file.get_path(), text, 0, 0o600);
        write('alice:sesame\n');
        const handler = Smtpd.AuthFileHandler.new(file.get_path());
        const server = new Smtpd.Server({auth_requires_tls: false, auth_mechanisms: ['PLAIN'],
            auth_failure_delay: 0});
        server.add_handler(handler);
        const right = `AUTH PLAIN ${GLib.base64_encode('\0alice\0sesame')}`;
        const client = await listen(server);
        equal(await client.codes('EHLO me', right, 'QUIT'), [250, 235, 221]);

        write('alice\n');
        let message = '';
        try {
            handler.reload();
        } catch (error) {
            message = error.message;
        }
        equal(message.startsWith(`${file.get_path()}:1: `), true);
        equal(handler.n_users, 1);

        write('alice:other\n');
        handler.reload();
        file.delete(null);
        const other = await Client.connect(server);
        equal(await other.codes('EHLO me', right), [250, 535]);
    },

    // Scripts run in one thread only.
    async controller() {
        const server = new Smtpd.Server();
        const controller = new Smtpd.Controller({server, threaded: false, drain_time: 1000});
        server.add_handler(new Smtpd.SinkHandler());
        controller.add_address('127.0.0.1:0', Smtpd.ListenerKind.SMTP);
        for (let i = 0; i < 3; i++) {
            controller.start();
            equal(controller.is_running(), true);
            const client = await Client.connect(server);
            equal(controller.dup_addresses(), server.dup_listen_addresses());
            equal(await client.codes(...transaction), [250, 250, 250, 354, 250]);
            client.connection.close(null);
            controller.stop();
            equal(controller.is_running(), false);
            equal(controller.dup_addresses(), []);
        }
    },

    async proxy() {
        const server = new Smtpd.Server({proxy_networks: ['127.0.0.1'], xclient_networks: ['192.0.2.0/24']});
        let seen = null;
        server.connect('handle-proxy', (_server, session, envelope, _request, info) => {
            seen = [envelope, info.version, info.command, info.source.to_string(), session.peer.to_string(),
                info.tls_version, session.proxy_info === info];
            return Smtpd.Verdict.CONTINUE;
        });
        let session = null;
        server.connect('handle-connect', (_server, session_) => {
            session = session_;
            return Smtpd.Verdict.CONTINUE;
        });
        server.listen('127.0.0.1:0', Smtpd.ListenerKind.PROXY_SMTP);
        const client = await Client.connect(server, 'PROXY TCP4 192.0.2.1 198.51.100.2 1234 25');
        equal(seen, [null, 1, Smtpd.ProxyCommand.PROXY, '192.0.2.1:1234', '192.0.2.1:1234', null, true]);
        equal(await client.codes('XCLIENT ADDR=198.51.100.7 LOGIN=a'), [220]);
        equal([session.peer.get_address().to_string(), session.xclient.login, session.authenticated],
            ['198.51.100.7', 'a', false]);
        equal(await client.codes('XCLIENT ADDR=192.0.2.1'), [550]);
    },

    // A hook that raises lets nobody in.
    async proxyRaises() {
        const server = new Smtpd.Server({proxy_networks: ['127.0.0.1']});
        server.connect('handle-proxy', () => {
            throw new Error('this is meant to be seen');
        });
        server.listen('127.0.0.1:0', Smtpd.ListenerKind.PROXY_SMTP);
        const socketClient = new Gio.SocketClient({enable_proxy: false});
        const connection = await socketClient.connect_to_host_async(server.dup_listen_addresses()[0], 25, null);
        connection.get_output_stream().write_all('PROXY UNKNOWN\r\n', null);
        const input = new Gio.DataInputStream({base_stream: connection.get_input_stream()});
        const [text] = await input.read_line_async(GLib.PRIORITY_DEFAULT, null);
        equal(text.slice(0, 4), '451 ');
    },

    async report() {
        const report = Smtpd.DeliveryReport.new('mx.example.org', Smtpd.Address.new('joe@example.org'));
        equal(report.is_due(), false);
        const status = report.add_recipient(Smtpd.Address.new('b@example.net'), Smtpd.DeliveryAction.FAILED, '5.1.1');
        status.diagnostic = '550 5.1.1 No\r\nX-Evil: user';
        equal(status.code, '5.1.1');
        equal(report.is_due(), true);
        const text = new TextDecoder().decode(report.to_bytes().get_data());
        equal(text.includes('\r\nDiagnostic-Code: smtp; 550 5.1.1 No  X-Evil: user\r\n'), true);
        equal(Smtpd.DeliveryAction.is_wanted(Smtpd.DeliveryAction.DELIVERED, 'SUCCESS'), true);
        equal(Smtpd.trace_received(new Smtpd.Session(), null, null, 'mx', 'A', null).split('\r\n').length, 4);
    },

    async reportForEnvelope() {
        const envelope = new Smtpd.Envelope();
        envelope.set_reverse_path(Smtpd.Address.new('joe@example.org'));
        envelope.set_mail_parameters(Smtpd.Parameters.new(['ENVID=a+2Bb', 'MT-PRIORITY=2']));
        const recipient = envelope.add_recipient(Smtpd.Address.new('b@example.net'),
            Smtpd.Parameters.new(['NOTIFY=SUCCESS', 'ORCPT=rfc822;bob@example.net']));
        const report = Smtpd.DeliveryReport.new_for_envelope('mx.example.org', envelope);
        equal(report.envelope_id, 'a+b');
        const status = report.add_envelope_recipient(recipient, Smtpd.DeliveryAction.FAILED, '5.1.1');
        equal(status.notify_keywords, 'SUCCESS');
        equal(status.original_recipient, 'rfc822;bob@example.net');
        equal(report.is_due(), false);
        report.add_envelope_recipient(recipient, Smtpd.DeliveryAction.DELIVERED, '2.1.5');
        equal(report.is_due(), true);
        equal(report.to_envelope().mail_options, ['MT-PRIORITY=2']);
    },

    async typedValues() {
        const server = new Smtpd.Server();
        let seen = null;
        server.set_extension_enabled('DSN', true);
        server.set_extension_enabled('DELIVERBY', true);
        server.connect('handle-data', (_server, _session, envelope, request) => {
            const [recipient] = envelope.get_recipients();
            seen = [envelope.dsn_return, envelope.envelope_id, envelope.deliver_by, envelope.deliver_by_seconds,
                recipient.dsn_notify, recipient.original_address, recipient.original_type];
            request.reply(250, null);
            return Smtpd.Verdict.HANDLED;
        });
        const client = await listen(server);
        equal(await client.codes('EHLO me', 'MAIL FROM:<a@example.org> RET=FULL ENVID=a+2Bb BY=-5;N',
            'RCPT TO:<b@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=utf-8;\\x{FC}@e.org', 'DATA', '.'),
        [250, 250, 250, 354, 250]);
        equal(seen, [Smtpd.DsnReturn.FULL, 'a+b', Smtpd.DeliverBy.NOTIFY, -5,
            Smtpd.DsnNotify.SUCCESS | Smtpd.DsnNotify.FAILURE, 'ü@e.org', 'utf-8']);
    },

    async ownExtension() {
        const server = new Smtpd.Server();
        const extension = new Even({keyword: 'XEVEN'});
        extension.add_parameter('MAIL', 'XEVEN', 20);
        extension.add_command('XADD', (_server, _session, request, argument) => {
            const [a, b] = argument.split(' ').map(Number);
            request.reply(250, `${a + b}`);
        });
        server.add_extension(extension);
        const client = await listen(server);
        equal((await client.ask('EHLO me')).includes('250 XEVEN 2 4 6'), true);
        equal(await client.codes('MAIL FROM:<> XEVEN=1', 'MAIL FROM:<> XEVEN=throw', 'MAIL FROM:<> XEVEN=2'),
            [501, 501, 250]);
        equal(await client.ask('XADD 2 3'), '250 5');
        equal(server.remove_extension('XEVEN'), true);
        equal(await client.codes('RSET', 'MAIL FROM:<> XEVEN=2', 'XADD 2 3'), [250, 555, 500]);
    },

    // What is not said at once, or not said at all, is no welcome.
    async unclaimedParameters() {
        const server = new Smtpd.Server();
        let answer = () => Smtpd.Verdict.HANDLED;
        server.connect('handle-parameter', (_server, _session, _envelope, ...what) => answer(...what));
        const client = await listen(server);
        const ask = async () => (await client.codes('RSET', 'MAIL FROM:<> XFOO=Bar'))[1];
        await client.ask('EHLO me');
        equal(await ask(), 250);
        answer = (...what) => what.join() === 'MAIL,XFOO,Bar';
        equal(await ask(), 250);
        answer = () => Smtpd.Verdict.CONTINUE;
        equal(await ask(), 555);
        answer = () => {};
        equal(await ask(), 451);
        answer = () => Promise.resolve(true);
        equal(await ask(), 451);
        answer = () => {
            throw new Error('no');
        };
        equal(await ask(), 451);
    },

    async drain() {
        const server = new Smtpd.Server();
        const client = await listen(server);
        const drained = new Promise(resolve => server.connect('drained', resolve));
        server.drain(1000);
        equal(server.is_draining(), true);
        equal((await client.ask(null)).slice(0, 10), '421 4.3.2 ');
        client.connection.close(null);
        await drained;
        equal(server.is_draining(), false);
    },

    async manners() {
        const server = new Smtpd.Server({greeting_delay: 50, max_junk_commands: 2, max_errors: 1, error_delay: 0});
        equal([server.soft_errors, server.max_header_size, server.close_timeout], [10, 1048576, 5]);
        server.set_command_limit('VRFY', 1);
        equal(server.get_command_limit('vrfy'), 1);
        let client = await listen(server);
        equal(await client.codes('NOOP', 'NOOP', 'NOOP'), [250, 250, 421]);
        client.connection.close(null);
        client = await Client.connect(server);
        equal(await client.codes('VRFY a', 'VRFY a'), [252, 421]);
        client.connection.close(null);
    },

    // On a stream that the program has already.
    async stream() {
        const server = new Smtpd.Server();
        const listener = new Gio.SocketListener();
        const port = listener.add_any_inet_port(null);
        const connected = new Gio.SocketClient({enable_proxy: false})
            .connect_to_host_async('127.0.0.1', port, null);
        const accepted = await listener.accept_async(null);
        server.accept_stream(Array.isArray(accepted) ? accepted[0] : accepted, Smtpd.ListenerKind.SUBMISSION);
        const client = new Client();
        client.connection = await connected;
        client.input = new Gio.DataInputStream({
            base_stream: client.connection.get_input_stream(),
            newline_type: Gio.DataStreamNewlineType.CR_LF,
        });
        equal((await client.ask(null)).slice(0, 4), '220 ');
        equal(await client.codes('EHLO me', 'MAIL FROM:<a@example.org>'), [250, 530]);
        client.connection.close(null);
        listener.close();
    },

    async statistics() {
        const server = new Smtpd.Server();
        server.add_handler(new Smtpd.SinkHandler());
        const client = await listen(server);
        await client.codes(...transaction, 'NONSENSE');
        equal(server.statistics.messages_accepted, 1);
        equal(server.statistics.sessions, 1);
        const snapshot = server.statistics.snapshot().recursiveUnpack();
        equal(snapshot['transactions'], 1);
        equal(snapshot['refusals-permanent-by-reason']['unknown-command'], 1);
        client.connection.close(null);
    },

    async catcher() {
        const catcher = new Smtpd.Catcher();
        equal(catcher.controller.threaded, false);
        catcher.start();
        const next = catcher.nextMessage(30000);
        const both = catcher.waitForMessages(2, 30000);
        const client = await Client.connect(catcher.server);
        await client.codes(...transaction);
        equal((await next).rcpt_tos, ['b@example.org']);
        await client.codes(...transaction);
        equal((await both).length, 2);
        equal((await catcher.nextMessage()).mail_from, 'a@example.org');
        const error = await catcher.nextMessage(10).catch(reason => reason);
        equal(error.matches(Smtpd.error_quark(), Smtpd.Error.TIMED_OUT), true);
        equal(catcher.wait(2, 0).length, 2);

        catcher.chaos.add_rule('mail=450 4.3.0 Later');
        equal(await client.ask('MAIL FROM:<>'), '450 4.3.0 Later');
        catcher.chaos.clear_rules();
        equal(await client.codes('MAIL FROM:<>'), [250]);
        catcher.clear();
        equal(catcher.wait(0, 0), []);
        client.connection.close(null);
        catcher.stop();
        equal(catcher.port, 0);
    },

    async chaosHandler() {
        const chaos = new Smtpd.ChaosHandler({seed: 3});
        equal(chaos.seed, 3);
        chaos.add_rule('vrfy=550');
        let reason = null;
        try {
            chaos.add_rule('vrfy');
        } catch (error) {
            reason = error;
        }
        equal(reason.matches(Smtpd.error_quark(), Smtpd.Error.SYNTAX), true);
        const server = new Smtpd.Server();
        server.add_handler(chaos);
        const client = await listen(server);
        equal(await client.codes('VRFY b', 'NOOP'), [550, 250]);
        client.connection.close(null);
    },
};

const loop = new GLib.MainLoop(null, false);
let failed = 0;

async function main() {
    let number = 0;
    print(`1..${Object.keys(tests).length}`);
    for (const [name, test] of Object.entries(tests)) {
        number++;
        try {
            await test();
            print(`ok ${number} - ${name}`);
        } catch (error) {
            failed++;
            print(`not ok ${number} - ${name}\n# ${error}\n# ${error.stack}`);
        }
    }
    loop.quit();
}

GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, 60, () => {
    print('Bail out! it takes too long');
    System.exit(1);
});
main();
loop.run();
System.exit(failed > 0 ? 1 : 0);
