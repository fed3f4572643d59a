/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-arrival.h"

#include "smtp-deadlines.h"
#include "smtp-session-private.h"
#include "smtp-stages.h"

/* Lookups may each take up a thread of the resolver's. */
#define MAX_LOOKUPS 64

/* The PROXY header */

gboolean
smtp_arrival_is_trusted (SmtpServer    *server,
                         SmtpTransport *transport,
                         const void    *peer)
{
  SmtpNetworks *networks = smtp_server_get_config (server)->proxies.proxy_networks;
  g_autoptr (GSocketAddress) remote = NULL;

  if (networks == NULL)
    return FALSE;
  if (peer != NULL)
    return smtp_networks_match_native (networks, peer);

  remote = smtp_transport_dup_remote (transport);

  return smtp_networks_match (networks, remote);
}

static SmtpReply *
answer_proxy (SmtpDialogue *self,
              SmtpRequest  *request)
{
  return smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_OK));
}

static void
run_proxy (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_proxy, NULL };

  smtp_stages_run_hooks (request, SMTP_HOOK_PROXY, &effect);
}

static const SmtpCommand command_proxy = { .method = run_proxy, .is_silent = TRUE };

void
smtp_dialogue_expect_proxy (SmtpDialogue *self,
                            gboolean      tls_first)
{
  self->tls_first = tls_first;
  self->phase = SMTP_PHASE_PROXY;
  smtp_deadlines_arm (self);
}

/* In place of the greeting, where it would be understood. */
static void
turn_away (SmtpDialogue *self,
           SmtpReply    *reply)
{
  if (!self->tls_first)
    self->phase = SMTP_PHASE_START;
  smtp_dialogue_close (self, reply);
}

void
smtp_dialogue_begin_proxied (SmtpDialogue  *self,
                             SmtpProxyInfo *info)
{
  GSocketAddress *source = smtp_proxy_info_get_source (info);
  SmtpReply *refusal = NULL;

  smtp_session_set_proxy (self->session, info);
  if (source != NULL && self->host->admit != NULL)
    refusal = self->host->admit (self->host_data, source);

  if (refusal != NULL)
    {
      turn_away (self, refusal);
      return;
    }

  smtp_dialogue_run (self, &command_proxy, "", "", 0);
  smtp_deadlines_arm (self);
}

void
smtp_arrival_end_proxy (SmtpDialogue *self,
                        SmtpReply    *reply,
                        gboolean      success)
{
  if (!success)
    turn_away (self, smtp_reply_get_class (reply) != 2 ? reply : NULL);
  else if (!self->tls_first)
    smtp_dialogue_start (self);
  else
    {
      smtp_dialogue_expect_tls (self);
      self->host->start_tls (self->host_data);
    }
}

/* The name */

static void
end_lookup (SmtpDialogue *self)
{
  self->lookup = NULL;
  smtp_server_get_private (self->server)->n_lookups--;
}

static void
on_name (gpointer    data,
         const char *name)
{
  SmtpDialogue *self = data;
  g_autoptr (SmtpServer) server = g_object_ref (self->server);

  end_lookup (self);
  smtp_session_set_peer_name (self->session, name);
  smtp_dialogue_greet (self);
  smtp_deadlines_arm (self);
  self->host->resume (self->host_data);
}

gboolean
smtp_arrival_find_name (SmtpDialogue *self)
{
  g_autoptr (GInetAddress) address = NULL;

  if (!smtp_server_get_config (self->server)->proxies.resolve_peers)
    return FALSE;

  address = smtp_networks_dup_inet (smtp_session_get_peer (self->session));
  if (address == NULL || smtp_server_get_private (self->server)->n_lookups >= MAX_LOOKUPS)
    return FALSE;

  smtp_server_get_private (self->server)->n_lookups++;
  self->phase = SMTP_PHASE_NAMING;
  self->lookup = smtp_peer_lookup_new (smtp_session_get_main_context (self->session), address, on_name, self);

  return TRUE;
}

void
smtp_arrival_cancel (SmtpDialogue *self)
{
  if (self->lookup == NULL)
    return;

  smtp_peer_lookup_cancel (self->lookup);
  end_lookup (self);
}

void
smtp_arrival_go_unnamed (SmtpDialogue *self)
{
  smtp_arrival_cancel (self);
  smtp_dialogue_greet (self);
}
