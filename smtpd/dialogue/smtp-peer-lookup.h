/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * SmtpPeerLookup: the name of an address, from the DNS: that of its PTR record, if one of the
 * addresses of that name is this one. Without the second step anybody could have any name.
 */
typedef struct _SmtpPeerLookup SmtpPeerLookup;

/* @name is NULL if there is none. The lookup is over. */
typedef void (*SmtpPeerLookupFunc) (gpointer    data,
                                    const char *name);

/* Calls @func from @context, later. */
SmtpPeerLookup *smtp_peer_lookup_new    (GMainContext       *context,
                                         GInetAddress       *address,
                                         SmtpPeerLookupFunc  func,
                                         gpointer            data);
/* Before it is over: nobody wants to know any more. */
void            smtp_peer_lookup_cancel (SmtpPeerLookup     *self);

G_END_DECLS
