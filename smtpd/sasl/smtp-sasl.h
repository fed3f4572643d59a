/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-sasl-mechanism.h"

G_BEGIN_DECLS

/*
 * The mechanisms that the library has, one in each file, and what they have in common.
 */

GType smtp_plain_mechanism_get_type     (void);
GType smtp_login_mechanism_get_type     (void);
GType smtp_cram_md5_mechanism_get_type  (void);
GType smtp_scram_mechanism_get_type     (void);
GType smtp_external_mechanism_get_type  (void);
GType smtp_oauth_mechanism_get_type     (void);
GType smtp_anonymous_mechanism_get_type (void);

/* For PLAIN and LOGIN: has the password checked against the secret of the program, if it has one,
 * and presents it otherwise. */
#define SMTP_TYPE_PASSWORD_MECHANISM (smtp_password_mechanism_get_type ())
G_DECLARE_DERIVABLE_TYPE (SmtpPasswordMechanism, smtp_password_mechanism, SMTP, PASSWORD_MECHANISM, SmtpSaslMechanism)

struct _SmtpPasswordMechanismClass
{
  SmtpSaslMechanismClass parent_class;
};

void     smtp_password_mechanism_check (SmtpPasswordMechanism *self,
                                        SmtpRequest           *request,
                                        const char            *authorization_id,
                                        const char            *authentication_id,
                                        const char            *password);

/* 535: who it was, and why, is nobody's business. */
void     smtp_sasl_refuse              (SmtpRequest           *request);
/* 501: this is not what the mechanism's RFC asks for. */
void     smtp_sasl_refuse_malformed    (SmtpRequest           *request);

/* A name that may stand in logs and be handed to a binding: UTF-8, no control characters. May be
 * empty. */
gboolean smtp_sasl_is_clean            (const char            *text,
                                        gsize                  length);

/* Copies the octets of a message as text, to be freed by smtp_secret_free_text(). NULL if there is
 * none, or a NUL in it. */
char    *smtp_sasl_dup_text            (GBytes                *message);

/* Runs @work in a thread for what takes long, then @done, and last @destroy, in the session's context;
 * the request is held. */
typedef void (*SmtpSaslWorkFunc) (gpointer     data);
typedef void (*SmtpSaslDoneFunc) (SmtpRequest *request,
                                  gpointer     data);

void     smtp_sasl_run_work            (SmtpRequest           *request,
                                        SmtpSaslWorkFunc       work,
                                        SmtpSaslDoneFunc       done,
                                        gpointer               data,
                                        GDestroyNotify         destroy);

G_END_DECLS
