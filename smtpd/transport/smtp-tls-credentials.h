/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "smtp-enums.h"

G_BEGIN_DECLS

/*
 * SmtpTlsCredentials: what a server shows to the clients of TLS, read once and shared by all
 * connections. It never changes: a reload makes another one, and connections keep theirs.
 */
typedef struct _SmtpTlsCredentials SmtpTlsCredentials;

/* What it is made of. */
typedef struct
{
  const char     *certificate_file;  /* PEM, a chain */
  const char     *key_file;          /* NULL: in certificate_file, too */
  GBytes         *certificate_pem;   /* in place of the files */
  GBytes         *key_pem;
  const char     *ca_file;           /* for client certificates; NULL: the system's */
  const char     *ocsp_file;         /* a staple, DER */
  const char     *priority;          /* NULL: the default */
  SmtpClientCertificates clients;
  GPtrArray      *more;              /* of char *[2]: further certificates and keys, by SNI */
  GBytes         *ticket_key;        /* master of session tickets */
} SmtpTlsSource;

SmtpTlsCredentials *smtp_tls_credentials_new   (const SmtpTlsSource  *source,
                                                GError              **error);
SmtpTlsCredentials *smtp_tls_credentials_ref   (SmtpTlsCredentials   *self);
void                smtp_tls_credentials_unref (SmtpTlsCredentials   *self);

/* A session of the server's side, set up; the caller's to deinit, while it holds @self. */
gnutls_session_t    smtp_tls_credentials_open  (SmtpTlsCredentials   *self,
                                                GError              **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpTlsCredentials, smtp_tls_credentials_unref)

/* Says what GnuTLS says. Always FALSE. */
gboolean            smtp_tls_fail              (GError              **error,
                                                int                   code,
                                                const char           *what,
                                                const char           *path);

G_END_DECLS
