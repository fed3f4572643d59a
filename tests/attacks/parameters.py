# SPDX-License-Identifier: LGPL-2.1-or-later

"""The parameters of MAIL and RCPT, with every extension on that has some: values that are too long, decode to
something else (CVE-2026-23829, header injection), are numbers beyond any range or dates that no calendar has,
parameters that stand twice or where they do not belong (CVE-2020-28022), and what a server must not
promise (RFC 3461, RFC 8689). Whatever is refused leaves nothing behind, and the next command is understood."""

import unittest

from attack import AttackCase, CLEAR, LMTP, LMTP_STARTTLS, RECIPIENT, ROADS, SENDER, STARTTLS, TLS

EXTENSIONS = ('DSN', 'DELIVERBY:60', 'FUTURERELEASE:3600', 'MT-PRIORITY', 'NO-SOLICITING', 'RRVS', 'REQUIRETLS')
OPTIONS = tuple('--extension=' + name for name in EXTENSIONS) + ('--smtputf8', '--max-errors=0')

# Each of them is refused, with the code that stands in front.
MAIL = {
    501: (
        # Twice, by whatever name.
        b'RET=FULL RET=FULL', b'RET=FULL ret=HDRS', b'ENVID=a EnvId=a', b'BODY=7BIT BODY=8BITMIME', b'SMTPUTF8 SMTPUTF8',
        b'MT-PRIORITY=1 MT-PRIORITY=1', b'BY=120;N BY=120;N', b'HOLDFOR=1 HOLDFOR=1', b'SOLICIT=a SOLICIT=a', b'AUTH=<> AUTH=<>',
        b'HOLDFOR=1 HOLDUNTIL=2014-01-01T00:00:00Z',
        # Words that are not theirs.
        b'RET=X', b'RET=FULL,HDRS', b'BODY=', b'BODY=8BITMIMEX', b'BODY=8BITMIME,7BIT', b'SMTPUTF8=1',
        # xtext: bombs of escapes, halves of them, and what must not come out of it.
        b'ENVID=' + b'+41' * 101, b'ENVID=' + b'+' * 100, b'ENVID=+', b'ENVID=+4', b'ENVID=+4g', b'ENVID=+2B+', b'ENVID=a+00b',
        b'ENVID=a+0D+0AX:+20y', b'ENVID=a+1B[2J', b'ENVID=+7F', b'ENVID=+80', b'ENVID=+C3+A4', b'ENVID=+FF', b'ENVID=a=b',
        b'AUTH=a+0D+0Ab@example.org', b'AUTH=+00', b'AUTH=', b'AUTH="', b'AUTH=+', b'AUTH=+4',
        # Numbers: too large by one, by far, and so that a multiplication runs over.
        b'SIZE=', b'SIZE=+1', b'SIZE=-1', b'SIZE=0x10', b'SIZE=1e3', b'SIZE=1 SIZE=1',
        b'HOLDFOR=0', b'HOLDFOR=3601', b'HOLDFOR=-1', b'HOLDFOR=4294967297', b'HOLDFOR=18446744073709551617',
        b'HOLDFOR=' + b'9' * 30, b'HOLDFOR=' + b'0' * 30 + b'1x',
        b'BY=', b'BY=;R', b'BY=0;R', b'BY=4294967416;R', b'BY=18446744073709551736;R', b'BY=-9999999999;N', b'BY=120;RR',
        b'BY=120;TR', b'BY=--1;N', b'BY=' + b'9' * 30 + b';N',
        b'MT-PRIORITY=', b'MT-PRIORITY=10', b'MT-PRIORITY=-10', b'MT-PRIORITY=256', b'MT-PRIORITY=4294967296', b'MT-PRIORITY=--1',
        # Dates: none, beyond what may be promised, and beyond the years.
        b'HOLDUNTIL=', b'HOLDUNTIL=9999-12-31T23:59:59Z', b'HOLDUNTIL=99999-01-01T00:00:00Z', b'HOLDUNTIL=2014-00-01T00:00:00Z',
        b'HOLDUNTIL=2014-13-01T00:00:00Z', b'HOLDUNTIL=2014-02-29T00:00:00Z', b'HOLDUNTIL=2014-01-01T24:00:00Z',
        b'HOLDUNTIL=2014-01-01T00:60:00Z', b'HOLDUNTIL=2014-01-01T00:00:00+99:99', b'HOLDUNTIL=-001-01-01T00:00:00Z',
        b'HOLDUNTIL=2014-01-01T00:00:00.Z', b'HOLDUNTIL=2014-01-01T00:00:00.%sx' % (b'9' * 40), b'HOLDUNTIL=2014-01-01T00:00:00',
        b'HOLDUNTIL=20140101T000000Z', b'HOLDUNTIL=2014-01-01t00:00:00z+',
        # Lists.
        b'SOLICIT=', b'SOLICIT=,', b'SOLICIT=' + b',' * 100, b'SOLICIT=a,', b'SOLICIT=:a', b'SOLICIT=' + b':' * 100, b'SOLICIT=' + b'a' * 1001,
        # Odd ends.
        b'=', b'==', b'=FULL', b'RET==FULL', b'RET=FULL;', b'-RET=FULL', b'__PROTO__=1', b'RET\xc3\xa4=FULL', b'R%n=1',
    ),
    # SIZE that nobody takes is told apart from what is no number.
    552: (b'SIZE=18446744073709551616', b'SIZE=9223372036854775808', b'SIZE=' + b'9' * 20),
    # Of RCPT, or of nobody; or sooner than is promised (RFC 2852).
    555: (b'BY=59;R', b'NOTIFY=NEVER', b'ORCPT=rfc822;a', b'RRVS=2014-01-01T00:00:00Z', b'XOORG=x', b'RET-=FULL', b'NOTIFY'),
    # Octets that are in no command.
    500: (b'ENVID=a\0b', b'\0RET=FULL', b'RET=FULL\0', b'ENVID=\x1b[2J', b'ENVID=a\x7fb', b'ENVID=\xff', b'ENVID=\xc0\x80', b'RET=FULL\rX',
          # And lines that are too long, however good the rest of it is.
          b'ENVID=' + b'a' * 4000, b'AUTH=' + b'+41' * 1000, b'SOLICIT=' + b'a,' * 2000 + b'a', b'HOLDFOR=' + b'0' * 4000 + b'1'),
}

