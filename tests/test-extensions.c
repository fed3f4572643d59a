/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Extensions as objects: those of the library and those of a program, for a server and for a session, and
 * what clients see of it. What each parameter looks like is a matter of tests/transcripts/esmtp-*.txt. */

#include <string.h>

#include "dialogue/smtp-commands.h"
#include "dialogue/smtp-dialogue.h"
#include "smtp-extension-private.h"
#include "smtp-handler.h"
#include "smtp-session-private.h"
#include "test-log.h"


/* A client and a server, without a socket between them. */

static void
host_write (gpointer    data,
            const char *octets,
            gsize       size)
{
  g_string_append_len (data, octets, size);
}

static void
host_deadline (gpointer data,
               gint64   microseconds)
{
}

static void
host_ignore (gpointer data)
{
}

static const SmtpDialogueHost host = { host_write, host_deadline, host_ignore, host_ignore };

typedef struct
{
  SmtpServer *server;
  SmtpSession *session;
  SmtpDialogue *dialogue;
  GString *output;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->server = smtp_server_new ();
  smtp_server_set_hostname (fixture->server, "mx.example");
  smtp_server_get_poller (fixture->server);
  fixture->session = smtp_session_new ();
  fixture->output = g_string_new (NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->dialogue, smtp_dialogue_free);
  g_string_free (fixture->output, TRUE);
  g_assert_finalize_object (fixture->session);
  g_assert_finalize_object (fixture->server);
}

/* What is answered to one line. */
static const char *
ask (Fixture    *fixture,
     const char *line)
{
  g_autofree char *input = g_strconcat (line, "\r\n", NULL);
  guint budget = 2;

  if (fixture->dialogue == NULL)
    {
      fixture->dialogue = smtp_dialogue_new (fixture->server, fixture->session, &host, fixture->output);
      smtp_dialogue_start (fixture->dialogue);
    }
  g_string_truncate (fixture->output, 0);
  g_assert_cmpuint (smtp_dialogue_input (fixture->dialogue, input, strlen (input), &budget), ==, strlen (input));

  return fixture->output->str;
}

static void
check (Fixture    *fixture,
       const char *line,
       const char *beginning)
{
  const char *answer = ask (fixture, line);

  if (!g_str_has_prefix (answer, beginning))
    g_error ("%s: \"%s\", not \"%s\"", line, answer, beginning);
}

static gboolean
announces (Fixture    *fixture,
           const char *keyword)
{
  g_auto (GStrv) lines = g_strsplit (ask (fixture, "EHLO me"), "\r\n", -1);

  for (guint i = 1; lines[i] != NULL; i++)
    {
      if (strlen (lines[i]) > 4 && g_str_has_prefix (lines[i] + 4, keyword) &&
          (lines[i][4 + strlen (keyword)] == '\0' || lines[i][4 + strlen (keyword)] == ' '))
        return TRUE;
    }

  return FALSE;
}

/* The library's own */

static void
test_builtin (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GPtrArray) extensions = smtp_server_get_extensions (fixture->server);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  SmtpExtension *dsn = smtp_server_lookup_extension (fixture->server, "dsn");
  g_auto (GStrv) mail = smtp_extension_dup_parameters (dsn, "MAIL");
  g_auto (GStrv) rcpt = smtp_extension_dup_parameters (dsn, "rcpt");
  g_auto (GStrv) commands = smtp_extension_dup_commands (smtp_server_lookup_extension (fixture->server, "CHUNKING"));

  g_assert_cmpuint (extensions->len, ==, SMTP_N_ESMTP - 1);
  for (guint i = 0; i < extensions->len; i++)
    {
      SmtpExtension *extension = g_ptr_array_index (extensions, i);
      const char *keyword = smtp_extension_get_keyword (extension);

      g_assert_true (g_hash_table_add (seen, (gpointer) keyword));
      g_assert_true (smtp_server_lookup_extension (fixture->server, keyword) == extension);
    }
  g_assert_cmpstr (smtp_extension_get_keyword (dsn), ==, "DSN");
  g_assert_cmpstr (mail[0], ==, "RET");
  g_assert_cmpstr (mail[1], ==, "ENVID");
  g_assert_null (mail[2]);
  g_assert_cmpstr (rcpt[0], ==, "NOTIFY");
  g_assert_cmpstr (rcpt[1], ==, "ORCPT");
  g_assert_null (rcpt[2]);
  g_assert_cmpstr (commands[0], ==, "BDAT");
  g_assert_null (smtp_server_lookup_extension (fixture->server, "XFOO"));
}

