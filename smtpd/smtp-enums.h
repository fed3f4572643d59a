/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

/**
 * SmtpVerdict:
 * @SMTP_VERDICT_FAILED: the hook said nothing. It is what a script's hook has
 *   returned that raised, returned nothing, or returned a promise. Unless the
 *   request was answered or held, the client gets a 451: policy fails closed
 * @SMTP_VERDICT_HANDLED: the hook answers the request, now or later
 * @SMTP_VERDICT_CONTINUE: no objection, the next stage decides
 *
 * What a hook signal of [class@Server] returns.
 *
 * An answer given through the [class@Request] counts more than the verdict.
 */
typedef enum
{
  SMTP_VERDICT_FAILED = 0,
  SMTP_VERDICT_HANDLED = 1,
  SMTP_VERDICT_CONTINUE = 2
} SmtpVerdict;

/**
 * SmtpBareNewlines:
 * @SMTP_BARE_NEWLINES_REJECT: commands that end in a bare LF are refused (500
 *   5.5.2), and so is a message that contains a bare CR or LF (550 5.5.2)
 * @SMTP_BARE_NEWLINES_PASS: they are taken as they are, unchanged
 *
 * What becomes of a CR without its LF, or an LF without its CR.
 *
 * RFC 5321 section 2.3.8 forbids both. Whatever is chosen, only CRLF.CRLF ends a
 * message, so neither choice lets a message be split in two on its way in; but a
 * message that is passed on unchanged may be split by a server behind this one.
 */
typedef enum
{
  SMTP_BARE_NEWLINES_REJECT,
  SMTP_BARE_NEWLINES_PASS
} SmtpBareNewlines;

/**
 * SmtpBodyType:
 * @SMTP_BODY_TYPE_SEVEN_BIT: `BODY=7BIT`, or nothing declared
 * @SMTP_BODY_TYPE_EIGHT_BIT: `BODY=8BITMIME`, RFC 6152
 * @SMTP_BODY_TYPE_BINARY: `BODY=BINARYMIME`, RFC 3030
 *
 * What the client declared of the octets of its message.
 */
typedef enum
{
  SMTP_BODY_TYPE_SEVEN_BIT,
  SMTP_BODY_TYPE_EIGHT_BIT,
  SMTP_BODY_TYPE_BINARY
} SmtpBodyType;

/**
 * SmtpListenerKind:
 * @SMTP_LISTENER_KIND_SMTP: SMTP, RFC 5321
 * @SMTP_LISTENER_KIND_LMTP: LMTP, RFC 2033
 * @SMTP_LISTENER_KIND_SMTPS: SMTP in TLS from the first octet on, RFC 8314
 * @SMTP_LISTENER_KIND_SUBMISSION: submission, RFC 6409: as SMTP, but clients must authenticate, as if
 *   [property@Server:auth-required] were set
 * @SMTP_LISTENER_KIND_SUBMISSIONS: the same in TLS from the first octet on, RFC 8314
 * @SMTP_LISTENER_KIND_PROXY_SMTP: SMTP behind a header of the PROXY protocol, from a proxy in
 *   [property@Server:proxy-networks]
 * @SMTP_LISTENER_KIND_PROXY_LMTP: the same for LMTP
 * @SMTP_LISTENER_KIND_PROXY_SMTPS: the same for SMTP in TLS, which begins behind the header
 *
 * What is spoken on an address that a server listens on.
 */
typedef enum
{
  SMTP_LISTENER_KIND_SMTP,
  SMTP_LISTENER_KIND_LMTP,
  SMTP_LISTENER_KIND_SMTPS,
  SMTP_LISTENER_KIND_SUBMISSION,
  SMTP_LISTENER_KIND_SUBMISSIONS,
  SMTP_LISTENER_KIND_PROXY_SMTP,
  SMTP_LISTENER_KIND_PROXY_LMTP,
  SMTP_LISTENER_KIND_PROXY_SMTPS
} SmtpListenerKind;

/**
 * SmtpProxyCommand:
 * @SMTP_PROXY_COMMAND_LOCAL: the proxy speaks for itself, to see how the server is
 * @SMTP_PROXY_COMMAND_PROXY: it speaks for a client
 *
 * What a header of the PROXY protocol is for.
 */
typedef enum
{
  SMTP_PROXY_COMMAND_LOCAL,
  SMTP_PROXY_COMMAND_PROXY
} SmtpProxyCommand;

/**
 * SmtpRelayTls:
 * @SMTP_RELAY_TLS_OPPORTUNISTIC: if the next server offers it, with whatever certificate it has;
 *   in clear otherwise. It is of use against those who only listen
 * @SMTP_RELAY_TLS_REQUIRED: always, and with a certificate that is valid for the server's name
 *
 * When [class@RelayHandler] uses STARTTLS (RFC 3207).
 */
