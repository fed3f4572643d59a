/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-secret.h"

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gsasl.h>

#include "smtp-error.h"
#include "smtp-secret-private.h"

/**
 * SmtpSecret:
 *
 * What a server knows of a user, to find out whether a client is that user: the password, or keys
 * that were derived from it for SCRAM (RFC 5802). Immutable.
 *
 * With the keys a server can check who knows the password, without knowing it itself: whoever steals
 * them can neither read the password nor log in with them anywhere. They are all that the
 * SCRAM mechanism with their hash needs, and PLAIN and LOGIN can be checked by them, too. CRAM-MD5 and
 * SCRAM with another hash need the password.
 *
 * The answer to [signal@Server::handle-credentials].
 */

/* Of those that RFC 7677 section 4 and the makers of clients agree upon: enough for keys that are
 * derived here, and few milliseconds for a client. */
#define DEFAULT_ITERATIONS 10000
/* RFC 5802 section 5.1 and RFC 7677 section 4. */
#define MIN_ITERATIONS 4096
/* What no client would do any more, and what would keep a thread busy for long. */
#define MAX_ITERATIONS 10000000

#define SALT_SIZE 16
#define MAX_SALT_SIZE 1024
#define MAX_HASH_SIZE 32

struct _SmtpSecret
{
  gatomicrefcount ref_count;
  char           *password;  /* NULL: keys */
  SmtpScramKeys   keys;
};

G_DEFINE_BOXED_TYPE (SmtpSecret, smtp_secret, smtp_secret_ref, smtp_secret_unref)

static const struct
{
  const char *scheme;
  gsize       size;
  Gsasl_hash  gsasl;
} hashes[] =
{
  [SMTP_SCRAM_HASH_SHA1]   = { "{SCRAM-SHA-1}",   20, GSASL_HASH_SHA1 },
  [SMTP_SCRAM_HASH_SHA256] = { "{SCRAM-SHA-256}", 32, GSASL_HASH_SHA256 },
};

/* Memory */

void
smtp_secret_wipe (void  *memory,
                  gsize  size)
{
  /* One that the compiler does not leave out. */
  gnutls_memset (memory, 0, size);
}

void
smtp_secret_free_text (char *text)
{
  if (text != NULL)
    smtp_secret_wipe (text, strlen (text));
  g_free (text);
}

typedef struct
{
  void *memory;
  gsize size;
} Wiped;

static void
free_wiped (gpointer data)
{
  g_autofree Wiped *wiped = data;

  smtp_secret_wipe (wiped->memory, wiped->size);
  g_free (wiped->memory);
}

GBytes *
smtp_secret_new_bytes (void  *memory,
                       gsize  size)
{
  Wiped *wiped = g_new (Wiped, 1);

  *wiped = (Wiped) { memory, size };

  return g_bytes_new_with_free_func (memory, size, free_wiped, wiped);
}

/* Making */

static SmtpSecret *
secret_new (void)
{
  SmtpSecret *self = g_new0 (SmtpSecret, 1);

  g_atomic_ref_count_init (&self->ref_count);

  return self;
}

/**
 * smtp_secret_new_password:
 * @password: a password
 *
 * Makes a secret that is the password itself.
 *
 * Returns: (transfer full): a new secret
 */
SmtpSecret *
smtp_secret_new_password (const char *password)
{
  SmtpSecret *self;

  g_return_val_if_fail (password != NULL, NULL);

  self = secret_new ();
  self->password = g_strdup (password);

  return self;
}

static gboolean
check_keys (SmtpScramHash   hash,
            guint           iterations,
            GBytes         *salt,
            GBytes         *stored_key,
            GBytes         *server_key,
            GError        **error)
{
  gsize salt_size = g_bytes_get_size (salt);
  gsize size = hashes[hash].size;

  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS)
    g_set_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX,
                 "SCRAM needs %d to %d iterations", MIN_ITERATIONS, MAX_ITERATIONS);
  else if (salt_size == 0 || salt_size > MAX_SALT_SIZE)
    g_set_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX,
                 "SCRAM needs a salt of 1 to %d octets", MAX_SALT_SIZE);
  else if (g_bytes_get_size (stored_key) != size || g_bytes_get_size (server_key) != size)
    g_set_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX,
                 "The keys for this hash have %" G_GSIZE_FORMAT " octets", size);
  else
    return TRUE;

  return FALSE;
}

