/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* gsmtpd: an SMTP server for the command line. It shows what the library's public API
 * can do, and uses nothing else of it. */

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <smtpd/smtpd.h>

#include "gsmtpd-handlers.h"

#define DEFAULT_ADDRESS "localhost:8025"
#define DEFAULT_SIZE 33554432
/* What is more than this is a slip of the fingers. */
#define MAX_TIMEOUT (24 * 60 * 60)
#define MAX_MAX_ERRORS 1000000

/* The longest host name, RFC 5321 section 4.5.3.1.2. */
#define MAX_HOSTNAME 255

/* How long clients have to take their 421, and how often to see whether they did. */
#define GRACE_PERIOD_MS 2000
#define GRACE_CHECK_MS 10

/* What the command line says. */
typedef struct
{
  GStrv listen;
  GStrv lmtp_listen;
  GStrv smtps_listen;
  char *tls_cert;
  char *tls_key;
  gboolean tls_self_signed;
  gboolean require_tls;
  char *handler;
  char *size;
  char *timeout;
  char *max_errors;
  char *hostname;
  gboolean smtputf8;
  gboolean version;

  guint64 size_number;
  guint64 timeout_number;
  guint64 max_errors_number;
} Options;

typedef struct
{
  SmtpServer *server;
  GMainLoop *loop;
  guint grace_checks;
  gboolean stopping;
} Program;

/* How much is logged: the logging function gets it from nowhere else. */
static int debug_level = 0;

/* Standard error */

/* One line, whatever is in @text: a peer must not be able to forge one, or to make a
 * terminal do things. Octets that are no printable UTF-8 become \xHH. */
static void
append_line (GString    *out,
             const char *text,
             gsize       length)
{
  while (length > 0)
    {
      gunichar character = g_utf8_get_char_validated (text, length);
      gboolean valid = character != (gunichar) -1 && character != (gunichar) -2;
      gsize size = 1;

      if (valid && (guchar) text[0] >= 0x80)
        size = g_utf8_skip[(guchar) text[0]];

      if (valid && g_unichar_isprint (character))
        g_string_append_len (out, text, size);
      else if (text[0] == '\n')
        g_string_append (out, "\\n");
      else
        for (gsize i = 0; i < size; i++)
          g_string_append_printf (out, "\\x%02X", (guchar) text[i]);

      text += size;
      length -= size;
    }

  g_string_append_c (out, '\n');
}

static void
write_line (const char *prefix,
            const char *text,
            gssize      length)
{
  g_autoptr (GString) line = g_string_new (prefix);

  append_line (line, text, length < 0 ? strlen (text) : (gsize) length);
  fwrite (line->str, 1, line->len, stderr);
  fflush (stderr);
}

/* Ours, and the library's: with G_LOG_LEVEL_DEBUG GLib has much to say as well. */
static gboolean
is_wanted (GLogLevelFlags  level,
           const char     *domain)
{
  if ((level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG)) == 0)
    return TRUE;

  return debug_level > 0 &&
         (g_strcmp0 (domain, G_LOG_DOMAIN) == 0 || g_strcmp0 (domain, "Smtpd") == 0);
}

static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         data)
{
  const GLogField *message = NULL;
  const char *domain = NULL;

  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, "MESSAGE") == 0)
        message = &fields[i];
      else if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0)
        domain = fields[i].value;
    }

  if (message == NULL || !is_wanted (level, domain))
    return G_LOG_WRITER_HANDLED;

  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    write_line ("error: ", message->value, message->length);
  else if (level & G_LOG_LEVEL_WARNING)
    write_line ("warning: ", message->value, message->length);
  else if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
    write_line ("debug: ", message->value, message->length);
  else
    write_line ("", message->value, message->length);

  return G_LOG_WRITER_HANDLED;
}

static int
report_error (const GError *error)
{
  write_line ("gsmtpd: ", error->message, -1);

  if (error->domain == G_OPTION_ERROR ||
      g_error_matches (error, SMTP_ERROR, SMTP_ERROR_BAD_LISTEN_ADDRESS))
    write_line ("", "Try \"gsmtpd --help\" for more information.", -1);

  return EXIT_FAILURE;
}

/* What is logged with -d */

