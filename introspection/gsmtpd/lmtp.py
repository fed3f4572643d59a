# SPDX-License-Identifier: LGPL-2.1-or-later

"""A server that speaks LMTP."""

from gsmtpd.smtp import SMTP, syntax

__all__ = ['LMTP']


class LMTP(SMTP):
    """Unlike aiosmtpd's, it answers the end of a message once for each recipient (RFC 2033)."""

    is_lmtp = True
    show_smtp_greeting = False

    @syntax('LHLO hostname')
    async def smtp_LHLO(self, arg):
        await super().smtp_EHLO(arg)
