/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-envelope-private.h"
#include "smtp-error.h"

/* The message of an envelope. */

#define PRIVATE(self) smtp_envelope_get_private (self)

/**
 * smtp_envelope_get_content: (get-property content)
 * @self: an envelope
 *
 * The message, to the octet as it was sent, without dot-stuffing.
 *
 * Returns: (transfer none) (nullable): the content, or %NULL before the end of the message
 */
GBytes *
smtp_envelope_get_content (SmtpEnvelope *self)
{
  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  return PRIVATE (self)->content;
}

/**
 * smtp_envelope_set_content: (set-property content)
 * @self: an envelope
 * @content: (nullable): a message
 *
 * Replaces the message, for the handlers that come after.
 */
void
smtp_envelope_set_content (SmtpEnvelope *self,
                           GBytes       *content)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);

  g_return_if_fail (SMTP_IS_ENVELOPE (self));

  if (priv->content == content)
    return;

  g_clear_pointer (&priv->content, g_bytes_unref);
  if (content != NULL)
    priv->content = g_bytes_ref (content);
  g_object_notify (G_OBJECT (self), "content");
}

/**
 * smtp_envelope_open_content:
 * @self: an envelope
 *
 * The message as a stream, for who parses it.
 *
 * Returns: (transfer full): a new stream, empty if there is no content
 */
GInputStream *
smtp_envelope_open_content (SmtpEnvelope *self)
{
  GBytes *content;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  content = PRIVATE (self)->content;

  return content != NULL ? g_memory_input_stream_new_from_bytes (content) : g_memory_input_stream_new ();
}

/**
 * smtp_envelope_get_body_stream: (get-property body-stream)
 * @self: an envelope
 *
 * The stream of the program's own that the message was written to.
 *
 * Returns: (transfer none) (nullable): the stream, closed at the end of the message; %NULL for
 *   the library's own spool
 */
GOutputStream *
smtp_envelope_get_body_stream (SmtpEnvelope *self)
{
  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  return PRIVATE (self)->body_stream;
}

void
smtp_envelope_set_body_stream (SmtpEnvelope  *self,
                               GOutputStream *stream)
{
  g_set_object (&PRIVATE (self)->body_stream, stream);
}

/**
 * smtp_envelope_dup_text:
 * @self: an envelope
 * @error: return location for an error
 *
 * The message as text, decoded as UTF-8.
 *
 * Messages need be neither UTF-8 nor text: the error is then
 * %G_CONVERT_ERROR_ILLEGAL_SEQUENCE, and [method@Envelope.get_content] has the octets.
 * Before the end of the message the text is empty.
 *
 * Returns: (transfer full): a new string, or %NULL if the content is not UTF-8 or has
 *   a NUL in it
 */
char *
smtp_envelope_dup_text (SmtpEnvelope  *self,
                        GError       **error)
{
  GBytes *content;
  const char *data;
  gsize size;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  content = PRIVATE (self)->content;
  if (content == NULL)
    return g_strdup ("");

  data = g_bytes_get_data (content, &size);
  if (size > 0 && !g_utf8_validate_len (data, size, NULL))
    {
      g_set_error_literal (error, G_CONVERT_ERROR, G_CONVERT_ERROR_ILLEGAL_SEQUENCE,
                           "The message is not UTF-8 text");
      return NULL;
    }

  return g_strndup (size > 0 ? data : "", size);
}
