/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-enums.h"
#include "smtp-reply.h"

G_BEGIN_DECLS

/*
 * SmtpUpstream: a connection to another server, on which this one is the client. A command is
 * asked when the one before it was answered. All of it happens in one context.
 */
typedef struct _SmtpUpstream SmtpUpstream;

/* @reply is NULL when there is none and never will be: smtp_upstream_get_error() says why. Its
 * code may be made to fit: a 571, which some servers say, becomes 550. */
typedef void (*SmtpUpstreamFunc) (SmtpUpstream *upstream,
                                  SmtpReply    *reply,
                                  gpointer      data);
typedef void (*SmtpUpstreamNotifyFunc) (SmtpUpstream *upstream,
                                        gpointer      data);

typedef struct
{
  char         *address;    /* HOST:PORT */
  char         *hostname;   /* what this side calls itself */
  SmtpRelayTls  tls;
  char         *user_name;  /* nullable; with it TLS is required, whatever tls says */
  char         *password;
  guint         timeout;    /* in seconds */
} SmtpUpstreamConfig;

SmtpUpstreamConfig *smtp_upstream_config_copy  (const SmtpUpstreamConfig *self);
void                smtp_upstream_config_free  (SmtpUpstreamConfig       *self);

SmtpUpstream       *smtp_upstream_new          (const SmtpUpstreamConfig *config,
                                                GMainContext             *context);
SmtpUpstream       *smtp_upstream_ref          (SmtpUpstream             *self);
void                smtp_upstream_unref        (SmtpUpstream             *self);

/* Ends it at once; nobody is called any more. What is written and not sent is lost. */
void                smtp_upstream_close        (SmtpUpstream             *self);
/* The same, politely. */
void                smtp_upstream_quit         (SmtpUpstream             *self);

/* Connects, and does all that comes before MAIL. */
void                smtp_upstream_open         (SmtpUpstream             *self,
                                                SmtpUpstreamFunc          func,
                                                gpointer                  data);
/* @line goes without its CRLF. @func is never called before this returns. */
void                smtp_upstream_ask          (SmtpUpstream             *self,
                                                const char               *line,
                                                SmtpUpstreamFunc          func,
                                                gpointer                  data);
/* Text behind DATA, encoded. @func is called when the system has it, or it does not matter any
 * more; not at all if that is so already, in which case the answer is TRUE. */
gboolean            smtp_upstream_write        (SmtpUpstream             *self,
                                                GByteArray               *text,
                                                SmtpUpstreamNotifyFunc    func,
                                                gpointer                  data);
/* @text is the end of it. */
void                smtp_upstream_finish       (SmtpUpstream             *self,
                                                GByteArray               *text,
                                                SmtpUpstreamFunc          func,
                                                gpointer                  data);
/* While nothing is asked: calls @func after @seconds, or when the connection ends. @func NULL:
 * not any more. */
void                smtp_upstream_set_idle     (SmtpUpstream             *self,
                                                guint                     seconds,
                                                SmtpUpstreamNotifyFunc    func,
                                                gpointer                  data);

gboolean            smtp_upstream_is_alive     (SmtpUpstream             *self);
/* Whether its EHLO named @keyword. */
gboolean            smtp_upstream_offers       (SmtpUpstream             *self,
                                                const char               *keyword);
/* One line, fit for a log. */
const char         *smtp_upstream_get_error    (SmtpUpstream             *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpUpstream, smtp_upstream_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpUpstreamConfig, smtp_upstream_config_free)

G_END_DECLS
