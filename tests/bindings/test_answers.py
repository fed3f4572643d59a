# SPDX-License-Identifier: LGPL-2.1-or-later

"""What hooks, methods and commands of Python may return, at once and later, and in whose loop."""

import asyncio
import gc
import os
import smtplib
import threading
import time
import unittest
import weakref

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402

PATIENCE = 20
ANSWERS = [
    ('250 2.1.5 text', 250, b'2.1.5 text'),
    ('550 5.1.1 No such user', 550, b'5.1.1 No such user'),
    ('250-2.1.5 one\r\n250 2.1.5 two', 250, b'2.1.5 one\n2.1.5 two'),
    ((251, '2.1.5 pair'), 251, b'2.1.5 pair'),
    ((551, '5.1.6 one\n5.1.6 two'), 551, b'5.1.6 one\n5.1.6 two'),
    (Smtpd.Reply.new(552, '5.2.2 full'), 552, b'5.2.2 full'),
    (Smtpd.Verdict.CONTINUE, 250, None),
]
NO_ANSWERS = [None, '', 'yes', '250x', (1, 'a'), (250,), ('x', 'y'), (250, None), object(), [250, 'OK'], 5.5,
              Smtpd.Verdict.FAILED]


def port_of(server):
    return int(server.addresses[0].rpartition(':')[2])


def play(server, script):
    """Runs script(client) in a thread while the main loop runs here; returns what it returns."""
    if not server.addresses:
        server.listen('127.0.0.1:0', Smtpd.ListenerKind.SMTP)
    loop, results = GLib.MainLoop(), []
    port = port_of(server)

    def run():
        try:
            with smtplib.SMTP('127.0.0.1', port, local_hostname='me.example', timeout=PATIENCE) as client:
                results.append(script(client))
        except BaseException as error:
            results.append(error)
        GLib.idle_add(loop.quit)

    thread = threading.Thread(target=run)
    thread.start()
    loop.run()
    thread.join()
    if isinstance(results[0], BaseException):
        raise results[0]
    return results[0]


def rcpt(client):
    client.ehlo()
    client.mail('a@example.org')
    return client.rcpt('b@example.org')


def later(answer):
    async def hook(*args):
        await asyncio.sleep(0.001)
        return answer
    return hook


def now(answer):
    return lambda *args: answer


class Answers(unittest.TestCase):

    def servers(self, answer):
        """Each place where something may be answered, now and later."""
        for make in now, later:
            hook = make(answer)
            server = Smtpd.Server(hook_timeout=2)
            server.connect('handle-rcpt', hook)
            yield f'signal {make.__name__}', server

            server = Smtpd.Server(hook_timeout=2)
            server.add_handler(type('H', (Smtpd.Handler,), {
                'do_handle_rcpt': hook if make is now else self.method(hook)})())
            yield f'handler {make.__name__}', server

            server = type('S', (Smtpd.Server,), {'do_rcpt': hook if make is now else self.method(hook)})()
            server.hook_timeout = 2
            yield f'method {make.__name__}', server

            server = Smtpd.Server(hook_timeout=2)
            server.connect('handle-rcpt', lambda *args, hook=hook: hook(*args))
            yield f'lambda {make.__name__}', server

    def method(self, hook):
        async def method(self, *args):
            return await hook(*args)
        return method

    def test_answers(self):
        for answer, code, text in ANSWERS:
            for name, server in self.servers(answer):
                with self.subTest(name, answer=answer):
                    reply = play(server, rcpt)
                    self.assertEqual(reply[0], code)
                    if text is not None:
                        self.assertEqual(reply[1], text)

    def test_no_answers(self):
        for answer in NO_ANSWERS:
            for name, server in self.servers(answer):
                with self.subTest(name, answer=answer):
                    self.assertEqual(play(server, rcpt)[0], 451)

    def test_added_commands(self):
        server = Smtpd.Server()
        server.add_command('NOW', now('259 now'))
        server.add_command('LATER', later((259, 'later')))
        server.add_command('NEVER', later(None))
        self.assertEqual(play(server, lambda client: [client.docmd(verb) for verb in ('NOW', 'LATER')] +
                              [client.docmd('NEVER')[0]]), [(259, b'now'), (259, b'later'), 451])

    def test_the_request_counts_more(self):
        def hook(server, session, envelope, request, *args):
            request.reply(550, '5.1.1 by the request')
            return '250 by what is returned'

        server = Smtpd.Server()
        server.connect('handle-rcpt', hook)
        self.assertEqual(play(server, rcpt), (550, b'5.1.1 by the request'))

    def test_disconnect_by_func(self):
        class Owner:
            def hook(self, *args):
                return '550 5.1.1 no'

        owner = Owner()
        server = Smtpd.Server()
        server.connect('handle-rcpt', owner.hook)
        self.assertEqual(play(server, rcpt)[0], 550)
        server.disconnect_by_func(owner.hook)
        self.assertEqual(play(server, rcpt)[0], 250)

    def test_exceptions_are_told(self):
        def raises(*args):
            raise ValueError('inside')

        async def raises_later(*args):
            await asyncio.sleep(0.001)
            raise ValueError('inside')

        class Method(Smtpd.Server):
            def do_rcpt(self, session, request, argument):
                raise ValueError('inside')

        for hook in raises, raises_later, None:
            errors = []
            server = Smtpd.Server() if hook is not None else Method()
            if hook is not None:
                server.connect('handle-rcpt', hook)
            server.connect('handle-exception', lambda *args: errors.append(args[-1].message) or '452 4.3.1 told')
            with self.subTest(hook):
                self.assertEqual(play(server, rcpt), (452, b'4.3.1 told'))
                self.assertEqual(errors, ['ValueError: inside'])


