# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests of a program that sends mail, with pytest: each catches what it sends.

usage: pytest fixture.py
"""

import smtplib

import pytest

pytest_plugins = ['gsmtpd.testing']


def notify(host, port, recipient):
    """The program under test."""
    with smtplib.SMTP(host, port) as client:
        client.sendmail('me@example.org', [recipient], 'Subject: News\r\n\r\nHello\r\n')


def test_sent(smtp_server):
    notify(smtp_server.host, smtp_server.port, 'joe@example.org')
    message = smtp_server.next()
    assert message['Subject'] == 'News'
    assert message.envelope.mail_from == 'me@example.org'
    assert message.envelope.rcpt_tos == ['joe@example.org']
    assert len(smtp_server.messages) == 1


def test_two(smtp_server):
    for recipient in 'joe@example.org', 'jim@example.org':
        notify(smtp_server.host, smtp_server.port, recipient)
    assert [message.envelope.rcpt_tos for message in smtp_server.wait(2)] == [['joe@example.org'], ['jim@example.org']]


def test_nothing_sent(smtp_server):
    with pytest.raises(TimeoutError, match='0 in all'):
        smtp_server.next(timeout=0.01)


@pytest.mark.parametrize('phase, action, error', [
    ('connect', '421 4.3.2 Too busy', smtplib.SMTPConnectError),
    ('rcpt', '450 4.2.1 Mailbox busy', smtplib.SMTPRecipientsRefused),
    ('data', '552 5.3.4 Too much', smtplib.SMTPDataError),
    ('data', 'close', smtplib.SMTPServerDisconnected),
])
def test_refused(smtp_server, phase, action, error):
    smtp_server.fail(phase, action)
    with pytest.raises(error):
        notify(smtp_server.host, smtp_server.port, 'joe@example.org')
    assert smtp_server.messages == []

    smtp_server.succeed()
    notify(smtp_server.host, smtp_server.port, 'joe@example.org')
    assert len(smtp_server.messages) == 1