/**
 * smtp_secret_new_scram:
 * @hash: the hash function
 * @iterations: how often it was applied, 4,096 to 10,000,000
 * @salt: the salt
 * @stored_key: the key by which clients are checked
 * @server_key: the key by which the server shows that it knows the client
 * @error: return location for an error
 *
 * Makes a secret of keys that were derived from a password, RFC 5802 section 3.
 *
 * The error is %SMTP_ERROR_SYNTAX.
 *
 * Returns: (transfer full): a new secret, or %NULL if the keys are none
 */
SmtpSecret *
smtp_secret_new_scram (SmtpScramHash   hash,
                       guint           iterations,
                       GBytes         *salt,
                       GBytes         *stored_key,
                       GBytes         *server_key,
                       GError        **error)
{
  SmtpSecret *self;

  g_return_val_if_fail (hash == SMTP_SCRAM_HASH_SHA1 || hash == SMTP_SCRAM_HASH_SHA256, NULL);
  g_return_val_if_fail (salt != NULL && stored_key != NULL && server_key != NULL, NULL);

  if (!check_keys (hash, iterations, salt, stored_key, server_key, error))
    return NULL;

  self = secret_new ();
  self->keys = (SmtpScramKeys) { hash, iterations, g_bytes_ref (salt), g_bytes_ref (stored_key),
                                 g_bytes_ref (server_key) };

  return self;
}

/* RFC 4013; a password that it does not allow is taken as it is. */
static char *
prepare (const char *password)
{
  char *prepared = NULL;

  if (gsasl_saslprep (password, 0, &prepared, NULL) == GSASL_OK)
    return prepared;

  gsasl_free (prepared);

  return strdup (password);
}

static gboolean
derive_keys (SmtpScramHash   hash,
             const char     *password,
             guint           iterations,
             const guint8   *salt,
             gsize           salt_size,
             char           *stored_key,
             char           *server_key)
{
  char salted[MAX_HASH_SIZE], client_key[MAX_HASH_SIZE];
  char *prepared = prepare (password);
  int code;

  code = gsasl_scram_secrets_from_password (hashes[hash].gsasl, prepared, iterations,
                                            (const char *) salt, salt_size,
                                            salted, client_key, server_key, stored_key);
  smtp_secret_wipe (salted, sizeof salted);
  smtp_secret_wipe (client_key, sizeof client_key);
  smtp_secret_wipe (prepared, strlen (prepared));
  gsasl_free (prepared);

  return code == GSASL_OK;
}

/**
 * smtp_secret_derive:
 * @hash: the hash function
 * @password: a password
 * @iterations: how often it is applied, 4,096 to 10,000,000; 0: a number that suits servers of today
 * @error: return location for an error
 *
 * Derives keys from a password, with a new salt: what a server keeps in place of the password.
 *
 * This takes milliseconds, by intent.
 *
 * Returns: (transfer full): a new secret, or %NULL if there is an error
 */
