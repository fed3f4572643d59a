# SPDX-License-Identifier: LGPL-2.1-or-later

"""Delivery status notifications, as Python's own parser of mail reads them, and trace fields."""

import email
import email.policy
import os
import pathlib
import re
import smtplib
import subprocess
import sys
import threading
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Gio, GLib, Smtpd  # noqa: E402

ORIGINAL = b'Message-ID: <1@example.org>\r\nSubject: x\r\n\r\n--=_\r\none\r\n'
HOSTILE = ['a\r\nX-Evil: y', 'a\nX-Evil: y', 'a\r\n\r\nX-Evil: y', 'a\x0bX-Evil: y', 'a\x0cX-Evil: y', 'a\x1cX-Evil: y',
           'a\x85X-Evil: y', 'a\u2028X-Evil: y', '\u202eevil', '=?utf-8?q?=0D=0AX-Evil:_y?=', ' ', '', '"', '\\', '(',
           'x' * 5000, 'x ' * 5000, 'ü' * 5000, '€ ' * 3000]


def make_report(sender='joe@example.org', **properties):
    report = Smtpd.DeliveryReport.new('mx.example.org', Smtpd.Address.new(sender))
    for name, value in properties.items():
        setattr(report, name, value)
    return report


def add(report, address='b@example.net', action=Smtpd.DeliveryAction.FAILED, code='5.1.1', **properties):
    status = report.add_recipient(Smtpd.Address.new(address), action, code)
    for name, value in properties.items():
        setattr(status, name, value)
    return status


