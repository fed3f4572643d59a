/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-upstream.h"

G_BEGIN_DECLS

/*
 * SmtpRelayStream: the text of a message on its way to an upstream that has answered DATA. A
 * write is done when the system has taken it, so that the sender is no faster than the receiver.
 *
 * Writes don't fail. Of a message that cannot be relayed any more the rest is thrown away: it is
 * at its end that the client is told, with more words than an error of a stream has. That end is
 * smtp_relay_stream_finish(), not the closing: somebody may refuse the message in between.
 * Closed with a cancellable that has fired, it ends the connection, and so the message.
 */

#define SMTP_TYPE_RELAY_STREAM (smtp_relay_stream_get_type ())

G_DECLARE_FINAL_TYPE (SmtpRelayStream, smtp_relay_stream, SMTP, RELAY_STREAM, GOutputStream)

/* @front comes before all else. */
SmtpRelayStream *smtp_relay_stream_new         (SmtpUpstream     *upstream,
                                                GMainContext     *context,
                                                GBytes           *front);
/* Lets go of the upstream, which takes no more text. */
void             smtp_relay_stream_detach      (SmtpRelayStream  *self);

/* It was closed, at the end of the message. */
gboolean         smtp_relay_stream_is_complete (SmtpRelayStream  *self);
/* It had a bare newline: the upstream was closed. */
gboolean         smtp_relay_stream_is_spoilt   (SmtpRelayStream  *self);
/* Ends the message. FALSE if it is spoilt. */
gboolean         smtp_relay_stream_finish      (SmtpRelayStream  *self,
                                                SmtpUpstreamFunc  func,
                                                gpointer          data);

G_END_DECLS
