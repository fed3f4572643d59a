/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpReplyReader: the replies of another server, RFC 5321 section 4.2, one at a time. What it
 * keeps is bounded, whatever comes.
 */

/* Of a line, with its CRLF; of a reply; of all the lines of a reply. The RFC has 512 for the
 * first and nothing for the others, and there are servers that explain at length. */
#define SMTP_REPLY_READER_LINE_MAX  2048
#define SMTP_REPLY_READER_LINES_MAX 100
#define SMTP_REPLY_READER_SIZE_MAX  65536

typedef enum
{
  SMTP_REPLY_READ_MORE,  /* no whole reply yet */
  SMTP_REPLY_READ_DONE,  /* code and lines are those of a reply */
  SMTP_REPLY_READ_ERROR  /* this is not SMTP, and nothing that follows can be */
} SmtpReplyReadStatus;

typedef struct
{
  GString             *line;      /* begun, and not ended yet */
  GPtrArray           *lines;     /* of char *, the texts behind the codes */
  gsize                size;      /* of the reply so far */
  guint                code;
  SmtpReplyReadStatus  status;
} SmtpReplyReader;

void                 smtp_reply_reader_init      (SmtpReplyReader *self);
void                 smtp_reply_reader_clear     (SmtpReplyReader *self);

/* Reads up to the end of a reply; *consumed is then what belongs to it. After MORE it is always
 * @size. The first call after DONE begins the next reply; after ERROR every call is one. */
SmtpReplyReadStatus  smtp_reply_reader_feed      (SmtpReplyReader *self,
                                                  const guint8    *data,
                                                  gsize            size,
                                                  gsize           *consumed);

/* After DONE: the code, 200 to 599, and the texts, with a NULL behind the last. They have no
 * NUL, CR or LF in them, and may be anything else. */
guint                smtp_reply_reader_get_code  (SmtpReplyReader *self);
const char * const  *smtp_reply_reader_get_lines (SmtpReplyReader *self);

G_END_DECLS
