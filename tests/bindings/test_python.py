# SPDX-License-Identifier: LGPL-2.1-or-later

"""The library from Python: subclasses, hooks, handlers, and what goes wrong in them."""

import mailbox
import os
import smtplib
import ssl
import tempfile
import threading
import time
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Gio, GLib, Smtpd  # noqa: E402

PATIENCE = 20
MESSAGE = 'Subject: x\r\n\r\n\u00fc\r\n'.encode()


class Loop:
    """The main loop in the main thread, a client in another."""

    def __init__(self, server):
        self.server = server
        server.listen('127.0.0.1:0', Smtpd.ListenerKind.SMTP)
        self.port = int(server.dup_listen_addresses()[0].rpartition(':')[2])

    def client(self):
        return smtplib.SMTP('127.0.0.1', self.port, local_hostname='me.example', timeout=PATIENCE)

    def run(self, script):
        """Runs script(client) in a thread while the loop runs; returns what it returns."""
        loop = GLib.MainLoop()
        result = []

        def play():
            try:
                client = self.client()
                result.append(script(client))
                client.close()
            except BaseException as error:
                result.append(error)
            GLib.idle_add(loop.quit)

        thread = threading.Thread(target=play)
        thread.start()
        loop.run()
        thread.join()
        while self.server.get_n_sessions() > 0:
            GLib.MainContext.default().iteration(True)
        if isinstance(result[0], BaseException):
            raise result[0]
        return result[0]


def transaction(client):
    """The codes of EHLO, MAIL, RCPT, DATA and, after a 354, the end of the message."""
    codes = [client.ehlo()[0], client.mail('a@example.org')[0], client.rcpt('b@example.org')[0]]
    code = client.docmd('DATA')[0]
    codes.append(code)
    if code == 354:
        client.send(MESSAGE + b'.\r\n')
        codes.append(client.getreply()[0])
    return codes


def take(server, session, envelope, request):
    request.reply(250, '2.0.0 taken')
    return Smtpd.Verdict.HANDLED


class OwnSession(Smtpd.Session):
    pass


class OwnEnvelope(Smtpd.Envelope):
    pass


class OwnServer(Smtpd.Server):
    resets = 0

    def do_create_session(self):
        return OwnSession()

    def do_create_envelope(self, session):
        assert isinstance(session, OwnSession)
        return OwnEnvelope()

    def do_rset(self, session, request, argument):
        self.resets += 1
        request.add_line(f'number {self.resets}')
        super().do_rset(session, request, argument)

    def do_unknown_command(self, session, request, argument):
        if request.verb == 'PONG':
            request.reply(259, argument or 'none')
        else:
            super().do_unknown_command(session, request, argument)


class Subclasses(unittest.TestCase):

    def test_commands(self):
        server = OwnServer(hostname='mx.example')
        server.add_command('PING', lambda server, session, request, argument: request.reply(259, 'OK'))
        answers = Loop(server).run(lambda c: [c.docmd('PING'), c.docmd('RSET'), c.docmd('RSET'),
                                              c.docmd('PONG', 'x'), c.docmd('PANG')[0], c.quit()[0]])
        self.assertEqual(answers, [(259, b'OK'), (250, b'2.0.0 number 1\n2.0.0 OK'),
                                   (250, b'2.0.0 number 2\n2.0.0 OK'), (259, b'x'), 500, 221])
        self.assertTrue(server.remove_command('PING'))
        self.assertFalse(server.remove_command('PING'))

    def test_own_classes(self):
        for server in OwnServer(), Smtpd.Server(session_type=OwnSession, envelope_type=OwnEnvelope):
            seen = []
            server.connect('handle-data', lambda server, session, envelope, request:
                           seen.extend([type(session), type(envelope)]) or take(server, session, envelope, request))
            self.assertEqual(Loop(server).run(transaction), [250, 250, 250, 354, 250])
            self.assertEqual(seen, [OwnSession, OwnEnvelope])


