/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that takes mail for anybody, and reports to the sender what has become of it: whom it could not be
 * delivered to, and, if he asks for that by DSN (RFC 3461), whom it was.
 *
 * usage: report [ADDRESS]        (default: localhost:8025)
 */

#include <glib-unix.h>
#include <smtpd/smtpd.h>

static void
print_report (SmtpDeliveryReport *report)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = smtp_delivery_report_to_bytes (report, &error);

  if (bytes == NULL)
    g_printerr ("%s\n", error->message);
  else
    g_print ("MAIL FROM:<>\nRCPT TO:<%s>\n%.*s\n",
             smtp_address_get_text (smtp_delivery_report_get_reverse_path (report)),
             (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));
}

static void
add_outcome (SmtpDeliveryReport *report,
             SmtpRecipient      *recipient)
{
  g_autofree char *user = smtp_address_dup_local_part (smtp_recipient_get_address (recipient));
  gboolean failed = g_str_equal (user, "nobody");
  SmtpDeliveryStatus *status;

  status = smtp_delivery_report_add_envelope_recipient (report, recipient,
                                                        failed ? SMTP_DELIVERY_ACTION_FAILED
                                                               : SMTP_DELIVERY_ACTION_DELIVERED,
                                                        failed ? "5.1.1" : "2.1.5");
  if (failed)
    smtp_delivery_status_set_diagnostic (status, "550 5.1.1 No such user");
}

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  g_autoptr (SmtpDeliveryReport) report =
    smtp_delivery_report_new_for_envelope (smtp_server_get_hostname (server), envelope);
  g_autoptr (GPtrArray) recipients = smtp_envelope_get_recipients (envelope);

  smtp_request_reply (request, 250, "2.0.0 Taken");

  for (guint i = 0; i < recipients->len; i++)
    add_outcome (report, g_ptr_array_index (recipients, i));

  /* Nobody is told what he does not want to hear, and nobody of a message that came from <>: that may be a
   * report itself. */
  if (smtp_delivery_report_is_due (report))
    print_report (report);

  return SMTP_VERDICT_HANDLED;
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);

  return G_SOURCE_REMOVE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  /* A promise, which on_data() keeps. */
  smtp_server_set_extension_enabled (server, "DSN", TRUE);
  g_signal_connect (server, "handle-data", G_CALLBACK (on_data), NULL);
  if (!smtp_server_listen (server, argc > 1 ? argv[1] : "localhost:8025", SMTP_LISTENER_KIND_SMTP, &error))
    {
      g_printerr ("%s: %s\n", argv[0], error->message);
      return 1;
    }
  addresses = smtp_server_dup_listen_addresses (server);
  for (guint i = 0; addresses[i] != NULL; i++)
    g_print ("listening on %s\n", addresses[i]);

  g_unix_signal_add (SIGINT, quit, loop);
  g_unix_signal_add (SIGTERM, quit, loop);
  g_main_loop_run (loop);

  return 0;
}
