/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"
#include "smtp-trace.h"

G_BEGIN_DECLS

typedef enum
{
  SMTP_TRACE_RECEIVED    = 1 << 0,
  /* For the final delivery alone: RFC 5321 section 4.4. */
  SMTP_TRACE_RETURN_PATH = 1 << 1
} SmtpTraceFields;

/* The header fields that a handler puts in front of a message that it stores or relays, each
 * with its CRLF. */
GBytes *smtp_trace_new (SmtpServer      *server,
                        SmtpSession     *session,
                        SmtpEnvelope    *envelope,
                        SmtpTraceFields  fields);

G_END_DECLS
