/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-proxies.h"

#include <string.h>

void
gsmtpd_proxies_clear (GsmtpdProxyOptions *self)
{
  g_clear_pointer (&self->listen, g_strfreev);
  g_clear_pointer (&self->lmtp_listen, g_strfreev);
  g_clear_pointer (&self->smtps_listen, g_strfreev);
  g_clear_pointer (&self->networks, g_strfreev);
  g_clear_pointer (&self->xclient_networks, g_strfreev);
  g_clear_pointer (&self->xforward_networks, g_strfreev);
}

void
gsmtpd_proxies_add_entries (GOptionContext     *context,
                            GsmtpdProxyOptions *self)
{
  const GOptionEntry entries[] =
  {
    { "proxy-listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->listen,
      "The same for SMTP behind a PROXY header", "ADDR" },
    { "proxy-lmtp-listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->lmtp_listen,
      "The same for LMTP behind a PROXY header", "ADDR" },
    { "proxy-smtps-listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->smtps_listen,
      "The same for SMTP in TLS behind a PROXY header", "ADDR" },
    { "proxy-network", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->networks,
      "Whose PROXY headers are believed: ADDRESS, ADDRESS/BITS, or unix; repeatable", "NET" },
    { "xclient-network", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->xclient_networks,
      "Who may use XCLIENT; repeatable", "NET" },
    { "xforward-network", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->xforward_networks,
      "Who may use XFORWARD; repeatable", "NET" },
    { "resolve-peers", 0, 0, G_OPTION_ARG_NONE, &self->resolve_peers,
      "Look up the names of clients", NULL },
    { NULL }
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

static gboolean
check_networks (const char  *option,
                char       **networks,
                GError     **error)
{
  for (guint i = 0; networks != NULL && networks[i] != NULL; i++)
    {
      g_autoptr (GInetAddressMask) mask = NULL;

      if (strcmp (networks[i], "unix") == 0)
        continue;

      mask = g_inet_address_mask_new_from_string (networks[i], NULL);
      if (mask == NULL)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "\"%s\" is no value for --%s: a network such as 192.0.2.0/24 is", networks[i], option);
          return FALSE;
        }
    }

  return TRUE;
}

gboolean
gsmtpd_proxies_check (const GsmtpdProxyOptions  *self,
                      gboolean                   has_tls,
                      GError                   **error)
{
  gboolean listens = self->listen != NULL || self->lmtp_listen != NULL || self->smtps_listen != NULL;
  const char *complaint = NULL;

  if (listens && self->networks == NULL)
    complaint = "An address for proxies needs --proxy-network";
  else if (self->smtps_listen != NULL && !has_tls)
    complaint = "--proxy-smtps-listen needs --tls-cert or --tls-self-signed";

  if (complaint != NULL)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, complaint);
      return FALSE;
    }

  return check_networks ("proxy-network", self->networks, error) &&
         check_networks ("xclient-network", self->xclient_networks, error) &&
         check_networks ("xforward-network", self->xforward_networks, error);
}

void
gsmtpd_proxies_set_up (SmtpServer               *server,
                       const GsmtpdProxyOptions *self)
{
  smtp_server_set_proxy_networks (server, (const char * const *) self->networks);
  smtp_server_set_xclient_networks (server, (const char * const *) self->xclient_networks);
  smtp_server_set_xforward_networks (server, (const char * const *) self->xforward_networks);
  smtp_server_set_resolve_peers (server, self->resolve_peers);
}