RCPT = {
    501: (
        b'NOTIFY=NEVER NOTIFY=NEVER', b'ORCPT=rfc822;a orcpt=rfc822;a', b'RRVS=2014-01-01T00:00:00Z RRVS=2014-01-01T00:00:00Z',
        # RFC 3461 section 4.1: NEVER is alone.
        b'NOTIFY=NEVER,SUCCESS', b'NOTIFY=SUCCESS,NEVER', b'NOTIFY=', b'NOTIFY=,', b'NOTIFY=SUCCESS,', b'NOTIFY=' + b'SUCCESS,' * 20,
        b'NOTIFY=' + b',' * 100, b'NOTIFY=SUCCESSFAILURE', b'NOTIFY=\xc5\xbfUCCESS',
        b'ORCPT=', b'ORCPT=;', b'ORCPT=rfc822', b'ORCPT=;a@b', b'ORCPT=rfc822;', b'ORCPT=rfc822;a+00b', b'ORCPT=rfc822;a+0D+0AX:+20y',
        b'ORCPT=rfc822;+', b'ORCPT=rfc822;' + b'+41' * 300, b'ORCPT=a b;c', b'ORCPT=%s;x' % (b'r' * 500),
        # RFC 6533 section 3: characters by number.
        b'ORCPT=utf-8;\\x{0}', b'ORCPT=utf-8;\\x{A}', b'ORCPT=utf-8;\\x{85}', b'ORCPT=utf-8;\\x{D800}', b'ORCPT=utf-8;\\x{110000}',
        b'ORCPT=utf-8;\\x{FFFFFFFF41}', b'ORCPT=utf-8;\\x{', b'ORCPT=utf-8;\\x{}', b'ORCPT=utf-8;\\x', b'ORCPT=utf-8;\\', b'ORCPT=utf-8;\\x{41',
        b'RRVS=', b'__PROTO__=1', b'RRVS=;', b'RRVS=;C', b'RRVS=2014-01-01T00:00:00Z;', b'RRVS=2014-01-01T00:00:00Z;CC', b'RRVS=9999-99-99T99:99:99Z',
    ),
    555: (b'RET=FULL', b'SIZE=1', b'BODY=7BIT', b'SMTPUTF8', b'REQUIRETLS', b'AUTH=<>', b'HOLDFOR=1', b'NOTIFY1=NEVER'),
    500: (b'ORCPT=rfc822;a\0b', b'ORCPT=rfc822;\x07', b'ORCPT=utf-8;\xff', b'ORCPT=utf-8;\xed\xa0\x80', b'NOTIFY=NEVER\0',
          b'ORCPT=rfc822;' + b'a' * 4000, b'NOTIFY=' + b'SUCCESS,' * 500 + b'FAILURE', b'ORCPT=utf-8;' + b'\\x{41}' * 600),
}

