/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  SMTP_PATH_DEFAULT          = 0,
  SMTP_PATH_ALLOW_NULL       = 1 << 0,  /* "<>", the null reverse path */
  SMTP_PATH_ALLOW_POSTMASTER = 1 << 1,  /* "<postmaster>", any case, without a domain */
  SMTP_PATH_ALLOW_UTF8       = 1 << 2   /* RFC 6531 local parts and domains */
} SmtpPathFlags;

typedef enum
{
  SMTP_PATH_OK,
  SMTP_PATH_SYNTAX,     /* not a path */
  SMTP_PATH_NOT_ASCII,  /* a path, but only with SMTPUTF8 */
  SMTP_PATH_TOO_LONG    /* domain over 255 octets, label over 63 characters */
} SmtpPathStatus;

/* Slices of the text that was parsed; nothing is copied. */
typedef struct
{
  const char *mailbox;         /* local-part@domain, source route and brackets taken off; "" for the null path */
  gsize       mailbox_length;
  gsize       local_length;    /* as written, with the quotes of a quoted string */
  const char *domain;          /* NULL if there is none (null path, postmaster) */
  gsize       domain_length;   /* with the brackets of an address literal */
  gboolean    is_utf8;         /* has characters outside ASCII */
  gboolean    is_quoted;       /* the local part is a quoted string */
  gboolean    is_literal;      /* the domain is an address literal */
} SmtpPath;

/* A path in angle brackets, RFC 5321 section 4.1.2, at the start of @text.
 * *consumed is what it takes up; what comes behind is not looked at. */
SmtpPathStatus smtp_path_parse         (const char    *text,
                                        gsize          length,
                                        SmtpPathFlags  flags,
                                        SmtpPath      *path,
                                        gsize         *consumed);

/* The same without brackets and source route, and it must be the whole of @text. */
SmtpPathStatus smtp_mailbox_parse      (const char    *text,
                                        gsize          length,
                                        SmtpPathFlags  flags,
                                        SmtpPath      *path);

/* The argument of HELO and EHLO: a domain name or an address literal. Lenient as
 * the field is (underscores, no dot, any dotted name of letters, digits, '-', '_'
 * up to 255 octets), but without anything that could be markup or white space. */
gboolean       smtp_helo_name_is_valid (const char    *text,
                                        gsize          length);

G_END_DECLS
