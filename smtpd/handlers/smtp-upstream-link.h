/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * SmtpUpstreamLink: the octets of a connection to another server, with TLS or without. Nothing
 * in it waits; all of it happens in one context. It knows no SMTP.
 */
typedef struct _SmtpUpstreamLink SmtpUpstreamLink;

/* Called from the context, and never from within a function of the link. Any of them may free
 * it. */
typedef struct
{
  void (*opened)  (gpointer      owner);  /* connected, or secured */
  void (*input)   (gpointer      owner,
                   const guint8 *data,
                   gsize         size);
  void (*drained) (gpointer      owner);  /* the system has all that was written */
  void (*failed)  (gpointer      owner,
                   const GError *error);  /* G_IO_ERROR_TIMED_OUT: the deadline is over */
} SmtpUpstreamLinkFuncs;

SmtpUpstreamLink *smtp_upstream_link_new          (GMainContext                *context,
                                                   const SmtpUpstreamLinkFuncs *funcs,
                                                   gpointer                     owner);
/* Closes it at once. Nothing is called any more. */
void              smtp_upstream_link_free         (SmtpUpstreamLink            *self);

/* "HOST:PORT", or a host for port 25. */
void              smtp_upstream_link_connect      (SmtpUpstreamLink            *self,
                                                   const char                  *address);
/* @verify: only with a certificate that is valid for the host. */
void              smtp_upstream_link_secure       (SmtpUpstreamLink            *self,
                                                   gboolean                     verify);

void              smtp_upstream_link_write        (SmtpUpstreamLink            *self,
                                                   const guint8                *data,
                                                   gsize                        size);
gsize             smtp_upstream_link_get_unsent   (SmtpUpstreamLink            *self);

/* Whether there is, right now, nothing to be read, not even the end of the connection. */
gboolean          smtp_upstream_link_is_silent    (SmtpUpstreamLink            *self);

/* Counted from now. 0: none. */
void              smtp_upstream_link_set_deadline (SmtpUpstreamLink            *self,
                                                   guint                        seconds);

G_END_DECLS
