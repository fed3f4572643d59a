/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <sys/socket.h>

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpClients: how many connections each address has open, and has opened of late. An IPv6
 * network of 64 bits is one address: whoever has one has all.
 *
 * Who has none open is forgotten after a minute; beyond a number of addresses no new ones
 * are counted, so that nobody can fill the memory with them.
 */
typedef struct _SmtpClients SmtpClients;

typedef struct
{
  guint64 network;
  gint64  minute;    /* its begin, monotonic */
  guint   n_new;     /* connections in this minute */
  guint   n_open;
} SmtpClient;

SmtpClients *smtp_clients_new      (void);
void         smtp_clients_free     (SmtpClients           *self);

/* Counts a new connection, which is not open yet. NULL if it is not to be counted. */
SmtpClient  *smtp_clients_count    (SmtpClients           *self,
                                    const struct sockaddr *peer,
                                    gboolean               with_local,
                                    gint64                 now);
void         smtp_clients_open     (SmtpClients           *self,
                                    SmtpClient            *client);
void         smtp_clients_close    (SmtpClients           *self,
                                    SmtpClient            *client);
guint        smtp_clients_get_size (SmtpClients           *self);

G_END_DECLS
