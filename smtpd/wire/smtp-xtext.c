/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-xtext.h"

#include "smtp-text.h"

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

/* "\x{HEX}", of up to six digits. Returns how many octets it takes up, 0 if it is not that. */
static gsize
decode_embedded (const char *text,
                 gsize       length,
                 gunichar   *character)
{
  gsize i = 3;

  *character = 0;
  if (length < 4 || text[1] != 'x' || text[2] != '{')
    return 0;

  for (; i < length && i < 9 && g_ascii_isxdigit (text[i]); i++)
    *character = *character << 4 | (gunichar) g_ascii_xdigit_value (text[i]);

  return i > 3 && i < length && text[i] == '}' ? i + 1 : 0;
}

static gboolean
is_control (gunichar character)
{
  return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

/* Returns how many octets of @text it took, 0 if they are not what they should be. */
static gsize
decode_character (const char *text,
                  gsize       length,
                  gunichar   *character)
{
  gsize non_ascii;
  int octet;

  switch (*text)
    {
    case '\\':
      return decode_embedded (text, length, character);
    case '+':
      octet = decode_hexchar (text, length);
      *character = (gunichar) octet;
      return octet >= 0 && octet < 0x80 ? 3 : 0;
    case '=':
      return 0;
    default:
      break;
    }

  *character = (guchar) *text;
  if (g_ascii_isgraph (*text))
    return 1;

  non_ascii = smtp_text_non_ascii (text, length);
  if (non_ascii > 0)
    *character = g_utf8_get_char (text);

  return non_ascii;
}

gboolean
smtp_unitext_decode (const char *text,
                     gsize       length,
                     char       *decoded)
{
  gsize i = 0;

  while (i < length)
    {
      gunichar character;
      gsize used = decode_character (text + i, length - i, &character);

      if (used == 0 || is_control (character) || !g_unichar_validate (character))
        return FALSE;

      decoded += g_unichar_to_utf8 (character, decoded);
      i += used;
    }
  *decoded = '\0';

  return TRUE;
}