PROMISES = (
    ('RFC 3461: what is allowed', b'MAIL FROM:<a@example.org> RET=hdrs ENVID=a+2Bb\r\n'
     b'RCPT TO:<b@example.org> NOTIFY=SUCCESS,delay ORCPT=rfc822;a+2Bb\r\nDATA\r\nx\r\n.\r\nQUIT\r\n', '250 250 354 250 221', 1),
    ('RFC 3030: DATA of what is binary', b'MAIL FROM:<a@example.org> BODY=BINARYMIME\r\n' + RECIPIENT +
     b'DATA\r\nRSET\r\nQUIT\r\n', '250 250 503 250 221'),
    ('RFC 6531: an address without the parameter', b'MAIL FROM:<\xc3\xa4@example.org>\r\nMAIL FROM:<a@example.org>\r\n'
     b'RCPT TO:<\xc3\xa4@example.org>\r\nRCPT TO:<a@example.org> ORCPT=utf-8;\xc3\xa4\r\nQUIT\r\n', '550 250 553 553 221'),
    ('RFC 6531: with the parameter, and no UTF-8', b'MAIL FROM:<\xff@example.org> SMTPUTF8\r\nMAIL FROM:<\xc0\x80@example.org> SMTPUTF8\r\n'
     b'MAIL FROM:<\xc0\xaf@example.org> SMTPUTF8\r\nMAIL FROM:<a\0@example.org> SMTPUTF8\r\nMAIL FROM:<\xed\xa0\x80@example.org> SMTPUTF8\r\n'
     b'MAIL FROM:<\xc3\xa4@example.org> SMTPUTF8\r\nRCPT TO:<\xff@example.org>\r\nRCPT TO:<a@\xc0\xae.example.org>\r\nQUIT\r\n',
     '500 500 500 500 500 250 500 500 221'),
    ('a MAIL that was refused promises nothing', b'MAIL FROM:<a@example.org> BODY=BINARYMIME RET=X\r\n' + RECIPIENT + SENDER + RECIPIENT +
     b'DATA\r\nx\r\n.\r\nQUIT\r\n', '501 503 250 250 354 250 221', 1),
    ('a recipient that was refused is none', SENDER + b'RCPT TO:<b@example.org> NOTIFY=X\r\nDATA\r\nRSET\r\nQUIT\r\n', '250 501 554 250 221'),
)

# RFC 8689: only TLS can be required in TLS.
REQUIRE_TLS = b'MAIL FROM:<a@example.org> REQUIRETLS\r\nQUIT\r\n'