SmtpSecret *
smtp_secret_derive (SmtpScramHash   hash,
                    const char     *password,
                    guint           iterations,
                    GError        **error)
{
  char stored_key[MAX_HASH_SIZE], server_key[MAX_HASH_SIZE];
  g_autoptr (GBytes) salt_bytes = NULL;
  g_autoptr (GBytes) stored_bytes = NULL;
  g_autoptr (GBytes) server_bytes = NULL;
  guint8 salt[SALT_SIZE];

  g_return_val_if_fail (hash == SMTP_SCRAM_HASH_SHA1 || hash == SMTP_SCRAM_HASH_SHA256, NULL);
  g_return_val_if_fail (password != NULL, NULL);

  if (iterations == 0)
    iterations = DEFAULT_ITERATIONS;

  if (gnutls_rnd (GNUTLS_RND_NONCE, salt, sizeof salt) < 0 ||
      iterations > MAX_ITERATIONS ||
      !derive_keys (hash, password, iterations, salt, sizeof salt, stored_key, server_key))
    {
      g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_SYNTAX, "No keys can be derived of this");
      return NULL;
    }

  salt_bytes = g_bytes_new (salt, sizeof salt);
  stored_bytes = g_bytes_new (stored_key, hashes[hash].size);
  server_bytes = g_bytes_new (server_key, hashes[hash].size);
  smtp_secret_wipe (stored_key, sizeof stored_key);
  smtp_secret_wipe (server_key, sizeof server_key);

  return smtp_secret_new_scram (hash, iterations, salt_bytes, stored_bytes, server_bytes, error);
}

/* Text */

static GBytes *
decode (const char *base64)
{
  gsize size;
  guint8 *octets = g_base64_decode (base64, &size);

  return smtp_secret_new_bytes (octets, size);
}

static void
free_parts (char **parts)
{
  for (guint i = 0; parts[i] != NULL; i++)
    smtp_secret_free_text (parts[i]);
  g_free (parts);
}

static SmtpSecret *
parse_keys (SmtpScramHash   hash,
            const char     *text,
            GError        **error)
{
  char **parts = g_strsplit (text, ",", 0);
  SmtpSecret *secret = NULL;
  guint64 iterations;

  if (g_strv_length (parts) == 4 &&
      g_ascii_string_to_unsigned (parts[0], 10, MIN_ITERATIONS, MAX_ITERATIONS, &iterations, NULL))
    {
      g_autoptr (GBytes) salt = decode (parts[1]);
      g_autoptr (GBytes) stored_key = decode (parts[2]);
      g_autoptr (GBytes) server_key = decode (parts[3]);

      secret = smtp_secret_new_scram (hash, (guint) iterations, salt, stored_key, server_key, error);
    }
  else
    g_set_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX,
                 "Behind %s come iterations,salt,stored-key,server-key", hashes[hash].scheme);
  free_parts (parts);

  return secret;
}

/**
 * smtp_secret_parse:
 * @text: a secret as files have it
 * @error: return location for an error
 *
 * Reads what [method@Secret.to_string] writes: `{SCRAM-SHA-256}iterations,salt,stored-key,server-key`
 * with the last three in base64, the same with `{SCRAM-SHA-1}`, or a password that does not begin
 * with a brace; one that does is written behind `{PLAIN}`.
 *
 * The error is %SMTP_ERROR_SYNTAX.
 *
 * Returns: (transfer full): a new secret, or %NULL if @text is none
 */
SmtpSecret *
smtp_secret_parse (const char  *text,
                   GError     **error)
{
  g_return_val_if_fail (text != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++)
    {
      if (g_str_has_prefix (text, hashes[i].scheme))
        return parse_keys (i, text + strlen (hashes[i].scheme), error);
    }

  if (g_str_has_prefix (text, "{PLAIN}"))
    text += strlen ("{PLAIN}");
  else if (*text == '{')
    {
      g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_SYNTAX, "The scheme of this secret is not known");
      return NULL;
    }

  if (*text == '\0')
    {
      g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_SYNTAX, "The password is empty");
      return NULL;
    }

  return smtp_secret_new_password (text);
}

static char *
encode (GBytes *bytes)
{
  gsize size;
  gconstpointer octets = g_bytes_get_data (bytes, &size);

  return g_base64_encode (octets, size);
}

/**
 * smtp_secret_to_string:
 * @self: a secret
 *
 * Writes the secret as [func@Secret.parse] reads it. Whoever has this text knows the secret.
 *
 * Returns: (transfer full): a new string
 */
