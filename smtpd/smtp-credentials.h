/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

#define SMTP_TYPE_CREDENTIALS (smtp_credentials_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpCredentials, smtp_credentials, SMTP, CREDENTIALS, GObject)

SMTP_AVAILABLE_IN_1_0
SmtpCredentials *smtp_credentials_new                   (const char      *mechanism,
                                                         const char      *authentication_id);

SMTP_AVAILABLE_IN_1_0
const char      *smtp_credentials_get_mechanism         (SmtpCredentials *self);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_credentials_get_authentication_id (SmtpCredentials *self);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_credentials_get_authorization_id  (SmtpCredentials *self);
SMTP_AVAILABLE_IN_1_0
void             smtp_credentials_set_authorization_id  (SmtpCredentials *self,
                                                         const char      *authorization_id);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_credentials_get_identity          (SmtpCredentials *self);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_credentials_get_password          (SmtpCredentials *self);
SMTP_AVAILABLE_IN_1_0
void             smtp_credentials_set_password          (SmtpCredentials *self,
                                                         const char      *password);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_credentials_get_token             (SmtpCredentials *self);
SMTP_AVAILABLE_IN_1_0
void             smtp_credentials_set_token             (SmtpCredentials *self,
                                                         const char      *token);
SMTP_AVAILABLE_IN_1_0
gboolean         smtp_credentials_get_verified          (SmtpCredentials *self);
SMTP_AVAILABLE_IN_1_0
void             smtp_credentials_set_verified          (SmtpCredentials *self,
                                                         gboolean         verified);

G_END_DECLS