class Parameters(AttackCase):
    options = OPTIONS

    def serve(self, *args, **kwargs):
        # Who may not authenticate may not say who has (555).
        return super().serve(*args, '--auth-file', self.make_users(), '--auth-without-tls', **kwargs)

    def run_refusals(self, head, cases, tail):
        for code, values in cases.items():
            for road in ROADS:
                lines = b''.join(head + value + b'\r\n' + tail for value in values)
                codes = [code, *[250] * tail.count(b'\n')] * len(values) + [221]
                self.assertEqual(self.find_difference(head, values, lines, codes, road), None, (code, road))

    def find_difference(self, head, values, lines, codes, road):
        """All at once; and if that was not as expected, which one."""
        if self.converse(lines + b'QUIT\r\n', road) == codes:
            return None
        begin = SENDER if head.startswith(b'RCPT') else b''
        for value in values:
            answers = self.converse(begin + head + value + b'\r\nQUIT\r\n', road)
            if answers[-2:] != [codes[0], 221]:
                return value, answers
        return 'in a row only'

    def test_mail(self):
        """A MAIL is possible behind each, so it has left no transaction."""
        self.run_refusals(b'MAIL FROM:<a@example.org> ', MAIL, SENDER + b'RSET\r\n')

    def test_recipient(self):
        """In a transaction, which goes on with others."""
        for road in ROADS:
            for code, values in RCPT.items():
                lines = b''.join(b'RCPT TO:<b@example.org> ' + value + b'\r\n' for value in values)
                answers = self.converse(SENDER + lines + RECIPIENT + b'DATA\r\nx\r\n.\r\nQUIT\r\n', road)
                expected = [250] + [code] * len(values) + [250, 354, 250, 221]
                self.assertEqual(list(zip(answers[1:], values)), list(zip(expected[1:], values)), road)
                self.assertEqual(answers, expected)
                self.assertEqual(self.take(), [b'x\r\n'])

    def test_promises(self):
        self.run_table(PROMISES)

    def test_octets(self):
        """One octet at a time it is the same."""
        for road in CLEAR, TLS, LMTP:
            for head, cases in (b'MAIL FROM:<> ', MAIL), (b'RCPT TO:<b@example.org> ', RCPT):
                for code, values in cases.items():
                    begin = SENDER if head.startswith(b'RCPT') else b''
                    lines = b''.join(head + value + b'\r\n' for value in values[::7] if len(value) < 200)
                    data = begin + lines + b'QUIT\r\n'
                    codes = [250] * bool(begin) + [code] * lines.count(b'\n') + [221]
                    self.assertEqual(self.converse(data, road, range(1, len(data))), codes, (road, code))

    def test_require_tls(self):
        for road in ROADS:
            expected = 250 if road in (STARTTLS, TLS, LMTP_STARTTLS) else 530
            self.assertEqual(self.converse(REQUIRE_TLS, road), [expected, 221], road)

    def test_time(self):
        """Of the longest lines that there may be a thousand of each: to look at one takes a time that
        grows with its length, and not with its square."""
        fillings = (b'ENVID=%s', b'+41'), (b'ENVID=%s', b'+'), (b'SOLICIT=%s', b'a,'), (b'SOLICIT=%s', b'a:'), (b'HOLDFOR=%s', b'0'), \
            (b'HOLDUNTIL=2014-01-01T00:00:00.%sx', b'9'), (b'BY=%s;N', b'0'), (b'MT-PRIORITY=%s', b'0'), (b'AUTH=%s', b'+3D'), (b'%s', b'A=B '), \
            (b'%s', b'RET=FULL '), (b'%s', b'=')
        lines = [b'MAIL FROM:<> ' + form % (filling * (900 // len(filling))) for form, filling in fillings]
        recipients = (b'ORCPT=utf-8;%s', b'\\x{41}'), (b'ORCPT=rfc822;%s', b'+41'), (b'NOTIFY=%s', b'SUCCESS,'), (b'RRVS=%s', b'2'), \
            (b'%s', b'NOTIFY=NEVER ')
        lines += [b'RCPT TO:<b@example.org> ' + form % (filling * (900 // len(filling))) for form, filling in recipients]
        begin = self.cpu()
        for line in lines:
            with self.subTest(line[:30]):
                codes = self.converse(SENDER + (line + b'\r\n') * 1000 + b'QUIT\r\n')
                self.assertEqual((len(codes), codes[-1]), (1002, 221))
        # In hundredths of a second; it is about a tenth of this under a sanitizer.
        self.assertLess(self.cpu() - begin, 3000)


if __name__ == '__main__':
    unittest.main()