class Attributes(unittest.TestCase):

    def test_message(self):
        server = Smtpd.Server()
        seen = {}

        def on_data(server, session, envelope, request):
            seen.update(content=envelope.content, text=envelope.dup_text(), mail_from=envelope.mail_from,
                        mail_options=envelope.mail_options, rcpt_tos=envelope.rcpt_tos,
                        rcpt_options=envelope.rcpt_options,
                        recipients=[str(r.address) for r in envelope.recipients],
                        host_name=session.host_name, extended_smtp=session.extended_smtp,
                        protocol=session.protocol, peer=session.peer.get_address().to_string(),
                        sessions=len(server.get_sessions()))
            session.color = 'blue'
            return take(server, session, envelope, request)

        server.connect('handle-data', on_data)
        server.connect('handle-quit', lambda server, session, *_: seen.update(color=session.color) or 2)

        def script(client):
            client.ehlo()
            client.sendmail('a@example.org', ['b@example.org', 'c@example.org'], MESSAGE, ['BODY=8BITMIME'])
            client.quit()

        Loop(server).run(script)
        self.assertEqual(seen, dict(
            content=MESSAGE, text=MESSAGE.decode(), mail_from='a@example.org',
            mail_options=[f'size={len(MESSAGE)}', 'BODY=8BITMIME'],
            rcpt_tos=['b@example.org', 'c@example.org'], rcpt_options=[],
            recipients=['b@example.org', 'c@example.org'], host_name='me.example', extended_smtp=True,
            protocol='ESMTP', peer='127.0.0.1', sessions=1, color='blue'))

    def test_values(self):
        reply = Smtpd.Reply.new(550, '5.1.1 No such user')
        self.assertEqual((reply.code, reply.status, list(reply.lines), str(reply)),
                         (550, '5.1.1', ['No such user'], '550 5.1.1 No such user'))
        address = Smtpd.Address.new('"a b"@example.org')
        self.assertEqual((address.local_part, address.domain, str(address)),
                         ('a b', 'example.org', '"a b"@example.org'))
        with self.assertRaises(GLib.Error):
            Smtpd.Address.new('nonsense')
        parameters = Smtpd.Parameters.new(['SIZE=1', 'X'])
        self.assertEqual(dict(parameters.items()) if hasattr(parameters, 'items')
                         else {k: parameters[k] for k in parameters}, {'SIZE': '1', 'X': None})


class OwnMbox(Smtpd.MboxHandler):
    """A subclass that delivers some of the messages."""

    def do_handle_data(self, server, session, envelope, request):
        if envelope.mail_from == 'a@example.org':
            Smtpd.MboxHandler.do_handle_data(self, server, session, envelope, request)
        else:
            request.reply(550, '5.7.1 not from you')


