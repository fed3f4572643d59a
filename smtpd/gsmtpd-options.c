/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-options.h"

#include <string.h>

#include "gsmtpd-auth.h"
#include "gsmtpd-log.h"
#include "gsmtpd-proxies.h"

#define DEFAULT_SIZE 33554432
/* What is more than this is a slip of the fingers. */
#define MAX_TIMEOUT (24 * 60 * 60)
#define MAX_MAX_ERRORS 1000000
#define MAX_DRAIN_TIME (60 * 60)
#define DEFAULT_DRAIN_TIME 10

/* The longest host name, RFC 5321 section 4.5.3.1.2. */
#define MAX_HOSTNAME 255

void
gsmtpd_options_clear (GsmtpdOptions *self)
{
  g_clear_pointer (&self->listen, g_strfreev);
  g_clear_pointer (&self->lmtp_listen, g_strfreev);
  g_clear_pointer (&self->smtps_listen, g_strfreev);
  g_clear_pointer (&self->submission_listen, g_strfreev);
  g_clear_pointer (&self->submissions_listen, g_strfreev);
  g_clear_pointer (&self->limits, g_strfreev);
  gsmtpd_proxies_clear (&self->proxies);
  g_clear_pointer (&self->tls_cert, g_free);
  g_clear_pointer (&self->tls_key, g_free);
  g_clear_pointer (&self->auth_file, g_free);
  g_clear_pointer (&self->auth_mechanisms, g_free);
  g_clear_pointer (&self->auth_mechanism_names, g_strfreev);
  g_clear_pointer (&self->make_auth, g_free);
  g_clear_pointer (&self->handler, g_free);
  g_clear_pointer (&self->chaos, g_strfreev);
  g_clear_pointer (&self->chaos_seed, g_free);
  g_clear_pointer (&self->size, g_free);
  g_clear_pointer (&self->timeout, g_free);
  g_clear_pointer (&self->max_errors, g_free);
  g_clear_pointer (&self->drain_time, g_free);
  g_clear_pointer (&self->metrics_listen, g_free);
  g_clear_pointer (&self->log_format, g_free);
  g_clear_pointer (&self->unix_mode, g_free);
  g_clear_pointer (&self->hostname, g_free);
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->chroot, g_free);
  g_clear_pointer (&self->extensions, g_strfreev);
}

static gboolean
count_debug (const char  *name,
             const char  *value,
             gpointer     data,
             GError     **error)
{
  gsmtpd_log_more ();

  return TRUE;
}

/* GOption's own numbers may be negative, octal or hexadecimal. Leaves *number as it is
 * without @text. */
static gboolean
parse_number (const char  *option,
              const char  *text,
              guint64      max,
              guint64     *number,
              GError     **error)
{
  if (text == NULL || g_ascii_string_to_unsigned (text, 10, 0, max, number, NULL))
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "\"%s\" is no value for --%s: a number from 0 to %" G_GUINT64_FORMAT " is",
               text, option, max);

  return FALSE;
}

static gboolean
parse_mode (const char  *text,
            guint       *mode,
            GError     **error)
{
  guint64 number;

  if (text == NULL)
    return TRUE;

  if (!g_ascii_string_to_unsigned (text, 8, 0, 0777, &number, NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "\"%s\" is no value for --unix-mode: an octal number up to 0777 is", text);
      return FALSE;
    }
  *mode = (guint) number;

  return TRUE;
}

/* It goes into every greeting, so it must be one word of ASCII. */
static gboolean
check_hostname (const char  *hostname,
                GError     **error)
{
  gsize length = hostname != NULL ? strlen (hostname) : 1;
  gboolean good = length > 0 && length <= MAX_HOSTNAME;

  for (const char *p = hostname; good && p != NULL && *p != '\0'; p++)
    good = g_ascii_isgraph (*p);

  if (!good)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "\"%s\" is no host name", hostname);

  return good;
}

static gboolean
check_tls (const GsmtpdOptions  *self,
           GError              **error)
{
  gboolean has_tls = self->tls_cert != NULL || self->tls_self_signed;
  const char *complaint = NULL;

  if (self->tls_cert != NULL && self->tls_self_signed)
    complaint = "--tls-cert and --tls-self-signed exclude one another";
  else if (self->tls_key != NULL && self->tls_cert == NULL)
    complaint = "--tls-key needs --tls-cert";
  else if (self->require_tls && !has_tls)
    complaint = "--require-tls needs --tls-cert or --tls-self-signed";
  else if (self->smtps_listen != NULL && !has_tls)
    complaint = "--smtps-listen needs --tls-cert or --tls-self-signed";
  else if (self->submissions_listen != NULL && !has_tls)
    complaint = "--submissions-listen needs --tls-cert or --tls-self-signed";

  if (complaint != NULL)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, complaint);

  return complaint == NULL;
}