/* Only messages, and what was refused: the rest can be seen with -d -d. */
static void
log_reply (SmtpRequest *request,
           SmtpReply   *reply,
           gpointer     data)
{
  SmtpSession *session = smtp_request_get_session (request);
  SmtpEnvelope *envelope = smtp_request_get_envelope (request);
  const char *what = data;
  g_autofree char *text = smtp_reply_to_string (reply);
  const char *mail_from = envelope != NULL ? smtp_envelope_get_mail_from (envelope) : NULL;
  GBytes *content = envelope != NULL ? smtp_envelope_get_content (envelope) : NULL;

  if (content != NULL)
    g_debug ("session %" G_GUINT64_FORMAT ": message from <%s>, %u recipients, %" G_GSIZE_FORMAT " octets: %s",
             smtp_session_get_id (session), mail_from != NULL ? mail_from : "",
             smtp_envelope_get_n_recipients (envelope), g_bytes_get_size (content), text);
  else if (smtp_reply_get_code (reply) >= 400)
    g_debug ("session %" G_GUINT64_FORMAT ": %s %s: %s", smtp_session_get_id (session), what,
             smtp_request_get_argument (request), text);
}

static SmtpVerdict
on_command (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request,
            gpointer      data)
{
  g_signal_connect (request, "replied", G_CALLBACK (log_reply), data);

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
on_path_command (SmtpServer     *server,
                 SmtpSession    *session,
                 SmtpEnvelope   *envelope,
                 SmtpRequest    *request,
                 SmtpAddress    *address,
                 SmtpParameters *parameters,
                 gpointer        data)
{
  return on_command (server, session, envelope, request, data);
}

static SmtpVerdict
on_connect (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request)
{
  GSocketAddress *peer = smtp_session_get_peer (session);
  g_autofree char *name = NULL;

  if (G_IS_SOCKET_CONNECTABLE (peer))
    name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (peer));

  g_debug ("session %" G_GUINT64_FORMAT ": connected from %s", smtp_session_get_id (session),
           name != NULL ? name : "an unknown address");

  return SMTP_VERDICT_CONTINUE;
}

static void
on_disconnect (SmtpServer  *server,
               SmtpSession *session)
{
  g_debug ("session %" G_GUINT64_FORMAT ": ended", smtp_session_get_id (session));
}

static SmtpVerdict
on_exception (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              const GError *error)
{
  g_warning ("session %" G_GUINT64_FORMAT ": %s: %s", smtp_session_get_id (session),
             smtp_request_get_verb (request), error->message);

  return SMTP_VERDICT_CONTINUE;
}

static void
set_up_logging (SmtpServer *server)
{
  g_signal_connect (server, "handle-exception", G_CALLBACK (on_exception), NULL);
  if (debug_level == 0)
    return;

  g_signal_connect (server, "handle-connect", G_CALLBACK (on_connect), NULL);
  g_signal_connect (server, "handle-disconnect", G_CALLBACK (on_disconnect), NULL);
  g_signal_connect (server, "handle-mail", G_CALLBACK (on_path_command), (gpointer) "MAIL");
  g_signal_connect (server, "handle-rcpt", G_CALLBACK (on_path_command), (gpointer) "RCPT");
  g_signal_connect (server, "handle-data-begin", G_CALLBACK (on_command), (gpointer) "DATA");
  g_signal_connect (server, "handle-data", G_CALLBACK (on_command), (gpointer) "message");

  smtp_server_set_log_dialogue (server, debug_level > 1);
}

/* The command line */

static void
options_clear (Options *self)
{
  g_clear_pointer (&self->listen, g_strfreev);
  g_clear_pointer (&self->lmtp_listen, g_strfreev);
  g_clear_pointer (&self->smtps_listen, g_strfreev);
  g_clear_pointer (&self->tls_cert, g_free);
  g_clear_pointer (&self->tls_key, g_free);
  g_clear_pointer (&self->handler, g_free);
  g_clear_pointer (&self->size, g_free);
  g_clear_pointer (&self->timeout, g_free);
  g_clear_pointer (&self->max_errors, g_free);
  g_clear_pointer (&self->hostname, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
count_debug (const char  *name,
             const char  *value,
             gpointer     data,
             GError     **error)
{
  debug_level++;

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
check_tls (const Options  *self,
           GError        **error)
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

  if (complaint != NULL)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, complaint);

  return complaint == NULL;
}

static gboolean
check_options (Options  *self,
               char    **rest,
               GError  **error)
{
  if (rest != NULL && rest[0] != NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "\"%s\" is no option", rest[0]);
      return FALSE;
    }

  if (!check_tls (self, error))
    return FALSE;

  self->size_number = DEFAULT_SIZE;

  return parse_number ("size", self->size, G_MAXINT64, &self->size_number, error) &&
         parse_number ("timeout", self->timeout, MAX_TIMEOUT, &self->timeout_number, error) &&
         parse_number ("max-errors", self->max_errors, MAX_MAX_ERRORS, &self->max_errors_number, error) &&
         check_hostname (self->hostname, error);
}

