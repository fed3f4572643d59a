/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-xclient-command.h"

#include <string.h>

#include "smtp-commands.h"
#include "smtp-forwarded-client-private.h"
#include "smtp-session-private.h"
#include "smtp-stages.h"

/* Who may is a question of who the client is now. A proxy that has told of its client may let that speak for
 * itself afterwards, and it is not for the client to say who it is: so XCLIENT gives the right away. */

gboolean
smtp_xclient_is_allowed (SmtpServer  *server,
                         SmtpSession *session)
{
  SmtpNetworks *networks = smtp_server_get_config (server)->proxies.xclient_networks;

  return networks != NULL && smtp_networks_match (networks, smtp_session_get_peer (session));
}

gboolean
smtp_xforward_is_allowed (SmtpServer  *server,
                          SmtpSession *session)
{
  SmtpNetworks *networks = smtp_server_get_config (server)->proxies.xforward_networks;

  return networks != NULL && smtp_networks_match (networks, smtp_session_get_peer (session));
}

static void
announce (GPtrArray  *lines,
          const char *verb,
          guint       attributes)
{
  GString *line = g_string_new (verb);

  for (SmtpAttribute i = 0; i < SMTP_N_ATTRIBUTES; i++)
    {
      if ((attributes & 1u << i) != 0)
        g_string_append_printf (line, " %s", smtp_attribute_get_name (i));
    }
  g_ptr_array_add (lines, g_string_free (line, FALSE));
}

void
smtp_xclient_announce (SmtpServer  *server,
                       SmtpSession *session,
                       GPtrArray   *lines)
{
  if (smtp_xclient_is_allowed (server, session))
    announce (lines, "XCLIENT", SMTP_ATTRIBUTES_OF_XCLIENT);
  if (smtp_xforward_is_allowed (server, session))
    announce (lines, "XFORWARD", SMTP_ATTRIBUTES_OF_XFORWARD);
}

/* NULL after a refusal. */
static SmtpForwardedClient *
parse (SmtpDialogue        *self,
       SmtpRequest         *request,
       gboolean             allowed,
       guint                known,
       SmtpForwardedClient *former,
       SmtpAttributes      *attributes)
{
  const char *argument = smtp_request_get_argument (request);
  gsize length = strlen (argument);
  g_autofree char *buffer = NULL;

  if (!allowed)
    {
      smtp_dialogue_refuse_request (self, request, SMTP_REPLY_NOT_TRUSTED);
      return NULL;
    }
  if (self->envelope != NULL)
    {
      smtp_dialogue_refuse_request (self, request, SMTP_REPLY_NESTED_MAIL);
      return NULL;
    }

  buffer = g_malloc (length + 1);
  if (!smtp_attributes_parse (argument, length, known, buffer, attributes))
    {
      smtp_dialogue_refuse_request (self, request, SMTP_REPLY_ATTRIBUTE_SYNTAX);
      return NULL;
    }

  return smtp_forwarded_client_new (former, attributes);
}

static gboolean
is_told (const SmtpAttributes *attributes,
         SmtpAttribute         attribute)
{
  return attributes->values[attribute].told != SMTP_TOLD_NOTHING;
}

/* PORT may come without ADDR, behind it or alone. */
static void
set_addresses (SmtpSession          *session,
               SmtpForwardedClient  *client,
               const SmtpAttributes *attributes)
{
  GSocketAddress *peer = smtp_session_get_peer (session);
  g_autoptr (GSocketAddress) moved = NULL;
  guint16 port = 0;

  if (smtp_forwarded_client_lookup (client, "ADDR") != NULL)
    smtp_session_replace_peer (session, smtp_forwarded_client_get_address (client));
  else if (attributes->values[SMTP_ATTRIBUTE_PORT].value != NULL && G_IS_INET_SOCKET_ADDRESS (peer))
    {
      smtp_attribute_parse_port (smtp_forwarded_client_lookup (client, "PORT"), &port);
      moved = g_inet_socket_address_new (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (peer)), port);
      smtp_session_replace_peer (session, moved);
    }

  if (smtp_forwarded_client_get_destination (client) != NULL)
    smtp_session_replace_local_address (session, smtp_forwarded_client_get_destination (client));
}

/* A name goes with its address. */
static void
set_client (SmtpSession          *session,
            SmtpForwardedClient  *client,
            const SmtpAttributes *attributes)
{
  smtp_session_forget_client (session);
  set_addresses (session, client, attributes);
  if (is_told (attributes, SMTP_ATTRIBUTE_NAME) || is_told (attributes, SMTP_ATTRIBUTE_ADDR))
    smtp_session_set_peer_name (session, is_told (attributes, SMTP_ATTRIBUTE_NAME)
                                         ? smtp_forwarded_client_get_name (client) : NULL);
  smtp_session_set_xclient (session, client);
}

/* The session begins anew: its hook is that of a client that connects, its answer the greeting. */
void
smtp_xclient_command (SmtpServer  *server,
                      SmtpSession *session,
                      SmtpRequest *request,
                      const char  *argument)
{
  static const SmtpEffect effect = { smtp_commands_answer_greet, NULL };
  SmtpDialogue *self = smtp_request_get_dialogue (request);
  g_autoptr (SmtpForwardedClient) client = NULL;
  SmtpAttributes attributes;
  SmtpReply *refusal = NULL;

  if (self == NULL)
    return;

  client = parse (self, request, smtp_xclient_is_allowed (server, session), SMTP_ATTRIBUTES_OF_XCLIENT,
                  smtp_session_get_xclient (session), &attributes);
  if (client == NULL)
    return;

  set_client (session, client, &attributes);
  if (is_told (&attributes, SMTP_ATTRIBUTE_ADDR) && self->host->admit != NULL)
    refusal = self->host->admit (self->host_data, smtp_session_get_peer (session));

  if (refusal != NULL)
    {
      smtp_request_send_reply (request, refusal);
      return;
    }

  self->phase = SMTP_PHASE_START;
  smtp_stages_run_hooks (request, SMTP_HOOK_CONNECT, &effect);
}

void
smtp_xforward_command (SmtpServer  *server,
                       SmtpSession *session,
                       SmtpRequest *request,
                       const char  *argument)
{
  SmtpDialogue *self = smtp_request_get_dialogue (request);
  g_autoptr (SmtpForwardedClient) client = NULL;
  SmtpAttributes attributes;

  if (self == NULL)
    return;

  client = parse (self, request, smtp_xforward_is_allowed (server, session), SMTP_ATTRIBUTES_OF_XFORWARD,
                  smtp_session_get_xforward (session), &attributes);
  if (client != NULL && smtp_request_send_reply (request, smtp_reply_standard (SMTP_REPLY_OK)))
    smtp_session_set_xforward (session, client);
}
