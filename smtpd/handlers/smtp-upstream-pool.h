/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-upstream.h"

G_BEGIN_DECLS

/*
 * SmtpUpstreamPool: connections to another server that nobody needs now, kept for a while for
 * whoever needs one next. None of them is in a transaction.
 */
typedef struct
{
  guint  max_idle;
  guint  idle_timeout;  /* in seconds */

  /*< private >*/
  GQueue ready;
  GQueue resetting;
} SmtpUpstreamPool;

void          smtp_upstream_pool_init  (SmtpUpstreamPool *self);
/* Ends all of them. It can be used further. */
void          smtp_upstream_pool_clear (SmtpUpstreamPool *self);

/* The one that was used last; NULL if there is none. It may be dead without knowing it yet. */
SmtpUpstream *smtp_upstream_pool_take  (SmtpUpstreamPool *self);
/* Takes @upstream, of which nothing is asked. If it is in a transaction it gets a RSET. */
void          smtp_upstream_pool_give  (SmtpUpstreamPool *self,
                                        SmtpUpstream     *upstream,
                                        gboolean          in_transaction);

G_END_DECLS
