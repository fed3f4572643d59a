/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpLineReader: finds the next command line at the front of a buffer that
 * somebody else owns. It keeps no octets itself, only how far it has looked.
 */

/* How far beyond its limit a line is read in search of its end, in octets. */
#define SMTP_LINE_OVERREAD 65536

typedef enum
{
  SMTP_LINE_NONE,      /* no whole line yet */
  SMTP_LINE_OK,        /* ended in CRLF, no other CR in it */
  SMTP_LINE_BARE_LF,   /* ended in an LF that no CR precedes */
  SMTP_LINE_BARE_CR,   /* has a CR that no LF follows, whatever it ended in */
  SMTP_LINE_TOO_LONG,  /* longer than the limit; its end was found, it is thrown away */
  SMTP_LINE_ENDLESS    /* longer than the limit, and no end within SMTP_LINE_OVERREAD more */
} SmtpLineStatus;

typedef struct
{
  gsize scanned;    /* octets at the front of the buffer known to hold no LF */
  gsize swallowed;  /* octets of an over-long line that are gone already */
} SmtpLineReader;

/*
 * @limit counts the line with its CRLF. *line_length leaves the line end out;
 * the line starts at @data. *consumed says how many octets the caller must
 * drop from the front of the buffer (0 with SMTP_LINE_NONE, except that an
 * over-long line is consumed as it comes, so that nothing above the limit is
 * ever kept). The result depends on the octets alone, not on how they were cut.
 */
SmtpLineStatus smtp_line_reader_next (SmtpLineReader *self,
                                      const char     *data,
                                      gsize           size,
                                      gsize           limit,
                                      gsize          *line_length,
                                      gsize          *consumed);

G_END_DECLS