class Reports(unittest.TestCase):

    def parse(self, report):
        """Checks what holds for each report, and gives its parts."""
        data = report.to_bytes().get_data()
        self.assertEqual(data.count(b'\n'), data.count(b'\r\n'))
        self.assertEqual(data.count(b'\r'), data.count(b'\r\n'))
        self.assertLessEqual(max(len(line) for line in data.split(b'\r\n')), 998)
        message = email.message_from_bytes(data, policy=email.policy.default)
        self.assertEqual(message.get_content_type(), 'multipart/report')
        self.assertEqual(message.get_param('report-type'), 'delivery-status')
        self.assertIsNone(message.preamble)
        self.assertIn(message.epilogue, (None, ''))
        for part in message.walk():
            self.assertEqual(part.defects, [])
            self.assertNotIn('X-Evil', part)
        return message, *message.iter_parts()

    def test_parts(self):
        report = make_report(original=GLib.Bytes.new(ORIGINAL), return_full=True, envelope_id='QQ314159',
                             arrival_date=GLib.DateTime.new_utc(2026, 12, 24, 18, 0, 0))
        add(report, diagnostic='550 5.1.1 No such user', remote_mta='mx.example.net',
            original_recipient='rfc822;bob@example.net')
        add(report, 'c@example.net', Smtpd.DeliveryAction.DELAYED, '4.4.1')
        message, text, status, returned = self.parse(report)

        self.assertEqual(message['Auto-Submitted'], 'auto-replied')
        self.assertEqual(message['To'].addresses[0].addr_spec, 'joe@example.org')
        self.assertEqual(message['From'].addresses[0].addr_spec, 'MAILER-DAEMON@mx.example.org')
        self.assertEqual(message['Message-ID'], report.message_id)
        self.assertEqual(message['References'], '<1@example.org>')
        self.assertIsNotNone(message['Date'].datetime)
        self.assertEqual(text.get_content_type(), 'text/plain')
        self.assertIn('b@example.net', text.get_content())

        self.assertEqual(status.get_content_type(), 'message/delivery-status')
        whole, first, second = status.get_payload()
        self.assertEqual(whole.items(), [('Original-Envelope-Id', 'QQ314159'),
                                         ('Reporting-MTA', 'dns; mx.example.org'),
                                         ('Arrival-Date', 'Thu, 24 Dec 2026 18:00:00 +0000')])
        self.assertEqual(first.items(), [('Original-Recipient', 'rfc822; bob@example.net'),
                                         ('Final-Recipient', 'rfc822; b@example.net'),
                                         ('Action', 'failed'), ('Status', '5.1.1'),
                                         ('Remote-MTA', 'dns; mx.example.net'),
                                         ('Diagnostic-Code', 'smtp; 550 5.1.1 No such user')])
        self.assertEqual(second['Action'], 'delayed')

        self.assertEqual(returned.get_content_type(), 'message/rfc822')
        self.assertEqual(returned.get_content()['Subject'], 'x')
        self.assertEqual(returned.get_content().get_content(), '--=_\r\none\r\n')

    def test_for_envelope(self):
        """What the client has asked for comes with the envelope, and with each recipient."""
        envelope = Smtpd.Envelope()
        envelope.reverse_path = Smtpd.Address.new('joe@example.org')
        envelope.set_mail_parameters(Smtpd.Parameters.new(['RET=FULL', 'ENVID=QQ314159', 'BY=60;N']))
        envelope.set_content(GLib.Bytes.new(ORIGINAL))
        for address, options in (('b@example.net', ['ORCPT=rfc822;bob@example.net']), ('c@example.net', ['NOTIFY=NEVER']),
                                 ('d@example.net', ['NOTIFY=SUCCESS'])):
            envelope.add_recipient(Smtpd.Address.new(address), Smtpd.Parameters.new(options))
        report = Smtpd.DeliveryReport.new_for_envelope('mx.example.org', envelope)
        report.arrival_date = GLib.DateTime.new_utc(2026, 12, 24, 18, 0, 0)
        for recipient in envelope.recipients:
            report.add_envelope_recipient(recipient, Smtpd.DeliveryAction.FAILED, '5.1.1')
        _, _, status, returned = self.parse(report)
        whole, *entries = status.get_payload()
        self.assertEqual(whole.items(), [('Original-Envelope-Id', 'QQ314159'), ('Reporting-MTA', 'dns; mx.example.org'),
                                         ('Arrival-Date', 'Thu, 24 Dec 2026 18:00:00 +0000'),
                                         ('Deliver-By-Date', 'Thu, 24 Dec 2026 18:01:00 +0000')])
        self.assertEqual([(entry['Final-Recipient'], entry['Original-Recipient']) for entry in entries],
                         [('rfc822; b@example.net', 'rfc822; bob@example.net')])
        self.assertEqual(returned.get_content()['Subject'], 'x')

    def test_headers_only(self):
        report = make_report(original=GLib.Bytes.new('Subject: grün\r\n\r\nx'.encode()))
        add(report)
        returned = self.parse(report)[3]
        self.assertEqual(returned.get_content_type(), 'text/rfc822-headers')
        self.assertEqual(returned.get_payload(decode=True), 'Subject: grün\r\n'.encode())

    def test_utf8(self):
        report = make_report('jö@example.org', original=GLib.Bytes.new('Subject: grün\r\n\r\nx'.encode()),
                             return_full=True, subject='Zurück', text='Grüße\n')
        add(report, 'bøb@example.net')
        message, text, status, returned = self.parse(report)
        self.assertEqual(message['Subject'], 'Zurück')
        self.assertEqual(text.get_content().strip(), 'Grüße')
        self.assertEqual(status.get_content_type(), 'message/global-delivery-status')
        self.assertEqual(returned.get_content_type(), 'message/global')
        envelope = report.to_envelope()
        self.assertEqual(envelope.mail_options, ['BODY=8BITMIME', 'SMTPUTF8'])
        self.assertEqual(envelope.rcpt_tos, ['jö@example.org'])

    def test_encoded(self):
        report = make_report(subject='Zurück ' * 20, text='Grüße\n')
        add(report, 'bøb@example.net')
        message, text, status = self.parse(report)
        self.assertEqual(message['Subject'], ('Zurück ' * 20).strip())
        self.assertEqual(text.get_content().strip(), 'Grüße')
        self.assertEqual(status.get_payload()[1]['Final-Recipient'], r'utf-8; b\x{F8}b@example.net')

    def test_hostile(self):
        for text in HOSTILE:
            for utf8 in False, True:
                report = make_report(smtputf8=utf8, subject=text, text=text, envelope_id=text, received_from_mta=text,
                                     message_id=text, original=GLib.Bytes.new(b'A: b\r\n\r\n' + text.encode()),
                                     return_full=utf8)
                add(report, diagnostic=text, diagnostic_type=text, remote_mta=text, original_recipient=text)
                add(report)
                with self.subTest(text=text[:20], utf8=utf8):
                    message, _, status, *returned = self.parse(report)
                    if status.get_content_type() == 'message/delivery-status':
                        self.assertEqual(len(status.get_payload()), 3)
                    self.assertLessEqual(len(returned), 1)

    def test_not_due(self):
        report = make_report('')
        add(report)
        self.assertFalse(report.is_due())
        for build in report.to_bytes, report.open, report.to_envelope:
            with self.assertRaises(GLib.Error) as caught:
                build()
            self.assertTrue(caught.exception.matches(Smtpd.error_quark(), Smtpd.Error.NOT_DUE))
        self.assertFalse(Smtpd.DeliveryAction.is_wanted(Smtpd.DeliveryAction.DELIVERED, None))
        self.assertTrue(Smtpd.DeliveryAction.is_wanted(Smtpd.DeliveryAction.DELIVERED, 'SUCCESS'))

    def test_streams(self):
        report = make_report(original=GLib.Bytes.new(ORIGINAL), return_full=True)
        add(report)
        stream = Gio.MemoryOutputStream.new_resizable()
        report.write(stream)
        stream.close()
        read = report.open().read_bytes(100000).get_data()
        self.assertEqual(stream.steal_as_bytes().get_size(), len(read))
        self.assertIn(ORIGINAL, read)


