/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server-private.h"

G_BEGIN_DECLS

/*
 * SmtpListener: a socket that listens, in the server's poller. A whole GSocketListener's
 * accept costs half as much again as a bare one.
 */

/* Opens the sockets for @address: two for a name with an IPv4 and an IPv6 address. */
GPtrArray    *smtp_listener_open_sockets (const char     *address,
                                          const SmtpEdgeConfig *config,
                                          GError        **error);

/* G_IO_ERROR_NOT_SUPPORTED where there is no epoll. */
SmtpListener *smtp_listener_new          (SmtpServer     *server,
                                          GSocket        *socket,
                                          SmtpListenerKind kind,
                                          GError        **error);
/* What GSocketService::incoming names as its source object, and what it says. */
GObject      *smtp_listener_new_source   (SmtpListenerKind kind);
SmtpListenerKind smtp_listener_kind_of   (GObject        *source_object);

static inline gboolean
smtp_listener_kind_has_proxy (SmtpListenerKind kind)
{
  return kind == SMTP_LISTENER_KIND_PROXY_SMTP || kind == SMTP_LISTENER_KIND_PROXY_LMTP ||
         kind == SMTP_LISTENER_KIND_PROXY_SMTPS;
}

static inline gboolean
smtp_listener_kind_has_tls (SmtpListenerKind kind)
{
  return kind == SMTP_LISTENER_KIND_SMTPS || kind == SMTP_LISTENER_KIND_SUBMISSIONS ||
         kind == SMTP_LISTENER_KIND_PROXY_SMTPS;
}

static inline gboolean
smtp_listener_kind_is_lmtp (SmtpListenerKind kind)
{
  return kind == SMTP_LISTENER_KIND_LMTP || kind == SMTP_LISTENER_KIND_PROXY_LMTP;
}

/* Tells clients that wait to be accepted that there is no service. */
void          smtp_listener_turn_away    (SmtpListener   *self,
                                          SmtpReply      *reply);
/* The path of a Unix socket is somebody else's: it stays. */
void          smtp_listener_keep_path    (SmtpListener   *self);
void          smtp_listener_free         (SmtpListener   *self);

void          smtp_listener_close        (SmtpListener   *self);
/* By that, or by g_socket_listener_close(). */
gboolean      smtp_listener_is_closed    (SmtpListener   *self);
void          smtp_listener_set_active   (SmtpListener   *self,
                                          gboolean        active);
/* As smtp_server_listen() takes it, with the port that it really has. */
char         *smtp_listener_dup_address  (SmtpListener   *self);

G_END_DECLS
