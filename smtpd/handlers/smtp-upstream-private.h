/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-upstream-link.h"
#include "smtp-upstream.h"
#include "wire/smtp-reply-reader.h"

G_BEGIN_DECLS

/* For smtp-upstream.c and smtp-upstream-hello.c alone. */
struct _SmtpUpstream
{
  guint ref_count;
  SmtpUpstreamConfig *config;
  GMainContext *context;
  SmtpUpstreamLink *link;         /* NULL: not connected yet, or not any more */
  SmtpReplyReader reader;
  gboolean broken;                /* it may still be connected, but cannot be trusted */
  char *error;

  SmtpUpstreamFunc func;          /* who waits for a reply; there is never more than one */
  gpointer data;
  SmtpUpstreamNotifyFunc notify;  /* who waits while nothing is asked */
  gpointer notify_data;
  gboolean idle;
  GSource *later;                 /* tells func from the loop that there will be no reply */

  /* The hello */
  SmtpUpstreamFunc opened;
  gpointer opened_data;
  GHashTable *keywords;           /* of EHLO, in lower case, to what stands behind them */
  gboolean securing;
  gboolean secured;
  gboolean stays_clear;
};

/* Everything starts anew on a new connection. */
void     smtp_upstream_connect     (SmtpUpstream  *self);
void     smtp_upstream_fail        (SmtpUpstream  *self,
                                    const char    *message);

/* The link is secured. */
void     smtp_upstream_say_hello   (SmtpUpstream  *self);
/* The link has failed. TRUE if there is another way that is tried now. */
gboolean smtp_upstream_retry_hello (SmtpUpstream  *self);

G_END_DECLS