static gboolean
parse_options (Options   *self,
               int       *argc,
               char    ***argv,
               GError   **error)
{
  g_auto (GStrv) rest = NULL;
  const GOptionEntry entries[] =
  {
    { "listen", 'l', 0, G_OPTION_ARG_FILENAME_ARRAY, &self->listen,
      "Listen on HOST:PORT, [V6]:PORT or unix:PATH; repeatable (default: " DEFAULT_ADDRESS ")", "ADDR" },
    { "lmtp-listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->lmtp_listen,
      "The same for LMTP; with it there is no default for SMTP", "ADDR" },
    { "smtps-listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->smtps_listen,
      "The same for SMTP in TLS from the beginning", "ADDR" },
    { "tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_cert,
      "The certificate for TLS, PEM, with its chain", "FILE" },
    { "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_key,
      "Its key, PEM (default: in the same file)", "FILE" },
    { "tls-self-signed", 0, 0, G_OPTION_ARG_NONE, &self->tls_self_signed,
      "Make a certificate, for tests", NULL },
    { "require-tls", 0, 0, G_OPTION_ARG_NONE, &self->require_tls,
      "Take mail only through TLS", NULL },
    { "handler", 'H', 0, G_OPTION_ARG_FILENAME, &self->handler,
      "What becomes of messages: debugging (default), sink, maildir:DIR, mbox:FILE, relay:HOST:PORT", "NAME[:ARG]" },
    { "size", 's', 0, G_OPTION_ARG_STRING, &self->size,
      "The largest message (default: " G_STRINGIFY (DEFAULT_SIZE) "; 0: no limit)", "BYTES" },
    { "smtputf8", 'u', 0, G_OPTION_ARG_NONE, &self->smtputf8, "Offer SMTPUTF8", NULL },
    { "hostname", 0, 0, G_OPTION_ARG_FILENAME, &self->hostname, "What the server calls itself", "NAME" },
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &self->timeout,
      "How long a client may be silent (0: for ever)", "SECONDS" },
    { "max-errors", 0, 0, G_OPTION_ARG_STRING, &self->max_errors,
      "How many commands of a client may be wrong (0: any number)", "N" },
    { "debug", 'd', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) count_debug,
      "Log connections and results; given twice, the dialogue too", NULL },
    { "version", 'v', 0, G_OPTION_ARG_NONE, &self->version, "Print the version and exit", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, "Receives mail by SMTP.");
  g_option_context_add_main_entries (context, entries, NULL);

  return g_option_context_parse (context, argc, argv, error) && check_options (self, rest, error);
}

/* The server */