/* Promises are the program's to make. */
static void
test_defaults (Fixture       *fixture,
               gconstpointer  data)
{
  static const char * const on[] = { "PIPELINING", "SIZE", "8BITMIME", "BINARYMIME", "CHUNKING",
                                     "ENHANCEDSTATUSCODES", "HELP" };
  static const char * const off[] = { "SMTPUTF8", "DSN", "DELIVERBY", "MT-PRIORITY", "REQUIRETLS", "FUTURERELEASE",
                                      "RRVS", "NO-SOLICITING", "LIMITS" };
  /* Switched on, for as soon as there is somebody who does the work. */
  static const char * const idle[] = { "STARTTLS", "AUTH", "BURL", "ETRN", "EXPN" };

  for (guint i = 0; i < G_N_ELEMENTS (on); i++)
    {
      g_assert_true (smtp_server_get_extension_enabled (fixture->server, on[i]));
      g_assert_true (announces (fixture, on[i]));
    }
  for (guint i = 0; i < G_N_ELEMENTS (off); i++)
    {
      g_assert_false (smtp_server_get_extension_enabled (fixture->server, off[i]));
      g_assert_false (announces (fixture, off[i]));
    }
  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    {
      g_assert_true (smtp_server_get_extension_enabled (fixture->server, idle[i]));
      g_assert_false (announces (fixture, idle[i]));
    }
  g_assert_false (smtp_server_get_extension_enabled (fixture->server, "XFOO"));
}

static void
count (GObject    *object,
       GParamSpec *pspec,
       guint      *counter)
{
  (*counter)++;
}

static void
test_smtputf8_is_one (Fixture       *fixture,
                      gconstpointer  data)
{
  guint notified = 0;

  g_signal_connect (fixture->server, "notify::smtputf8", G_CALLBACK (count), &notified);
  smtp_server_set_extension_enabled (fixture->server, "smtputf8", TRUE);
  g_assert_true (smtp_server_get_smtputf8 (fixture->server));
  smtp_server_set_smtputf8 (fixture->server, TRUE);
  g_assert_cmpuint (notified, ==, 1);
  smtp_server_set_smtputf8 (fixture->server, FALSE);
  g_assert_false (smtp_server_get_extension_enabled (fixture->server, "SMTPUTF8"));
  g_assert_cmpuint (notified, ==, 2);
}

static void
test_futurerelease (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr (GRegex) line = g_regex_new ("250-FUTURERELEASE 3600 (\\S+)\r\n", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GDateTime) latest = NULL;
  g_autofree char *text = NULL;
  gint64 left;

  smtp_server_set_extension_enabled (fixture->server, "FUTURERELEASE", TRUE);
  smtp_extension_set_value (smtp_server_lookup_extension (fixture->server, "FUTURERELEASE"), "3600");
  ask (fixture, "EHLO me");
  g_assert_true (g_regex_match (line, fixture->output->str, 0, &match));
  text = g_match_info_fetch (match, 1);
  latest = g_date_time_new_from_iso8601 (text, NULL);
  g_assert_nonnull (latest);
  left = g_date_time_to_unix (latest) - g_get_real_time () / G_USEC_PER_SEC;
  g_assert_cmpint (left, <=, 3600);
  g_assert_cmpint (left, >, 3000);
}

/* For one client */

static SmtpVerdict
switch_over (SmtpServer   *server,
             SmtpSession  *session,
             SmtpEnvelope *envelope,
             SmtpRequest  *request,
             gpointer      data)
{
  smtp_session_set_extension_enabled (session, "CHUNKING", FALSE);
  smtp_session_set_extension_enabled (session, "dsn", TRUE);

  return SMTP_VERDICT_CONTINUE;
}

