/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtpd.h>

G_BEGIN_DECLS

/* Makes keys of a password that is read from standard input: a line of it, or, of a terminal, what
 * is typed twice without being seen. */
SmtpSecret *gsmtpd_password_derive (const char  *user,
                                    GError     **error);

G_END_DECLS