class Loops(unittest.TestCase):

    async def check_asyncio(self):
        """What is used of asyncio in real programs."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(asyncio.sleep(0.001), Smtpd.sleep(0.002))
        task = asyncio.ensure_future(asyncio.sleep(PATIENCE))
        await asyncio.sleep(0)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        queue = asyncio.Queue()
        asyncio.get_running_loop().call_later(0.001, queue.put_nowait, 1)
        self.assertEqual(await queue.get(), 1)
        self.assertNotEqual(await asyncio.to_thread(threading.get_ident), threading.get_ident())
        self.assertEqual(await Smtpd.run_in_thread(lambda: 2), 2)
        server = await asyncio.start_server(lambda reader, writer: writer.close(), '127.0.0.1', 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        self.assertEqual(await reader.read(), b'')
        writer.close()
        server.close()
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)

    def test_main_loop(self):
        """asyncio in a program that runs a GLib.MainLoop."""
        async def hook(*args):
            await self.check_asyncio()
            threads.append(threading.get_ident())
            return '250 2.1.5 done'

        threads = []
        server = Smtpd.Server()
        server.connect('handle-rcpt', hook)
        self.assertEqual(play(server, rcpt), (250, b'2.1.5 done'))
        self.assertEqual(threads, [threading.get_ident()])

    def test_run(self):
        """A program of asyncio's that serves the main context."""
        async def main():
            async def hook(*args):
                self.assertIs(asyncio.get_running_loop(), loop)
                await self.check_asyncio()
                return '250 2.1.5 done'

            loop = asyncio.get_running_loop()
            server = Smtpd.Server()
            server.connect('handle-rcpt', hook)
            server.listen('127.0.0.1:0', Smtpd.ListenerKind.SMTP)
            return await asyncio.to_thread(self.send, port_of(server))

        self.assertEqual(Smtpd.run(main()), (250, b'2.1.5 done'))

    def send(self, port):
        with smtplib.SMTP('127.0.0.1', port, timeout=PATIENCE) as client:
            return rcpt(client)

    def test_controller_of_an_asyncio_program(self):
        async def main():
            async def hook(*args):
                self.assertIs(asyncio.get_running_loop(), loop)
                self.assertEqual(threading.get_ident(), thread)
                await self.check_asyncio()
                return '250 2.1.5 done'

            class Server(Smtpd.Server):
                async def do_noop(self, session, request, argument):
                    await asyncio.sleep(0.001)
                    super().do_noop(session, request, argument)

            def talk(port):
                with smtplib.SMTP('127.0.0.1', port, timeout=PATIENCE) as client:
                    return rcpt(client), client.noop()[0]

            loop, thread = asyncio.get_running_loop(), threading.get_ident()
            server = Server()
            server.connect('handle-rcpt', hook)
            async with Smtpd.Controller(server, '127.0.0.1:0') as controller:
                return await asyncio.to_thread(talk, controller.port)

        self.assertEqual(asyncio.run(main()), ((250, b'2.1.5 done'), 250))

    def test_nobody_waits(self):
        """In a loop of another thread as in one's own, a coroutine ends when its client has left."""
        async def main():
            async def hook(*args):
                try:
                    entered.set()
                    await asyncio.sleep(PATIENCE * 2)
                finally:
                    ended.set()

            def leave(port):
                client = smtplib.SMTP('127.0.0.1', port, timeout=PATIENCE)
                client.ehlo()
                client.putcmd('NOOP')
                entered.wait(PATIENCE)
                client.close()

            entered, ended = threading.Event(), threading.Event()
            server = Smtpd.Server()
            server.connect('handle-noop', hook)
            async with Smtpd.Controller(server, '127.0.0.1:0') as controller:
                await asyncio.to_thread(leave, controller.port)
                begin = time.monotonic()
                await asyncio.to_thread(ended.wait, PATIENCE)
                return time.monotonic() - begin

        self.assertLess(asyncio.run(main()), PATIENCE / 2)

    def test_a_loop_that_was_closed(self):
        """A controller that a program of asyncio's has started may be started by another."""
        async def main(controller):
            async with controller:
                return await asyncio.to_thread(self.send, controller.port)

        server = Smtpd.Server()
        server.connect('handle-rcpt', later('250 2.1.5 done'))
        controller = Smtpd.Controller(server, '127.0.0.1:0')
        for _ in range(2):
            self.assertEqual(asyncio.run(main(controller))[0], 250)

    def test_nothing_stays(self):
        def serve():
            server = Smtpd.Server()
            server.connect('handle-rcpt', later('250 2.1.5 done'))
            self.assertEqual(play(server, rcpt)[0], 250)
            return weakref.ref(server._own_loop)

        serve()
        gc.collect()
        before = len(os.listdir('/proc/self/fd'))
        loops = [serve() for _ in range(5)]
        gc.collect()
        while GLib.MainContext.default().iteration(False):
            pass
        self.assertLessEqual(len(os.listdir('/proc/self/fd')), before + 5)
        self.assertLessEqual(len({loop() for loop in loops} - {None}), 1)


