/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-relay-handler.h"
#include "smtp-upstream-pool.h"

G_BEGIN_DECLS

typedef struct
{
  SmtpUpstreamConfig config;     /* hostname is the server's, and not set here */
  gboolean add_trace;

  GMainContext *context;         /* of the first session */
  SmtpUpstreamPool pool;
  GHashTable *transactions;      /* of a session: only its address, to find it by */
} SmtpRelayHandlerPrivate;

SmtpRelayHandlerPrivate *smtp_relay_handler_get_private        (SmtpRelayHandler        *self);

void                     smtp_relay_handler_install_properties (GObjectClass            *klass);
void                     smtp_relay_handler_init_properties    (SmtpRelayHandlerPrivate *priv);

G_END_DECLS
