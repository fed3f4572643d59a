# SPDX-License-Identifier: LGPL-2.1-or-later

"""Catches mail in tests of programs that send it.

With pytest, `pytest_plugins = ['gsmtpd.testing']` in conftest.py brings a fixture, `smtp_server`:

    def test_welcome(smtp_server):
        welcome('joe@example.org', smtp_server.host, smtp_server.port)
        message = smtp_server.next()
        assert message['Subject'] == 'Welcome'
        assert message.envelope.rcpt_tos == ['joe@example.org']

    def test_busy(smtp_server):
        smtp_server.fail('rcpt', '450 4.2.1 Mailbox busy')
        ...

With others, `with MailCatcher() as smtp_server` does the same.
"""

import email
import email.policy

from gi.repository import Smtpd

try:
    import pytest
except ImportError:
    pytest = None

__all__ = ['MailCatcher', 'message_of']


def message_of(envelope):
    """The message as an `email.message.EmailMessage`, with its `envelope`.

    Its lines end as Python has them; the octets that were sent are in `envelope.content`."""
    content = (envelope.content or b'').replace(b'\r\n', b'\n')
    message = email.message_from_bytes(content, policy=email.policy.default)
    message.envelope = envelope
    return message


class MailCatcher(Smtpd.Catcher):
    """A server that catches mail, and gives it as messages of the package `email`."""

    @property
    def messages(self):
        """All messages that were caught."""
        return self.wait(0, 0)

    def wait(self, n_messages=1, timeout=5.0):
        """Waits for at least so many messages, and gives all that were caught. Too few in time is a TimeoutError."""
        return [message_of(envelope) for envelope in super().wait(n_messages, timeout)]

    def next(self, timeout=5.0):
        """Gives the next message, and waits for it if need be. None in time is a TimeoutError."""
        return message_of(super().next(timeout))

    def fail(self, phase, action, probability=1.0):
        """Lets a phase of the dialogue go wrong, such as `'rcpt', 450` or `'data', 'close'`, until `succeed()`."""
        self.get_chaos().add_rule(f'{phase}:{probability:f}={action}')

    def succeed(self):
        """Lets nothing go wrong any more."""
        self.get_chaos().clear_rules()


if pytest is not None:

    @pytest.fixture
    def smtp_server():
        """A server that catches mail, at smtp_server.host and smtp_server.port; new for each test."""
        with MailCatcher() as server:
            yield server
