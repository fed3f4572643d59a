/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The values of RFC 3461's parameters. */

#define SMTP_ENVID_MAX 100
#define SMTP_ORCPT_MAX 500

typedef enum
{
  SMTP_NOTIFY_NEVER   = 1 << 0,
  SMTP_NOTIFY_SUCCESS = 1 << 1,
  SMTP_NOTIFY_FAILURE = 1 << 2,
  SMTP_NOTIFY_DELAY   = 1 << 3
} SmtpNotify;

/* Section 4.1: "NEVER", or a list of the others with commas between them. */
gboolean smtp_dsn_parse_notify (const char *text,
                                gsize       length,
                                guint      *notify);

/* Section 4.2: an atom, a semicolon, and xtext, which for the type "utf-8" is that of RFC 6533
 * section 3. *type_length octets of @text are the type; what the address decodes to goes to @address,
 * which has room for @length octets and a NUL. */
gboolean smtp_dsn_parse_orcpt  (const char *text,
                                gsize       length,
                                gsize      *type_length,
                                char       *address);

/* Section 4.3: FULL or HDRS. */
gboolean smtp_dsn_parse_ret    (const char *text,
                                gsize       length,
                                gboolean   *headers_only);

/* Section 4.4: xtext. @envid has room for @length octets and a NUL. */
gboolean smtp_dsn_parse_envid  (const char *text,
                                gsize       length,
                                char       *envid);

G_END_DECLS