char *
smtp_secret_to_string (SmtpSecret *self)
{
  g_autofree char *salt = NULL;
  g_autofree char *stored_key = NULL;
  g_autofree char *server_key = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  if (self->password != NULL)
    return g_strconcat (*self->password == '{' ? "{PLAIN}" : "", self->password, NULL);

  salt = encode (self->keys.salt);
  stored_key = encode (self->keys.stored_key);
  server_key = encode (self->keys.server_key);

  return g_strdup_printf ("%s%u,%s,%s,%s", hashes[self->keys.hash].scheme, self->keys.iterations,
                          salt, stored_key, server_key);
}

/* References */

/**
 * smtp_secret_ref:
 * @self: a secret
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 */
SmtpSecret *
smtp_secret_ref (SmtpSecret *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

/**
 * smtp_secret_unref:
 * @self: a secret
 *
 * Lets go of a reference. With the last one the password is wiped from memory.
 */
void
smtp_secret_unref (SmtpSecret *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  smtp_secret_free_text (self->password);
  g_clear_pointer (&self->keys.salt, g_bytes_unref);
  g_clear_pointer (&self->keys.stored_key, g_bytes_unref);
  g_clear_pointer (&self->keys.server_key, g_bytes_unref);
  g_free (self);
}

/* Checking */

/* In a time that tells nothing of where they differ. That of a comparison depends on the length of
 * what the client sent, so hashes are compared, whose length is always the same. */
static gboolean
is_same_text (const char *a,
              const char *b)
{
  guint8 hash_a[MAX_HASH_SIZE], hash_b[MAX_HASH_SIZE];

  if (gnutls_hash_fast (GNUTLS_DIG_SHA256, a, strlen (a), hash_a) < 0 ||
      gnutls_hash_fast (GNUTLS_DIG_SHA256, b, strlen (b), hash_b) < 0)
    return FALSE;

  return gnutls_memcmp (hash_a, hash_b, sizeof hash_a) == 0;
}

static gboolean
check_text (const char *known,
            const char *given)
{
  char *prepared_known = prepare (known);
  char *prepared_given = prepare (given);
  gboolean same = is_same_text (prepared_known, prepared_given);

  smtp_secret_wipe (prepared_known, strlen (prepared_known));
  smtp_secret_wipe (prepared_given, strlen (prepared_given));
  gsasl_free (prepared_known);
  gsasl_free (prepared_given);

  return same;
}

static gboolean
check_keyed (const SmtpScramKeys *keys,
             const char          *password)
{
  char stored_key[MAX_HASH_SIZE], server_key[MAX_HASH_SIZE];
  gsize salt_size;
  const guint8 *salt = g_bytes_get_data (keys->salt, &salt_size);

  return derive_keys (keys->hash, password, keys->iterations, salt, salt_size, stored_key, server_key) &&
         gnutls_memcmp (stored_key, g_bytes_get_data (keys->stored_key, NULL), hashes[keys->hash].size) == 0;
}

/**
 * smtp_secret_check_password:
 * @self: a secret
 * @password: what somebody gives as the password
 *
 * Finds out whether a password is the right one, in a time that tells nothing of how wrong it is. Both
 * are prepared by the rules of RFC 4013 before.
 *
 * With keys of SCRAM this takes milliseconds. May be called from any thread.
 *
 * Returns: %TRUE if it is
 */
gboolean
smtp_secret_check_password (SmtpSecret *self,
                            const char *password)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (password != NULL, FALSE);

  return self->password != NULL ? check_text (self->password, password)
                                : check_keyed (&self->keys, password);
}

const char *
smtp_secret_peek_password (SmtpSecret *self)
{
  return self->password;
}

const SmtpScramKeys *
smtp_secret_peek_scram (SmtpSecret    *self,
                        SmtpScramHash  hash)
{
  return self->password == NULL && self->keys.hash == hash ? &self->keys : NULL;
}

gsize
smtp_scram_hash_get_size (SmtpScramHash hash)
{
  return hashes[hash].size;
}