static void
test_session (Fixture       *fixture,
              gconstpointer  data)
{
  Fixture other = { 0 };

  g_signal_connect (fixture->server, "handle-connect", G_CALLBACK (switch_over), NULL);
  g_assert_false (announces (fixture, "CHUNKING"));
  g_assert_false (announces (fixture, "BINARYMIME"));
  g_assert_true (announces (fixture, "DSN"));
  check (fixture, "BDAT 0 LAST", "500 5.5.1 ");
  check (fixture, "MAIL FROM:<a@e.org> RET=FULL", "250 ");
  check (fixture, "RCPT TO:<a@e.org> NOTIFY=NEVER", "250 ");
  smtp_session_set_extension_enabled (fixture->session, "DSN", FALSE);
  check (fixture, "RCPT TO:<a@e.org> NOTIFY=NEVER", "555 ");

  /* The next one has what the server says. */
  g_signal_handlers_disconnect_by_func (fixture->server, switch_over, NULL);
  other.server = fixture->server;
  other.session = smtp_session_new ();
  other.output = g_string_new (NULL);
  g_assert_true (announces (&other, "CHUNKING"));
  g_assert_false (announces (&other, "DSN"));
  smtp_dialogue_free (other.dialogue);
  g_string_free (other.output, TRUE);
  g_object_unref (other.session);
}

static SmtpVerdict
switch_late (SmtpServer   *server,
             SmtpSession  *session,
             SmtpEnvelope *envelope,
             SmtpRequest  *request,
             const char   *host_name,
             gpointer      data)
{
  smtp_session_set_extension_enabled (session, "SIZE", FALSE);

  return SMTP_VERDICT_CONTINUE;
}

static void
test_session_in_ehlo (Fixture       *fixture,
                      gconstpointer  data)
{
  g_signal_connect (fixture->server, "handle-ehlo", G_CALLBACK (switch_late), NULL);
  ask (fixture, "EHLO me");
  check (fixture, "MAIL FROM:<a@e.org> SIZE=1", "555 ");
  g_assert_false (announces (fixture, "SIZE"));
}

/* A program's own */

static void
run_xfoo (SmtpServer  *server,
          SmtpSession *session,
          SmtpRequest *request,
          const char  *argument,
          gpointer     data)
{
  g_autofree char *text = g_strdup_printf ("%s to %s", (const char *) data, argument);

  smtp_request_reply (request, 250, text);
}

static guint freed;

static void
note_freed (gpointer data)
{
  freed++;
}

static SmtpExtension *
make_xfoo (void)
{
  SmtpExtension *extension = smtp_extension_new ("XFOO");

  smtp_extension_set_value (extension, "bar baz");
  smtp_extension_add_parameter (extension, "mail", "XFOO", 100);
  smtp_extension_add_parameter (extension, "RCPT", "X-BAR", 0);
  smtp_extension_add_command (extension, "xfoo", run_xfoo, (gpointer) "hello", note_freed);

  return extension;
}

static void
test_own (Fixture       *fixture,
          gconstpointer  data)
{
  g_autoptr (SmtpExtension) extension = make_xfoo ();
  g_autofree char *x = g_strnfill (512 + 26 + 17 + 500 + 100 - strlen ("MAIL FROM:<a@e.org> XFOO=\r\n"), 'x');
  g_autofree char *longest = g_strconcat ("MAIL FROM:<a@e.org> XFOO=", x, NULL);
  g_autofree char *too_long = g_strconcat (longest, "x", NULL);

  freed = 0;
  smtp_server_add_extension (fixture->server, extension);
  g_assert_true (smtp_server_lookup_extension (fixture->server, "xfoo") == extension);
  g_assert_true (smtp_server_get_extension_enabled (fixture->server, "xfoo"));
  g_assert_true (announces (fixture, "XFOO bar baz"));
  check (fixture, "XFOO you", "250 hello to you\r\n");
  check (fixture, too_long, "500 5.5.2 Line too long");
  check (fixture, longest, "250 ");
  check (fixture, "RCPT TO:<a@e.org> XFOO", "555 ");
  check (fixture, "RCPT TO:<a@e.org> x-bar=1", "250 ");

  smtp_server_set_extension_enabled (fixture->server, "XFOO", FALSE);
  g_assert_false (announces (fixture, "XFOO"));
  check (fixture, "XFOO you", "500 5.5.1 ");
  check (fixture, "MAIL FROM:<a@e.org> XFOO", "555 ");
  check (fixture, longest, "500 5.5.2 Line too long");
  smtp_session_set_extension_enabled (fixture->session, "xfoo", TRUE);
  g_assert_true (announces (fixture, "XFOO"));
  check (fixture, "XFOO you", "250 ");

  g_assert_true (smtp_server_remove_extension (fixture->server, "xFOO"));
  g_assert_false (smtp_server_remove_extension (fixture->server, "XFOO"));
  check (fixture, "XFOO you", "500 5.5.1 ");
  g_assert_false (announces (fixture, "XFOO"));
  g_assert_cmpuint (freed, ==, 0);
  g_clear_object (&extension);
  g_assert_cmpuint (freed, ==, 1);
}

