# SPDX-License-Identifier: LGPL-2.1-or-later

"""A small application that sends mail: people sign up and are welcomed.

What a mail server puts off is kept, and sent with the next one or by `flush()`.
"""

import email.message
import email.utils
import smtplib


class UnknownRecipient(Exception):
    """There is nobody at this address."""


class Welcome:
    def __init__(self, host='localhost', port=25, sender='welcome@example.org'):
        self.host = host
        self.port = port
        self.sender = sender
        self.queue = []

    def sign_up(self, name, address):
        """Welcomes somebody. Raises UnknownRecipient if the mail server knows better."""
        message = email.message.EmailMessage()
        message['From'] = self.sender
        message['To'] = email.utils.formataddr((name, address))
        message['Subject'] = f'Welcome, {name}'
        message.set_content(f'Dear {name},\n\nit is good to have you here.\n')
        self.queue.append((address, message))
        self.flush()

    def flush(self):
        """Sends what was put off. What is put off again stays."""
        waiting, self.queue = self.queue, []
        while waiting:
            address, message = waiting.pop(0)
            try:
                self.send(address, message)
            except smtplib.SMTPRecipientsRefused as error:
                code, reason = error.recipients[address]
                if code >= 500:
                    self.queue += waiting
                    raise UnknownRecipient(reason.decode()) from error
                self.queue.append((address, message))
            except (smtplib.SMTPException, OSError):
                self.queue.append((address, message))

    def send(self, address, message):
        with smtplib.SMTP(self.host, self.port) as client:
            client.send_message(message, self.sender, [address])
