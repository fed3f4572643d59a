/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  SMTP_PARAMETER_END,     /* no more; only white space was left */
  SMTP_PARAMETER_OK,
  SMTP_PARAMETER_SYNTAX
} SmtpParameterStatus;

/* Slices of the text. */
typedef struct
{
  const char *keyword;
  gsize       keyword_length;
  const char *value;          /* NULL if the parameter has no "=" */
  gsize       value_length;
} SmtpParameter;

/* RFC 5321 section 4.1.2: 1*SP esmtp-keyword ["=" esmtp-value], at *cursor, which
 * moves behind it. A parameter that no space precedes is a syntax error, so is an
 * empty value. @allow_utf8: RFC 6531 section 3.3, item 4, widens esmtp-value. */
SmtpParameterStatus smtp_parameter_next  (const char   **cursor,
                                          const char    *end,
                                          gboolean       allow_utf8,
                                          SmtpParameter *parameter);

/* Whether @text is an esmtp-keyword, as those of parameters and of EHLO (RFC 5321 section 4.1.1.1) are. */
gboolean            smtp_parameter_is_keyword (const char *text);

/* Decimal digits only, at least 1 and at most 20 (RFC 1870). FALSE if it is not
 * that; a number above G_MAXUINT64 comes out as G_MAXUINT64. */
gboolean            smtp_parameter_parse_size (const char *text,
                                               gsize       length,
                                               guint64    *size);

G_END_DECLS
