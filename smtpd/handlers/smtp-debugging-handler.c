/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-debugging-handler.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "smtp-workers.h"
#include "wire/smtp-text.h"

/**
 * SmtpDebuggingHandler:
 *
 * Prints every message with its envelope, for people who write or test programs that
 * send mail.
 *
 * ```
 * ==== Message from 127.0.0.1:40412 ====
 * EHLO client.example.org
 * MAIL FROM:<someone@example.org> SIZE=40
 * RCPT TO:<other@example.org>
 *
 * Subject: Hello
 *
 * How are you?
 * ==== End of message ====
 * ```
 *
 * Lines of the message end in LF here. What could make a terminal do other than show
 * text is printed as `\xHH`: control characters but the tab, and octets that are no
 * UTF-8.
 *
 * A message is answered once it was printed and flushed. Messages never interleave, not
 * even those of two handlers. Printing happens in a thread of its own, so a stream that
 * blocks keeps no other connection waiting.
 */

/* A message is printed in pieces, so that memory does not grow with it. */
#define PIECE (64 * 1024)

typedef struct
{
  GOutputStream *stream;
} SmtpDebuggingHandlerPrivate;

/* A message on its way to the stream. */
typedef struct
{
  SmtpRequest *request;
  GOutputStream *stream;
  GString *text;
  GBytes *content;
} Printing;

G_DEFINE_TYPE_WITH_PRIVATE (SmtpDebuggingHandler, smtp_debugging_handler, SMTP_TYPE_HANDLER)

enum
{
  PROP_0,
  PROP_STREAM,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* One for all handlers: they may share a stream, and all share standard output. */
static GMutex print_lock;

#define PRIVATE(self) ((SmtpDebuggingHandlerPrivate *) smtp_debugging_handler_get_instance_private (self))

static void
printing_free (Printing *self)
{
  smtp_workers_release (self->request);
  g_clear_object (&self->stream);
  g_string_free (self->text, TRUE);
  g_bytes_unref (self->content);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Printing, printing_free)

/* Appends what @text begins with, one character or one octet made harmless. Returns
 * how many octets that was. */
static gsize
append_character (GString    *out,
                  const char *text,
                  gsize       length)
{
  static const char hex[] = "0123456789ABCDEF";
  guchar octet = text[0];
  gsize size;

  if ((octet >= 0x20 && octet < 0x7f) || octet == '\t')
    {
      g_string_append_c (out, octet);
      return 1;
    }

  size = smtp_text_non_ascii (text, length);
  if (size > 0)
    {
      g_string_append_len (out, text, size);
      return size;
    }

  g_string_append (out, "\\x");
  g_string_append_c (out, hex[octet >> 4]);
  g_string_append_c (out, hex[octet & 15]);

  return 1;
}

static void
append_escaped (GString    *out,
                const char *text)
{
  gsize length = strlen (text);

  while (length > 0)
    {
      gsize size = append_character (out, text, length);

      text += size;
      length -= size;
    }
}

/* Appends as many lines as make a piece. Returns how many octets of @text that was. */
static gsize
append_piece (GString    *out,
              const char *text,
              gsize       length)
{
  gsize offset = 0;

  while (offset < length && out->len < PIECE)
    {
      if (text[offset] == '\r' && offset + 1 < length && text[offset + 1] == '\n')
        offset++;

      if (text[offset] == '\n')
        {
          g_string_append_c (out, '\n');
          offset++;
        }
      else
        {
          offset += append_character (out, text + offset, length - offset);
        }
    }

  return offset;
}

static gboolean
wait_for_standard_output (void)
{
  GPollFD pollfd = { STDOUT_FILENO, G_IO_OUT, 0 };

  return g_poll (&pollfd, 1, -1) >= 0 || errno == EINTR;
}

/* Without stdio, which keeps what it could not write, and would print it in front of
 * another message. */
static gboolean
write_to_standard_output (const char  *text,
                          gsize        length,
                          GError     **error)
{
  while (length > 0)
    {
      gssize written = write (STDOUT_FILENO, text, length);

      if (written >= 0)
        {
          text += written;
          length -= written;
        }
      else if (errno == EAGAIN ? !wait_for_standard_output () : errno != EINTR)
        {
          int saved_errno = errno;

          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                       "Cannot write to standard output: %s", g_strerror (saved_errno));
          return FALSE;
        }
    }

  return TRUE;
}

/* Writes what is in self->text, and takes it out. */
static gboolean
write_text (Printing  *self,
            GError   **error)
{
  gboolean written;

  if (self->stream != NULL)
    written = g_output_stream_write_all (self->stream, self->text->str, self->text->len, NULL, NULL, error);
  else
    written = write_to_standard_output (self->text->str, self->text->len, error);

  g_string_truncate (self->text, 0);

  return written;
}

static gboolean
print_message (Printing  *self,
               GError   **error)
{
  gsize length;
  const char *content = g_bytes_get_data (self->content, &length);
  gboolean ends_in_line = length == 0 || content[length - 1] == '\n';

  while (length > 0)
    {
      gsize size = append_piece (self->text, content, length);

      if (!write_text (self, error))
        return FALSE;

      content += size;
      length -= size;
    }

  g_string_append_printf (self->text, "%s==== End of message ====\n", ends_in_line ? "" : "\n");

  return write_text (self, error) &&
         (self->stream == NULL || g_output_stream_flush (self->stream, NULL, error));
}

static void
print_in_worker (gpointer data)
{
  g_autoptr (Printing) self = data;
  g_autoptr (GError) error = NULL;
  gboolean printed;

  g_mutex_lock (&print_lock);
  printed = print_message (self, &error);
  g_mutex_unlock (&print_lock);

  if (printed)
    smtp_request_reply (self->request, 250, "2.0.0 Printed");
  else
    smtp_request_fail (self->request, error);
}

