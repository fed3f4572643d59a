# SPDX-License-Identifier: LGPL-2.1-or-later

"""aiosmtpd_server.py PORT sink|hooks [CERTIFICATE]: aiosmtpd, to be measured."""

import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP


class Sink:
    async def handle_DATA(self, server, session, envelope):
        return '250 OK'


class Hooks(Sink):
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return '250 OK'

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return '250 OK'


async def main():
    handler = Hooks() if sys.argv[2] == 'hooks' else Sink()
    context = None
    if len(sys.argv) > 3:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[3])
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, data_size_limit=0, hostname='bench'), '127.0.0.1', int(sys.argv[1]), ssl=context)
    await server.serve_forever()


asyncio.run(main())
