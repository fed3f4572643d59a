/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server to relay to that does what it is told, also what no server should do. It lives in
 * threads of its own, with sockets that block. */

#pragma once

#include <string.h>

#include <gio/gio.h>

/* What it can be told to say something else than usual to, once. */
typedef enum
{
  ON_CONNECT,
  ON_EHLO,
  ON_HELO,
  ON_STARTTLS,
  ON_AUTH,
  ON_MAIL,
  ON_RCPT,
  ON_DATA,
  ON_END,
  ON_RSET,
  ON_QUIT,
  N_STEPS
} Step;

/* Behind or in place of an answer. */
#define CLOSE "<close>"   /* the connection is closed */
#define HANG "<hang>"     /* there is none; whatever comes is thrown away */
#define STUCK "<stuck>"   /* nothing is read any more, either, until upstream->stuck is FALSE */

typedef struct
{
  GSocket *socket;
  char *address;
  GCancellable *cancellable;
  GThread *thread;

  GMutex lock;
  char *answers[N_STEPS];
  guint skip[N_STEPS];         /* so often the usual answer comes before */
  const char *keywords;        /* of EHLO, each "250-NAME\r\n" */
  GTlsCertificate *certificate;
  GString *transcript;         /* what it got, but for text */
  GString *incomplete;         /* text that had no end */
  GPtrArray *messages;         /* GBytes, those that were complete */
  guint n_connections;
  guint n_open;
  guint n_secured;
  gint stuck;
} RawUpstream;

typedef struct
{
  RawUpstream *upstream;
  GIOStream *stream;
  GDataInputStream *input;
} RawConnection;

static const char * const raw_usual[N_STEPS] =
{
  [ON_CONNECT] = "220 raw.example ESMTP\r\n",
  [ON_HELO] = "250 raw.example\r\n",
  [ON_STARTTLS] = "502 5.5.1 no\r\n",
  [ON_AUTH] = "235 2.7.0 welcome\r\n",
  [ON_MAIL] = "250 2.1.0 sender fine\r\n",
  [ON_RCPT] = "250 2.1.5 recipient fine\r\n",
  [ON_DATA] = "354 go\r\n",
  [ON_END] = "250 2.6.0 taken as 7\r\n",
  [ON_RSET] = "250 2.0.0 reset\r\n",
  [ON_QUIT] = "221 2.0.0 bye\r\n" CLOSE,
};

static char *
raw_choose_answer (RawUpstream *self,
                   Step         step)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->answers[step] != NULL && self->skip[step]-- == 0)
    return g_steal_pointer (&self->answers[step]);
  if (step == ON_EHLO)
    return g_strdup_printf ("250-raw.example\r\n%s250 HELP\r\n", self->keywords);

  return g_strdup (raw_usual[step]);
}

static void
raw_swallow (RawConnection *self)
{
  char buffer[4096];

  while (g_input_stream_read (G_INPUT_STREAM (self->input), buffer, sizeof buffer, NULL, NULL) > 0)
    continue;
}

/* FALSE if nothing more is to be said. */
static gboolean
raw_say (RawConnection *self,
         Step           step,
         char         **said)
{
  GOutputStream *output = g_io_stream_get_output_stream (self->stream);
  g_autofree char *answer = raw_choose_answer (self->upstream, step);
  gboolean hangs = g_str_has_suffix (answer, HANG);
  gboolean stuck = g_str_has_suffix (answer, STUCK);
  gboolean closes = g_str_has_suffix (answer, CLOSE);

  if (hangs || stuck || closes)
    *strrchr (answer, '<') = '\0';
  g_output_stream_write_all (output, answer, strlen (answer), NULL, NULL, NULL);

  while (stuck && g_atomic_int_get (&self->upstream->stuck))
    g_usleep (1000);
  if (hangs)
    raw_swallow (self);
  if (said != NULL)
    *said = g_steal_pointer (&answer);

  return !hangs && !closes;
}

static void
raw_read_from (RawConnection *self,
               GIOStream     *stream)
{
  g_set_object (&self->stream, stream);
  g_clear_object (&self->input);
  self->input = g_data_input_stream_new (g_io_stream_get_input_stream (stream));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (self->input), FALSE);
  g_data_input_stream_set_newline_type (self->input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
}

/* FALSE if it ended before its end. */
static gboolean
raw_take_text (RawConnection *self)
{
  RawUpstream *upstream = self->upstream;
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean complete = FALSE;
  char *line;
  gsize length;

  while (!complete && (line = g_data_input_stream_read_line (self->input, &length, NULL, NULL)) != NULL)
    {
      gsize stuffed = length > 0 && line[0] == '.' ? 1 : 0;

      complete = length == 1 && stuffed == 1;
      if (!complete)
        {
          g_string_append_len (text, line + stuffed, length - stuffed);
          g_string_append (text, "\r\n");
        }
      g_free (line);
    }

  g_mutex_lock (&upstream->lock);
  if (complete)
    g_ptr_array_add (upstream->messages, g_bytes_new (text->str, text->len));
  else
    g_string_append_len (upstream->incomplete, text->str, text->len);
  g_mutex_unlock (&upstream->lock);

  return complete;
}

