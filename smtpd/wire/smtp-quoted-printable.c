/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-quoted-printable.h"

/* One is for the "=" at the end. */
#define TEXT_LINE_MAX 75

static gboolean
is_line_end (const char *data,
             gsize       length)
{
  return length >= 2 && data[0] == '\r' && data[1] == '\n';
}

/* White space at the end of a line may be lost on the way. */
static gboolean
is_literal (const char *data,
            gsize       length)
{
  if (*data == ' ' || *data == '\t')
    return length > 1 && !is_line_end (data + 1, length - 1);

  return g_ascii_isgraph (*data) && *data != '=';
}

void
smtp_quoted_printable_append (GString    *out,
                              const char *data,
                              gsize       length)
{
  gsize column = 0;

  for (gsize i = 0; i < length; i++)
    {
      gboolean literal = is_literal (data + i, length - i);

      if (is_line_end (data + i, length - i))
        {
          g_string_append (out, "\r\n");
          column = 0;
          i++;
          continue;
        }

      if (column + (literal ? 1 : 3) > TEXT_LINE_MAX)
        {
          g_string_append (out, "=\r\n");
          column = 0;
        }

      if (literal)
        g_string_append_c (out, data[i]);
      else
        g_string_append_printf (out, "=%02X", (guchar) data[i]);
      column += literal ? 1 : 3;
    }
}
