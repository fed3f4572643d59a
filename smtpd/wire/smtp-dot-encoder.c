/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-dot-encoder.h"

#include <string.h>

typedef enum
{
  AT_LINE_START,  /* CRLF, or nothing yet */
  IN_TEXT,        /* anything else */
  AFTER_CR,       /* a CR, whose LF must be next */
  SPOILT          /* there was a bare newline */
} EncoderState;

void
smtp_dot_encoder_init (SmtpDotEncoder *self)
{
  self->state = AT_LINE_START;
}

/* Where the next CR or LF is, or @end. */
static const guint8 *
find_newline (const guint8 *p,
              const guint8 *end)
{
  const guint8 *lf = memchr (p, '\n', end - p);
  const guint8 *cr;

  if (lf != NULL)
    end = lf;
  cr = memchr (p, '\r', end - p);

  return cr != NULL ? cr : end;
}

static const guint8 *
encode_text (SmtpDotEncoder *self,
             const guint8   *p,
             const guint8   *end,
             GByteArray     *out)
{
  const guint8 *stop = find_newline (p, end);

  if (stop < end && *stop == '\n')
    {
      self->state = SPOILT;
      return stop;
    }

  if (self->state == AT_LINE_START && *p == '.')
    g_byte_array_append (out, (const guint8 *) ".", 1);
  self->state = IN_TEXT;
  if (stop < end)
    {
      self->state = AFTER_CR;
      stop++;
    }
  g_byte_array_append (out, p, stop - p);

  return stop;
}

gboolean
smtp_dot_encoder_feed (SmtpDotEncoder *self,
                       const guint8   *data,
                       gsize           size,
                       GByteArray     *out)
{
  const guint8 *end = size > 0 ? data + size : data;

  for (const guint8 *p = data; p < end && self->state != SPOILT;)
    {
      if (self->state != AFTER_CR)
        {
          p = encode_text (self, p, end, out);
        }
      else if (*p == '\n')
        {
          g_byte_array_append (out, p, 1);
          self->state = AT_LINE_START;
          p++;
        }
      else
        {
          self->state = SPOILT;
        }
    }

  return self->state != SPOILT;
}

gboolean
smtp_dot_encoder_end (SmtpDotEncoder *self,
                      GByteArray     *out)
{
  if (self->state == SPOILT || self->state == AFTER_CR)
    {
      self->state = SPOILT;
      return FALSE;
    }

  if (self->state == IN_TEXT)
    g_byte_array_append (out, (const guint8 *) "\r\n", 2);
  g_byte_array_append (out, (const guint8 *) ".\r\n", 3);
  self->state = AT_LINE_START;

  return TRUE;
}
