/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/*
 * SmtpNetworks: who is trusted, as a list of networks such as "192.0.2.0/24", "2001:db8::/32" or
 * "192.0.2.7", and "unix" for whoever comes by a Unix socket. An IPv4 address is the same in whatever
 * family it comes. NULL is a list of nobody.
 */
typedef struct _SmtpNetworks SmtpNetworks;

/* NULL without an error for NULL, and for an empty list. */
SmtpNetworks       *smtp_networks_new     (const char * const     *networks,
                                           GError                **error);
void                smtp_networks_free    (SmtpNetworks           *self);

/* As they were given; NULL for NULL. */
const char * const *smtp_networks_peek    (SmtpNetworks           *self);

/* FALSE for what has no address. */
gboolean            smtp_networks_match   (SmtpNetworks           *self,
                                           GSocketAddress         *address);
gboolean            smtp_networks_match_native (SmtpNetworks      *self,
                                           const struct sockaddr  *address);

/* The address of @address, that of IPv4 if it stands in one of IPv6; NULL if it has none. */
GInetAddress       *smtp_networks_dup_inet (GSocketAddress        *address);

G_END_DECLS
