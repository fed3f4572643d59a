/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server with its own classes of sessions and envelopes.
 *
 * usage: own-classes [ADDRESS]        (default: localhost:8025)
 */

#include <glib-unix.h>
#include <smtpd/smtpd.h>

/* A connection that knows how many messages came by it. */
G_DECLARE_FINAL_TYPE (CountingSession, counting_session, COUNTING, SESSION, SmtpSession)
struct _CountingSession { SmtpSession parent_instance; guint messages; };
G_DEFINE_FINAL_TYPE (CountingSession, counting_session, SMTP_TYPE_SESSION)

static void counting_session_class_init (CountingSessionClass *klass) {}
static void counting_session_init (CountingSession *self) {}

/* A transaction with a number. */
G_DECLARE_FINAL_TYPE (NumberedEnvelope, numbered_envelope, NUMBERED, ENVELOPE, SmtpEnvelope)
struct _NumberedEnvelope { SmtpEnvelope parent_instance; guint number; };
G_DEFINE_FINAL_TYPE (NumberedEnvelope, numbered_envelope, SMTP_TYPE_ENVELOPE)

static void numbered_envelope_class_init (NumberedEnvelopeClass *klass) {}
static void numbered_envelope_init (NumberedEnvelope *self) {}

/* Makes sessions by a property, and envelopes by a method. */
G_DECLARE_FINAL_TYPE (OwnServer, own_server, OWN, SERVER, SmtpServer)
struct _OwnServer { SmtpServer parent_instance; guint envelopes; };
G_DEFINE_FINAL_TYPE (OwnServer, own_server, SMTP_TYPE_SERVER)

static SmtpEnvelope *
own_server_create_envelope (SmtpServer  *server,
                            SmtpSession *session)
{
  NumberedEnvelope *envelope = g_object_new (numbered_envelope_get_type (), NULL);

  envelope->number = ++OWN_SERVER (server)->envelopes;

  return SMTP_ENVELOPE (envelope);
}

static void
own_server_class_init (OwnServerClass *klass)
{
  SMTP_SERVER_CLASS (klass)->create_envelope = own_server_create_envelope;
}

static void
own_server_init (OwnServer *self)
{
  smtp_server_set_session_type (SMTP_SERVER (self), counting_session_get_type ());
}

static SmtpVerdict
on_data (SmtpServer       *server,
         CountingSession  *session,
         NumberedEnvelope *envelope,
         SmtpRequest      *request)
{
  g_autofree char *text = g_strdup_printf ("Message %u of this session, transaction %u of all",
                                           ++session->messages, envelope->number);

  smtp_request_reply (request, 250, text);

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
  g_autoptr (SmtpServer) server = g_object_new (own_server_get_type (), NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

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
