# SPDX-License-Identifier: LGPL-2.1-or-later

"""Extensions from Python: typed values in the hooks, and extensions of a program's own."""

import smtplib
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GObject, Smtpd  # noqa: E402

PATIENCE = 20


class Keeper(Smtpd.Handler):
    """Keeps what the hooks are given, the values of the first message as they are at its end."""

    def __init__(self):
        super().__init__()
        self.envelope = None
        self.recipients = []
        self.nodes = []

    def do_handle_data(self, server, session, envelope, request):
        self.envelope = envelope
        self.recipients = envelope.recipients
        request.reply(250, '2.0.0 taken')

    def do_handle_etrn(self, server, session, envelope, request, node):
        self.nodes.append(node)
        request.reply(251, '2.0.0 nothing waits')

    def do_handle_parameter(self, server, session, envelope, verb, keyword, value):
        if keyword == 'XRAISE':
            raise ValueError(keyword)
        return Smtpd.Verdict.HANDLED if (verb, keyword) == ('MAIL', 'XOORG') else Smtpd.Verdict.CONTINUE


class Even(Smtpd.Extension):
    """Its parameter is an even number."""

    def __init__(self):
        super().__init__(keyword='XEVEN')
        self.add_parameter('MAIL', 'XEVEN', 20)
        self.hidden = False

    def do_is_on_offer(self, server, session):
        return not self.hidden

    def do_describe(self, server, session):
        return f'for {session.host_name or "strangers"}'

    def do_check_parameter(self, session, verb, keyword, value):
        return int(value) % 2 == 0