static gboolean
check_auth (GsmtpdOptions  *self,
            GError        **error)
{
  gboolean has_tls = self->tls_cert != NULL || self->tls_self_signed;
  const char *complaint = NULL;

  if (self->auth_file != NULL && !has_tls && !self->auth_without_tls)
    complaint = "--auth-file needs --tls-cert, --tls-self-signed or --auth-without-tls";
  else if (self->auth_file == NULL && self->auth_required)
    complaint = "--auth-required needs --auth-file";
  else if (self->auth_file == NULL && (self->submission_listen != NULL || self->submissions_listen != NULL))
    complaint = "--submission-listen and --submissions-listen need --auth-file";
  else if (self->auth_file == NULL && self->auth_without_tls)
    complaint = "--auth-without-tls needs --auth-file";
  else if (self->auth_file == NULL && self->auth_file_world_readable)
    complaint = "--auth-file-world-readable needs --auth-file";
  else if (self->auth_file == NULL && self->auth_mechanisms != NULL)
    complaint = "--auth-mechanisms needs --auth-file";

  if (complaint != NULL)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, complaint);
      return FALSE;
    }

  if (self->auth_mechanisms == NULL)
    return TRUE;

  self->auth_mechanism_names = gsmtpd_auth_parse_mechanisms (self->auth_mechanisms, error);

  return self->auth_mechanism_names != NULL;
}

static gboolean
check_options (GsmtpdOptions  *self,
               char          **rest,
               GError        **error)
{
  if (rest != NULL && rest[0] != NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "\"%s\" is no option", rest[0]);
      return FALSE;
    }

  if (self->log_format != NULL && !gsmtpd_log_set_format (self->log_format, error))
    return FALSE;
  if (!check_tls (self, error) || !check_auth (self, error) ||
      !gsmtpd_proxies_check (&self->proxies, self->tls_cert != NULL || self->tls_self_signed, error))
    return FALSE;

  if (self->chaos_seed != NULL && self->chaos == NULL)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--chaos-seed needs --chaos");
      return FALSE;
    }

  self->size_number = DEFAULT_SIZE;
  self->drain_time_number = DEFAULT_DRAIN_TIME;

  return parse_number ("size", self->size, G_MAXINT64, &self->size_number, error) &&
         parse_number ("timeout", self->timeout, MAX_TIMEOUT, &self->timeout_number, error) &&
         parse_number ("max-errors", self->max_errors, MAX_MAX_ERRORS, &self->max_errors_number, error) &&
         parse_number ("drain-time", self->drain_time, MAX_DRAIN_TIME, &self->drain_time_number, error) &&
         parse_number ("chaos-seed", self->chaos_seed, G_MAXUINT32, &self->chaos_seed_number, error) &&
         parse_mode (self->unix_mode, &self->unix_mode_number, error) &&
         check_hostname (self->hostname, error);
}

