/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-statistics.h"

#include "smtp-statistics-private.h"

/**
 * SmtpStatistics:
 *
 * What a server has done so far, in numbers: [property@Server:statistics].
 *
 * The properties count from the making of the server and never go down, but for
 * [property@Statistics:sessions] and [property@Statistics:transactions-open], which say how many there
 * are now. They are 64 bits wide. They change without [signal@GObject.Object::notify], because counting
 * is to cost next to nothing: whoever wants to know reads them when he wants to know.
 *
 * They may be read from any thread, such as that of a program whose server is run by a
 * [class@Controller]. Each number is then right; two that are read one after the other need not be
 * of the same moment, and that is so for [method@Statistics.snapshot], too.
 *
 * They can be read after the server has gone.
 */

#define FIRST_COUNT 1
#define PROP_REFUSALS_TEMPORARY (FIRST_COUNT + SMTP_N_COUNTS)
#define PROP_REFUSALS_PERMANENT (PROP_REFUSALS_TEMPORARY + 1)

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static const char * const names[SMTP_N_COUNTS] =
{
  [SMTP_COUNT_CONNECTIONS_ACCEPTED] = "connections-accepted",
  [SMTP_COUNT_CONNECTIONS_REFUSED_SERVER] = "connections-refused-server",
  [SMTP_COUNT_CONNECTIONS_REFUSED_CLIENT] = "connections-refused-client",
  [SMTP_COUNT_CONNECTIONS_REFUSED_RATE] = "connections-refused-rate",
  [SMTP_COUNT_ACCEPT_PAUSES] = "accept-pauses",
  [SMTP_COUNT_SESSIONS] = "sessions",
  [SMTP_COUNT_SESSIONS_LOST] = "sessions-lost",
  [SMTP_COUNT_SESSIONS_SHUT_DOWN] = "sessions-shut-down",
  [SMTP_COUNT_COMMANDS] = "commands",
  [SMTP_COUNT_CLIENT_ERRORS] = "client-errors",
  [SMTP_COUNT_TRANSACTIONS] = "transactions",
  [SMTP_COUNT_TRANSACTIONS_OPEN] = "transactions-open",
  [SMTP_COUNT_TRANSACTIONS_ABORTED] = "transactions-aborted",
  [SMTP_COUNT_SENDERS_REFUSED] = "senders-refused",
  [SMTP_COUNT_RECIPIENTS_ACCEPTED] = "recipients-accepted",
  [SMTP_COUNT_RECIPIENTS_REFUSED] = "recipients-refused",
  [SMTP_COUNT_MESSAGES_ACCEPTED] = "messages-accepted",
  [SMTP_COUNT_MESSAGES_REFUSED] = "messages-refused",
  [SMTP_COUNT_MESSAGE_OCTETS] = "message-octets",
  [SMTP_COUNT_OCTETS_RECEIVED] = "octets-received",
  [SMTP_COUNT_OCTETS_SENT] = "octets-sent",
  [SMTP_COUNT_TLS_HANDSHAKES] = "tls-handshakes",
  [SMTP_COUNT_TLS_HANDSHAKES_RESUMED] = "tls-handshakes-resumed",
  [SMTP_COUNT_TLS_HANDSHAKES_FAILED] = "tls-handshakes-failed",
  [SMTP_COUNT_AUTH_SUCCEEDED] = "auth-succeeded",
  [SMTP_COUNT_AUTH_FAILED] = "auth-failed",
  [SMTP_COUNT_AUTH_CANCELLED] = "auth-cancelled",
  [SMTP_COUNT_AUTH_UNDECIDED] = "auth-undecided",
  [SMTP_COUNT_TIMEOUTS_COMMAND] = "timeouts-command",
  [SMTP_COUNT_TIMEOUTS_DATA] = "timeouts-data",
  [SMTP_COUNT_TIMEOUTS_HANDSHAKE] = "timeouts-handshake",
  [SMTP_COUNT_TIMEOUTS_PROXY] = "timeouts-proxy",
  [SMTP_COUNT_TIMEOUTS_HOOK] = "timeouts-hook",
  [SMTP_COUNT_TIMEOUTS_WRITE] = "timeouts-write",
  [SMTP_COUNT_TIMEOUTS_CLOSE] = "timeouts-close",
};