static void
append_path (GString        *out,
             const char     *command,
             const char     *address,
             SmtpParameters *parameters)
{
  g_string_append (out, command);
  g_string_append (out, ":<");
  append_escaped (out, address);
  g_string_append_c (out, '>');

  for (guint i = 0; parameters != NULL && i < smtp_parameters_get_length (parameters); i++)
    {
      const char *value = smtp_parameters_get_value (parameters, i);

      g_string_append_c (out, ' ');
      append_escaped (out, smtp_parameters_get_keyword (parameters, i));
      if (value != NULL)
        {
          g_string_append_c (out, '=');
          append_escaped (out, value);
        }
    }

  g_string_append_c (out, '\n');
}

static void
append_session (GString     *out,
                SmtpSession *session)
{
  GSocketAddress *peer = smtp_session_get_peer (session);
  const char *host_name = smtp_session_get_host_name (session);
  g_autofree char *address = NULL;

  if (G_IS_SOCKET_CONNECTABLE (peer))
    address = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (peer));

  g_string_append (out, "==== Message from ");
  append_escaped (out, address != NULL ? address : "an unknown address");
  g_string_append (out, " ====\n");

  g_string_append (out, smtp_session_get_extended_smtp (session) ? "EHLO " : "HELO ");
  append_escaped (out, host_name != NULL ? host_name : "");
  g_string_append_c (out, '\n');
}

static void
append_envelope (GString      *out,
                 SmtpEnvelope *envelope)
{
  g_autoptr (GPtrArray) recipients = smtp_envelope_get_recipients (envelope);
  const char *mail_from = smtp_envelope_get_mail_from (envelope);

  append_path (out, "MAIL FROM", mail_from != NULL ? mail_from : "",
               smtp_envelope_get_mail_parameters (envelope));

  for (guint i = 0; i < recipients->len; i++)
    {
      SmtpRecipient *recipient = g_ptr_array_index (recipients, i);

      append_path (out, "RCPT TO", smtp_address_get_text (smtp_recipient_get_address (recipient)),
                   smtp_recipient_get_parameters (recipient));
    }

  g_string_append_c (out, '\n');
}

static void
smtp_debugging_handler_handle_data (SmtpHandler  *handler,
                                    SmtpServer   *server,
                                    SmtpSession  *session,
                                    SmtpEnvelope *envelope,
                                    SmtpRequest  *request)
{
  SmtpDebuggingHandlerPrivate *priv = PRIVATE (SMTP_DEBUGGING_HANDLER (handler));
  GBytes *content = smtp_envelope_get_content (envelope);
  Printing *printing = g_new0 (Printing, 1);

  printing->request = g_object_ref (request);
  printing->content = content != NULL ? g_bytes_ref (content) : g_bytes_new (NULL, 0);
  if (priv->stream != NULL)
    printing->stream = g_object_ref (priv->stream);

  /* Session and envelope belong to this thread, so they become text here. */
  printing->text = g_string_sized_new (512);
  append_session (printing->text, session);
  append_envelope (printing->text, envelope);

  smtp_request_hold (request);
  smtp_workers_run (print_in_worker, printing);
}

static void
smtp_debugging_handler_finalize (GObject *object)
{
  SmtpDebuggingHandlerPrivate *priv = PRIVATE (SMTP_DEBUGGING_HANDLER (object));

  g_clear_object (&priv->stream);

  G_OBJECT_CLASS (smtp_debugging_handler_parent_class)->finalize (object);
}

static void
smtp_debugging_handler_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_STREAM:
      g_value_set_object (value, smtp_debugging_handler_get_stream (SMTP_DEBUGGING_HANDLER (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_debugging_handler_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_STREAM:
      PRIVATE (SMTP_DEBUGGING_HANDLER (object))->stream = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_debugging_handler_class_init (SmtpDebuggingHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_debugging_handler_finalize;
  object_class->get_property = smtp_debugging_handler_get_property;
  object_class->set_property = smtp_debugging_handler_set_property;
  SMTP_HANDLER_CLASS (klass)->handle_data = smtp_debugging_handler_handle_data;

  /**
   * SmtpDebuggingHandler:stream: (getter get_stream)
   *
   * Where messages are printed, %NULL for standard output.
   */
  props[PROP_STREAM] =
    g_param_spec_object ("stream", NULL, NULL, G_TYPE_OUTPUT_STREAM,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_debugging_handler_init (SmtpDebuggingHandler *self)
{
}

/**
 * smtp_debugging_handler_new:
 * @stream: (nullable): where to print, %NULL for standard output
 *
 * Makes a handler that prints every message.
 *
 * The stream is used from other threads, by one at a time; nobody else should write to
 * it while the handler does.
 *
 * Returns: (transfer full): a new handler
 */
SmtpHandler *
smtp_debugging_handler_new (GOutputStream *stream)
{
  g_return_val_if_fail (stream == NULL || G_IS_OUTPUT_STREAM (stream), NULL);

  return g_object_new (SMTP_TYPE_DEBUGGING_HANDLER, "stream", stream, NULL);
}

/**
 * smtp_debugging_handler_get_stream: (get-property stream)
 * @self: a debugging handler
 *
 * Where messages are printed.
 *
 * Returns: (transfer none) (nullable): the stream, or %NULL for standard output
 */
GOutputStream *
smtp_debugging_handler_get_stream (SmtpDebuggingHandler *self)
{
  g_return_val_if_fail (SMTP_IS_DEBUGGING_HANDLER (self), NULL);

  return PRIVATE (self)->stream;
}