class Guide(unittest.TestCase):
    """The program in docs/reports.md, as it stands there."""

    def test_program(self):
        page = (pathlib.Path(os.environ['SMTPD_EXAMPLES']).parent / 'docs' / 'reports.md').read_text()
        program = re.search(r'^```python\n(.*?)^```', page, re.M | re.S).group(1)
        printed = subprocess.run([sys.executable, '-c', program], check=True, capture_output=True, text=True).stdout
        status = re.search(r'status of it reads\n\n<!-- output -->\n```\n(.*?)^```', page, re.M | re.S).group(1)
        self.assertIn(status, printed)


class Trace(unittest.TestCase):

    def test_received(self):
        """What a hook puts in front of a message is what our own handlers do."""
        fields = []
        taken = threading.Event()

        def on_data(server, session, envelope, request):
            fields.append(Smtpd.trace_received(session, envelope, None, server.hostname, 'AB12', None))
            fields.append(Smtpd.trace_return_path(envelope.get_reverse_path()))
            request.reply(250, '2.0.0 Taken')
            taken.set()
            return Smtpd.Verdict.HANDLED

        server = Smtpd.Server(hostname='mx.example.org')
        server.connect('handle-data', on_data)
        with Smtpd.Controller(server, '127.0.0.1:0') as controller:
            port = int(controller.addresses[0].rpartition(':')[2])
            with smtplib.SMTP('127.0.0.1', port, local_hostname='me.example', timeout=30) as client:
                client.sendmail('a@example.org', ['b@example.org'], 'Subject: x\r\n\r\n')
        self.assertTrue(taken.wait(30))
        self.assertRegex(fields[0], r'\AReceived: from me\.example \(\[127\.0\.0\.1\]\)\r\n'
                                    r'\tby mx\.example\.org with ESMTP id AB12\r\n'
                                    r'\tfor <b@example\.org>;\r\n\t[^\r\n]+\r\n\Z')
        self.assertEqual(fields[1], 'Return-Path: <a@example.org>\r\n')


if __name__ == '__main__':
    unittest.main()
