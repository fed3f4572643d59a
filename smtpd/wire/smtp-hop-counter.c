/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-hop-counter.h"

#include <string.h>

static const char field[] = "received:";

void
smtp_hop_counter_init (SmtpHopCounter *self)
{
  memset (self, 0, sizeof *self);
}

static void
end_header (SmtpHopCounter *self)
{
  self->ended = TRUE;
  self->size = self->line;
}

static void
end_line (SmtpHopCounter *self)
{
  if (self->part != SMTP_FIELD_BODY)
    {
      end_header (self);
      return;
    }

  self->part = SMTP_FIELD_BEGIN;
  self->line = self->size;
  self->differs = FALSE;
  self->matched = 0;
}

static void
take_name (SmtpHopCounter *self,
           guint8          octet)
{
  gboolean is_blank = octet == ' ' || octet == '\t';

  if (octet == '\r')
    return;

  if (self->part == SMTP_FIELD_BEGIN && is_blank)
    {
      self->part = SMTP_FIELD_BODY;
      self->differs = TRUE;
    }
  else if (self->part != SMTP_FIELD_BEGIN && octet == ':')
    self->part = SMTP_FIELD_BODY;
  else if (self->part != SMTP_FIELD_BEGIN && is_blank)
    self->part = SMTP_FIELD_SPACE;
  else if (self->part != SMTP_FIELD_SPACE && octet != ':' && g_ascii_isgraph (octet))
    self->part = SMTP_FIELD_NAME;
  else
    end_header (self);
}

static void
take_octet (SmtpHopCounter *self,
            guint8          octet)
{
  if (self->part != SMTP_FIELD_BODY)
    take_name (self, octet);

  if (self->differs)
    return;

  if (g_ascii_tolower (octet) != field[self->matched])
    self->differs = TRUE;
  else if (++self->matched == strlen (field))
    {
      self->differs = TRUE;
      self->n_hops++;
    }
}

/* What there is of the name at the beginning of a line, at once. Returns how many octets that is. */
static gsize
take_name_octets (SmtpHopCounter *self,
                  const guint8   *data,
                  gsize           size)
{
  gsize length = 0;

  while (length < size && g_ascii_isgraph (data[length]) && data[length] != ':')
    length++;
  if (length == 0)
    return 0;

  self->part = SMTP_FIELD_NAME;
  if (length < strlen (field) && g_ascii_strncasecmp ((const char *) data, field, length) == 0)
    self->matched = (guint8) length;
  else
    self->differs = TRUE;

  return length;
}

void
smtp_hop_counter_feed (SmtpHopCounter *self,
                       const guint8   *data,
                       gsize           size)
{
  const guint8 *end = data + size;

  while (data < end && !self->ended)
    {
      gsize length = 0;

      if (self->part == SMTP_FIELD_BEGIN && !self->differs)
        length = take_name_octets (self, data, (gsize) (end - data));
      self->size += MAX (length, 1);
      if (length == 0 && *data == '\n')
        end_line (self);
      else if (length == 0)
        take_octet (self, *data);
      data += MAX (length, 1);

      /* Of a line whose name is known only the end matters. */
      if (self->differs && self->part == SMTP_FIELD_BODY && data < end)
        {
          const guint8 *newline = memchr (data, '\n', (gsize) (end - data));

          self->size += (gsize) ((newline != NULL ? newline : end) - data);
          if (newline == NULL)
            return;
          data = newline;
        }
    }
}
