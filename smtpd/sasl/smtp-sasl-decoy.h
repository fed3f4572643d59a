/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-secret.h"

G_BEGIN_DECLS

/*
 * Secrets of users that are not there, which nothing fits: so that a client cannot tell them from those
 * that are, neither by what it is sent nor by the time that it takes. They look like the secret that the
 * program gave last; a program whose secrets differ among each other shows by that who is there.
 */

/* A secret that the program gave. */
void        smtp_sasl_decoy_learn (SmtpSecret    *secret);

/* NULL if the program has never given a secret, or had passwords: then there is nothing to be seen. */
SmtpSecret *smtp_sasl_decoy_make  (SmtpScramHash  hash,
                                   const char    *name);

G_END_DECLS
