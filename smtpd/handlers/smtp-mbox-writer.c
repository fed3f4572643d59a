/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-mbox-writer.h"

#include <string.h>
#include <time.h>

static const char from[] = "From ";

#define FROM_LENGTH (sizeof from - 1)

/* In place of a number of matched octets: the line has begun otherwise. */
#define IN_TEXT FROM_LENGTH

static void
begin_line (SmtpMboxWriter *self)
{
  self->at_start = TRUE;
  self->matched = 0;
}

void
smtp_mbox_writer_init (SmtpMboxWriter *self,
                       SmtpMboxSink    sink,
                       gpointer        user_data)
{
  self->sink = sink;
  self->user_data = user_data;
  self->failed = FALSE;
  self->held_cr = FALSE;
  self->fill = 0;
  begin_line (self);
}

/* Output */

static void
flush (SmtpMboxWriter *self)
{
  if (!self->failed && self->fill > 0)
    self->failed = !self->sink (self->buffer, self->fill, self->user_data);

  self->fill = 0;
}

static void
put (SmtpMboxWriter *self,
     const void     *data,
     gsize           size)
{
  const guint8 *octets = data;

  while (size > 0 && !self->failed)
    {
      gsize room = MIN (size, sizeof self->buffer - self->fill);

      memcpy (self->buffer + self->fill, octets, room);
      self->fill += room;
      octets += room;
      size -= room;

      if (self->fill == sizeof self->buffer)
        flush (self);
    }
}

/* Input */

static void
leave_head (SmtpMboxWriter *self)
{
  put (self, from, self->matched);
  self->matched = IN_TEXT;
}

/* One octet at the head of a line. Returns what is left. Where in a row of ">" the new
 * one stands makes no difference, so none of them need be held back. */
static const guint8 *
take_head (SmtpMboxWriter *self,
           const guint8   *p)
{
  if (*p == from[self->matched])
    {
      self->at_start = FALSE;
      self->matched++;
      if (self->matched == FROM_LENGTH)
        put (self, ">From ", 6);
      return p + 1;
    }

  if (*p == '>' && self->matched == 0)
    {
      self->at_start = FALSE;
      put (self, p, 1);
      return p + 1;
    }

  leave_head (self);

  return p;
}

/* Up to the end of the line. */
static const guint8 *
take_text (SmtpMboxWriter *self,
           const guint8   *p,
           const guint8   *end)
{
  const guint8 *lf = memchr (p, '\n', end - p);
  const guint8 *stop = lf != NULL ? lf : end;
  gboolean has_cr = stop > p && stop[-1] == '\r';

  put (self, p, stop - p - (has_cr ? 1 : 0));

  if (lf == NULL)
    {
      self->at_start = FALSE;
      self->held_cr = has_cr;
      return end;
    }

  put (self, "\n", 1);
  begin_line (self);

  return lf + 1;
}

static void
release_cr (SmtpMboxWriter *self)
{
  put (self, "\r", 1);
  self->held_cr = FALSE;
}

gboolean
smtp_mbox_writer_write (SmtpMboxWriter *self,
                        const guint8   *data,
                        gsize           size)
{
  const guint8 *p = data;
  const guint8 *end = size > 0 ? data + size : data;

  if (self->held_cr && p < end)
    {
      if (*p != '\n')
        release_cr (self);
      self->held_cr = FALSE;
    }

  while (p < end && !self->failed)
    p = self->matched == IN_TEXT ? take_text (self, p, end) : take_head (self, p);

  return !self->failed;
}

gboolean
smtp_mbox_writer_finish (SmtpMboxWriter *self)
{
  if (self->matched != IN_TEXT)
    leave_head (self);
  if (self->held_cr)
    release_cr (self);
  if (!self->at_start)
    put (self, "\n", 1);

  put (self, "\n", 1);
  flush (self);

  return !self->failed;
}

/* RFC 4155: in universal time, in English whatever the locale, and an address without
 * spaces, since some programs take the time for what stands behind the first one. */
char *
smtp_mbox_separator_new (const char *sender,
                         gint64      unix_time)
{
  g_autoptr (GString) line = g_string_new (from);
  time_t seconds = unix_time;
  struct tm broken_down;
  char date[26];

  for (const char *c = sender; *c != '\0'; c++)
    g_string_append_c (line, g_ascii_isgraph (*c) ? *c : '?');
  if (*sender == '\0')
    g_string_append (line, "MAILER-DAEMON");

  if (gmtime_r (&seconds, &broken_down) == NULL || asctime_r (&broken_down, date) == NULL)
    strcpy (date, "Thu Jan  1 00:00:00 1970\n");

  g_string_append_printf (line, " %s", date);

  return g_string_free (g_steal_pointer (&line), FALSE);
}