static gboolean
listen_on_each (SmtpServer        *server,
                char             **addresses,
                SmtpListenerKind   kind,
                GError           **error)
{
  for (guint i = 0; addresses != NULL && addresses[i] != NULL; i++)
    {
      if (!smtp_server_listen (server, addresses[i], kind, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
listen_on_all (SmtpServer     *server,
               const Options  *options,
               GError        **error)
{
  if (options->listen == NULL && options->lmtp_listen == NULL && options->smtps_listen == NULL)
    return smtp_server_listen (server, DEFAULT_ADDRESS, SMTP_LISTENER_KIND_SMTP, error);

  return listen_on_each (server, options->listen, SMTP_LISTENER_KIND_SMTP, error) &&
         listen_on_each (server, options->lmtp_listen, SMTP_LISTENER_KIND_LMTP, error) &&
         listen_on_each (server, options->smtps_listen, SMTP_LISTENER_KIND_SMTPS, error);
}

/* Who started this program may be waiting for these lines. */
static gboolean
print_addresses (SmtpServer  *server,
                 GError     **error)
{
  g_auto (GStrv) addresses = smtp_server_dup_listen_addresses (server);

  for (guint i = 0; addresses[i] != NULL; i++)
    printf ("listening on %s\n", addresses[i]);

  if (fflush (stdout) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cannot write to standard output: %s", g_strerror (errno));

  return FALSE;
}

static gboolean
set_up_tls (SmtpServer     *server,
            const Options  *options,
            GError        **error)
{
  g_autoptr (SmtpTlsContext) context = NULL;

  if (options->tls_cert != NULL)
    context = smtp_tls_context_new (options->tls_cert, options->tls_key, error);
  else if (options->tls_self_signed)
    context = smtp_tls_context_new_self_signed (smtp_server_get_hostname (server), error);
  else
    return TRUE;

  smtp_server_set_tls_context (server, context);
  smtp_server_set_require_tls (server, options->require_tls);

  return context != NULL;
}

static SmtpServer *
make_server (const Options  *options,
             GError        **error)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (SmtpHandler) handler = gsmtpd_make_handler (options->handler, error);

  if (handler == NULL)
    return NULL;

  smtp_server_add_handler (server, handler);
  smtp_server_set_data_size_limit (server, options->size_number);
  smtp_server_set_smtputf8 (server, options->smtputf8);
  if (options->hostname != NULL)
    smtp_server_set_hostname (server, options->hostname);
  if (options->timeout != NULL)
    smtp_server_set_timeout (server, (guint) options->timeout_number);
  if (options->max_errors != NULL)
    smtp_server_set_max_errors (server, (guint) options->max_errors_number);
  set_up_logging (server);

  if (!set_up_tls (server, options, error))
    return NULL;

  if (!listen_on_all (server, options, error))
    {
      g_socket_listener_close (G_SOCKET_LISTENER (server));
      return NULL;
    }

  return g_steal_pointer (&server);
}

/* The end */

static gboolean
quit_when_empty (gpointer data)
{
  Program *self = data;

  self->grace_checks++;
  if (smtp_server_get_n_sessions (self->server) > 0 &&
      self->grace_checks < GRACE_PERIOD_MS / GRACE_CHECK_MS)
    return G_SOURCE_CONTINUE;

  g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

static gboolean
stop (gpointer data)
{
  Program *self = data;
  g_autoptr (GPtrArray) sessions = NULL;
  g_autoptr (SmtpReply) reply = NULL;

  /* Whoever asks twice will not wait. */
  if (self->stopping)
    {
      g_main_loop_quit (self->loop);
      return G_SOURCE_CONTINUE;
    }

  self->stopping = TRUE;
  g_socket_service_stop (G_SOCKET_SERVICE (self->server));
  g_socket_listener_close (G_SOCKET_LISTENER (self->server));

  sessions = smtp_server_get_sessions (self->server);
  reply = smtp_reply_new (421, "4.3.2 The server is shutting down");
  for (guint i = 0; i < sessions->len; i++)
    smtp_session_close (g_ptr_array_index (sessions, i), reply);

  if (sessions->len == 0)
    g_main_loop_quit (self->loop);
  else
    g_timeout_add (GRACE_CHECK_MS, quit_when_empty, self);

  return G_SOURCE_CONTINUE;
}

static gboolean
run (const Options  *options,
     GError        **error)
{
  g_autoptr (SmtpServer) server = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Program program = { .loop = loop };

  /* Before listening, so that no signal finds the program unprepared. */
  g_unix_signal_add (SIGTERM, stop, &program);
  g_unix_signal_add (SIGINT, stop, &program);

  server = make_server (options, error);
  if (server == NULL)
    return FALSE;
  program.server = server;

  if (!print_addresses (server, error))
    return FALSE;

  g_main_loop_run (loop);

  return TRUE;
}

/* Without the three standard files, a socket could become one of them, and a client be
 * sent what was meant for a terminal. */
static void
open_standard_files (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);

  if (fd >= 0)
    close (fd);
}

int
main (int    argc,
      char **argv)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;

  open_standard_files ();
  signal (SIGPIPE, SIG_IGN);
  g_log_set_writer_func (write_log, NULL, NULL);

  if (!parse_options (&options, &argc, &argv, &error))
    return report_error (error);

  if (options.version)
    {
      printf ("gsmtpd %d.%d.%d\n", SMTPD_MAJOR_VERSION, SMTPD_MINOR_VERSION, SMTPD_MICRO_VERSION);
      return fflush (stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }

  if (!run (&options, &error))
    return report_error (error);

  return EXIT_SUCCESS;
}
