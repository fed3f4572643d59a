/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * stream-server CERTIFICATE: a server of SMTP in TLS that throws messages away as they come,
 * to be measured beside a loop that does nothing else.
 */

#include <stdio.h>
#include <stdlib.h>

#include <smtpd/smtpd.h>

typedef GOutputStream NullStream;
typedef GOutputStreamClass NullStreamClass;

static GType null_stream_get_type (void);

G_DEFINE_TYPE (NullStream, null_stream, G_TYPE_OUTPUT_STREAM)

/* At once: GIO would give the work to a thread. */
static void
null_stream_write_async (GOutputStream       *stream,
                         const void          *buffer,
                         gsize                size,
                         int                  priority,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, data);

  g_task_set_priority (task, priority);
  g_task_return_int (task, (gssize) size);
}

static gssize
null_stream_write_finish (GOutputStream  *stream,
                          GAsyncResult   *result,
                          GError        **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gssize
null_stream_write (GOutputStream  *stream,
                   const void     *buffer,
                   gsize           size,
                   GCancellable   *cancellable,
                   GError        **error)
{
  return (gssize) size;
}

static void
null_stream_class_init (NullStreamClass *klass)
{
  klass->write_fn = null_stream_write;
  klass->write_async = null_stream_write_async;
  klass->write_finish = null_stream_write_finish;
}

static void
null_stream_init (NullStream *self)
{
}

static GOutputStream *
on_body (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope)
{
  return g_object_new (null_stream_get_type (), NULL);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (SmtpHandler) sink = smtp_sink_handler_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (SmtpTlsContext) context = argc == 2 ? smtp_tls_context_new (argv[1], NULL, &error) : NULL;
  g_auto (GStrv) addresses = NULL;

  if (context != NULL)
    {
      smtp_server_set_tls_context (server, context);
      smtp_server_set_data_size_limit (server, 0);
      smtp_server_add_handler (server, sink);
      g_signal_connect (server, "handle-body", G_CALLBACK (on_body), NULL);
    }
  if (context == NULL || !smtp_server_listen (server, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTPS, &error))
    {
      fprintf (stderr, "stream-server: %s\n", error != NULL ? error->message : "a certificate is needed");
      return EXIT_FAILURE;
    }

  addresses = smtp_server_dup_listen_addresses (server);
  printf ("listening on %s\n", addresses[0]);
  fflush (stdout);
  g_main_loop_run (loop);

  return EXIT_SUCCESS;
}
