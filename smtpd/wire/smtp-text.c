/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-text.h"

gsize
smtp_text_non_ascii (const char *text,
                     gsize       length)
{
  gunichar character;

  if (length == 0 || (guchar) text[0] < 0x80)
    return 0;

  /* No character takes more than four octets. */
  character = g_utf8_get_char_validated (text, MIN (length, 4));

  if (character == (gunichar) -1 || character == (gunichar) -2 || character < 0xa0)
    return 0;

  return g_unichar_to_utf8 (character, NULL);
}

static void
escape_octet (GString *out,
              guchar   octet)
{
  static const char hex[] = "0123456789ABCDEF";

  switch (octet)
    {
    case '\r':
      g_string_append (out, "\\r");
      break;

    case '\n':
      g_string_append (out, "\\n");
      break;

    case '\t':
      g_string_append (out, "\\t");
      break;

    case '\\':
      g_string_append (out, "\\\\");
      break;

    default:
      g_string_append (out, "\\x");
      g_string_append_c (out, hex[octet >> 4]);
      g_string_append_c (out, hex[octet & 15]);
      break;
    }
}

void
smtp_text_escape (GString    *out,
                  const char *text,
                  gsize       length,
                  gsize       max)
{
  gsize size = MIN (length, max);
  gsize run = 0;
  gsize i;

  for (i = 0; i < size; i++)
    {
      if (g_ascii_isprint (text[i]) && text[i] != '\\')
        continue;

      if (i > run)
        g_string_append_len (out, text + run, i - run);
      escape_octet (out, text[i]);
      run = i + 1;
    }

  if (i > run)
    g_string_append_len (out, text + run, i - run);

  if (length > max)
    g_string_append (out, "…");
}