typedef enum
{
  SMTP_RELAY_TLS_OPPORTUNISTIC,
  SMTP_RELAY_TLS_REQUIRED
} SmtpRelayTls;

/**
 * SmtpClientCertificates:
 * @SMTP_CLIENT_CERTIFICATES_IGNORED: clients are not asked for one
 * @SMTP_CLIENT_CERTIFICATES_REQUESTED: they are asked; what they show is for hooks to judge
 * @SMTP_CLIENT_CERTIFICATES_REQUIRED: a client without one gets no TLS, nor does one whose
 *   certificate is not good
 *
 * Whether clients of TLS show certificates.
 */
typedef enum
{
  SMTP_CLIENT_CERTIFICATES_IGNORED,
  SMTP_CLIENT_CERTIFICATES_REQUESTED,
  SMTP_CLIENT_CERTIFICATES_REQUIRED
} SmtpClientCertificates;

/**
 * SmtpScramHash:
 * @SMTP_SCRAM_HASH_SHA1: SHA-1, RFC 5802
 * @SMTP_SCRAM_HASH_SHA256: SHA-256, RFC 7677
 *
 * The hash function of a SCRAM mechanism.
 */
typedef enum
{
  SMTP_SCRAM_HASH_SHA1,
  SMTP_SCRAM_HASH_SHA256
} SmtpScramHash;

/**
 * SmtpProfile:
 * @SMTP_PROFILE_DEFAULT: this library's own
 * @SMTP_PROFILE_AIOSMTPD: those of aiosmtpd: the extensions that it has, its replies, which have no
 *   enhanced status codes, and the commands that it takes. NULs, a CR or LF alone and what is not UTF-8 are
 *   refused all the same
 *
 * Whose manners a server has, [property@Server:profile].
 */
typedef enum
{
  SMTP_PROFILE_DEFAULT,
  SMTP_PROFILE_AIOSMTPD
} SmtpProfile;

/**
 * SmtpDsnNotify:
 * @SMTP_DSN_NOTIFY_DEFAULT: the sender has not said
 * @SMTP_DSN_NOTIFY_NEVER: never
 * @SMTP_DSN_NOTIFY_SUCCESS: when the message is delivered
 * @SMTP_DSN_NOTIFY_FAILURE: when it cannot be
 * @SMTP_DSN_NOTIFY_DELAY: when that takes long
 *
 * When the sender wants to hear of a message's delivery, RFC 3461 section 4.1. Without a word of it,
 * that is when the message cannot be delivered, and perhaps when it is late.
 */
typedef enum /*< flags >*/
{
  SMTP_DSN_NOTIFY_DEFAULT = 0,
  SMTP_DSN_NOTIFY_NEVER   = 1 << 0,
  SMTP_DSN_NOTIFY_SUCCESS = 1 << 1,
  SMTP_DSN_NOTIFY_FAILURE = 1 << 2,
  SMTP_DSN_NOTIFY_DELAY   = 1 << 3
} SmtpDsnNotify;

/**
 * SmtpDsnReturn:
 * @SMTP_DSN_RETURN_DEFAULT: the sender has not said
 * @SMTP_DSN_RETURN_FULL: all of it
 * @SMTP_DSN_RETURN_HEADERS: its header
 *
 * How much of a message that cannot be delivered the sender wants back, RFC 3461 section 4.3.
 */
typedef enum
{
  SMTP_DSN_RETURN_DEFAULT,
  SMTP_DSN_RETURN_FULL,
  SMTP_DSN_RETURN_HEADERS
} SmtpDsnReturn;

/**
 * SmtpDeliverBy:
 * @SMTP_DELIVER_BY_NONE: the sender has set no time
 * @SMTP_DELIVER_BY_NOTIFY: delivery goes on, and the sender is told of the delay
 * @SMTP_DELIVER_BY_RETURN: the message comes back undelivered
 *
 * What is to become of a message that is not delivered in time, RFC 2852 section 4.
 */
typedef enum
{
  SMTP_DELIVER_BY_NONE,
  SMTP_DELIVER_BY_NOTIFY,
  SMTP_DELIVER_BY_RETURN
} SmtpDeliverBy;

/**
 * SmtpValidSinceAction:
 * @SMTP_VALID_SINCE_ACTION_DEFAULT: the sender has not said
 * @SMTP_VALID_SINCE_ACTION_CONTINUE: the message goes on without the question
 * @SMTP_VALID_SINCE_ACTION_REJECT: the message comes back
 *
 * What is to become of a message where a next server does not know RRVS, RFC 7293.
 */
typedef enum
{
  SMTP_VALID_SINCE_ACTION_DEFAULT,
  SMTP_VALID_SINCE_ACTION_CONTINUE,
  SMTP_VALID_SINCE_ACTION_REJECT
} SmtpValidSinceAction;

G_END_DECLS
