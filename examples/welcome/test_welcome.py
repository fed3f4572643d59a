# SPDX-License-Identifier: LGPL-2.1-or-later

"""The tests of the application, on a real mail server that is there for each of them. Run them with pytest."""

import pytest

from welcome import UnknownRecipient, Welcome


@pytest.fixture
def welcome(smtp_server):
    return Welcome(smtp_server.host, smtp_server.port)


def test_is_sent(smtp_server, welcome):
    welcome.sign_up('Joe', 'joe@example.com')
    message = smtp_server.next()
    assert message['Subject'] == 'Welcome, Joe'
    assert message['To'] == 'Joe <joe@example.com>'
    assert 'good to have you' in message.get_content()
    assert message.envelope.mail_from == 'welcome@example.org'
    assert message.envelope.rcpt_tos == ['joe@example.com']


def test_names_of_all_kinds(smtp_server, welcome):
    welcome.sign_up('Jürgen Groß', 'jg@example.com')
    message = smtp_server.next()
    assert message['To'].addresses[0].display_name == 'Jürgen Groß'
    assert 'Dear Jürgen' in message.get_content()


def test_nobody_there(smtp_server, welcome):
    smtp_server.fail('rcpt', '550 5.1.1 No such user')
    with pytest.raises(UnknownRecipient, match='No such user'):
        welcome.sign_up('Joe', 'joe@example.com')
    assert welcome.queue == []
    assert smtp_server.messages == []


@pytest.mark.parametrize('phase, action', [
    ('connect', 421),
    ('connect', 'close'),
    ('mail', '451 4.3.0 Try again'),
    ('rcpt', '450 4.2.1 Mailbox busy'),
    ('data-begin', 451),
    ('data', '452 4.3.1 Disk full'),
    ('data', 'close'),
])
def test_is_sent_again(smtp_server, welcome, phase, action):
    smtp_server.fail(phase, action)
    welcome.sign_up('Joe', 'joe@example.com')
    assert len(welcome.queue) == 1
    assert smtp_server.messages == []

    smtp_server.succeed()
    welcome.flush()
    assert welcome.queue == []
    assert [message['Subject'] for message in smtp_server.wait(1)] == ['Welcome, Joe']


def test_server_is_away(smtp_server, welcome):
    smtp_server.stop()
    welcome.sign_up('Joe', 'joe@example.com')
    smtp_server.start()
    welcome.port = smtp_server.port
    welcome.sign_up('Jim', 'jim@example.com')
    assert [message['Subject'] for message in smtp_server.wait(2)] == ['Welcome, Joe', 'Welcome, Jim']


def test_each_is_sent_once(smtp_server, welcome):
    """Whatever goes wrong: the same does each time."""
    smtp_server.chaos.seed = 1
    smtp_server.fail('rcpt', 450, probability=0.3)
    smtp_server.fail('data', 451, probability=0.3)
    addresses = [f'user{n}@example.com' for n in range(20)]
    for address in addresses:
        welcome.sign_up('You', address)
    smtp_server.succeed()
    welcome.flush()
    assert sorted(message.envelope.rcpt_tos[0] for message in smtp_server.messages) == sorted(addresses)
