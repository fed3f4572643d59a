/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-tls-credentials.h"
#include "smtp-transport.h"

G_BEGIN_DECLS

/*
 * TLS over another transport, which it takes. The handshake comes first; after it, and whatever
 * happens, nothing is read that did not come through TLS.
 */
typedef enum
{
  SMTP_TLS_HANDSHAKE_DONE,
  SMTP_TLS_HANDSHAKE_AGAIN,
  SMTP_TLS_HANDSHAKE_FAILED
} SmtpTlsHandshake;

/* NULL, and @inner still the caller's, if there is no session to be had. */
SmtpTransport    *smtp_transport_new_tls           (SmtpTransport       *inner,
                                                    SmtpTlsCredentials  *credentials,
                                                    GError             **error);

/* To be called until it is done, when the transport is readable or writable. */
SmtpTlsHandshake  smtp_tls_transport_handshake     (SmtpTransport       *transport,
                                                    GError             **error);

gnutls_session_t  smtp_tls_transport_get_session   (SmtpTransport       *transport);

G_END_DECLS
