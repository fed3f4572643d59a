/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-enums.h"

G_BEGIN_DECLS

#define SMTP_TYPE_TLS_CONTEXT (smtp_tls_context_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpTlsContext, smtp_tls_context, SMTP, TLS_CONTEXT, GObject)

SMTP_AVAILABLE_IN_1_0
SmtpTlsContext *smtp_tls_context_new             (const char              *certificate_file,
                                                  const char              *key_file,
                                                  GError                 **error);
SMTP_AVAILABLE_IN_1_0
SmtpTlsContext *smtp_tls_context_new_from_certificate (GTlsCertificate    *certificate,
                                                  GError                 **error);
SMTP_AVAILABLE_IN_1_0
SmtpTlsContext *smtp_tls_context_new_self_signed (const char              *host_name,
                                                  GError                 **error);

SMTP_AVAILABLE_IN_1_0
gboolean        smtp_tls_context_add_certificate (SmtpTlsContext          *self,
                                                  const char              *certificate_file,
                                                  const char              *key_file,
                                                  GError                 **error);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_tls_context_reload          (SmtpTlsContext          *self,
                                                  GError                 **error);

SMTP_AVAILABLE_IN_1_0
SmtpClientCertificates
                smtp_tls_context_get_client_certificates (SmtpTlsContext  *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_tls_context_set_client_certificates (SmtpTlsContext  *self,
                                                  SmtpClientCertificates   clients);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_tls_context_get_ca_file     (SmtpTlsContext          *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_tls_context_set_ca_file     (SmtpTlsContext          *self,
                                                  const char              *path);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_tls_context_get_ocsp_file   (SmtpTlsContext          *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_tls_context_set_ocsp_file   (SmtpTlsContext          *self,
                                                  const char              *path);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_tls_context_get_priority    (SmtpTlsContext          *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_tls_context_set_priority    (SmtpTlsContext          *self,
                                                  const char              *priority);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_tls_context_get_watch_files (SmtpTlsContext          *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_tls_context_set_watch_files (SmtpTlsContext          *self,
                                                  gboolean                 watch_files);

G_END_DECLS