static gboolean
raw_secure (RawConnection *self)
{
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (self->stream, self->upstream->certificate, NULL);

  if (tls == NULL || !g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, NULL))
    return FALSE;

  raw_read_from (self, tls);
  g_mutex_lock (&self->upstream->lock);
  self->upstream->n_secured++;
  g_mutex_unlock (&self->upstream->lock);

  return TRUE;
}

static gboolean
raw_do (RawConnection *self,
        const char    *line)
{
  static const char * const verbs[N_STEPS] =
  {
    [ON_EHLO] = "EHLO ", [ON_HELO] = "HELO ", [ON_STARTTLS] = "STARTTLS", [ON_AUTH] = "AUTH ",
    [ON_MAIL] = "MAIL ", [ON_RCPT] = "RCPT ", [ON_DATA] = "DATA", [ON_RSET] = "RSET", [ON_QUIT] = "QUIT",
  };
  g_autofree char *said = NULL;
  Step step = 0;

  while (step < N_STEPS && (verbs[step] == NULL || !g_str_has_prefix (line, verbs[step])))
    step++;
  g_assert_cmpint (step, <, N_STEPS);

  if (!raw_say (self, step, &said))
    return FALSE;
  if (step == ON_STARTTLS && g_str_has_prefix (said, "220"))
    return raw_secure (self);
  if (step == ON_DATA && g_str_has_prefix (said, "354"))
    return raw_take_text (self) && raw_say (self, ON_END, NULL);

  return TRUE;
}

static gpointer
raw_serve (gpointer data)
{
  RawConnection *self = data;
  gboolean goes_on = raw_say (self, ON_CONNECT, NULL);

  while (goes_on)
    {
      g_autofree char *line = g_data_input_stream_read_line (self->input, NULL, NULL, NULL);

      if (line == NULL)
        break;
      g_mutex_lock (&self->upstream->lock);
      g_string_append_printf (self->upstream->transcript, "%s\n", line);
      g_mutex_unlock (&self->upstream->lock);
      goes_on = raw_do (self, line);
    }

  g_io_stream_close (self->stream, NULL, NULL);
  g_mutex_lock (&self->upstream->lock);
  self->upstream->n_open--;
  g_mutex_unlock (&self->upstream->lock);
  g_main_context_wakeup (NULL);
  g_clear_object (&self->input);
  g_clear_object (&self->stream);
  g_free (self);

  return NULL;
}

static gpointer
raw_accept (gpointer data)
{
  RawUpstream *self = data;
  g_autoptr (GPtrArray) threads = g_ptr_array_new_with_free_func ((GDestroyNotify) g_thread_join);
  GSocket *socket;

  while ((socket = g_socket_accept (self->socket, self->cancellable, NULL)) != NULL)
    {
      g_autoptr (GSocketConnection) connection = g_socket_connection_factory_create_connection (socket);
      RawConnection *raw = g_new0 (RawConnection, 1);

      g_mutex_lock (&self->lock);
      self->n_connections++;
      self->n_open++;
      g_mutex_unlock (&self->lock);
      raw->upstream = self;
      raw_read_from (raw, G_IO_STREAM (connection));
      g_ptr_array_add (threads, g_thread_new ("raw-upstream", raw_serve, raw));
      g_object_unref (socket);
    }

  return NULL;
}

static void
raw_upstream_start (RawUpstream *self)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  g_mutex_init (&self->lock);
  self->keywords = "250-SIZE 1000000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n";
  self->transcript = g_string_new (NULL);
  self->incomplete = g_string_new (NULL);
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->cancellable = g_cancellable_new ();
  self->socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_bind (self->socket, address, TRUE, &error);
  g_assert_no_error (error);
  g_socket_listen (self->socket, &error);
  g_assert_no_error (error);
  bound = g_socket_get_local_address (self->socket, NULL);
  self->address = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (bound));
  self->thread = g_thread_new ("raw-accept", raw_accept, self);
}

/* When whoever connected has let go of its connections. */
static void
raw_upstream_stop (RawUpstream *self)
{
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_object_unref (self->cancellable);
  g_clear_object (&self->certificate);
  for (guint i = 0; i < N_STEPS; i++)
    g_free (self->answers[i]);
  g_string_free (self->transcript, TRUE);
  g_string_free (self->incomplete, TRUE);
  g_ptr_array_unref (self->messages);
  g_free (self->address);
  g_mutex_clear (&self->lock);
}

/* The usual answer comes @skip times before @answer does. */
static void
raw_upstream_set_answer (RawUpstream *self,
                         Step         step,
                         const char  *answer,
                         guint        skip)
{
  g_mutex_lock (&self->lock);
  g_free (self->answers[step]);
  self->answers[step] = g_strdup (answer);
  self->skip[step] = skip;
  g_mutex_unlock (&self->lock);
}

/* Whether one of those is still to come. */
static gboolean
raw_upstream_has_answer (RawUpstream *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < N_STEPS; i++)
    {
      if (self->answers[i] != NULL)
        return TRUE;
    }

  return FALSE;
}

static void
raw_upstream_wait_until_closed (RawUpstream *self)
{
  guint n_open = 1;

  while (n_open > 0)
    {
      g_main_context_iteration (NULL, FALSE);
      g_mutex_lock (&self->lock);
      n_open = self->n_open;
      g_mutex_unlock (&self->lock);
      g_usleep (100);
    }
}
