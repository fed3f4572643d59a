/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-auth-file-handler.h"

#include "smtp-auth-file.h"
#include "smtp-credentials.h"
#include "smtp-files.h"

/**
 * SmtpAuthFileHandler:
 *
 * Knows the users of AUTH from a file.
 *
 * Each line of it is a user, a colon, and a secret as [func@Secret.parse] reads it: a password, or
 * keys that were derived from one by [func@Secret.derive]. The name ends at the first colon; names are
 * compared octet by octet, in any case as they stand there. Spaces count. Empty lines, and those
 * that begin with `#`, are nothing:
 *
 *     # alice's password is known to whoever can read this
 *     alice:sesame
 *     bob:{SCRAM-SHA-256}10000,d8A1...,iyXs...,2GBQ...
 *
 * The text is UTF-8 without control characters, of no more than 16 MiB, in lines of no more than
 * 4,096 octets. A line that is no such line, or a second one for a user, makes the whole file bad.
 * Errors name the file and the line, and never what stands in it.
 *
 * A file that everybody can read is refused unless [property@AuthFileHandler:allow-world-readable]
 * says otherwise, and one that everybody can write always.
 *
 * The file is read when [method@AuthFileHandler.reload] says so, and not between:
 *
 * ```c
 * g_autoptr (SmtpHandler) users = smtp_auth_file_handler_new ("/etc/mail/users", &error);
 *
 * if (users == NULL)
 *   return FALSE;
 *
 * smtp_server_add_handler (server, users);
 * ```
 *
 * A user who is not in it is left to the handlers behind, of which there may be another of this kind.
 * Before a file was read with success, the answer to every user is an error, which clients see as 454.
 */

typedef struct
{
  char *path;
  gboolean allow_world_readable;
  GHashTable *users;  /* of SmtpSecret, by name; NULL before a file was read */
} SmtpAuthFileHandlerPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (SmtpAuthFileHandler, smtp_auth_file_handler, SMTP_TYPE_HANDLER)

enum
{
  PROP_0,
  PROP_PATH,
  PROP_ALLOW_WORLD_READABLE,
  PROP_N_USERS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define PRIVATE(self) ((SmtpAuthFileHandlerPrivate *) smtp_auth_file_handler_get_instance_private (self))

static void
smtp_auth_file_handler_handle_credentials (SmtpHandler     *handler,
                                           SmtpServer      *server,
                                           SmtpSession     *session,
                                           SmtpEnvelope    *envelope,
                                           SmtpRequest     *request,
                                           SmtpCredentials *credentials)
{
  SmtpAuthFileHandlerPrivate *priv = PRIVATE (SMTP_AUTH_FILE_HANDLER (handler));
  const char *name = smtp_credentials_get_authentication_id (credentials);
  SmtpSecret *secret;

  if (priv->users == NULL)
    {
      g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                                                      "No file with users was read");

      smtp_request_fail (request, error);
      return;
    }

  secret = name != NULL ? g_hash_table_lookup (priv->users, name) : NULL;
  if (secret != NULL)
    smtp_request_send_secret (request, secret);
  else
    smtp_request_proceed (request);
}

/* The object */

static void
smtp_auth_file_handler_finalize (GObject *object)
{
  SmtpAuthFileHandlerPrivate *priv = PRIVATE (SMTP_AUTH_FILE_HANDLER (object));

  g_clear_pointer (&priv->users, g_hash_table_unref);
  g_free (priv->path);

  G_OBJECT_CLASS (smtp_auth_file_handler_parent_class)->finalize (object);
}

