/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-handlers.h"

#include <string.h>

#define DEFAULT_RELAY_PORT 25

static SmtpHandler *
make_maildir (const char  *path,
              GError     **error)
{
  g_autoptr (SmtpHandler) handler = NULL;

  if (*path == '\0')
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "maildir: needs a directory");
      return NULL;
    }

  handler = smtp_maildir_handler_new (path);
  if (!smtp_maildir_handler_prepare (SMTP_MAILDIR_HANDLER (handler), error))
    return NULL;

  return g_steal_pointer (&handler);
}

/* Better now than with every message. Whether somebody is there is another question, which may
 * have another answer later. */
static SmtpHandler *
make_relay (const char  *address,
            GError     **error)
{
  g_autoptr (GSocketConnectable) connectable = g_network_address_parse (address, DEFAULT_RELAY_PORT, NULL);

  if (*address == '\0' || connectable == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "\"%s\" is no server to relay to: HOST:PORT is", address);
      return NULL;
    }

  return smtp_relay_handler_new (address);
}

static SmtpHandler *
make_mbox (const char  *path,
           GError     **error)
{
  g_autoptr (SmtpHandler) handler = NULL;

  if (*path == '\0')
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "mbox: needs a file");
      return NULL;
    }

  handler = smtp_mbox_handler_new (path);
  if (!smtp_mbox_handler_prepare (SMTP_MBOX_HANDLER (handler), error))
    return NULL;

  return g_steal_pointer (&handler);
}

SmtpHandler *
gsmtpd_make_handler (const char  *name,
                     GError     **error)
{
  if (name == NULL || strcmp (name, "debugging") == 0)
    return smtp_debugging_handler_new (NULL);
  if (strcmp (name, "sink") == 0)
    return smtp_sink_handler_new ();
  if (g_str_has_prefix (name, "maildir:"))
    return make_maildir (name + strlen ("maildir:"), error);
  if (g_str_has_prefix (name, "mbox:"))
    return make_mbox (name + strlen ("mbox:"), error);
  if (g_str_has_prefix (name, "relay:"))
    return make_relay (name + strlen ("relay:"), error);

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "\"%s\" is no handler: debugging, sink, maildir:DIR, mbox:FILE and relay:HOST:PORT are", name);

  return NULL;
}

SmtpHandler *
gsmtpd_make_chaos (const char * const  *rules,
                   const guint         *seed,
                   GError             **error)
{
  g_autoptr (SmtpHandler) handler = smtp_chaos_handler_new ();
  SmtpChaosHandler *chaos = SMTP_CHAOS_HANDLER (handler);

  for (guint i = 0; rules[i] != NULL; i++)
    {
      if (!smtp_chaos_handler_add_rule (chaos, rules[i], error))
        {
          g_prefix_error (error, "--chaos: ");
          return NULL;
        }
    }

  if (seed != NULL)
    smtp_chaos_handler_set_seed (chaos, *seed);
  g_info ("--chaos-seed=%u", smtp_chaos_handler_get_seed (chaos));

  return g_steal_pointer (&handler);
}
