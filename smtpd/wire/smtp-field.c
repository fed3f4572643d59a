/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-field.h"

#include <string.h>

#include "smtp-text.h"

#define VALUE_MAX 4000

/* Lines are folded to this, where there is a space to fold at. */
#define LINE_GOAL 76

/* A word that is longer than this is cut in two. */
#define WORD_MAX 900

/* More spaces between two words have no meaning, and could make a line of nothing else. */
#define SPACES_MAX 64

/* Octets of an encoded word before base64, so that it has 72 characters of the 75 that it may have. */
#define ENCODED_MAX 45

gboolean
smtp_field_is_ascii (const char *text,
                     gsize       length)
{
  for (gsize i = 0; i < length; i++)
    {
      if ((text[i] & 0x80) != 0)
        return FALSE;
    }

  return TRUE;
}

gboolean
smtp_field_is_atom (const char *text,
                    gsize       length)
{
  gsize i;

  for (i = 0; i < length && text[i] != '\0'; i++)
    {
      if (!g_ascii_isalnum (text[i]) && strchr ("!#$%&'*+-/=?^_`{|}~", text[i]) == NULL)
        return FALSE;
    }

  return i > 0;
}

/* Some readers of mail end a line at these. */
static gboolean
is_separator (gunichar character)
{
  return character == 0x2028 || character == 0x2029;
}

/* The length of the character that @text begins with, and what stands for it. */
static gsize
clean_character (GString    *out,
                 const char *text,
                 gsize       length,
                 gboolean    utf8)
{
  gsize wide = smtp_text_non_ascii (text, length);
  gunichar character;

  if (wide == 0)
    {
      g_string_append_c (out, (*text & 0x80) != 0 ? '?' : g_ascii_isprint (*text) ? *text : ' ');
      return 1;
    }

  character = g_utf8_get_char (text);
  if (is_separator (character))
    g_string_append_c (out, ' ');
  else if (utf8)
    g_string_append_len (out, text, wide);
  else
    g_string_append_printf (out, "\\x{%X}", character);

  return wide;
}

char *
smtp_field_clean (const char *value,
                  gsize       max,
                  gboolean    utf8)
{
  gsize length = strlen (value);
  GString *clean = g_string_sized_new (MIN (length, max) + 1);
  gsize i = 0;

  while (i < length && i < max)
    i += clean_character (clean, value + i, length - i, utf8);
  if (i < length)
    g_string_append (clean, "...");

  return g_strstrip (g_string_free (clean, FALSE));
}

char *
smtp_field_xtext (const char *address)
{
  gsize length = strlen (address);
  GString *xtext = g_string_new (NULL);

  for (gsize i = 0; i < length;)
    {
      gsize wide = smtp_text_non_ascii (address + i, length - i);

      if (wide > 0)
        g_string_append_printf (xtext, "\\x{%X}", g_utf8_get_char (address + i));
      else if ((address[i] & 0x80) != 0)
        g_string_append_c (xtext, '?');
      else if (!g_ascii_isgraph (address[i]) || strchr ("+=\\", address[i]) != NULL)
        g_string_append_printf (xtext, "\\x{%02X}", address[i]);
      else
        g_string_append_c (xtext, address[i]);

      i += MAX (wide, 1);
    }

  return g_string_free (xtext, FALSE);
}

/* Never inside a character. */
static gsize
piece_length (const char *text,
              gsize       length,
              gsize       max)
{
  if (length <= max)
    return length;

  while ((text[max] & 0xc0) == 0x80)
    max--;

  return max;
}

/* Never between a backslash and the space that it quotes: a line might be nothing but that space. */
static gsize
word_piece_length (const char *word,
                   gsize       length)
{
  gsize piece = piece_length (word, length, WORD_MAX);

  return piece < length && word[piece] == ' ' ? piece - 1 : piece;
}

static char *
encode (const char *clean)
{
  gsize length = strlen (clean);
  GString *words = g_string_new (NULL);

  while (length > 0)
    {
      gsize piece = piece_length (clean, length, ENCODED_MAX);
      g_autofree char *base64 = g_base64_encode ((const guchar *) clean, piece);

      g_string_append_printf (words, "%s=?utf-8?B?%s?=", words->len > 0 ? " " : "", base64);
      clean += piece;
      length -= piece;
    }

  return g_string_free (words, FALSE);
}

/* The next word, which does not begin behind a backslash: that may quote the space. */
static gsize
word_length (const char *text)
{
  gsize length = 0;

  while (text[length] != '\0' && (text[length] != ' ' || (length > 0 && text[length - 1] == '\\')))
    length++;

  return length;
}

static void
append_word (GString    *out,
             const char *word,
             gsize       length)
{
  gsize piece = word_piece_length (word, length);

  g_string_append_len (out, word, piece);

  while (length > piece)
    {
      word += piece;
      length -= piece;
      piece = word_piece_length (word, length);
      g_string_append (out, "\r\n ");
      g_string_append_len (out, word, piece);
    }
}

/* The spaces in front of a word go with it to the next line, so that to unfold is to take the
 * CRLF away. */
static void
fold (GString    *out,
      const char *name,
      const char *value)
{
  gsize line = out->len;
  gboolean is_first = TRUE;

  g_string_append_printf (out, "%s:", name);

  while (*value != '\0')
    {
      gsize spaces = is_first ? 1 : strspn (value, " ");
      const char *word = is_first ? value : value + spaces;
      gsize length = word_length (word);

      spaces = MIN (spaces, SPACES_MAX);
      if (!is_first && out->len - line + spaces + length > LINE_GOAL)
        {
          g_string_append (out, "\r\n");
          line = out->len;
        }
      g_string_append_printf (out, "%*s", (int) spaces, "");
      append_word (out, word, length);
      if (length > WORD_MAX)
        line = out->len - length;

      value = word + length;
      is_first = FALSE;
    }

  g_string_append (out, "\r\n");
}

void
smtp_field_append (GString          *out,
                   const char       *name,
                   const char       *value,
                   SmtpFieldCharset  charset)
{
  g_autofree char *clean = smtp_field_clean (value, VALUE_MAX, charset != SMTP_FIELD_ESCAPE);

  if (charset == SMTP_FIELD_ENCODE && !smtp_field_is_ascii (clean, strlen (clean)))
    {
      char *encoded = encode (clean);

      g_free (clean);
      clean = encoded;
    }

  if (*clean != '\0')
    fold (out, name, clean);
}