static void
add_security_entries (GOptionContext *context,
                      GsmtpdOptions  *self)
{
  const GOptionEntry entries[] =
  {
    { "tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_cert,
      "The certificate for TLS, PEM, with its chain", "FILE" },
    { "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_key,
      "Its key, PEM (default: in the same file)", "FILE" },
    { "tls-self-signed", 0, 0, G_OPTION_ARG_NONE, &self->tls_self_signed,
      "Make a certificate, for tests", NULL },
    { "require-tls", 0, 0, G_OPTION_ARG_NONE, &self->require_tls,
      "Take mail only through TLS", NULL },
    { "auth-file", 0, 0, G_OPTION_ARG_FILENAME, &self->auth_file,
      "Let those authenticate who are in FILE, in lines of USER:SECRET", "FILE" },
    { "auth-file-world-readable", 0, 0, G_OPTION_ARG_NONE, &self->auth_file_world_readable,
      "Even if everybody can read it", NULL },
    { "auth-required", 0, 0, G_OPTION_ARG_NONE, &self->auth_required,
      "Take mail only from them", NULL },
    { "auth-mechanisms", 0, 0, G_OPTION_ARG_STRING, &self->auth_mechanisms,
      "How they may do it, such as SCRAM-SHA-256,PLAIN (default: SCRAM, PLAIN and LOGIN)", "LIST" },
    { "auth-without-tls", 0, 0, G_OPTION_ARG_NONE, &self->auth_without_tls,
      "Without TLS, too: by SCRAM, or whatever --auth-mechanisms says", NULL },
    { "user", 0, 0, G_OPTION_ARG_STRING, &self->user,
      "Become USER, once the sockets and keys are there", "USER[:GROUP]" },
    { "chroot", 0, 0, G_OPTION_ARG_FILENAME, &self->chroot,
      "Likewise, have DIR for a root directory; needs --user", "DIR" },
    { "make-auth", 0, 0, G_OPTION_ARG_FILENAME, &self->make_auth,
      "Read a password, print a line for --auth-file and exit", "USER" },
    { NULL }
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

static void
add_chaos_entries (GOptionContext *context,
                   GsmtpdOptions  *self)
{
  const GOptionEntry entries[] =
  {
    { "chaos", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->chaos,
      "Let things go wrong, such as rcpt:0.5=450, data=close or mail=\"delay 500\"; repeatable",
      "PHASE[:PROBABILITY]=ACTION" },
    { "chaos-seed", 0, 0, G_OPTION_ARG_STRING, &self->chaos_seed,
      "Let chance do the same as in another run", "N" },
    { NULL }
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

static void
add_watching_entries (GOptionContext *context,
                      GsmtpdOptions  *self)
{
  const GOptionEntry entries[] =
  {
    { "metrics-listen", 0, 0, G_OPTION_ARG_FILENAME, &self->metrics_listen,
      "Serve numbers for Prometheus on HOST:PORT, at /metrics", "ADDR" },
    { "log-format", 0, 0, G_OPTION_ARG_STRING, &self->log_format,
      "How the log looks: text (default), json, journal", "FORMAT" },
    { NULL }
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

gboolean
gsmtpd_options_parse (GsmtpdOptions   *self,
                      int             *argc,
                      char          ***argv,
                      GError         **error)
{
  g_auto (GStrv) rest = NULL;
  const GOptionEntry entries[] =
  {
    { "listen", 'l', 0, G_OPTION_ARG_FILENAME_ARRAY, &self->listen,
      "Listen on HOST:PORT, [V6]:PORT or unix:PATH; repeatable (default: " GSMTPD_DEFAULT_ADDRESS ")", "ADDR" },
    { "lmtp-listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->lmtp_listen,
      "The same for LMTP; with it there is no default for SMTP", "ADDR" },
    { "smtps-listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->smtps_listen,
      "The same for SMTP in TLS from the beginning", "ADDR" },
    { "submission-listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->submission_listen,
      "The same for submission: clients must authenticate", "ADDR" },
    { "submissions-listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->submissions_listen,
      "The same for submission in TLS from the beginning", "ADDR" },
    { "unix-mode", 0, 0, G_OPTION_ARG_STRING, &self->unix_mode,
      "The mode of Unix sockets (default: what the umask leaves)", "MODE" },
    { "reuse-port", 0, 0, G_OPTION_ARG_NONE, &self->reuse_port,
      "Let other processes listen on the same port", NULL },
    { "handler", 'H', 0, G_OPTION_ARG_FILENAME, &self->handler,
      "What becomes of messages: debugging (default), sink, maildir:DIR, mbox:FILE, relay:HOST:PORT", "NAME[:ARG]" },
    { "size", 's', 0, G_OPTION_ARG_STRING, &self->size,
      "The largest message (default: " G_STRINGIFY (DEFAULT_SIZE) "; 0: no limit)", "BYTES" },
    { "smtputf8", 'u', 0, G_OPTION_ARG_NONE, &self->smtputf8, "Offer SMTPUTF8", NULL },
    { "extension", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->extensions,
      "Offer this extension, too, or with \"no-\" in front of it not; repeatable", "[no-]KEYWORD[:VALUE]" },
    { "hostname", 0, 0, G_OPTION_ARG_FILENAME, &self->hostname, "What the server calls itself", "NAME" },
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &self->timeout,
      "How long a client may be silent (0: for ever)", "SECONDS" },
    { "max-errors", 0, 0, G_OPTION_ARG_STRING, &self->max_errors,
      "How many commands of a client may be wrong (0: any number)", "N" },
    { "limit", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->limits,
      "One of the limits and times in the manual, or VERB=N; repeatable", "NAME=N" },
    { "drain-time", 0, 0, G_OPTION_ARG_STRING, &self->drain_time,
      "How long transactions may take at the end (default: " G_STRINGIFY (DEFAULT_DRAIN_TIME) ")", "SECONDS" },
    { "debug", 'd', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) count_debug,
      "Log connections and results; given twice, the dialogue too", NULL },
    { "version", 'v', 0, G_OPTION_ARG_NONE, &self->version, "Print the version and exit", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, "Receives mail by SMTP.");
  g_option_context_add_main_entries (context, entries, NULL);
  gsmtpd_proxies_add_entries (context, &self->proxies);
  add_security_entries (context, self);
  add_chaos_entries (context, self);
  add_watching_entries (context, self);

  return g_option_context_parse (context, argc, argv, error) && check_options (self, rest, error);
}