static const char * const reasons[SMTP_N_REASONS] =
{
  [SMTP_REASON_POLICY] = "policy",
  [SMTP_REASON_SYNTAX] = "syntax",
  [SMTP_REASON_SEQUENCE] = "sequence",
  [SMTP_REASON_UNKNOWN_COMMAND] = "unknown-command",
  [SMTP_REASON_LINE_TOO_LONG] = "line-too-long",
  [SMTP_REASON_BARE_NEWLINE] = "bare-newline",
  [SMTP_REASON_FOREIGN] = "foreign",
  [SMTP_REASON_ERRORS] = "errors",
  [SMTP_REASON_LIMIT] = "limit",
  [SMTP_REASON_SIZE] = "size",
  [SMTP_REASON_LOOP] = "loop",
  [SMTP_REASON_TLS] = "tls",
  [SMTP_REASON_AUTH] = "auth",
  [SMTP_REASON_NO_TAKER] = "no-taker",
  [SMTP_REASON_NO_SPACE] = "no-space",
  [SMTP_REASON_INTERNAL] = "internal",
  [SMTP_REASON_TIMEOUT] = "timeout",
  [SMTP_REASON_SHUTDOWN] = "shutdown",
};

G_DEFINE_FINAL_TYPE (SmtpStatistics, smtp_statistics, G_TYPE_OBJECT)

static guint64
read_count (const guint64 *count)
{
  return __atomic_load_n (count, __ATOMIC_RELAXED);
}

static guint64
sum (const guint64 *counts)
{
  guint64 total = 0;

  for (guint i = 0; i < SMTP_N_REASONS; i++)
    total += read_count (&counts[i]);

  return total;
}

static void
smtp_statistics_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  SmtpStatistics *self = SMTP_STATISTICS (object);

  if (prop_id == PROP_REFUSALS_TEMPORARY)
    g_value_set_uint64 (value, sum (self->temporary));
  else if (prop_id == PROP_REFUSALS_PERMANENT)
    g_value_set_uint64 (value, sum (self->permanent));
  else
    g_value_set_uint64 (value, read_count (&self->counts[prop_id - FIRST_COUNT]));
}

static void
install (GObjectClass *klass,
         SmtpCount     count)
{
  g_object_class_install_property (klass, FIRST_COUNT + count,
                                   g_param_spec_uint64 (names[count], NULL, NULL, 0, G_MAXUINT64, 0, FLAGS));
}

static void
install_connection_properties (GObjectClass *klass)
{
  /**
   * SmtpStatistics:connections-accepted:
   *
   * Connections that got a session, those of [method@Server.accept_stream] included.
   */
  install (klass, SMTP_COUNT_CONNECTIONS_ACCEPTED);

  /**
   * SmtpStatistics:connections-refused-server:
   *
   * Connections that were told 421 4.3.2 because of [property@Server:max-connections].
   */
  install (klass, SMTP_COUNT_CONNECTIONS_REFUSED_SERVER);

  /**
   * SmtpStatistics:connections-refused-client:
   *
   * Connections that were told 421 4.7.0 because of [property@Server:max-connections-per-client].
   */
  install (klass, SMTP_COUNT_CONNECTIONS_REFUSED_CLIENT);

  /**
   * SmtpStatistics:connections-refused-rate:
   *
   * Connections that were told 421 4.7.0 because of [property@Server:max-connection-rate].
   */
  install (klass, SMTP_COUNT_CONNECTIONS_REFUSED_RATE);

  /**
   * SmtpStatistics:accept-pauses:
   *
   * How often accepting paused, for a tenth of a second, because there were hardly any descriptors left.
   */
  install (klass, SMTP_COUNT_ACCEPT_PAUSES);

  /**
   * SmtpStatistics:sessions:
   *
   * Connections that are open now. This one goes down, too.
   */
  install (klass, SMTP_COUNT_SESSIONS);

  /**
   * SmtpStatistics:sessions-lost:
   *
   * Sessions that the client ended without QUIT, or that broke.
   */
  install (klass, SMTP_COUNT_SESSIONS_LOST);

  /**
   * SmtpStatistics:sessions-shut-down:
   *
   * Sessions that were told 421 4.3.2 because the server drained or ended.
   */
  install (klass, SMTP_COUNT_SESSIONS_SHUT_DOWN);
}

static void
install_transaction_properties (GObjectClass *klass)
{
  /**
   * SmtpStatistics:commands:
   *
   * Lines that clients sent as commands, whatever became of them. Those of an AUTH exchange, and of
   * messages, are none.
   */
  install (klass, SMTP_COUNT_COMMANDS);

  /**
   * SmtpStatistics:client-errors:
   *
   * What is counted towards [property@Server:max-errors]: commands that are wrong by themselves, and no commands.
   */
  install (klass, SMTP_COUNT_CLIENT_ERRORS);

  /**
   * SmtpStatistics:transactions:
   *
   * Transactions that began: MAIL commands that were accepted.
   */
  install (klass, SMTP_COUNT_TRANSACTIONS);

  /**
   * SmtpStatistics:transactions-open:
   *
   * Transactions that are under way now. This one goes down, too.
   */
  install (klass, SMTP_COUNT_TRANSACTIONS_OPEN);

  /**
   * SmtpStatistics:transactions-aborted:
   *
   * Transactions that ended before their message did: by RSET, HELO, EHLO or QUIT, or with the session.
   */
  install (klass, SMTP_COUNT_TRANSACTIONS_ABORTED);
}

