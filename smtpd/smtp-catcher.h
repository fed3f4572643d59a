/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-controller.h"
#include "handlers/smtp-chaos-handler.h"

G_BEGIN_DECLS

#define SMTP_TYPE_CATCHER (smtp_catcher_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpCatcher, smtp_catcher, SMTP, CATCHER, GObject)

struct _SmtpCatcherClass
{
  GObjectClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

SMTP_AVAILABLE_IN_1_0
SmtpCatcher      *smtp_catcher_new            (void);

SMTP_AVAILABLE_IN_1_0
gboolean          smtp_catcher_start          (SmtpCatcher          *self,
                                               GError              **error);
SMTP_AVAILABLE_IN_1_0
void              smtp_catcher_stop           (SmtpCatcher          *self);

SMTP_AVAILABLE_IN_1_0
guint             smtp_catcher_get_port       (SmtpCatcher          *self);
SMTP_AVAILABLE_IN_1_0
char             *smtp_catcher_dup_address    (SmtpCatcher          *self);
SMTP_AVAILABLE_IN_1_0
SmtpServer       *smtp_catcher_get_server     (SmtpCatcher          *self);
SMTP_AVAILABLE_IN_1_0
SmtpController   *smtp_catcher_get_controller (SmtpCatcher          *self);
SMTP_AVAILABLE_IN_1_0
SmtpChaosHandler *smtp_catcher_get_chaos      (SmtpCatcher          *self);

SMTP_AVAILABLE_IN_1_0
GPtrArray        *smtp_catcher_wait           (SmtpCatcher          *self,
                                               guint                 n_messages,
                                               guint                 milliseconds,
                                               GError              **error);
SMTP_AVAILABLE_IN_1_0
void              smtp_catcher_wait_async     (SmtpCatcher          *self,
                                               guint                 n_messages,
                                               guint                 milliseconds,
                                               GCancellable         *cancellable,
                                               GAsyncReadyCallback   callback,
                                               gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
GPtrArray        *smtp_catcher_wait_finish    (SmtpCatcher          *self,
                                               GAsyncResult         *result,
                                               GError              **error);
SMTP_AVAILABLE_IN_1_0
SmtpEnvelope     *smtp_catcher_next           (SmtpCatcher          *self,
                                               guint                 milliseconds,
                                               GError              **error);
SMTP_AVAILABLE_IN_1_0
void              smtp_catcher_next_async     (SmtpCatcher          *self,
                                               guint                 milliseconds,
                                               GCancellable         *cancellable,
                                               GAsyncReadyCallback   callback,
                                               gpointer              user_data);
SMTP_AVAILABLE_IN_1_0
SmtpEnvelope     *smtp_catcher_next_finish    (SmtpCatcher          *self,
                                               GAsyncResult         *result,
                                               GError              **error);
SMTP_AVAILABLE_IN_1_0
void              smtp_catcher_clear          (SmtpCatcher          *self);

G_END_DECLS
