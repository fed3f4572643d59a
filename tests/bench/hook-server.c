/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * hook-server PORT none|all|slow [SPOOL-THRESHOLD]: a server of which the hooks are to be measured. "all"
 * has one on every command, "slow" one on RCPT that answers after 10 ms.
 */

#include <stdio.h>
#include <stdlib.h>

#include <smtpd/smtpd.h>

#define DELAY_MS 10

/* Hooks differ in what comes behind their fourth argument; none of these looks at it. */
static SmtpVerdict
let_pass (SmtpServer   *server,
          SmtpSession  *session,
          SmtpEnvelope *envelope,
          SmtpRequest  *request)
{
  return SMTP_VERDICT_CONTINUE;
}

static gboolean
proceed (gpointer request)
{
  smtp_request_proceed (request);

  return G_SOURCE_REMOVE;
}

static SmtpVerdict
let_pass_later (SmtpServer   *server,
                SmtpSession  *session,
                SmtpEnvelope *envelope,
                SmtpRequest  *request)
{
  smtp_request_hold (request);
  g_timeout_add_full (G_PRIORITY_DEFAULT, DELAY_MS, proceed, g_object_ref (request), g_object_unref);

  return SMTP_VERDICT_HANDLED;
}

static void
connect_hooks (SmtpServer *server,
               const char *which)
{
  static const char * const names[] = {
    "handle-connect", "handle-helo", "handle-ehlo", "handle-noop", "handle-quit", "handle-mail", "handle-rcpt",
    "handle-rset", "handle-data-begin", "handle-data",
  };

  if (g_str_equal (which, "slow"))
    g_signal_connect (server, "handle-rcpt", G_CALLBACK (let_pass_later), NULL);
  for (guint i = 0; g_str_equal (which, "all") && i < G_N_ELEMENTS (names); i++)
    g_signal_connect (server, names[i], G_CALLBACK (let_pass), NULL);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (SmtpHandler) sink = smtp_sink_handler_new ();
  g_autofree char *address = g_strdup_printf ("127.0.0.1:%s", argc > 1 ? argv[1] : "8025");
  g_autoptr (GError) error = NULL;

  smtp_server_set_data_size_limit (server, 0);
  smtp_server_set_max_connections (server, 0);
  if (argc > 3)
    smtp_server_set_spool_threshold (server, (guint) atoi (argv[3]));
  connect_hooks (server, argc > 2 ? argv[2] : "none");
  smtp_server_add_handler (server, sink);
  if (!smtp_server_listen (server, address, SMTP_LISTENER_KIND_SMTP, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
}
