# SPDX-License-Identifier: LGPL-2.1-or-later

"""Handlers that are ready to use, and some to derive from."""

import abc
import asyncio
import email
import logging
import mailbox
import re
import smtplib
import sys

__all__ = ['AsyncMessage', 'Debugging', 'Mailbox', 'Message', 'Proxy', 'Sink']

log = logging.getLogger('mail.debug')


class Debugging:
    """Prints messages."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stdout

    @classmethod
    def from_cli(cls, parser, *args):
        streams = {(): None, ('stdout',): sys.stdout, ('stderr',): sys.stderr}
        if args not in streams:
            parser.error('Debugging usage: [stdout|stderr]')
        return cls(streams[args])

    async def handle_DATA(self, server, session, envelope):
        lines = ['---------- MESSAGE FOLLOWS ----------']
        options = [f'{name} options: {options}' for name, options in
                   (('mail', envelope.mail_options), ('rcpt', envelope.rcpt_options)) if options]
        lines += [*options, ''] if options else []

        content = envelope.content
        text = content if isinstance(content, str) else content.decode('utf-8', 'replace')
        in_header = True
        for line in re.split(r'\r\n|\r|\n', text.removesuffix('\n').removesuffix('\r')):
            if in_header and not line:
                lines.append(f'X-Peer: {session.peer!r}')
                in_header = False
            lines.append(line)
        lines.append('------------ END MESSAGE ------------')
        print('\n'.join(lines), file=self.stream, flush=True)
        return '250 OK'


class Sink:
    """Takes messages and throws them away."""

    @classmethod
    def from_cli(cls, parser, *args):
        if args:
            parser.error('Sink handler does not accept arguments')
        return cls()

    async def handle_DATA(self, server, session, envelope):
        return '250 OK'


class Proxy:
    """Hands messages on to another server, and answers as that one did.

    It is better done by a Smtpd.RelayHandler: message and answers then pass while they come."""

    def __init__(self, remote_hostname, remote_port):
        self._hostname = remote_hostname
        self._port = remote_port

    async def handle_DATA(self, server, session, envelope):
        content = envelope.original_content
        head, empty, body = re.split(rb'(?m)^(\r?\n)', content, maxsplit=1) \
            if re.search(rb'(?m)^\r?\n', content) else (content, b'', b'')
        peer = session.peer[0] if session.peer else ''
        content = head + b'X-Peer: ' + peer.encode() + (empty or b'\r\n') + empty + body

        refused = await asyncio.get_running_loop().run_in_executor(
            None, self._deliver, envelope.mail_from, envelope.rcpt_tos, content)
        if not refused:
            return '250 OK'
        log.info('some recipients were refused: %s', refused)
        # There is one answer for all, and it must not promise more than was kept.
        code, text = next(iter(refused.values()))
        if not 400 <= code <= 599:
            return '451 4.4.1 The next server cannot be reached'
        text = text.decode('utf-8', 'replace') if isinstance(text, bytes) else str(text)
        return f'{code} {" ".join(text.split())}'

    def _deliver(self, mail_from, rcpt_tos, data):
        """Returns those that were refused, with code and text."""
        try:
            with smtplib.SMTP(self._hostname, self._port) as client:
                return client.sendmail(mail_from, rcpt_tos, data)
        except smtplib.SMTPRecipientsRefused as error:
            return error.recipients
        except smtplib.SMTPResponseException as error:
            return {address: (error.smtp_code, error.smtp_error) for address in rcpt_tos}
        except (OSError, smtplib.SMTPException) as error:
            log.warning('cannot deliver: %s', error)
            return {address: (-1, b'') for address in rcpt_tos}


class Message(abc.ABC):
    """Makes an email.message.Message of what comes."""

    def __init__(self, message_class=None):
        self.message_class = message_class

    async def handle_DATA(self, server, session, envelope):
        self.handle_message(self.prepare_message(session, envelope))
        return '250 OK'

    def prepare_message(self, session, envelope):
        parse = {bytes: email.message_from_bytes, bytearray: email.message_from_bytes,
                 str: email.message_from_string}.get(type(envelope.content))
        if parse is None:
            raise TypeError(f'a message is bytes or str, not {type(envelope.content)}')
        message = parse(envelope.content, self.message_class) if self.message_class else parse(envelope.content)
        message['X-Peer'] = str(session.peer)
        message['X-MailFrom'] = envelope.mail_from
        message['X-RcptTo'] = ', '.join(envelope.rcpt_tos)
        return message

    @abc.abstractmethod
    def handle_message(self, message):
        """What is done with it."""


class AsyncMessage(Message):
    """The same, with a coroutine."""

    def __init__(self, message_class=None, *, loop=None):
        super().__init__(message_class)
        self.loop = loop

    async def handle_DATA(self, server, session, envelope):
        await self.handle_message(self.prepare_message(session, envelope))
        return '250 OK'

    @abc.abstractmethod
    async def handle_message(self, message):
        """What is done with it."""


class Mailbox(Message):
    """Delivers into a Maildir. The library's Smtpd.MaildirHandler does it as messages come."""

    def __init__(self, mail_dir, message_class=None):
        self.mailbox = mailbox.Maildir(mail_dir)
        self.mail_dir = mail_dir
        super().__init__(message_class)

    @classmethod
    def from_cli(cls, parser, *args):
        if len(args) != 1:
            parser.error('Mailbox usage: DIRECTORY')
        return cls(args[0])

    def handle_message(self, message):
        self.mailbox.add(message)

    def reset(self):
        self.mailbox.clear()