static void
install_message_properties (GObjectClass *klass)
{
  /**
   * SmtpStatistics:senders-refused:
   *
   * MAIL commands that were refused, for whatever reason.
   */
  install (klass, SMTP_COUNT_SENDERS_REFUSED);

  /**
   * SmtpStatistics:recipients-accepted:
   *
   * RCPT commands that were accepted.
   */
  install (klass, SMTP_COUNT_RECIPIENTS_ACCEPTED);

  /**
   * SmtpStatistics:recipients-refused:
   *
   * RCPT commands that were refused, for whatever reason.
   */
  install (klass, SMTP_COUNT_RECIPIENTS_REFUSED);

  /**
   * SmtpStatistics:messages-accepted:
   *
   * Messages that somebody took. In LMTP, for one recipient at least.
   */
  install (klass, SMTP_COUNT_MESSAGES_ACCEPTED);

  /**
   * SmtpStatistics:messages-refused:
   *
   * Messages that were refused after DATA or BDAT had been accepted, for whatever reason.
   */
  install (klass, SMTP_COUNT_MESSAGES_REFUSED);

  /**
   * SmtpStatistics:message-octets:
   *
   * Octets of the messages that were accepted, without what SMTP adds for their way.
   */
  install (klass, SMTP_COUNT_MESSAGE_OCTETS);

  /**
   * SmtpStatistics:octets-received:
   *
   * Octets that clients sent. Of TLS, only what was in it.
   */
  install (klass, SMTP_COUNT_OCTETS_RECEIVED);

  /**
   * SmtpStatistics:octets-sent:
   *
   * Octets that were sent to clients. Of TLS, only what was in it.
   */
  install (klass, SMTP_COUNT_OCTETS_SENT);
}

static void
install_security_properties (GObjectClass *klass)
{
  /**
   * SmtpStatistics:tls-handshakes:
   *
   * TLS handshakes that succeeded, the resumed ones included.
   */
  install (klass, SMTP_COUNT_TLS_HANDSHAKES);

  /**
   * SmtpStatistics:tls-handshakes-resumed:
   *
   * TLS handshakes that went on from a session before.
   */
  install (klass, SMTP_COUNT_TLS_HANDSHAKES_RESUMED);

  /**
   * SmtpStatistics:tls-handshakes-failed:
   *
   * TLS handshakes that failed, took too long, or that the client left.
   */
  install (klass, SMTP_COUNT_TLS_HANDSHAKES_FAILED);

  /**
   * SmtpStatistics:auth-succeeded:
   *
   * Attempts of AUTH that were answered 235.
   */
  install (klass, SMTP_COUNT_AUTH_SUCCEEDED);

  /**
   * SmtpStatistics:auth-failed:
   *
   * Attempts of AUTH that were answered 5yz, once a mechanism was at work; or 421, as the last one that
   * a client had.
   */
  install (klass, SMTP_COUNT_AUTH_FAILED);

  /**
   * SmtpStatistics:auth-cancelled:
   *
   * Attempts of AUTH that the client gave up, by `*` or by leaving.
   */
  install (klass, SMTP_COUNT_AUTH_CANCELLED);

  /**
   * SmtpStatistics:auth-undecided:
   *
   * Attempts of AUTH that came to a 4yz: nobody could say.
   */
  install (klass, SMTP_COUNT_AUTH_UNDECIDED);
}

static void
install_timeout_properties (GObjectClass *klass)
{
  /**
   * SmtpStatistics:timeouts-command:
   *
   * Sessions that ended because no command came in time, or no answer to a challenge of AUTH.
   */
  install (klass, SMTP_COUNT_TIMEOUTS_COMMAND);

  /**
   * SmtpStatistics:timeouts-data:
   *
   * Sessions that ended because a message did not come in time.
   */
  install (klass, SMTP_COUNT_TIMEOUTS_DATA);

  /**
   * SmtpStatistics:timeouts-handshake:
   *
   * Sessions that ended because a TLS handshake took too long.
   */
  install (klass, SMTP_COUNT_TIMEOUTS_HANDSHAKE);

  /**
   * SmtpStatistics:timeouts-proxy:
   *
   * Connections that ended because a PROXY header did not come in time.
   */
  install (klass, SMTP_COUNT_TIMEOUTS_PROXY);

  /**
   * SmtpStatistics:timeouts-hook:
   *
   * Commands that were answered 451 because no hook answered within [property@Server:hook-timeout].
   */
  install (klass, SMTP_COUNT_TIMEOUTS_HOOK);

  /**
   * SmtpStatistics:timeouts-write:
   *
   * Sessions that ended because the client did not read within [property@Server:write-timeout].
   */
  install (klass, SMTP_COUNT_TIMEOUTS_WRITE);

  /**
   * SmtpStatistics:timeouts-close:
   *
   * Sessions that had ended, and whose client did not close the connection in the seconds it has for that.
   */
  install (klass, SMTP_COUNT_TIMEOUTS_CLOSE);
}

