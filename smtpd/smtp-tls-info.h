/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

#define SMTP_TYPE_TLS_INFO (smtp_tls_info_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpTlsInfo, smtp_tls_info, SMTP, TLS_INFO, GObject)

SMTP_AVAILABLE_IN_1_0
const char      *smtp_tls_info_get_version          (SmtpTlsInfo *self);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_tls_info_get_cipher_suite     (SmtpTlsInfo *self);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_tls_info_get_server_name      (SmtpTlsInfo *self);
SMTP_AVAILABLE_IN_1_0
const char      *smtp_tls_info_get_alpn             (SmtpTlsInfo *self);
SMTP_AVAILABLE_IN_1_0
gboolean         smtp_tls_info_get_resumed          (SmtpTlsInfo *self);
SMTP_AVAILABLE_IN_1_0
GBytes          *smtp_tls_info_get_peer_certificate_der    (SmtpTlsInfo *self);
SMTP_AVAILABLE_IN_1_0
GTlsCertificate *smtp_tls_info_dup_peer_certificate (SmtpTlsInfo *self);
SMTP_AVAILABLE_IN_1_0
gboolean         smtp_tls_info_get_peer_verified    (SmtpTlsInfo *self);
SMTP_AVAILABLE_IN_1_0
GBytes          *smtp_tls_info_get_channel_binding  (SmtpTlsInfo *self,
                                                     const char  *type);

G_END_DECLS
