/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-tls-context.h"

#include <string.h>

#include <gnutls/gnutls.h>

#include "smtp-tls-context-private.h"
#include "transport/smtp-tls-self-signed.h"

/**
 * SmtpTlsContext:
 *
 * What a server needs for TLS: certificates with their keys, and the rules.
 *
 * One context may serve several servers. What it says is read when it is made, and again by
 * [method@TlsContext.reload], which new connections go by; those that are open keep what they
 * began with. Of several certificates that one is shown whose name the client asks for (SNI, RFC
 * 6066), or the first.
 *
 * TLS 1.2 and 1.3 are spoken, unless [property@TlsContext:priority] says something else.
 * Sessions are resumed by tickets, whose keys change with time and belong to this context: a
 * ticket of another one is worth nothing here.
 */

G_DEFINE_FINAL_TYPE (SmtpTlsContext, smtp_tls_context, G_TYPE_OBJECT)

static void
smtp_tls_context_finalize (GObject *object)
{
  SmtpTlsContext *self = SMTP_TLS_CONTEXT (object);

  g_clear_pointer (&self->watch, smtp_tls_watch_free);
  g_free (self->certificate_file);
  g_free (self->key_file);
  g_clear_pointer (&self->certificate_pem, g_bytes_unref);
  g_clear_pointer (&self->key_pem, g_bytes_unref);
  g_free (self->ca_file);
  g_free (self->ocsp_file);
  g_free (self->priority);
  g_ptr_array_unref (self->more);
  g_clear_pointer (&self->ticket_key, g_bytes_unref);
  g_clear_pointer (&self->credentials, smtp_tls_credentials_unref);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (smtp_tls_context_parent_class)->finalize (object);
}

static void
smtp_tls_context_class_init (SmtpTlsContextClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = smtp_tls_context_finalize;
  smtp_tls_context_install_properties (G_OBJECT_CLASS (klass));
}

static void
free_pair (gpointer data)
{
  char **pair = data;

  g_free (pair[0]);
  g_free (pair[1]);
  g_free (pair);
}

/* Under the lock. Tickets are encrypted with keys that GnuTLS derives from this one, each for some hours. */
static void
renew_ticket_key (SmtpTlsContext *self)
{
  gnutls_datum_t key;

  g_clear_pointer (&self->ticket_key, g_bytes_unref);
  if (gnutls_session_ticket_key_generate (&key) >= 0)
    self->ticket_key = g_bytes_new_with_free_func (key.data, key.size, gnutls_free, key.data);
}

static void
smtp_tls_context_init (SmtpTlsContext *self)
{
  g_mutex_init (&self->lock);
  self->more = g_ptr_array_new_with_free_func (free_pair);
  renew_ticket_key (self);
}

static SmtpTlsContext *
load (SmtpTlsContext  *self,
      GError         **error)
{
  if (!smtp_tls_context_reload (self, error))
    g_clear_object (&self);

  return self;
}

/**
 * smtp_tls_context_new:
 * @certificate_file: (type filename): a PEM file with the certificate, and those of the authorities
 *   between it and the root behind it
 * @key_file: (type filename) (nullable): a PEM file with the key; %NULL: it is in
 *   @certificate_file
 * @error: return location for an error
 *
 * Makes a context of files. The errors are %G_IO_ERROR_NOT_FOUND for a file that cannot be read,
 * and those of %G_TLS_ERROR.
 *
 * Returns: (transfer full): a new context, or %NULL
 */
SmtpTlsContext *
smtp_tls_context_new (const char  *certificate_file,
                      const char  *key_file,
                      GError     **error)
{
  SmtpTlsContext *self;

  g_return_val_if_fail (certificate_file != NULL, NULL);

  self = g_object_new (SMTP_TYPE_TLS_CONTEXT, NULL);
  self->certificate_file = g_strdup (certificate_file);
  self->key_file = g_strdup (key_file);

  return load (self, error);
}

/* The chain, from the certificate up. */
static GBytes *
get_pem (GTlsCertificate *certificate)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (; certificate != NULL; certificate = g_tls_certificate_get_issuer (certificate))
    {
      g_autofree char *pem = NULL;

      g_object_get (certificate, "certificate-pem", &pem, NULL);
      g_string_append (text, pem != NULL ? pem : "");
    }

  return g_string_free_to_bytes (g_steal_pointer (&text));
}

/**
 * smtp_tls_context_new_from_certificate:
 * @certificate: a certificate with its private key
 * @error: return location for an error
 *
 * Makes a context of a certificate that the program has already.
 *
 * Returns: (transfer full): a new context, or %NULL
 */
SmtpTlsContext *
smtp_tls_context_new_from_certificate (GTlsCertificate  *certificate,
                                       GError          **error)
{
  SmtpTlsContext *self;
  char *key = NULL;

  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), NULL);

  g_object_get (certificate, "private-key-pem", &key, NULL);
  if (key == NULL)
    {
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, "The certificate has no private key");
      return NULL;
    }

  self = g_object_new (SMTP_TYPE_TLS_CONTEXT, NULL);
  self->certificate_pem = get_pem (certificate);
  self->key_pem = g_bytes_new_take (key, strlen (key));

  return load (self, error);
}

