/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-xtext.h"

/* "+" and two hexadecimal digits: capital letters by the grammar, small ones in the field. */
static int
decode_hexchar (const char *text,
                gsize       length)
{
  int high, low;

  if (length < 3)
    return -1;

  high = g_ascii_xdigit_value (text[1]);
  low = g_ascii_xdigit_value (text[2]);

  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

gboolean
smtp_xtext_decode (const char *text,
                   gsize       length,
                   char       *decoded)
{
  gsize i = 0;

  while (i < length)
    {
      gboolean is_hex = text[i] == '+';
      int c = is_hex ? decode_hexchar (text + i, length - i) : text[i];

      if (c < (is_hex ? 0x20 : 0x21) || c > 0x7e || (!is_hex && c == '='))
        return FALSE;

      *decoded++ = (char) c;
      i += is_hex ? 3 : 1;
    }
  *decoded = '\0';

  return TRUE;
}
