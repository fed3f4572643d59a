/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtpd.h>

G_BEGIN_DECLS

#define GSMTPD_DEFAULT_ADDRESS "localhost:8025"

/* What it says of those that speak for clients; gsmtpd-proxies.c. */
typedef struct
{
  GStrv listen;
  GStrv lmtp_listen;
  GStrv smtps_listen;
  GStrv networks;
  GStrv xclient_networks;
  GStrv xforward_networks;
  gboolean resolve_peers;
} GsmtpdProxyOptions;

/* What the command line says. */
typedef struct
{
  GStrv listen;
  GStrv lmtp_listen;
  GStrv smtps_listen;
  GStrv submission_listen;
  GStrv submissions_listen;
  GStrv limits;
  GsmtpdProxyOptions proxies;
  char *tls_cert;
  char *tls_key;
  gboolean tls_self_signed;
  gboolean require_tls;
  char *auth_file;
  gboolean auth_file_world_readable;
  gboolean auth_required;
  gboolean auth_without_tls;
  char *auth_mechanisms;
  char *make_auth;
  char *handler;
  GStrv chaos;
  char *chaos_seed;
  char *size;
  char *timeout;
  char *max_errors;
  char *drain_time;
  char *metrics_listen;
  char *log_format;
  char *unix_mode;
  gboolean reuse_port;
  char *hostname;
  gboolean smtputf8;
  char *user;
  char *chroot;
  GStrv extensions;
  gboolean version;

  guint64 size_number;
  guint64 timeout_number;
  guint64 max_errors_number;
  GStrv auth_mechanism_names;
  guint64 drain_time_number;
  guint unix_mode_number;
  guint64 chaos_seed_number;
} GsmtpdOptions;

gboolean gsmtpd_options_parse (GsmtpdOptions   *self,
                               int             *argc,
                               char          ***argv,
                               GError         **error);
void     gsmtpd_options_clear (GsmtpdOptions   *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GsmtpdOptions, gsmtpd_options_clear)

G_END_DECLS