class AllHandler(Smtpd.Handler):
    """Writes down what it is asked."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def note(self, name, request, *args):
        self.calls.append((name, *args))
        if name == 'data':
            request.reply(250, '2.0.0 taken')
        elif request is not None:
            request.proceed()

    def do_handle_connect(self, server, session, envelope, request):
        self.note('connect', request)

    def do_handle_ehlo(self, server, session, envelope, request, host_name):
        self.note('ehlo', request, host_name)

    def do_handle_helo(self, server, session, envelope, request, host_name):
        self.note('helo', request, host_name)

    def do_handle_noop(self, server, session, envelope, request, argument):
        self.note('noop', request, argument)

    def do_handle_vrfy(self, server, session, envelope, request, argument):
        self.note('vrfy', request, argument)

    def do_handle_expn(self, server, session, envelope, request, argument):
        self.note('expn', request, argument)

    def do_handle_help(self, server, session, envelope, request, argument):
        self.note('help', request, argument)

    def do_handle_mail(self, server, session, envelope, request, address, parameters):
        self.note('mail', request, str(address), len(parameters))

    def do_handle_rcpt(self, server, session, envelope, request, address, parameters):
        self.note('rcpt', request, str(address), len(parameters))

    def do_handle_rset(self, server, session, envelope, request):
        self.note('rset', request)

    def do_handle_data_begin(self, server, session, envelope, request):
        self.note('data_begin', request)

    def do_handle_data(self, server, session, envelope, request):
        self.note('data', request)

    def do_handle_quit(self, server, session, envelope, request):
        self.note('quit', request)

    def do_handle_disconnect(self, server, session):
        self.note('disconnect', None)


class BodyHandler(Smtpd.Handler):
    """Supplies a stream by its method, and takes the message."""

    def do_handle_body(self, server, session, envelope):
        self.stream = Gio.MemoryOutputStream.new_resizable()
        return self.stream

    def do_handle_data(self, server, session, envelope, request):
        request.reply(250, None)


class Bodies(unittest.TestCase):
    """Messages written to streams of GIO's."""

    def test_file(self):
        """A file that is to be replaced is, by a whole message, and is not, by half a one."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 'message')
            with open(path, 'w') as file:
                file.write('old')

            def on_body(server, session, envelope):
                return Gio.File.new_for_path(path).replace(None, False, Gio.FileCreateFlags.NONE, None)

            def leave(client):
                client.ehlo()
                client.mail('a@example.org')
                client.rcpt('b@example.org')
                client.send(b'BDAT 5\r\nhel')

            server = Smtpd.Server()
            server.connect('handle-body', on_body)
            server.connect('handle-data', take)
            loop = Loop(server)
            loop.run(leave)
            with open(path) as file:
                self.assertEqual(file.read(), 'old')
            self.assertEqual(loop.run(transaction)[-1], 250)
            with open(path, 'rb') as file:
                self.assertEqual(file.read(), MESSAGE)

    def test_handler(self):
        server = Smtpd.Server()
        handler = BodyHandler()
        server.add_handler(handler)
        self.assertEqual(Loop(server).run(transaction)[-1], 250)
        self.assertTrue(handler.stream.is_closed())
        self.assertEqual(handler.stream.steal_as_bytes().get_data(), MESSAGE)


class Tls(unittest.TestCase):

    def test_starttls(self):
        seen = []

        def on_handshake(server, session, envelope, request):
            info = session.tls_info
            seen.append((info.version, info.cipher_suite, info.resumed, info.peer_certificate_der,
                         len(info.get_channel_binding('tls-exporter').get_data()), session.host_name))
            return Smtpd.Verdict.CONTINUE

        def script(client):
            client.ehlo()
            client.starttls(context=ssl._create_unverified_context())
            return transaction(client)

        server = Smtpd.Server(tls_context=Smtpd.TlsContext.new_self_signed('mx.example'), require_tls=True)
        server.connect('handle-tls-handshake', on_handshake)
        server.connect('handle-data', take)
        self.assertEqual(Loop(server).run(script)[-1], 250)
        self.assertEqual(seen, [('TLS1.3', 'TLS_AES_256_GCM_SHA384', False, None, 32, None)])


class Hooks(unittest.TestCase):

    SCRIPT = ['HELO one', 'EHLO two', 'NOOP x', 'VRFY y', 'EXPN z', 'HELP', 'RSET',
              'MAIL FROM:<a@example.org> SIZE=1', 'RCPT TO:<b@example.org>', 'DATA', '.', 'QUIT']
    CALLS = [('connect',), ('helo', 'one'), ('ehlo', 'two'), ('noop', 'x'), ('vrfy', 'y'), ('expn', 'z'),
             ('help', ''), ('rset',), ('mail', 'a@example.org', 1), ('rcpt', 'b@example.org', 0),
             ('data_begin',), ('data',), ('quit',), ('disconnect',)]

    def run_script(self, server):
        return Loop(server).run(lambda client: [client.docmd(line)[0] for line in self.SCRIPT])

    def test_mbox(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 'mbox')
            handler = OwnMbox(path=path, add_trace=False)
            self.assertTrue(handler.prepare())
            self.assertEqual((handler.get_path(), handler.props.add_trace), (path, False))
            server = Smtpd.Server()
            server.add_handler(handler)
            self.assertEqual(Loop(server).run(transaction)[-1], 250)
            mbox = mailbox.mbox(path, create=False)
            self.assertEqual([mbox.get_bytes(key) for key in mbox.keys()], [MESSAGE.replace(b'\r\n', b'\n')])
            mbox.close()

    def test_handler(self):
        server = Smtpd.Server()
        handler = AllHandler()
        server.add_handler(handler)
        self.assertEqual(self.run_script(server),
                         [250, 250, 250, 252, 502, 214, 250, 250, 250, 354, 250, 221])
        self.assertEqual(handler.calls, self.CALLS)

    def test_signals(self):
        server = Smtpd.Server()
        calls = []

        def connect(name):
            def on_signal(server, session, *args):
                given = [a if isinstance(a, str) else str(a) if isinstance(a, Smtpd.Address) else len(a)
                         for a in args[2:]]
                calls.append((name, *given))
                if name == 'data':
                    args[1].reply(250, '2.0.0 taken')
                return Smtpd.Verdict.CONTINUE
            server.connect('handle-' + name.replace('_', '-'), on_signal)

        for call in self.CALLS:
            connect(call[0])
        self.run_script(server)
        self.assertEqual(calls, self.CALLS)

    def test_lines_and_addresses(self):
        server = Smtpd.Server(hostname='mx')
        seen = []

        def on_ehlo(server, session, envelope, request, host_name):
            lines = [line for line in request.dup_lines() if line != 'PIPELINING']
            request.set_lines(lines + ['XFOO'])
            return Smtpd.Verdict.CONTINUE

        def on_rcpt(server, session, envelope, request, address, parameters):
            request.set_address(Smtpd.Address.new('other@example.org'))
            return Smtpd.Verdict.CONTINUE

        server.connect('handle-ehlo', on_ehlo)
        server.connect('handle-rcpt', on_rcpt)
        server.connect('handle-data', lambda s, session, envelope, request:
                       seen.extend(envelope.rcpt_tos) or take(s, session, envelope, request))
        lines = Loop(server).run(lambda c: (c.ehlo()[1], transaction(c)))[0]
        self.assertIn(b'XFOO', lines)
        self.assertNotIn(b'PIPELINING', lines)
        self.assertEqual(seen, ['other@example.org'])

    def test_later(self):
        for how in 'timeout', 'thread', 'proceed', 'fail':
            server = Smtpd.Server()

            def on_rcpt(server, session, envelope, request, address, parameters):
                request.hold()
                if how == 'thread':
                    threading.Timer(0.05, request.reply, (250, '2.1.5 later')).start()
                elif how == 'timeout':
                    GLib.timeout_add(50, lambda: request.reply(250, '2.1.5 later') and False)
                elif how == 'proceed':
                    GLib.timeout_add(50, lambda: request.proceed() and False)
                else:
                    GLib.timeout_add(50, lambda: request.fail(GLib.Error('secret')) and False)

            server.connect('handle-rcpt', on_rcpt)
            server.connect('handle-data', take)
            with self.subTest(how):
                self.assertEqual(Loop(server).run(transaction),
                                 [250, 250, 451, 554] if how == 'fail' else [250, 250, 250, 354, 250])

    def test_close(self):
        server = Smtpd.Server()
        loop = Loop(server)
        GLib.timeout_add(100, lambda: server.get_sessions()[0].close(Smtpd.Reply.new(421, '4.3.2 bye')))
        self.assertEqual(loop.run(lambda client: client.getreply()), (421, b'4.3.2 bye'))


async def never():
    await Smtpd.sleep(0.01)


def raises(*args):
    raise ValueError('secret')


async def raises_later(*args):
    await Smtpd.sleep(0.01)
    raise ValueError('secret')


async def says_nothing(*args):
    await Smtpd.sleep(0.01)


async def accepts(server, session, envelope, request, *args):
    await Smtpd.sleep(0.01)
    request.reply(250, '2.1.5 ' + await Smtpd.run_in_thread(str.upper, 'later'))


async def has_no_objection(*args):
    await Smtpd.sleep(0.01)
    return Smtpd.Verdict.CONTINUE


class Failures(unittest.TestCase):
    """Whatever goes wrong in a script, nothing is accepted by it."""

    def answer(self, callback):
        server = Smtpd.Server(hook_timeout=1)
        errors = []
        server.connect('handle-rcpt', callback)
        server.connect('handle-exception', lambda *args: errors.append(args[-1].message) or 2)

        def script(client):
            client.ehlo()
            client.mail('a@example.org')
            reply = client.rcpt('b@example.org')
            self.assertEqual(client.noop()[0], 250)
            return reply

        return Loop(server).run(script), errors

    def test_signal_handlers(self):
        for callback in (raises, lambda *args: None, lambda *args: True, lambda *args: False,
                         lambda *args: 'yes', lambda *args: never(), raises_later, says_nothing):
            with self.subTest(callback):
                (code, text), errors = self.answer(callback)
                self.assertEqual(code, 451)
                self.assertNotIn(b'secret', text)
                self.assertEqual(len(errors), 1)

    def test_coroutines(self):
        self.assertEqual(self.answer(accepts)[0], (250, b'2.1.5 LATER'))
        self.assertEqual(self.answer(has_no_objection)[0][0], 250)

    def test_methods(self):
        class Raising(Smtpd.Server):
            def do_rset(self, session, request, argument):
                raise ValueError('secret')

            async def do_noop(self, session, request, argument):
                await Smtpd.sleep(0.01)
                if argument == 'raise':
                    raise ValueError('secret')
                super().do_noop(session, request, argument)

        class SilentHandler(Smtpd.Handler):
            def do_handle_mail(self, server, session, envelope, request, address, parameters):
                pass

            async def do_handle_vrfy(self, server, session, envelope, request, argument):
                await Smtpd.sleep(0.01)
                request.reply(250, '2.1.5 there')

        server = Raising()
        server.add_handler(SilentHandler())
        codes = Loop(server).run(lambda c: [c.ehlo()[0], c.rset()[0], c.noop()[0], c.docmd('NOOP', 'raise')[0],
                                            c.mail('a@example.org')[0], c.verify('x')[0]])
        self.assertEqual(codes, [250, 451, 250, 451, 451, 250])

    def test_client_leaves(self):
        server = Smtpd.Server()
        ended = []

        async def on_rcpt(server, session, envelope, request, address, parameters):
            try:
                await Smtpd.sleep(PATIENCE)
            finally:
                ended.append(time.monotonic())

        def script(client):
            client.ehlo()
            client.mail('a@example.org')
            client.putcmd('RCPT TO:<b@example.org>')
            time.sleep(0.1)

        server.connect('handle-rcpt', on_rcpt)
        start = time.monotonic()
        Loop(server).run(script)
        self.assertLess(ended[0] - start, PATIENCE / 2)


if __name__ == '__main__':
    unittest.main()
