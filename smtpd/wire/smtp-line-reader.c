/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-line-reader.h"

#include <string.h>

/* Where the search for an LF is given up, counted from the line's start. */
static gsize
end_of_search (gsize limit)
{
  return limit > G_MAXSIZE - SMTP_LINE_OVERREAD ? G_MAXSIZE : limit + SMTP_LINE_OVERREAD;
}

static void
start_over (SmtpLineReader *self)
{
  self->scanned = 0;
  self->swallowed = 0;
}

/* @length is that of the line without its LF. A CR that stands alone comes
 * before the question how the line ended, so that a program that puts up with
 * bare LFs does not get such CRs by the way. */
static SmtpLineStatus
judge_line (const char *line,
            gsize       length,
            gsize      *line_length)
{
  gboolean has_cr = length > 0 && line[length - 1] == '\r';

  *line_length = has_cr ? length - 1 : length;

  if (*line_length > 0 && memchr (line, '\r', *line_length) != NULL)
    return SMTP_LINE_BARE_CR;

  return has_cr ? SMTP_LINE_OK : SMTP_LINE_BARE_LF;
}

/* There is no LF in the @size octets at hand, and there may yet be one. */
static SmtpLineStatus
wait_for_more (SmtpLineReader *self,
               gsize           size,
               gsize           limit,
               gsize          *consumed)
{
  /* With @limit octets and the LF still to come, it is over the limit. */
  if (self->swallowed > 0 || size >= limit)
    {
      self->swallowed += size;
      self->scanned = 0;
      *consumed = size;
    }
  else
    {
      self->scanned = size;
    }

  return SMTP_LINE_NONE;
}

SmtpLineStatus
smtp_line_reader_next (SmtpLineReader *self,
                       const char     *data,
                       gsize           size,
                       gsize           limit,
                       gsize          *line_length,
                       gsize          *consumed)
{
  SmtpLineStatus  status;
  gsize           search = end_of_search (limit);
  gsize           window;
  gsize           from;
  const char     *lf = NULL;

  *line_length = 0;
  *consumed = 0;

  /* What lies behind the end of the search must not be looked at, or a long
   * read would find an LF that a short one does not. */
  window = search > self->swallowed ? MIN (size, search - self->swallowed) : 0;
  from = MIN (self->scanned, window);

  if (from < window)
    lf = memchr (data + from, '\n', window - from);

  if (lf != NULL)
    {
      gsize length = lf - data;

      *consumed = length + 1;
      if (self->swallowed > 0 || length >= limit)
        status = SMTP_LINE_TOO_LONG;
      else
        status = judge_line (data, length, line_length);
    }
  else if (self->swallowed + window >= search)
    {
      *consumed = window;
      status = SMTP_LINE_ENDLESS;
    }
  else
    {
      return wait_for_more (self, size, limit, consumed);
    }

  start_over (self);
  return status;
}
