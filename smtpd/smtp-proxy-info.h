/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-enums.h"

G_BEGIN_DECLS

#define SMTP_TYPE_PROXY_INFO (smtp_proxy_info_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpProxyInfo, smtp_proxy_info, SMTP, PROXY_INFO, GObject)

SMTP_AVAILABLE_IN_1_0
guint             smtp_proxy_info_get_version      (SmtpProxyInfo *self);
SMTP_AVAILABLE_IN_1_0
SmtpProxyCommand  smtp_proxy_info_get_command      (SmtpProxyInfo *self);
SMTP_AVAILABLE_IN_1_0
GSocketAddress   *smtp_proxy_info_get_source       (SmtpProxyInfo *self);
SMTP_AVAILABLE_IN_1_0
GSocketAddress   *smtp_proxy_info_get_destination  (SmtpProxyInfo *self);

SMTP_AVAILABLE_IN_1_0
const char       *smtp_proxy_info_get_alpn         (SmtpProxyInfo *self);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_proxy_info_get_authority    (SmtpProxyInfo *self);
SMTP_AVAILABLE_IN_1_0
GBytes           *smtp_proxy_info_get_unique_id    (SmtpProxyInfo *self);

SMTP_AVAILABLE_IN_1_0
gboolean          smtp_proxy_info_get_tls          (SmtpProxyInfo *self);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_proxy_info_get_tls_version  (SmtpProxyInfo *self);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_proxy_info_get_tls_cipher   (SmtpProxyInfo *self);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_proxy_info_get_peer_common_name (SmtpProxyInfo *self);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_proxy_info_get_peer_verified (SmtpProxyInfo *self);

SMTP_AVAILABLE_IN_1_0
GBytes           *smtp_proxy_info_lookup_tlv       (SmtpProxyInfo *self,
                                                    guint          type);
SMTP_AVAILABLE_IN_1_0
GBytes           *smtp_proxy_info_lookup_tls_tlv   (SmtpProxyInfo *self,
                                                    guint          type);
SMTP_AVAILABLE_IN_1_0
GBytes           *smtp_proxy_info_dup_tlvs         (SmtpProxyInfo *self);

G_END_DECLS