class Manners(unittest.TestCase):

    def test_handler_alone(self):
        class Handler(Smtpd.Handler):
            async def do_handle_data(self, server, session, envelope, request):
                self.seen = (bytes(envelope.content), [str(recipient) for recipient in envelope], len(envelope))
                return '250 2.0.0 taken'

        handler = Handler()
        with Smtpd.Controller(handler, '127.0.0.1:0') as controller:
            with smtplib.SMTP('127.0.0.1', controller.port, timeout=PATIENCE) as client:
                client.sendmail('a@example.org', ['b@example.org', 'c@example.org'], 'x\r\n')
        self.assertEqual(handler.seen, (b'x\r\n', ['b@example.org', 'c@example.org'], 2))

    def test_values(self):
        self.assertEqual(Smtpd.Address.new('a@EXAMPLE.org'), Smtpd.Address.new('a@example.org'))
        self.assertEqual(len({Smtpd.Address.new('a@EXAMPLE.org'), Smtpd.Address.new('a@example.org')}), 1)
        self.assertNotEqual(Smtpd.Address.new('A@example.org'), Smtpd.Address.new('a@example.org'))
        self.assertNotEqual(Smtpd.Address.new('a@example.org'), 'a@example.org')
        self.assertEqual(Smtpd.Reply.parse('250 OK'), Smtpd.Reply.new(250, 'OK'))
        parameters = Smtpd.Parameters.new(['SIZE=1', 'X'])
        self.assertEqual((dict(parameters.items()), list(parameters.values()), parameters.get('y', 2)),
                         ({'SIZE': '1', 'X': None}, ['1', None], 2))
        envelope = Smtpd.Envelope()
        envelope.content = b'x'
        self.assertEqual(envelope.content, b'x')
        envelope.content = None
        self.assertIsNone(envelope.content)
        self.assertTrue(envelope)

    def test_repr(self):
        credentials = Smtpd.Credentials.new('PLAIN', 'joe')
        credentials.password = 'pencil'
        secret = Smtpd.Secret.new_password('pencil')
        for value in credentials, secret:
            self.assertNotIn('pencil', repr(value) + str(value))
        self.assertIn('joe', repr(credentials))
        self.assertEqual(repr(Smtpd.Address.new('a@example.org')), '<Smtpd.Address <a@example.org>>')
        self.assertEqual(repr(Smtpd.Reply.new(550, '5.1.1 no')), "<Smtpd.Reply '550 5.1.1 no'>")
        self.assertIn('0 sessions', repr(Smtpd.Server()))
        self.assertEqual(repr(Smtpd.Controller()), '<Smtpd.Controller stopped>')

    def test_repr_in_hooks(self):
        def hook(server, session, envelope, request, *args):
            shown.extend(repr(thing) for thing in (server, session, envelope, request))
            return Smtpd.Verdict.CONTINUE

        shown = []
        server = Smtpd.Server(hostname='mx.example')
        server.connect('handle-rcpt', hook)
        play(server, rcpt)
        self.assertIn('mx.example', shown[0])
        self.assertIn('ESMTP', shown[1])
        self.assertIn('a@example.org', shown[2])
        self.assertEqual(shown[3], '<Smtpd.Request RCPT>')


if __name__ == '__main__':
    unittest.main()