static void
test_belongs_to_one (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (SmtpExtension) extension = make_xfoo ();
  g_autoptr (SmtpServer) other = smtp_server_new ();

  smtp_server_add_extension (fixture->server, extension);
  log_expect ("XFOO belongs to a server already", 1);
  smtp_server_add_extension (other, extension);
  log_assert_done ();
  g_assert_true (smtp_server_remove_extension (fixture->server, "XFOO"));
  smtp_server_add_extension (other, extension);
  g_assert_true (smtp_server_lookup_extension (other, "XFOO") == extension);
}

/* In place of the library's, command and all; what was replaced is back when it goes. */
static void
test_replaces (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (SmtpExtension) chunking = smtp_extension_new ("chunking");

  smtp_extension_add_command (chunking, "BDAT", run_xfoo, (gpointer) "no", NULL);
  smtp_server_add_extension (fixture->server, chunking);
  g_assert_true (smtp_server_lookup_extension (fixture->server, "CHUNKING") == chunking);
  check (fixture, "BDAT all of it", "250 no to all of it\r\n");
  g_assert_false (announces (fixture, "BINARYMIME"));
  smtp_server_remove_extension (fixture->server, "CHUNKING");
  check (fixture, "BDAT 0 LAST", "500 5.5.1 ");
  smtp_server_set_extension_enabled (fixture->server, "CHUNKING", TRUE);
  check (fixture, "BDAT 0 LAST", "503 5.5.1 ");
}

/* One that judges */

#define TEST_TYPE_EXTENSION (test_extension_get_type ())
G_DECLARE_FINAL_TYPE (TestExtension, test_extension, TEST, EXTENSION, SmtpExtension)

struct _TestExtension
{
  SmtpExtension parent_instance;

  gboolean hides;
};

G_DEFINE_FINAL_TYPE (TestExtension, test_extension, SMTP_TYPE_EXTENSION)

static gboolean
test_extension_is_on_offer (SmtpExtension *extension,
                            SmtpServer    *server,
                            SmtpSession   *session)
{
  return !TEST_EXTENSION (extension)->hides;
}

static char *
test_extension_describe (SmtpExtension *extension,
                         SmtpServer    *server,
                         SmtpSession   *session)
{
  return g_strdup_printf ("for %s", smtp_server_get_hostname (server));
}

static gboolean
test_extension_check_parameter (SmtpExtension *extension,
                                SmtpSession   *session,
                                const char    *verb,
                                const char    *keyword,
                                const char    *value)
{
  /* It may go while it is asked. */
  if (g_strcmp0 (value, "go") == 0)
    smtp_server_remove_extension (g_object_get_data (G_OBJECT (extension), "server"), "XJUDGE");

  return g_str_equal (verb, "MAIL") && g_ascii_strcasecmp (keyword, "XJUDGE") == 0 && value != NULL && *value != 'b';
}

static void
test_extension_class_init (TestExtensionClass *klass)
{
  SmtpExtensionClass *extension_class = SMTP_EXTENSION_CLASS (klass);

  extension_class->is_on_offer = test_extension_is_on_offer;
  extension_class->describe = test_extension_describe;
  extension_class->check_parameter = test_extension_check_parameter;
}

static void
test_extension_init (TestExtension *self)
{
}

