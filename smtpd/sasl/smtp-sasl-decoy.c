/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-sasl-decoy.h"

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "smtp-secret-private.h"

#define KEY_SIZE 32
#define SALT_SIZE 16

/* Of the keys that the program gave last; 0: it has passwords, or has given nothing yet. */
static gint usual_iterations;

void
smtp_sasl_decoy_learn (SmtpSecret *secret)
{
  guint iterations = 0;

  for (SmtpScramHash hash = SMTP_SCRAM_HASH_SHA1; hash <= SMTP_SCRAM_HASH_SHA256; hash++)
    {
      const SmtpScramKeys *keys = smtp_secret_peek_scram (secret, hash);

      if (keys != NULL)
        iterations = keys->iterations;
    }

  g_atomic_int_set (&usual_iterations, (gint) iterations);
}

/* What this process, and no other, makes of a name: the same salt each time. */
static GBytes *
make_salt (const char *name)
{
  static guint8 key[KEY_SIZE];
  static gsize prepared = 0;
  guint8 digest[KEY_SIZE];

  if (g_once_init_enter (&prepared))
    {
      if (gnutls_rnd (GNUTLS_RND_KEY, key, sizeof key) < 0)
        g_error ("There are no random numbers");
      g_once_init_leave (&prepared, 1);
    }

  gnutls_hmac_fast (GNUTLS_MAC_SHA256, key, sizeof key, name, strlen (name), digest);

  return g_bytes_new (digest, SALT_SIZE);
}

SmtpSecret *
smtp_sasl_decoy_make (SmtpScramHash  hash,
                      const char    *name)
{
  guint iterations = (guint) g_atomic_int_get (&usual_iterations);
  g_autoptr (GBytes) salt = NULL;
  g_autoptr (GBytes) key = NULL;
  guint8 random[KEY_SIZE];

  if (iterations == 0 || gnutls_rnd (GNUTLS_RND_NONCE, random, sizeof random) < 0)
    return NULL;

  salt = make_salt (name);
  key = g_bytes_new (random, smtp_scram_hash_get_size (hash));

  return smtp_secret_new_scram (hash, iterations, salt, key, key, NULL);
}
