/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-server-private.h"

/* What a server is configured to be as far as its edge goes: where clients come in, how many, and
 * how long they may take. */

#define FLAGS (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)

enum
{
  PROP_FIRST = SMTP_SERVER_FIRST_EDGE_PROPERTY,
  PROP_UNIX_MODE = PROP_FIRST,
  PROP_REUSE_PORT,
};

void
smtp_edge_config_init (SmtpEdgeConfig *self)
{
  *self = (SmtpEdgeConfig) { 0 };
}

static SmtpEdgeConfig *
get_config (SmtpServer *self)
{
  return &smtp_server_get_config (self)->edge;
}

#define SET(self, field, value, property)                                     \
  G_STMT_START {                                                              \
    if (get_config (self)->field != (value))                                  \
      {                                                                       \
        get_config (self)->field = (value);                                   \
        g_object_notify (G_OBJECT (self), property);                          \
      }                                                                       \
  } G_STMT_END

/**
 * smtp_server_get_unix_mode: (get-property unix-mode)
 * @self: a server
 *
 * The mode of Unix sockets.
 *
 * Returns: the number
 */
guint
smtp_server_get_unix_mode (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->unix_mode;
}

/**
 * smtp_server_set_unix_mode: (set-property unix-mode)
 * @self: a server
 * @value: an octal mode, 0 for what the umask leaves
 *
 * Sets [property@Server:unix-mode].
 */
void
smtp_server_set_unix_mode (SmtpServer *self,
                           guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (value <= 0777);

  SET (self, unix_mode, value, "unix-mode");
}

/**
 * smtp_server_get_reuse_port: (get-property reuse-port)
 * @self: a server
 *
 * Whether ports are shared.
 *
 * Returns: %TRUE if so
 */
gboolean
smtp_server_get_reuse_port (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return get_config (self)->reuse_port;
}

/**
 * smtp_server_set_reuse_port: (set-property reuse-port)
 * @self: a server
 * @reuse_port: whether they are
 *
 * Sets [property@Server:reuse-port].
 */
void
smtp_server_set_reuse_port (SmtpServer *self,
                            gboolean    reuse_port)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, reuse_port, !!reuse_port, "reuse-port");
}

gboolean
smtp_server_get_edge_property (SmtpServer *self,
                               guint       prop_id,
                               GValue     *value)
{
  SmtpEdgeConfig *config = get_config (self);

  switch (prop_id)
    {
    case PROP_UNIX_MODE:
      g_value_set_uint (value, config->unix_mode);
      return TRUE;
    case PROP_REUSE_PORT:
      g_value_set_boolean (value, config->reuse_port);
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
smtp_server_set_edge_property (SmtpServer   *self,
                               guint         prop_id,
                               const GValue *value)
{
  switch (prop_id)
    {
    case PROP_UNIX_MODE:
      smtp_server_set_unix_mode (self, g_value_get_uint (value));
      return TRUE;
    case PROP_REUSE_PORT:
      smtp_server_set_reuse_port (self, g_value_get_boolean (value));
      return TRUE;
    default:
      return FALSE;
    }
}

static void
install_listening_properties (GObjectClass *klass)
{
  /**
   * SmtpServer:unix-mode: (getter get_unix_mode) (setter set_unix_mode)
   *
   * The mode of the Unix sockets that [method@Server.listen] makes, such as 0660; 0: what the umask leaves. It is
   * for the next address.
   */
  g_object_class_install_property (klass, PROP_UNIX_MODE,
                                   g_param_spec_uint ("unix-mode", NULL, NULL, 0, 0777, 0, FLAGS));

  /**
   * SmtpServer:reuse-port: (getter get_reuse_port) (setter set_reuse_port)
   *
   * Whether other processes of the same user may listen on the same port (`SO_REUSEPORT`): the kernel
   * deals the clients out. It is for the next address.
   */
  g_object_class_install_property (klass, PROP_REUSE_PORT,
                                   g_param_spec_boolean ("reuse-port", NULL, NULL, FALSE, FLAGS));
}

void
smtp_server_install_edge_properties (GObjectClass *klass)
{
  install_listening_properties (klass);
}