static void
test_derived (Fixture       *fixture,
              gconstpointer  data)
{
  SmtpExtension *extension = g_object_new (TEST_TYPE_EXTENSION, "keyword", "XJUDGE", NULL);

  smtp_extension_add_parameter (extension, "MAIL", "XJUDGE", 50);
  g_object_set_data (G_OBJECT (extension), "server", fixture->server);
  smtp_server_add_extension (fixture->server, extension);
  g_object_unref (extension);

  g_assert_true (announces (fixture, "XJUDGE for mx.example"));
  check (fixture, "MAIL FROM:<a@e.org> XJUDGE", "501 5.5.4 ");
  check (fixture, "MAIL FROM:<a@e.org> XJUDGE=bad", "501 5.5.4 ");
  check (fixture, "MAIL FROM:<a@e.org> xjudge=good", "250 ");
  ask (fixture, "RSET");
  TEST_EXTENSION (extension)->hides = TRUE;
  g_assert_false (announces (fixture, "XJUDGE"));
  check (fixture, "MAIL FROM:<a@e.org> XJUDGE=good", "555 ");
  TEST_EXTENSION (extension)->hides = FALSE;
  check (fixture, "MAIL FROM:<a@e.org> XJUDGE=go", "250 ");
  ask (fixture, "RSET");
  check (fixture, "MAIL FROM:<a@e.org> XJUDGE=good", "555 ");
}

static void
test_requires_tls (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (SmtpExtension) extension = make_xfoo ();

  smtp_extension_set_requires_tls (extension, TRUE);
  smtp_server_add_extension (fixture->server, extension);
  g_assert_false (announces (fixture, "XFOO"));
  check (fixture, "XFOO you", "500 5.5.1 ");
  check (fixture, "MAIL FROM:<a@e.org> XFOO", "555 ");
}

/* Parameters that nobody claims */

typedef struct
{
  guint asked;
  SmtpVerdict answer;
} Asked;

static SmtpVerdict
on_parameter (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              const char   *verb,
              const char   *keyword,
              const char   *value,
              Asked        *asked)
{
  g_assert_true (SMTP_IS_SESSION (session));
  g_assert_true (SMTP_IS_ENVELOPE (envelope));
  g_assert_cmpstr (verb, ==, "MAIL");
  g_assert_cmpstr (keyword, ==, "Xoorg");
  g_assert_cmpstr (value, ==, "Example.Org");
  asked->asked++;

  return asked->answer;
}

#define TEST_TYPE_HANDLER (test_handler_get_type ())
G_DECLARE_FINAL_TYPE (TestHandler, test_handler, TEST, HANDLER, SmtpHandler)

struct _TestHandler
{
  SmtpHandler parent_instance;

  guint asked;
};

G_DEFINE_FINAL_TYPE (TestHandler, test_handler, SMTP_TYPE_HANDLER)

static SmtpVerdict
test_handler_handle_parameter (SmtpHandler  *handler,
                               SmtpServer   *server,
                               SmtpSession  *session,
                               SmtpEnvelope *envelope,
                               const char   *verb,
                               const char   *keyword,
                               const char   *value)
{
  TEST_HANDLER (handler)->asked++;

  return SMTP_VERDICT_HANDLED;
}

static void
test_handler_class_init (TestHandlerClass *klass)
{
  SMTP_HANDLER_CLASS (klass)->handle_parameter = test_handler_handle_parameter;
}

static void
test_handler_init (TestHandler *self)
{
}

static void
test_unclaimed (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (TestHandler) handler = g_object_new (TEST_TYPE_HANDLER, NULL);
  Asked asked = { 0, SMTP_VERDICT_CONTINUE };
  SmtpParameters *parameters;

  ask (fixture, "EHLO me");
  check (fixture, "MAIL FROM:<a@e.org> Xoorg=Example.Org", "555 ");
  g_signal_connect (fixture->server, "handle-parameter", G_CALLBACK (on_parameter), &asked);
  check (fixture, "MAIL FROM:<a@e.org> Xoorg=Example.Org", "555 ");
  g_assert_cmpuint (asked.asked, ==, 1);

  /* Asked once for a command, not again when it takes effect. */
  asked.answer = SMTP_VERDICT_HANDLED;
  check (fixture, "MAIL FROM:<a@e.org> Xoorg=Example.Org", "250 ");
  g_assert_cmpuint (asked.asked, ==, 2);
  parameters = smtp_envelope_get_mail_parameters (fixture->dialogue->envelope);
  g_assert_cmpstr (smtp_parameters_lookup (parameters, "XOORG"), ==, "Example.Org");
  ask (fixture, "RSET");

  /* One that fails has not said yes. */
  asked.answer = SMTP_VERDICT_FAILED;
  check (fixture, "MAIL FROM:<a@e.org> Xoorg=Example.Org", "451 ");
  asked.answer = SMTP_VERDICT_CONTINUE;
  smtp_server_add_handler (fixture->server, SMTP_HANDLER (handler));
  check (fixture, "MAIL FROM:<a@e.org> Xoorg=Example.Org", "250 ");
  g_assert_cmpuint (handler->asked, ==, 1);
  smtp_server_remove_handler (fixture->server, SMTP_HANDLER (handler));
}

