/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-enums.h"
#include "smtp-recipient.h"

G_BEGIN_DECLS

#define SMTP_TYPE_ENVELOPE (smtp_envelope_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpEnvelope, smtp_envelope, SMTP, ENVELOPE, GObject)

struct _SmtpEnvelopeClass
{
  GObjectClass parent_class;

  /*< private >*/
  gpointer padding[12];
};

SMTP_AVAILABLE_IN_1_0
SmtpEnvelope   *smtp_envelope_new                 (void);

SMTP_AVAILABLE_IN_1_0
SmtpAddress    *smtp_envelope_get_reverse_path    (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_envelope_set_reverse_path    (SmtpEnvelope   *self,
                                                   SmtpAddress    *reverse_path);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_envelope_get_mail_from       (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
SmtpParameters *smtp_envelope_get_mail_parameters (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_envelope_set_mail_parameters (SmtpEnvelope   *self,
                                                   SmtpParameters *parameters);
SMTP_AVAILABLE_IN_1_0
char          **smtp_envelope_dup_mail_options    (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
guint64         smtp_envelope_get_declared_size   (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
SmtpBodyType    smtp_envelope_get_body_type       (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_envelope_get_smtputf8        (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
SmtpAddress    *smtp_envelope_get_auth_sender     (SmtpEnvelope   *self);

SMTP_AVAILABLE_IN_1_0
SmtpRecipient  *smtp_envelope_add_recipient       (SmtpEnvelope   *self,
                                                   SmtpAddress    *address,
                                                   SmtpParameters *parameters);
SMTP_AVAILABLE_IN_1_0
GPtrArray      *smtp_envelope_get_recipients      (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
guint           smtp_envelope_get_n_recipients    (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
char          **smtp_envelope_dup_rcpt_tos        (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
char          **smtp_envelope_dup_rcpt_options    (SmtpEnvelope   *self);

SMTP_AVAILABLE_IN_1_0
GBytes         *smtp_envelope_get_content         (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_envelope_set_content         (SmtpEnvelope   *self,
                                                   GBytes         *content);
SMTP_AVAILABLE_IN_1_0
GInputStream   *smtp_envelope_open_content        (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
GOutputStream  *smtp_envelope_get_body_stream     (SmtpEnvelope   *self);
SMTP_AVAILABLE_IN_1_0
char           *smtp_envelope_dup_text            (SmtpEnvelope   *self,
                                                   GError        **error);

/* What the parameters of MAIL say */

SMTP_AVAILABLE_IN_1_0
SmtpDsnReturn smtp_envelope_get_dsn_return (SmtpEnvelope *self);
SMTP_AVAILABLE_IN_1_0
char *smtp_envelope_dup_envelope_id (SmtpEnvelope *self);
SMTP_AVAILABLE_IN_1_0
SmtpDeliverBy smtp_envelope_get_deliver_by (SmtpEnvelope *self);
SMTP_AVAILABLE_IN_1_0
int smtp_envelope_get_deliver_by_seconds (SmtpEnvelope *self);
SMTP_AVAILABLE_IN_1_0
gboolean smtp_envelope_get_deliver_by_trace (SmtpEnvelope *self);
SMTP_AVAILABLE_IN_1_0
int smtp_envelope_get_priority (SmtpEnvelope *self);
SMTP_AVAILABLE_IN_1_0
gboolean smtp_envelope_get_require_tls (SmtpEnvelope *self);
SMTP_AVAILABLE_IN_1_0
guint smtp_envelope_get_hold_for (SmtpEnvelope *self);
SMTP_AVAILABLE_IN_1_0
gint64 smtp_envelope_get_hold_until (SmtpEnvelope *self);
SMTP_AVAILABLE_IN_1_0
char **smtp_envelope_dup_solicitations (SmtpEnvelope *self);

G_END_DECLS
