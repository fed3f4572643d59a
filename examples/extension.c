/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server with an extension of its own, XTICKET, and with DSN, whose parameters it prints.
 *
 * usage: extension [ADDRESS]        (default: localhost:8025)
 */

#include <glib-unix.h>
#include <smtpd/smtpd.h>

G_DECLARE_FINAL_TYPE (Tickets, tickets, TICKETS, TICKETS, SmtpExtension)
struct _Tickets { SmtpExtension parent_instance; };
G_DEFINE_FINAL_TYPE (Tickets, tickets, SMTP_TYPE_EXTENSION)

/* A ticket is a number. */
static gboolean
check_ticket (SmtpExtension *extension,
              SmtpSession   *session,
              const char    *verb,
              const char    *keyword,
              const char    *value)
{
  return value != NULL && g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT32, NULL, NULL);
}

static void
tickets_class_init (TicketsClass *klass)
{
  SMTP_EXTENSION_CLASS (klass)->check_parameter = check_ticket;
}

static void tickets_init (Tickets *self) { }

static SmtpVerdict
on_mail (SmtpServer     *server,
         SmtpSession    *session,
         SmtpEnvelope   *envelope,
         SmtpRequest    *request,
         SmtpAddress    *address,
         SmtpParameters *parameters)
{
  if (smtp_parameters_has (parameters, "XTICKET"))
    return SMTP_VERDICT_CONTINUE;

  smtp_request_reply (request, 550, "5.7.1 No mail without a ticket");

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  g_autoptr (GPtrArray) recipients = smtp_envelope_get_recipients (envelope);
  g_autofree char *id = smtp_envelope_dup_envelope_id (envelope);

  g_print ("ticket %s, id %s\n",
           smtp_parameters_lookup (smtp_envelope_get_mail_parameters (envelope), "XTICKET"), id != NULL ? id : "-");
  for (guint i = 0; i < recipients->len; i++)
    {
      SmtpRecipient *recipient = g_ptr_array_index (recipients, i);
      gboolean wants_success = (smtp_recipient_get_dsn_notify (recipient) & SMTP_DSN_NOTIFY_SUCCESS) != 0;

      g_print ("%s: %s\n", smtp_address_get_text (smtp_recipient_get_address (recipient)),
               wants_success ? "to be confirmed" : "no word of success");
    }
  smtp_request_reply (request, 250, "2.0.0 Thank you");

  return SMTP_VERDICT_HANDLED;
}

static void
set_up (SmtpServer *server)
{
  g_autoptr (SmtpExtension) tickets = g_object_new (tickets_get_type (), "keyword", "XTICKET", NULL);

  smtp_extension_add_parameter (tickets, "MAIL", "XTICKET", 30);
  smtp_server_add_extension (server, tickets);
  smtp_server_set_extension_enabled (server, "DSN", TRUE);
  g_signal_connect (server, "handle-mail", G_CALLBACK (on_mail), NULL);
  g_signal_connect (server, "handle-data", G_CALLBACK (on_data), NULL);
}

int
main (int argc, char **argv)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GError) error = NULL;

  set_up (server);
  if (!smtp_server_listen (server, argc > 1 ? argv[1] : "localhost:8025", SMTP_LISTENER_KIND_SMTP, &error))
    {
      g_printerr ("extension: %s\n", error->message);
      return 1;
    }

  addresses = smtp_server_dup_listen_addresses (server);
  for (guint i = 0; addresses[i] != NULL; i++)
    g_print ("listening on %s\n", addresses[i]);

  g_unix_signal_add (SIGINT, G_SOURCE_FUNC (g_main_loop_quit), loop);
  g_unix_signal_add (SIGTERM, G_SOURCE_FUNC (g_main_loop_quit), loop);
  g_main_loop_run (loop);

  return 0;
}