/* Typed values without a server: an envelope may be made by hand. */
static void
test_values (void)
{
  static const char * const mail[] = { "ENVID=a+2Bb", "BY=10;R", "MT-PRIORITY=9", "REQUIRETLS", "RET=NONSENSE", NULL };
  static const char * const rcpt[] = { "NOTIFY=FAILURE,DELAY", "ORCPT=RFC822;x@e.org", NULL };
  g_autoptr (SmtpEnvelope) envelope = smtp_envelope_new ();
  g_autoptr (SmtpParameters) parameters = smtp_parameters_new (mail, NULL);
  g_autoptr (SmtpParameters) rcpt_parameters = smtp_parameters_new (rcpt, NULL);
  g_autoptr (SmtpAddress) address = smtp_address_new ("a@e.org", NULL);
  SmtpRecipient *recipient = smtp_envelope_add_recipient (envelope, address, rcpt_parameters);
  g_autofree char *original = smtp_recipient_dup_original_address (recipient);
  g_autofree char *type = smtp_recipient_dup_original_type (recipient);
  g_autofree char *nothing = smtp_envelope_dup_envelope_id (envelope);
  g_autofree char *id = NULL;

  g_assert_null (nothing);
  g_assert_cmpint (smtp_envelope_get_deliver_by (envelope), ==, SMTP_DELIVER_BY_NONE);
  g_assert_false (smtp_envelope_get_require_tls (envelope));

  smtp_envelope_set_mail_parameters (envelope, parameters);
  id = smtp_envelope_dup_envelope_id (envelope);
  g_assert_cmpstr (id, ==, "a+b");
  g_assert_cmpint (smtp_envelope_get_deliver_by (envelope), ==, SMTP_DELIVER_BY_RETURN);
  g_assert_cmpint (smtp_envelope_get_deliver_by_seconds (envelope), ==, 10);
  g_assert_cmpint (smtp_envelope_get_priority (envelope), ==, 9);
  g_assert_true (smtp_envelope_get_require_tls (envelope));
  g_assert_cmpint (smtp_envelope_get_dsn_return (envelope), ==, SMTP_DSN_RETURN_DEFAULT);
  g_assert_cmpuint (smtp_recipient_get_dsn_notify (recipient), ==, SMTP_DSN_NOTIFY_FAILURE | SMTP_DSN_NOTIFY_DELAY);
  g_assert_cmpstr (original, ==, "x@e.org");
  g_assert_cmpstr (type, ==, "rfc822");
}

/* No line is longer than what is read of one. */
static void
test_longest_line (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GPtrArray) extensions = smtp_server_get_extensions (fixture->server);

  for (guint i = 0; i < extensions->len; i++)
    smtp_server_set_extension_enabled (fixture->server, smtp_extension_get_keyword (g_ptr_array_index (extensions, i)), TRUE);

  g_assert_cmpuint (smtp_extensions_get_line_extra (fixture->server, fixture->session, FALSE), <=, SMTP_COMMAND_EXTRA_MAX);
  g_assert_cmpuint (smtp_extensions_get_line_extra (fixture->server, fixture->session, TRUE), <=, SMTP_COMMAND_EXTRA_MAX);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

#define ADD(path, function) g_test_add ("/extensions/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("builtin", test_builtin);
  ADD ("defaults", test_defaults);
  ADD ("smtputf8-is-one", test_smtputf8_is_one);
  ADD ("futurerelease", test_futurerelease);
  ADD ("session", test_session);
  ADD ("session-in-ehlo", test_session_in_ehlo);
  ADD ("own", test_own);
  ADD ("belongs-to-one", test_belongs_to_one);
  ADD ("replaces", test_replaces);
  ADD ("derived", test_derived);
  ADD ("requires-tls", test_requires_tls);
  ADD ("unclaimed", test_unclaimed);
  ADD ("longest-line", test_longest_line);
  g_test_add_func ("/extensions/values", test_values);

  return g_test_run ();
}
