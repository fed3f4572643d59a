# SPDX-License-Identifier: LGPL-2.1-or-later

"""facade.py PORT: the handler of aiosmtpd_server.py, on the package gsmtpd."""

import sys

from gsmtpd.controller import UnthreadedController


class Hooks:
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

    async def handle_DATA(self, server, session, envelope):
        return '250 OK'


controller = UnthreadedController(Hooks(), hostname='127.0.0.1', port=int(sys.argv[1]), server_hostname='bench')
controller.begin()
controller.loop.run_forever()
