/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-time-parser.h"

#include <string.h>

#define INTERVAL_DIGITS_MAX 9

typedef struct
{
  const char *p;
  const char *end;
} Scanner;

static gboolean
scan_octet (Scanner *self,
            char     octet)
{
  if (self->p == self->end || *self->p != octet)
    return FALSE;

  self->p++;
  return TRUE;
}

/* Capital letters in the grammar, small ones allowed (RFC 3339 section 5.6). */
static gboolean
scan_letter (Scanner *self,
             char     letter)
{
  if (self->p == self->end || g_ascii_toupper (*self->p) != letter)
    return FALSE;

  self->p++;
  return TRUE;
}

/* Exactly so many digits, and no more than @max. */
static gboolean
scan_number (Scanner *self,
             guint    digits,
             int      min,
             int      max,
             int     *value)
{
  *value = 0;
  for (guint i = 0; i < digits; i++, self->p++)
    {
      if (self->p == self->end || !g_ascii_isdigit (*self->p))
        return FALSE;
      *value = *value * 10 + g_ascii_digit_value (*self->p);
    }

  return *value >= min && *value <= max;
}

static gboolean
is_leap (int year)
{
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_of_month (int year,
               int month)
{
  static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

  return days[month - 1] + (month == 2 && is_leap (year));
}

/* Since 1970, by the calendar that we have had since 1582 and that RFC 3339 wants before that, too. */
static gint64
count_days (int year,
            int month,
            int day)
{
  gint64 before = year - 1;
  gint64 days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;

  if (year == 0)
    days = -719162 - 366;
  for (int i = 1; i < month; i++)
    days += days_of_month (year, i);

  return days + day - 1;
}

static gboolean
scan_date (Scanner *self,
           gint64  *days)
{
  int year, month, day;

  if (!scan_number (self, 4, 0, 9999, &year) || !scan_octet (self, '-') ||
      !scan_number (self, 2, 1, 12, &month) || !scan_octet (self, '-') ||
      !scan_number (self, 2, 1, days_of_month (year, month), &day))
    return FALSE;

  *days = count_days (year, month, day);
  return TRUE;
}

static gboolean
scan_fraction (Scanner *self)
{
  const char *start;

  if (!scan_octet (self, '.'))
    return TRUE;

  start = self->p;
  while (self->p < self->end && g_ascii_isdigit (*self->p))
    self->p++;

  return self->p > start;
}

/* "Z", or how far the time is ahead of it. */
static gboolean
scan_offset (Scanner *self,
             int     *offset)
{
  gboolean ahead, behind;
  int hours, minutes;

  *offset = 0;
  if (scan_letter (self, 'Z'))
    return TRUE;

  ahead = scan_octet (self, '+');
  behind = !ahead && scan_octet (self, '-');
  if (!(ahead || behind) || !scan_number (self, 2, 0, 23, &hours) || !scan_octet (self, ':') ||
      !scan_number (self, 2, 0, 59, &minutes))
    return FALSE;

  *offset = (hours * 60 + minutes) * (ahead ? 60 : -60);
  return TRUE;
}

static gboolean
scan_date_time (Scanner *self,
                gboolean allow_fraction,
                gint64  *seconds)
{
  int hour, minute, second, offset;
  gint64 days;

  *seconds = 0;
  if (!scan_date (self, &days) || !scan_letter (self, 'T') ||
      !scan_number (self, 2, 0, 23, &hour) || !scan_octet (self, ':') ||
      !scan_number (self, 2, 0, 59, &minute) || !scan_octet (self, ':') ||
      !scan_number (self, 2, 0, 60, &second) || (allow_fraction && !scan_fraction (self)) ||
      !scan_offset (self, &offset))
    return FALSE;

  *seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
  return TRUE;
}

gboolean
smtp_time_parse_date_time (const char *text,
                           gsize       length,
                           gint64     *seconds)
{
  Scanner scanner = { text, text + length };

  if (scan_date_time (&scanner, TRUE, seconds) && scanner.p == scanner.end)
    return TRUE;

  *seconds = 0;
  return FALSE;
}

/* Up to nine digits. */
static gboolean
scan_interval (Scanner *self,
               int     *seconds)
{
  gsize digits = 0;

  while (self->p + digits < self->end && digits <= INTERVAL_DIGITS_MAX && g_ascii_isdigit (self->p[digits]))
    digits++;

  *seconds = 0;
  return digits > 0 && digits <= INTERVAL_DIGITS_MAX && scan_number (self, digits, 0, 999999999, seconds);
}

gboolean
smtp_time_parse_interval (const char *text,
                          gsize       length,
                          guint      *seconds)
{
  Scanner scanner = { text, text + length };
  int value;
  gboolean valid = length > 0 && text[0] != '0' && scan_interval (&scanner, &value) && scanner.p == scanner.end;

  *seconds = valid ? (guint) value : 0;
  return valid;
}

gboolean
smtp_time_parse_deliver_by (const char *text,
                            gsize       length,
                            int        *seconds,
                            gboolean   *returns,
                            gboolean   *traces)
{
  Scanner scanner = { text, text + length };
  gboolean negative = scan_octet (&scanner, '-');

  *returns = *traces = FALSE;
  if (!negative)
    scan_octet (&scanner, '+');

  if (!scan_interval (&scanner, seconds) || !scan_octet (&scanner, ';'))
    return FALSE;
  if (negative)
    *seconds = -*seconds;

  *returns = scan_letter (&scanner, 'R');
  if (!*returns && !scan_letter (&scanner, 'N'))
    return FALSE;
  *traces = scan_letter (&scanner, 'T');

  /* What is to come back undelivered must have a time to be delivered in. */
  return scanner.p == scanner.end && !(*returns && *seconds <= 0);
}

gboolean
smtp_time_parse_valid_since (const char *text,
                             gsize       length,
                             gint64     *seconds,
                             char       *action)
{
  Scanner scanner = { text, text + length };

  *action = '\0';
  if (!scan_date_time (&scanner, FALSE, seconds))
    return FALSE;

  if (scan_octet (&scanner, ';'))
    {
      if (scan_letter (&scanner, 'C'))
        *action = 'C';
      else if (scan_letter (&scanner, 'R'))
        *action = 'R';
      else
        return FALSE;
    }

  return scanner.p == scanner.end;
}
