/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-tls-context.h"
#include "smtp-tls-watch.h"
#include "transport/smtp-tls-credentials.h"

G_BEGIN_DECLS

struct _SmtpTlsContext
{
  GObject parent_instance;

  char *certificate_file;
  char *key_file;
  GBytes *certificate_pem;
  GBytes *key_pem;
  char *ca_file;
  char *ocsp_file;
  char *priority;
  SmtpClientCertificates clients;
  GPtrArray *more;
  SmtpTlsWatch *watch;

  /* A server in another thread may want them while they are read anew. */
  GMutex lock;
  GBytes *ticket_key;
  SmtpTlsCredentials *credentials;  /* NULL: to be made when next wanted */
};

/* What new connections are to use: NULL, and a warning, if it cannot be had. */
SmtpTlsCredentials *smtp_tls_context_ref_credentials    (SmtpTlsContext *self);

void                smtp_tls_context_install_properties (GObjectClass   *object_class);

/* Begins to watch the files, or watches those that are used now. */
void                smtp_tls_context_watch              (SmtpTlsContext *self);

G_END_DECLS