/**
 * smtp_tls_context_new_self_signed:
 * @host_name: the name that it is for
 * @error: return location for an error
 *
 * Makes a context with a new key and a certificate that is signed with it: for tests, and for
 * clients that do not look. It is good for a year.
 *
 * Returns: (transfer full): a new context, or %NULL
 */
SmtpTlsContext *
smtp_tls_context_new_self_signed (const char  *host_name,
                                  GError     **error)
{
  g_autoptr (SmtpTlsContext) self = NULL;

  g_return_val_if_fail (host_name != NULL && *host_name != '\0', NULL);

  self = g_object_new (SMTP_TYPE_TLS_CONTEXT, NULL);
  if (!smtp_tls_make_self_signed (host_name, &self->certificate_pem, &self->key_pem, error))
    return NULL;

  return load (g_steal_pointer (&self), error);
}

/* Watching the files */

static void
add_path (GPtrArray  *paths,
          const char *path)
{
  if (path != NULL)
    g_ptr_array_add (paths, g_strdup (path));
}

static GPtrArray *
get_paths (SmtpTlsContext *self)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  add_path (paths, self->certificate_file);
  add_path (paths, self->key_file);
  add_path (paths, self->ca_file);
  add_path (paths, self->ocsp_file);
  for (guint i = 0; i < self->more->len; i++)
    {
      char **pair = g_ptr_array_index (self->more, i);

      add_path (paths, pair[0]);
      add_path (paths, pair[1]);
    }

  return paths;
}

static void
on_files_changed (gpointer data)
{
  SmtpTlsContext *self = data;
  g_autoptr (GError) error = NULL;

  if (!smtp_tls_context_reload (self, &error))
    g_warning ("The files of TLS have changed, and cannot be used: %s", error->message);
}

void
smtp_tls_context_watch (SmtpTlsContext *self)
{
  g_autoptr (GPtrArray) paths = get_paths (self);

  g_clear_pointer (&self->watch, smtp_tls_watch_free);
  self->watch = smtp_tls_watch_new (paths, on_files_changed, self);
}

/**
 * smtp_tls_context_add_certificate:
 * @self: a context
 * @certificate_file: (type filename): as in [ctor@TlsContext.new]
 * @key_file: (type filename) (nullable): likewise
 * @error: return location for an error
 *
 * Adds a certificate for clients that ask for one of its names (SNI), in whatever case. A name
 * comes before a wildcard that is for it, too; who asks for no name of any gets the first
 * certificate. There may be several for a name, with keys of different kinds.
 *
 * Returns: %TRUE if it can be used; otherwise nothing has changed
 */
gboolean
smtp_tls_context_add_certificate (SmtpTlsContext  *self,
                                  const char      *certificate_file,
                                  const char      *key_file,
                                  GError         **error)
{
  char **pair;

  g_return_val_if_fail (SMTP_IS_TLS_CONTEXT (self), FALSE);
  g_return_val_if_fail (certificate_file != NULL, FALSE);

  pair = g_new0 (char *, 2);
  pair[0] = g_strdup (certificate_file);
  pair[1] = g_strdup (key_file);
  g_ptr_array_add (self->more, pair);

  if (smtp_tls_context_reload (self, error))
    {
      if (self->watch != NULL)
        smtp_tls_context_watch (self);
      return TRUE;
    }

  g_ptr_array_set_size (self->more, self->more->len - 1);

  return FALSE;
}

/* Under the lock. */
static gboolean
make_credentials (SmtpTlsContext  *self,
                  GError         **error)
{
  SmtpTlsCredentials *credentials;
  SmtpTlsSource source;

  /* With a ticket goes the client's certificate, which other authorities may not vouch for. */
  if (self->clients != SMTP_CLIENT_CERTIFICATES_IGNORED)
    renew_ticket_key (self);

  source = (SmtpTlsSource) {
    .certificate_file = self->certificate_file,
    .key_file = self->key_file,
    .certificate_pem = self->certificate_pem,
    .key_pem = self->key_pem,
    .ca_file = self->ca_file,
    .ocsp_file = self->ocsp_file,
    .priority = self->priority,
    .clients = self->clients,
    .more = self->more,
    .ticket_key = self->ticket_key,
  };
  credentials = smtp_tls_credentials_new (&source, error);
  if (credentials == NULL)
    return FALSE;

  g_clear_pointer (&self->credentials, smtp_tls_credentials_unref);
  self->credentials = credentials;

  return TRUE;
}

/**
 * smtp_tls_context_reload:
 * @self: a context
 * @error: return location for an error
 *
 * Reads all files again. Connections that begin from now on use what they say; no connection is
 * cut. May be called in any thread.
 *
 * Returns: %TRUE if all is well; otherwise what was in use stays so
 */
gboolean
smtp_tls_context_reload (SmtpTlsContext  *self,
                         GError         **error)
{
  gboolean made;

  g_return_val_if_fail (SMTP_IS_TLS_CONTEXT (self), FALSE);

  g_mutex_lock (&self->lock);
  made = make_credentials (self, error);
  g_mutex_unlock (&self->lock);

  return made;
}

SmtpTlsCredentials *
smtp_tls_context_ref_credentials (SmtpTlsContext *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autoptr (GError) error = NULL;

  if (self->credentials == NULL && !make_credentials (self, &error))
    {
      g_warning ("No TLS: %s", error->message);
      return NULL;
    }

  return smtp_tls_credentials_ref (self->credentials);
}
