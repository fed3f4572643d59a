/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-maildir.h"

G_BEGIN_DECLS

/*
 * SmtpMaildirStream: a message on its way into a Maildir. It is written to "tmp" as it comes;
 * one that is let go without having been delivered leaves nothing behind.
 */

#define SMTP_TYPE_MAILDIR_STREAM (smtp_maildir_stream_get_type ())
G_DECLARE_FINAL_TYPE (SmtpMaildirStream, smtp_maildir_stream, SMTP, MAILDIR_STREAM, GOutputStream)

/* @head goes in front of what is written. */
GOutputStream *smtp_maildir_stream_new     (SmtpMaildir        *maildir,
                                            GBytes             *head);

/* Whether it is for @maildir, and @content what was written to it. */
gboolean       smtp_maildir_stream_has     (SmtpMaildirStream  *self,
                                            SmtpMaildir        *maildir,
                                            GBytes             *content);

/* Waits for the disk. Once only, when all is written. */
gboolean       smtp_maildir_stream_deliver (SmtpMaildirStream  *self,
                                            GCancellable       *cancellable,
                                            GError            **error);

G_END_DECLS