class Esmtp(unittest.TestCase):
    def setUp(self):
        self.keeper = Keeper()
        self.server = Smtpd.Server()
        self.server.add_handler(self.keeper)

    def play(self, script):
        with Smtpd.Controller(self.server, '127.0.0.1:0') as controller:
            port = int(controller.addresses[0].rpartition(':')[2])
            with smtplib.SMTP('127.0.0.1', port, local_hostname='me.example', timeout=PATIENCE) as client:
                client.ehlo()
                return script(client)

    def send(self, client, mail, *recipients):
        codes = [client.docmd('MAIL FROM:<a@example.org> ' + mail)[0]]
        codes += [client.docmd('RCPT TO:' + recipient)[0] for recipient in recipients]
        codes.append(client.data(b'x\r\n')[0])
        self.assertEqual(set(codes), {250})

    def test_values(self):
        for keyword in 'DSN', 'DELIVERBY', 'MT-PRIORITY', 'FUTURERELEASE', 'RRVS', 'NO-SOLICITING':
            self.assertFalse(self.server.get_extension_enabled(keyword))
            self.server.set_extension_enabled(keyword, True)
        self.play(lambda client: self.send(
            client, 'RET=HDRS ENVID=a+2Bb BY=60;RT MT-PRIORITY=-3 HOLDFOR=10 SOLICIT=org.example:A,b',
            '<b@example.org> NOTIFY=SUCCESS,DELAY ORCPT=utf-8;\\x{FC}@e.org RRVS=2014-04-03T23:01:00Z;C',
            '<c@example.org>'))
        envelope, (first, second) = self.keeper.envelope, self.keeper.recipients
        self.assertEqual(envelope.dsn_return, Smtpd.DsnReturn.HEADERS)
        self.assertEqual(envelope.envelope_id, 'a+b')
        self.assertEqual(envelope.deliver_by, Smtpd.DeliverBy.RETURN)
        self.assertEqual(envelope.deliver_by_seconds, 60)
        self.assertIs(envelope.deliver_by_trace, True)
        self.assertEqual(envelope.priority, -3)
        self.assertEqual((envelope.hold_for, envelope.hold_until), (10, 0))
        self.assertEqual(envelope.solicitations, ['org.example:A', 'b'])
        self.assertIs(envelope.require_tls, False)
        self.assertEqual(first.dsn_notify, Smtpd.DsnNotify.SUCCESS | Smtpd.DsnNotify.DELAY)
        self.assertEqual((first.original_type, first.original_address), ('utf-8', 'ü@e.org'))
        self.assertEqual((first.valid_since, first.valid_since_action),
                         (1396566060, Smtpd.ValidSinceAction.CONTINUE))
        self.assertEqual(second.dsn_notify, Smtpd.DsnNotify.DEFAULT)
        self.assertIsNone(second.original_address)
        self.assertEqual(second.valid_since, 0)
        # The raw list, with the client's case.
        self.assertEqual(first.parameters['notify'], 'SUCCESS,DELAY')
        self.assertEqual(envelope.mail_parameters['ENVID'], 'a+2Bb')

    def test_own(self):
        even = Even()
        self.server.add_extension(even)
        self.assertIs(self.server.lookup_extension('xeven'), even)

        def script(client):
            self.assertIn('xeven for me.example', client.ehlo()[1].decode().lower().split('\n'))
            codes = [client.docmd('MAIL FROM:<> ' + parameter)[0]
                     for parameter in ('XEVEN=1', 'XEVEN=x', 'XEVEN', 'XEVEN=2')]
            even.hidden = True
            client.docmd('RSET')
            codes.append(client.docmd('MAIL FROM:<> XEVEN=2')[0])
            return codes, client.ehlo()[1]

        codes, hello = self.play(script)
        self.assertEqual(codes, [501, 501, 501, 250, 555])
        self.assertNotIn(b'XEVEN', hello)

    def test_command(self):
        extension = Smtpd.Extension(keyword='XPING', value='1')

        async def ping(server, session, request, argument):
            await Smtpd.sleep(0.01)
            request.reply(250, argument)

        extension.add_command('XPING', ping)
        self.server.add_extension(extension)
        self.assertEqual(extension.dup_commands(), ['XPING'])

        def script(client):
            answers = [client.docmd('XPING a')]
            self.server.set_extension_enabled('XPING', False)
            return [*answers, client.docmd('XPING a')[0]]

        self.assertEqual(self.play(script), [(250, b'a'), 500])

    def test_listed(self):
        keywords = [extension.keyword for extension in self.server.get_extensions()]
        self.assertIn('DSN', keywords)
        self.assertEqual(self.server.lookup_extension('dsn').dup_parameters('RCPT'), ['NOTIFY', 'ORCPT'])
        self.assertIsNone(self.server.lookup_extension('XFOO'))

    def test_session(self):
        def on_connect(server, session, envelope, request):
            session.set_extension_enabled('SIZE', False)
            session.set_extension_enabled('LIMITS', True)
            return Smtpd.Verdict.CONTINUE

        self.server.connect('handle-connect', on_connect)
        self.server.max_recipient_domains = 7
        features = self.play(lambda client: client.esmtp_features)
        self.assertNotIn('size', features)
        self.assertIn('RCPTDOMAINMAX=7', features['limits'].split())

    def test_unclaimed(self):
        def script(client):
            return [client.docmd(f'MAIL FROM:<a@e.org> {parameter}')[0]
                    for parameter in ('XFOO', 'XRAISE', 'XOORG=e.org')]

        self.assertEqual(self.play(script), [555, 451, 250])

    def test_coroutine_comes_too_late(self):
        async def on_parameter(*args):
            return Smtpd.Verdict.CONTINUE

        with self.assertRaises(TypeError):
            self.server.connect('handle-parameter', on_parameter)

    def test_etrn(self):
        answers = self.play(lambda client: (client.has_extn('etrn'), client.docmd('ETRN @e.org')[0]))
        self.assertEqual(answers, (True, 251))
        self.assertEqual(self.keeper.nodes, ['@e.org'])

    def test_profile(self):
        self.server.profile = Smtpd.Profile.AIOSMTPD
        self.server.hostname = 'mx.example'
        self.server.ident = 'x'
        features, answer = self.play(lambda client: (client.esmtp_features, client.docmd('MAIL FROM:a')))
        self.assertEqual(set(features), {'size', '8bitmime', 'help'})
        self.assertEqual(answer, (250, b'OK'))


if __name__ == '__main__':
    unittest.main()