static void
install_refusal_properties (GObjectClass *klass)
{
  /**
   * SmtpStatistics:refusals-temporary:
   *
   * Replies 4yz, in all sessions. [method@Statistics.snapshot] has them by reason.
   */
  g_object_class_install_property (klass, PROP_REFUSALS_TEMPORARY,
                                   g_param_spec_uint64 ("refusals-temporary", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS));

  /**
   * SmtpStatistics:refusals-permanent:
   *
   * Replies 5yz, in all sessions. [method@Statistics.snapshot] has them by reason.
   */
  g_object_class_install_property (klass, PROP_REFUSALS_PERMANENT,
                                   g_param_spec_uint64 ("refusals-permanent", NULL, NULL, 0, G_MAXUINT64, 0, FLAGS));
}

static void
smtp_statistics_class_init (SmtpStatisticsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = smtp_statistics_get_property;
  install_connection_properties (object_class);
  install_transaction_properties (object_class);
  install_message_properties (object_class);
  install_security_properties (object_class);
  install_timeout_properties (object_class);
  install_refusal_properties (object_class);
}

static void
smtp_statistics_init (SmtpStatistics *self)
{
}

SmtpStatistics *
smtp_statistics_new (void)
{
  return g_object_new (SMTP_TYPE_STATISTICS, NULL);
}

const char *
smtp_reason_get_name (SmtpReason reason)
{
  return reasons[reason];
}

static GVariant *
by_reason (const guint64 *counts)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  for (guint i = 0; i < SMTP_N_REASONS; i++)
    g_variant_builder_add (&builder, "{st}", reasons[i], read_count (&counts[i]));

  return g_variant_builder_end (&builder);
}

/**
 * smtp_statistics_snapshot:
 * @self: the statistics of a server
 *
 * Reads all numbers at once. May be called from any thread.
 *
 * The keys of the dictionary, of type `a{sv}`, are the names of the properties, each with a number of type
 * `t`, and two more whose values are dictionaries of type `a{st}`: `refusals-temporary-by-reason` and
 * `refusals-permanent-by-reason` have what [property@Statistics:refusals-temporary] and
 * [property@Statistics:refusals-permanent] are made of. Every reason is there, with 0 if there was none:
 *
 * | reason            | the client was told 4yz or 5yz                                         |
 * | ----------------- | ---------------------------------------------------------------------- |
 * | `policy`          | by a hook, a handler or a command of the program's                     |
 * | `syntax`          | because of how a command or an address was written                     |
 * | `sequence`        | because a command may not come now                                     |
 * | `unknown-command` | because there is no such command                                       |
 * | `line-too-long`   | because a line was too long, of a command or of a message              |
 * | `bare-newline`    | because of a CR or LF alone                                            |
 * | `foreign`         | because it spoke another protocol                                      |
 * | `errors`          | 421, because of [property@Server:max-errors]                           |
 * | `limit`           | because of [property@Server:max-recipients] or [property@Server:max-messages] |
 * | `size`            | because of [property@Server:data-size-limit]                           |
 * | `loop`            | because of [property@Server:max-hops]                                  |
 * | `tls`             | because TLS is needed, or not there, or showed the wrong thing         |
 * | `auth`            | in AUTH, or because it is needed                                       |
 * | `no-taker`        | because nobody took the message                                        |
 * | `no-space`        | because there was no space for the message                             |
 * | `internal`        | because a hook or something in the server failed                       |
 * | `timeout`         | because it, or a hook, took too long                                   |
 * | `shutdown`        | because the server is going down                                       |
 *
 * Later versions may add keys and reasons.
 *
 * Returns: (transfer full): the numbers
 */
GVariant *
smtp_statistics_snapshot (SmtpStatistics *self)
{
  GVariantBuilder builder;

  g_return_val_if_fail (SMTP_IS_STATISTICS (self), NULL);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < SMTP_N_COUNTS; i++)
    g_variant_builder_add (&builder, "{sv}", names[i], g_variant_new_uint64 (read_count (&self->counts[i])));
  g_variant_builder_add (&builder, "{sv}", "refusals-temporary", g_variant_new_uint64 (sum (self->temporary)));
  g_variant_builder_add (&builder, "{sv}", "refusals-permanent", g_variant_new_uint64 (sum (self->permanent)));
  g_variant_builder_add (&builder, "{sv}", "refusals-temporary-by-reason", by_reason (self->temporary));
  g_variant_builder_add (&builder, "{sv}", "refusals-permanent-by-reason", by_reason (self->permanent));

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}
