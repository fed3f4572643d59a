/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-request.h"

G_BEGIN_DECLS

#define SMTP_TYPE_SASL_MECHANISM (smtp_sasl_mechanism_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpSaslMechanism, smtp_sasl_mechanism, SMTP, SASL_MECHANISM, GObject)

/**
 * SmtpSaslMechanismClass:
 * @step: the client has said something
 * @take_secret: the program has been asked for a secret
 *
 * What a mechanism does.
 */
struct _SmtpSaslMechanismClass
{
  GObjectClass parent_class;

  void (*step)        (SmtpSaslMechanism *self,
                       SmtpRequest       *request,
                       GBytes            *response);
  void (*take_secret) (SmtpSaslMechanism *self,
                       SmtpRequest       *request,
                       SmtpSecret        *secret);

  /*< private >*/
  gpointer padding[8];
};

SMTP_AVAILABLE_IN_1_0
const char  *smtp_sasl_mechanism_get_name              (SmtpSaslMechanism *self);
SMTP_AVAILABLE_IN_1_0
SmtpSession *smtp_sasl_mechanism_get_session           (SmtpSaslMechanism *self);
SMTP_AVAILABLE_IN_1_0
GBytes      *smtp_sasl_mechanism_get_failure_challenge (SmtpSaslMechanism *self);
SMTP_AVAILABLE_IN_1_0
void         smtp_sasl_mechanism_set_failure_challenge (SmtpSaslMechanism *self,
                                                        GBytes            *challenge);

G_END_DECLS
