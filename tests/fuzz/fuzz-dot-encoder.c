/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-dot-decoder.h"
#include "wire/smtp-dot-encoder.h"

#include <stdint.h>
#include <string.h>

/* What is encoded must be decoded to the same message and nothing behind it; what has a bare
 * newline must be refused. The first octet says how to cut. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static void
append_run (const guint8 *data,
            gsize         size,
            gpointer      content)
{
  g_byte_array_append (content, data, size);
}

static gboolean
has_bare_newline (const uint8_t *data,
                  size_t         size)
{
  for (size_t i = 0; i < size; i++)
    {
      if ((data[i] == '\r' && (i + 1 == size || data[i + 1] != '\n')) ||
          (data[i] == '\n' && (i == 0 || data[i - 1] != '\r')))
        return TRUE;
    }

  return FALSE;
}

static gboolean
encode (const uint8_t *data,
        size_t         size,
        size_t         piece,
        GByteArray    *out)
{
  SmtpDotEncoder encoder;

  smtp_dot_encoder_init (&encoder);
  for (size_t i = 0; i < size; i += piece)
    {
      size_t length = MIN (piece, size - i);
      guint8 *exact = g_memdup2 (data + i, length);

      smtp_dot_encoder_feed (&encoder, exact, length, out);
      g_free (exact);
    }

  return smtp_dot_encoder_end (&encoder, out);
}

static void
check_round_trip (const GByteArray *out,
                  const uint8_t    *data,
                  size_t            size)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  SmtpDotDecoder decoder;
  gsize consumed;

  smtp_dot_decoder_init (&decoder);
  g_assert (smtp_dot_decoder_feed (&decoder, out->data, out->len, &consumed, append_run, content));
  g_assert (consumed == out->len && !decoder.bare_newline);
  g_assert (content->len == size || content->len == size + 2);
  g_assert (size == 0 || memcmp (content->data, data, size) == 0);
  if (content->len != size)
    g_assert (size > 0 && data[size - 1] != '\n' && memcmp (content->data + size, "\r\n", 2) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  size_t piece;

  if (size < 1)
    return 0;

  piece = 1 + data[0];
  data++;
  size--;
  g_assert (encode (data, size, piece, out) == !has_bare_newline (data, size));
  if (!has_bare_newline (data, size))
    check_round_trip (out, data, size);

  return 0;
}
