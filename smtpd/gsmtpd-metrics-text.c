/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-metrics.h"

/* What the properties of SmtpStatistics are called in Prometheus, whose names end in their unit, and in
 * _total if they count. */
typedef struct
{
  const char *key;
  const char *family;
  const char *label;   /* NULL: none */
  const char *help;    /* NULL: of the same family as the one before */
} Metric;

static const Metric metrics[] =
{
  { "connections-accepted", "smtpd_connections_accepted_total", NULL, "Connections that got a session." },
  { "connections-refused-server", "smtpd_connections_refused_total", "limit=\"server\"",
    "Connections refused with 421, by whose limit it was." },
  { "connections-refused-client", "smtpd_connections_refused_total", "limit=\"client\"", NULL },
  { "connections-refused-rate", "smtpd_connections_refused_total", "limit=\"rate\"", NULL },
  { "accept-pauses", "smtpd_accept_pauses_total", NULL, "Pauses of accepting for want of descriptors." },
  { "sessions", "smtpd_sessions", NULL, "Connections that are open." },
  { "sessions-lost", "smtpd_sessions_lost_total", NULL, "Sessions ended by the client without QUIT, or broken." },
  { "sessions-shut-down", "smtpd_sessions_shut_down_total", NULL, "Sessions ended because the server was going down." },
  { "commands", "smtpd_commands_total", NULL, "Lines that came as commands." },
  { "client-errors", "smtpd_client_errors_total", NULL, "Commands that were wrong by themselves." },
  { "transactions", "smtpd_transactions_total", NULL, "Transactions begun." },
  { "transactions-open", "smtpd_transactions_open", NULL, "Transactions under way." },
  { "transactions-aborted", "smtpd_transactions_aborted_total", NULL, "Transactions ended before their message did." },
  { "senders-refused", "smtpd_senders_refused_total", NULL, "MAIL commands refused." },
  { "recipients-accepted", "smtpd_recipients_total", "outcome=\"accepted\"", "RCPT commands." },
  { "recipients-refused", "smtpd_recipients_total", "outcome=\"refused\"", NULL },
  { "messages-accepted", "smtpd_messages_total", "outcome=\"accepted\"", "Messages, by what became of them." },
  { "messages-refused", "smtpd_messages_total", "outcome=\"refused\"", NULL },
  { "message-octets", "smtpd_message_bytes_total", NULL, "Octets of the accepted messages." },
  { "octets-received", "smtpd_received_bytes_total", NULL, "Octets from clients, inside of TLS." },
  { "octets-sent", "smtpd_sent_bytes_total", NULL, "Octets to clients, inside of TLS." },
  { "tls-handshakes", "smtpd_tls_handshakes_total", "outcome=\"succeeded\"", "TLS handshakes." },
  { "tls-handshakes-failed", "smtpd_tls_handshakes_total", "outcome=\"failed\"", NULL },
  { "tls-handshakes-resumed", "smtpd_tls_handshakes_resumed_total", NULL, "TLS handshakes that resumed a session." },
  { "auth-succeeded", "smtpd_auth_attempts_total", "outcome=\"succeeded\"", "Attempts of AUTH." },
  { "auth-failed", "smtpd_auth_attempts_total", "outcome=\"failed\"", NULL },
  { "auth-cancelled", "smtpd_auth_attempts_total", "outcome=\"cancelled\"", NULL },
  { "auth-undecided", "smtpd_auth_attempts_total", "outcome=\"undecided\"", NULL },
  { "timeouts-command", "smtpd_timeouts_total", "deadline=\"command\"", "Deadlines that passed." },
  { "timeouts-data", "smtpd_timeouts_total", "deadline=\"data\"", NULL },
  { "timeouts-handshake", "smtpd_timeouts_total", "deadline=\"handshake\"", NULL },
  { "timeouts-proxy", "smtpd_timeouts_total", "deadline=\"proxy\"", NULL },
  { "timeouts-hook", "smtpd_timeouts_total", "deadline=\"hook\"", NULL },
  { "timeouts-write", "smtpd_timeouts_total", "deadline=\"write\"", NULL },
  { "timeouts-close", "smtpd_timeouts_total", "deadline=\"close\"", NULL },
};

static void
append_head (GString    *text,
             const char *family,
             const char *help)
{
  const char *type = g_str_has_suffix (family, "_total") ? "counter" : "gauge";

  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

static void
append_metric (GString      *text,
               const Metric *metric,
               GVariant     *snapshot)
{
  guint64 value = 0;

  g_variant_lookup (snapshot, metric->key, "t", &value);
  if (metric->help != NULL)
    append_head (text, metric->family, metric->help);
  g_string_append (text, metric->family);
  if (metric->label != NULL)
    g_string_append_printf (text, "{%s}", metric->label);
  g_string_append_printf (text, " %" G_GUINT64_FORMAT "\n", value);
}

static void
append_refusals (GString    *text,
                 GVariant   *snapshot,
                 const char *key,
                 char        reply_class)
{
  g_autoptr (GVariant) reasons = g_variant_lookup_value (snapshot, key, G_VARIANT_TYPE ("a{st}"));
  GVariantIter iter;
  const char *reason;
  guint64 value;

  g_variant_iter_init (&iter, reasons);
  while (g_variant_iter_next (&iter, "{&st}", &reason, &value))
    g_string_append_printf (text, "smtpd_refusals_total{class=\"%c\",reason=\"%s\"} %" G_GUINT64_FORMAT "\n",
                            reply_class, reason, value);
}

char *
gsmtpd_metrics_format (SmtpServer *server)
{
  g_autoptr (GVariant) snapshot = smtp_statistics_snapshot (smtp_server_get_statistics (server));
  GString *text = g_string_sized_new (8192);

  for (guint i = 0; i < G_N_ELEMENTS (metrics); i++)
    append_metric (text, &metrics[i], snapshot);

  append_head (text, "smtpd_refusals_total", "Replies 4yz and 5yz, by why they were given.");
  append_refusals (text, snapshot, "refusals-temporary-by-reason", '4');
  append_refusals (text, snapshot, "refusals-permanent-by-reason", '5');

  append_head (text, "smtpd_info", "The program.");
  g_string_append_printf (text, "smtpd_info{version=\"%d.%d.%d\"} 1\n",
                          SMTPD_MAJOR_VERSION, SMTPD_MINOR_VERSION, SMTPD_MICRO_VERSION);

  return g_string_free (text, FALSE);
}