static void
smtp_auth_file_handler_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  SmtpAuthFileHandler *self = SMTP_AUTH_FILE_HANDLER (object);

  switch (prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, smtp_auth_file_handler_get_path (self));
      break;
    case PROP_ALLOW_WORLD_READABLE:
      g_value_set_boolean (value, smtp_auth_file_handler_get_allow_world_readable (self));
      break;
    case PROP_N_USERS:
      g_value_set_uint (value, smtp_auth_file_handler_get_n_users (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_auth_file_handler_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  SmtpAuthFileHandler *self = SMTP_AUTH_FILE_HANDLER (object);

  switch (prop_id)
    {
    case PROP_PATH:
      PRIVATE (self)->path = smtp_files_make_absolute (g_value_get_string (value));
      break;
    case PROP_ALLOW_WORLD_READABLE:
      smtp_auth_file_handler_set_allow_world_readable (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_auth_file_handler_class_init (SmtpAuthFileHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_auth_file_handler_finalize;
  object_class->get_property = smtp_auth_file_handler_get_property;
  object_class->set_property = smtp_auth_file_handler_set_property;
  SMTP_HANDLER_CLASS (klass)->handle_credentials = smtp_auth_file_handler_handle_credentials;

  /**
   * SmtpAuthFileHandler:path: (type filename) (getter get_path)
   *
   * The file. A relative path becomes an absolute one.
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpAuthFileHandler:allow-world-readable: (getter get_allow_world_readable) (setter set_allow_world_readable)
   *
   * Whether a file is read that everybody can read.
   */
  props[PROP_ALLOW_WORLD_READABLE] =
    g_param_spec_boolean ("allow-world-readable", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpAuthFileHandler:n-users: (getter get_n_users)
   *
   * How many users there are.
   */
  props[PROP_N_USERS] =
    g_param_spec_uint ("n-users", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_auth_file_handler_init (SmtpAuthFileHandler *self)
{
}

/**
 * smtp_auth_file_handler_new:
 * @path: (type filename): the file
 * @error: return location for an error
 *
 * Makes a handler that knows the users of a file, and reads it.
 *
 * For a file that everybody can read, make one with the properties
 * [property@AuthFileHandler:path] and [property@AuthFileHandler:allow-world-readable], and call
 * [method@AuthFileHandler.reload].
 *
 * Returns: (transfer full): a new handler, or %NULL if the file could not be read
 */
SmtpHandler *
smtp_auth_file_handler_new (const char  *path,
                            GError     **error)
{
  g_autoptr (SmtpHandler) self = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  self = g_object_new (SMTP_TYPE_AUTH_FILE_HANDLER, "path", path, NULL);
  if (!smtp_auth_file_handler_reload (SMTP_AUTH_FILE_HANDLER (self), error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * smtp_auth_file_handler_get_path: (get-property path)
 * @self: a handler
 *
 * The file.
 *
 * Returns: (type filename) (nullable): the absolute path
 */
const char *
smtp_auth_file_handler_get_path (SmtpAuthFileHandler *self)
{
  g_return_val_if_fail (SMTP_IS_AUTH_FILE_HANDLER (self), NULL);

  return PRIVATE (self)->path;
}

/**
 * smtp_auth_file_handler_get_allow_world_readable: (get-property allow-world-readable)
 * @self: a handler
 *
 * Whether a file is read that everybody can read.
 *
 * Returns: %TRUE if it is
 */
gboolean
smtp_auth_file_handler_get_allow_world_readable (SmtpAuthFileHandler *self)
{
  g_return_val_if_fail (SMTP_IS_AUTH_FILE_HANDLER (self), FALSE);

  return PRIVATE (self)->allow_world_readable;
}

/**
 * smtp_auth_file_handler_set_allow_world_readable: (set-property allow-world-readable)
 * @self: a handler
 * @allow_world_readable: whether it is
 *
 * Says whether a file is read that everybody can read. It counts when the file is read next.
 */
void
smtp_auth_file_handler_set_allow_world_readable (SmtpAuthFileHandler *self,
                                                 gboolean             allow_world_readable)
{
  g_return_if_fail (SMTP_IS_AUTH_FILE_HANDLER (self));

  allow_world_readable = !!allow_world_readable;
  if (PRIVATE (self)->allow_world_readable == allow_world_readable)
    return;

  PRIVATE (self)->allow_world_readable = allow_world_readable;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ALLOW_WORLD_READABLE]);
}

/**
 * smtp_auth_file_handler_get_n_users: (get-property n-users)
 * @self: a handler
 *
 * How many users there are.
 *
 * Returns: the number
 */
guint
smtp_auth_file_handler_get_n_users (SmtpAuthFileHandler *self)
{
  GHashTable *users;

  g_return_val_if_fail (SMTP_IS_AUTH_FILE_HANDLER (self), 0);

  users = PRIVATE (self)->users;

  return users != NULL ? g_hash_table_size (users) : 0;
}

/**
 * smtp_auth_file_handler_reload:
 * @self: a handler
 * @error: return location for an error
 *
 * Reads the file, and takes its users in place of those it had. If the file is bad in any way, all
 * stay who were there before.
 *
 * The secrets of those who are there no more are wiped from memory, once nobody is about to
 * authenticate by them. Who is authenticated already stays so.
 *
 * Returns: %TRUE if the file was read
 */
gboolean
smtp_auth_file_handler_reload (SmtpAuthFileHandler  *self,
                               GError              **error)
{
  SmtpAuthFileHandlerPrivate *priv;
  g_autoptr (GHashTable) old = NULL;
  GHashTable *users;

  g_return_val_if_fail (SMTP_IS_AUTH_FILE_HANDLER (self), FALSE);

  priv = PRIVATE (self);
  if (priv->path == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "The file with users has no path");
      return FALSE;
    }

  users = smtp_auth_file_load (priv->path, priv->allow_world_readable, error);
  if (users == NULL)
    return FALSE;

  old = g_steal_pointer (&priv->users);
  priv->users = users;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_USERS]);

  return TRUE;
}
