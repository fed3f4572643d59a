/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-secret.h"

G_BEGIN_DECLS

/* What SCRAM asks for, RFC 5802 section 3. */
typedef struct
{
  SmtpScramHash hash;
  guint         iterations;
  GBytes       *salt;
  GBytes       *stored_key;
  GBytes       *server_key;
} SmtpScramKeys;

/* The password itself, NULL if only keys are there. */
const char          *smtp_secret_peek_password   (SmtpSecret    *self);
/* The keys, NULL if they are not there or of another hash. */
const SmtpScramKeys *smtp_secret_peek_scram      (SmtpSecret    *self,
                                                  SmtpScramHash  hash);

gsize                smtp_scram_hash_get_size    (SmtpScramHash  hash);

/* Memory that held a secret. */
void                 smtp_secret_wipe            (void          *memory,
                                                  gsize          size);
void                 smtp_secret_free_text       (char          *text);
/* Takes @memory, which is wiped at the end. */
GBytes              *smtp_secret_new_bytes       (void          *memory,
                                                  gsize          size);

G_END_DECLS
