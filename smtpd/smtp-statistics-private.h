/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-statistics.h"

G_BEGIN_DECLS

/* What is counted, in the order of the table in smtp-statistics.c. A new one has a line here, one in that
 * table, and one in gsmtpd-metrics.c. */
typedef enum
{
  SMTP_COUNT_CONNECTIONS_ACCEPTED,
  SMTP_COUNT_CONNECTIONS_REFUSED_SERVER,
  SMTP_COUNT_CONNECTIONS_REFUSED_CLIENT,
  SMTP_COUNT_CONNECTIONS_REFUSED_RATE,
  SMTP_COUNT_ACCEPT_PAUSES,
  SMTP_COUNT_SESSIONS,
  SMTP_COUNT_SESSIONS_LOST,
  SMTP_COUNT_SESSIONS_SHUT_DOWN,
  SMTP_COUNT_COMMANDS,
  SMTP_COUNT_CLIENT_ERRORS,
  SMTP_COUNT_TRANSACTIONS,
  SMTP_COUNT_TRANSACTIONS_OPEN,
  SMTP_COUNT_TRANSACTIONS_ABORTED,
  SMTP_COUNT_SENDERS_REFUSED,
  SMTP_COUNT_RECIPIENTS_ACCEPTED,
  SMTP_COUNT_RECIPIENTS_REFUSED,
  SMTP_COUNT_MESSAGES_ACCEPTED,
  SMTP_COUNT_MESSAGES_REFUSED,
  SMTP_COUNT_MESSAGE_OCTETS,
  SMTP_COUNT_OCTETS_RECEIVED,
  SMTP_COUNT_OCTETS_SENT,
  SMTP_COUNT_TLS_HANDSHAKES,
  SMTP_COUNT_TLS_HANDSHAKES_RESUMED,
  SMTP_COUNT_TLS_HANDSHAKES_FAILED,
  SMTP_COUNT_AUTH_SUCCEEDED,
  SMTP_COUNT_AUTH_FAILED,
  SMTP_COUNT_AUTH_CANCELLED,
  SMTP_COUNT_AUTH_UNDECIDED,
  SMTP_COUNT_TIMEOUTS_COMMAND,
  SMTP_COUNT_TIMEOUTS_DATA,
  SMTP_COUNT_TIMEOUTS_HANDSHAKE,
  SMTP_COUNT_TIMEOUTS_PROXY,
  SMTP_COUNT_TIMEOUTS_HOOK,
  SMTP_COUNT_TIMEOUTS_WRITE,
  SMTP_COUNT_TIMEOUTS_CLOSE,
  SMTP_N_COUNTS
} SmtpCount;

/* Why a client was told 4yz or 5yz. What the library did not say itself is policy. */
typedef enum
{
  SMTP_REASON_POLICY,
  SMTP_REASON_SYNTAX,
  SMTP_REASON_SEQUENCE,
  SMTP_REASON_UNKNOWN_COMMAND,
  SMTP_REASON_LINE_TOO_LONG,
  SMTP_REASON_BARE_NEWLINE,
  SMTP_REASON_FOREIGN,
  SMTP_REASON_ERRORS,
  SMTP_REASON_LIMIT,
  SMTP_REASON_SIZE,
  SMTP_REASON_LOOP,
  SMTP_REASON_TLS,
  SMTP_REASON_AUTH,
  SMTP_REASON_NO_TAKER,
  SMTP_REASON_NO_SPACE,
  SMTP_REASON_INTERNAL,
  SMTP_REASON_TIMEOUT,
  SMTP_REASON_SHUTDOWN,
  SMTP_N_REASONS
} SmtpReason;

struct _SmtpStatistics
{
  GObject parent_instance;

  /* Written in the server's thread alone, read in any. */
  guint64 counts[SMTP_N_COUNTS];
  guint64 temporary[SMTP_N_REASONS];
  guint64 permanent[SMTP_N_REASONS];
};

SmtpStatistics *smtp_statistics_new        (void);
const char     *smtp_reason_get_name       (SmtpReason reason);

/* There is one who writes, so that no lock of the bus is needed: these are a load, an addition and a store. */
static inline void
smtp_count_add (guint64 *count,
                guint64  n)
{
  __atomic_store_n (count, __atomic_load_n (count, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline void
smtp_statistics_add (SmtpStatistics *self,
                     SmtpCount       count,
                     guint64         n)
{
  smtp_count_add (&self->counts[count], n);
}

static inline void
smtp_statistics_count (SmtpStatistics *self,
                       SmtpCount       count)
{
  smtp_count_add (&self->counts[count], 1);
}

/* Of what is there now, one is gone. */
static inline void
smtp_statistics_uncount (SmtpStatistics *self,
                         SmtpCount       count)
{
  smtp_count_add (&self->counts[count], (guint64) -1);
}

G_END_DECLS
