/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gsmtpd-options.h"

G_BEGIN_DECLS

/* Those who may authenticate themselves. */

/* The names in a list with commas between them; NULL if one is not known. */
char       **gsmtpd_auth_parse_mechanisms (const char           *list,
                                           GError              **error);

/* Reads --auth-file. */
SmtpHandler *gsmtpd_auth_make_handler     (const GsmtpdOptions  *options,
                                           GError              **error);
void         gsmtpd_auth_set_up           (SmtpServer           *server,
                                           SmtpHandler          *handler,
                                           const GsmtpdOptions  *options);

/* Reads a password, and prints a line for such a file. */
gboolean     gsmtpd_auth_print_line       (const char           *user,
                                           GError              **error);

G_END_DECLS
