/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* AUTH, without a socket: who is let in, and above all who is not. */

#include <string.h>

#include <gsasl.h>

#include "dialogue/smtp-dialogue.h"
#include "smtp-sasl-mechanism.h"
#include "smtp-session-private.h"

/* What the library logs. What goes wrong here is warned of, and not what is looked at. */
static GString *log_lines;

static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         data)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, "MESSAGE") == 0)
        g_string_append_printf (log_lines, "%s\n", (const char *) fields[i].value);
    }

  return (level & G_LOG_LEVEL_MASK) <= G_LOG_LEVEL_CRITICAL ? g_log_writer_default (level, fields, n_fields, data)
                                                             : G_LOG_WRITER_HANDLED;
}

/* A client that has the main context to itself. */

typedef struct
{
  SmtpServer *server;
  SmtpSession *session;
  SmtpDialogue *dialogue;
  GString *output;
  gint64 deadline;      /* the last one that was set, microseconds from then */
  gboolean over;

  /* The hooks. */
  const char *password; /* of joe; NULL: nobody gives secrets */
  SmtpSecret *secret;   /* in its place */
  guint n_verdicts;
  SmtpCredentials *seen;
  SmtpRequest *held;
} Test;

static void
host_write (gpointer    data,
            const char *octets,
            gsize       size)
{
  g_string_append_len (((Test *) data)->output, octets, size);
}

static void
host_deadline (gpointer data,
               gint64   microseconds)
{
  ((Test *) data)->deadline = microseconds;
}

static void
host_resume (gpointer data)
{
}

static void
host_over (gpointer data)
{
  ((Test *) data)->over = TRUE;
}

static const SmtpDialogueHost host = { host_write, host_deadline, host_resume, host_over };

static void
settle (Test *test)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (!smtp_dialogue_is_ready (test->dialogue) && !test->over && test->held == NULL &&
         test->dialogue->phase != SMTP_PHASE_PENALTY)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpint (g_get_monotonic_time (), <, end);
    }
}

static void
feed (Test       *test,
      const char *octets)
{
  gsize size = strlen (octets);
  guint budget = 100;

  g_string_set_size (test->output, 0);
  g_assert_cmpuint (smtp_dialogue_input (test->dialogue, octets, size, &budget), ==, size);
  settle (test);
}

/* The reply's last line, without its CRLF. */
static const char *
last_line (Test *test)
{
  char *start;

  if (g_str_has_suffix (test->output->str, "\r\n"))
    g_string_truncate (test->output, test->output->len - 2);
  start = strrchr (test->output->str, '\n');

  return start != NULL ? start + 1 : test->output->str;
}

static const char *
say (Test       *test,
     const char *line)
{
  g_autofree char *text = g_strconcat (line, "\r\n", NULL);

  feed (test, text);

  return last_line (test);
}

static void
expect (Test       *test,
        const char *line,
        const char *reply)
{
  g_assert_cmpstr (say (test, line), ==, reply);
}

static SmtpVerdict
on_credentials (SmtpServer      *server,
                SmtpSession     *session,
                SmtpEnvelope    *envelope,
                SmtpRequest     *request,
                SmtpCredentials *credentials,
                Test            *test)
{
  g_autoptr (SmtpSecret) secret = NULL;

  if (g_strcmp0 (smtp_credentials_get_authentication_id (credentials), "joe") == 0)
    secret = test->secret != NULL ? smtp_secret_ref (test->secret) : smtp_secret_new_password (test->password);
  smtp_request_send_secret (request, secret);

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
look (SmtpServer      *server,
      SmtpSession     *session,
      SmtpEnvelope    *envelope,
      SmtpRequest     *request,
      SmtpCredentials *credentials,
      Test            *test)
{
  test->n_verdicts++;
  g_set_object (&test->seen, credentials);

  return SMTP_VERDICT_CONTINUE;
}

static void
begin (Test *test)
{
  test->server = g_object_new (SMTP_TYPE_SERVER, "hostname", "mx.example", "auth-requires-tls", FALSE,
                               "auth-failure-delay", 0, "error-delay", 0, NULL);
  test->output = g_string_new (NULL);
  if (test->password != NULL || test->secret != NULL)
    g_signal_connect (test->server, "handle-credentials", G_CALLBACK (on_credentials), test);
  smtp_server_get_poller (test->server);
}

static void
greet_with (Test       *test,
            const char *mechanisms)
{
  g_auto (GStrv) names = g_strsplit (mechanisms, " ", -1);
  SmtpSessionLink link = { 0 };

  smtp_server_set_auth_mechanisms (test->server, (const char * const *) names);
  test->session = smtp_session_new ();
  link.poller = smtp_server_get_poller (test->server);
  smtp_session_attach (test->session, &link);
  test->dialogue = smtp_dialogue_new (test->server, test->session, &host, test);
  smtp_dialogue_start (test->dialogue);
  say (test, "EHLO me");
}

static void
end (Test *test)
{
  smtp_dialogue_free (test->dialogue);
  g_clear_object (&test->held);
  g_clear_object (&test->seen);
  g_clear_object (&test->session);
  g_clear_pointer (&test->secret, smtp_secret_unref);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (test->server);
  g_string_free (test->output, TRUE);
}

static char *
encode (const char *text,
        gssize      length)
{
  return g_base64_encode ((const guchar *) text, length < 0 ? strlen (text) : (gsize) length);
}

#define INVALID "535 5.7.8 Authentication credentials invalid"
#define FAILED "454 4.7.0 Temporary authentication failure"
#define SUCCEEDED "235 2.7.0 Authentication succeeded"
#define PLAIN_JOE "AUTH PLAIN AGpvZQBwZW5jaWw="
#define PLAIN_WRONG "AUTH PLAIN AGpvZQB3cm9uZw=="
#define PLAIN_JIM "AUTH PLAIN AGppbQBwZW5jaWw="
#define PLAIN_JOE_FOR_JIM "AUTH PLAIN amltAGpvZQBwZW5jaWw="

/* Secrets */

static void
test_plain (void)
{
  Test test = { .password = "pencil" };

  begin (&test);
  g_signal_connect (test.server, "handle-auth", G_CALLBACK (look), &test);
  greet_with (&test, "PLAIN");
  expect (&test, PLAIN_WRONG, INVALID);
  g_assert_cmpuint (test.n_verdicts, ==, 0);
  expect (&test, PLAIN_JIM, INVALID);
  g_assert_false (smtp_session_get_authenticated (test.session));
  g_assert_cmpstr (smtp_session_get_protocol (test.session), ==, "ESMTP");
  expect (&test, PLAIN_JOE_FOR_JIM, INVALID);
  g_assert_cmpstr (smtp_credentials_get_authorization_id (test.seen), ==, "jim");
  g_assert_true (smtp_credentials_get_verified (test.seen));
  expect (&test, PLAIN_JOE, SUCCEEDED);
  g_assert_true (smtp_session_get_authenticated (test.session));
  g_assert_cmpstr (smtp_session_get_identity (test.session), ==, "joe");
  g_assert_cmpstr (smtp_session_get_auth_mechanism (test.session), ==, "PLAIN");
  g_assert_cmpstr (smtp_session_get_protocol (test.session), ==, "ESMTPA");

  /* Whoever has kept them finds no password any more. */
  g_assert_null (smtp_credentials_get_password (test.seen));
  end (&test);
}

static void
test_plain_with_keys (void)
{
  Test test = { .secret = smtp_secret_derive (SMTP_SCRAM_HASH_SHA256, "pencil", 4096, NULL) };

  begin (&test);
  greet_with (&test, "PLAIN");
  expect (&test, PLAIN_WRONG, INVALID);
  expect (&test, PLAIN_JOE, SUCCEEDED);
  end (&test);
}

static void
test_cram_md5 (void)
{
  Test test = { .password = "tanstaaftanstaaf" };

  begin (&test);
  greet_with (&test, "CRAM-MD5");
  expect (&test, "AUTH CRAM-MD5 am9l", "501 5.5.2 Not a response of this mechanism");

  for (guint i = 0; i < 3; i++)
    {
      const char *users[] = { "joe", "joe", "jim" };
      const char *keys[] = { "wrong", "tanstaaftanstaaf", "tanstaaftanstaaf" };
      g_autofree char *base64 = g_strdup (say (&test, "AUTH CRAM-MD5") + 4);
      g_autofree char *challenge = NULL;
      g_autofree char *digest = NULL;
      g_autofree char *text = NULL;
      g_autofree char *response = NULL;
      gsize size;

      challenge = (char *) g_base64_decode (base64, &size);
      digest = g_compute_hmac_for_data (G_CHECKSUM_MD5, (const guchar *) keys[i], strlen (keys[i]),
                                        (const guchar *) challenge, size);
      text = g_strdup_printf ("%s %s", users[i], digest);
      response = encode (text, -1);
      if (i == 1)
        {
          /* Right, but for another challenge. */
          g_autofree char *stale = g_strdup (response);

          expect (&test, stale, SUCCEEDED);
          break;
        }
      expect (&test, response, INVALID);
    }
  end (&test);
}

/* Who is not there takes as long as who is: both are checked by a worker, and not at once. */
static void
test_plain_unknown_user (void)
{
  Test test = { .secret = smtp_secret_derive (SMTP_SCRAM_HASH_SHA256, "pencil", 4096, NULL) };
  static const char * const lines[] = { PLAIN_WRONG "\r\n", PLAIN_JIM "\r\n" };

  begin (&test);
  greet_with (&test, "PLAIN");
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      guint budget = 1;

      g_string_set_size (test.output, 0);
      smtp_dialogue_input (test.dialogue, lines[i], strlen (lines[i]), &budget);
      g_assert_cmpstr (test.output->str, ==, "");
      settle (&test);
      g_assert_cmpstr (last_line (&test), ==, INVALID);
    }
  end (&test);
}

/* SCRAM, with libgsasl's client on the other side. */

static int
callback (Gsasl          *gsasl,
          Gsasl_session  *session,
          Gsasl_property  property)
{
  return GSASL_NO_CALLBACK;
}

/* The last reply of the server. */
static const char *
run_scram (Test       *test,
           const char *mechanism,
           const char *user,
           const char *password,
           const char *authorization_id,
           gboolean    replay)
{
  static char recorded[8][2048];
  g_autofree char *line = g_strconcat ("AUTH ", mechanism, NULL);
  Gsasl_session *client;
  Gsasl *gsasl;
  guint step = 0;

  g_assert_cmpint (gsasl_init (&gsasl), ==, GSASL_OK);
  gsasl_callback_set (gsasl, callback);
  g_assert_cmpint (gsasl_client_start (gsasl, mechanism, &client), ==, GSASL_OK);
  gsasl_property_set (client, GSASL_AUTHID, user);
  gsasl_property_set (client, GSASL_PASSWORD, password);
  if (authorization_id != NULL)
    gsasl_property_set (client, GSASL_AUTHZID, authorization_id);

  say (test, line);
  while (g_str_has_prefix (last_line (test), "334 "))
    {
      g_autofree char *challenge = g_strdup (last_line (test) + 4);
      char *response = NULL;
      int code = gsasl_step64 (client, challenge, &response);

      if (!replay)
        {
          g_assert_cmpuint (step, <, G_N_ELEMENTS (recorded));
          g_strlcpy (recorded[step], response != NULL ? response : "", sizeof recorded[step]);
        }
      if (code != GSASL_OK && code != GSASL_NEEDS_MORE)
        say (test, replay ? recorded[step] : "*");
      else
        say (test, replay ? recorded[step] : response);
      gsasl_free (response);
      step++;
    }
  gsasl_finish (client);
  gsasl_done (gsasl);

  return last_line (test);
}

static void
test_scram (gconstpointer data)
{
  const char *mechanism = data;
  SmtpScramHash hash = strstr (mechanism, "256") != NULL ? SMTP_SCRAM_HASH_SHA256 : SMTP_SCRAM_HASH_SHA1;

  for (guint with_keys = 0; with_keys < 2; with_keys++)
    {
      Test test = { .password = "pencil" };

      if (with_keys)
        test.secret = smtp_secret_derive (hash, "pencil", 5000, NULL);
      begin (&test);
      g_signal_connect (test.server, "handle-auth", G_CALLBACK (look), &test);
      smtp_server_set_max_auth_failures (test.server, 0);
      greet_with (&test, mechanism);
      g_assert_cmpstr (run_scram (&test, mechanism, "joe", "pencils", NULL, FALSE), ==, INVALID);
      g_assert_cmpstr (run_scram (&test, mechanism, "jim", "pencil", NULL, FALSE), ==, INVALID);
      g_assert_cmpuint (test.n_verdicts, ==, 0);
      g_assert_cmpstr (run_scram (&test, mechanism, "joe", "pencil", "jim", FALSE), ==, INVALID);
      g_assert_cmpstr (smtp_credentials_get_authorization_id (test.seen), ==, "jim");
      g_assert_cmpstr (run_scram (&test, mechanism, "joe", "pencil", NULL, FALSE), ==, SUCCEEDED);
      end (&test);

      /* What was said then is worth nothing now: the server's nonce is another one. */
      test = (Test) { .password = "pencil" };
      begin (&test);
      greet_with (&test, mechanism);
      g_assert_cmpstr (run_scram (&test, mechanism, "joe", "pencil", NULL, TRUE), ==, INVALID);
      g_assert_false (smtp_session_get_authenticated (test.session));
      end (&test);
    }
}

/* Keys of the other hash are of no use, and that is not told. */
static void
test_scram_other_hash (void)
{
  Test test = { .secret = smtp_secret_derive (SMTP_SCRAM_HASH_SHA1, "pencil", 4096, NULL) };

  begin (&test);
  greet_with (&test, "SCRAM-SHA-1 SCRAM-SHA-256");
  g_assert_cmpstr (run_scram (&test, "SCRAM-SHA-256", "joe", "pencil", NULL, FALSE), ==, INVALID);
  g_assert_cmpstr (run_scram (&test, "SCRAM-SHA-1", "joe", "pencil", NULL, FALSE), ==, SUCCEEDED);
  end (&test);
}

/* A user that is not there has a salt, the same each time. */
static void
test_scram_unknown_user (void)
{
  Test test = { .secret = smtp_secret_derive (SMTP_SCRAM_HASH_SHA256, "pencil", 4096, NULL) };
  g_autofree char *line = NULL;
  g_autofree char *base64 = encode ("n,,n=jim,r=abcdefgh", -1);
  char *salts[2];

  begin (&test);
  greet_with (&test, "SCRAM-SHA-256");
  /* The server's secrets have 4096 iterations: so must this one. */
  run_scram (&test, "SCRAM-SHA-256", "joe", "wrong", NULL, FALSE);
  line = g_strconcat ("AUTH SCRAM-SHA-256 ", base64, NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *challenge = NULL;
      gsize size;

      challenge = (char *) g_base64_decode (say (&test, line) + 4, &size);
      g_assert_nonnull (g_strstr_len (challenge, size, ",i=4096"));
      salts[i] = g_strndup (g_strstr_len (challenge, size, ",s="), 20);
      say (&test, "*");
    }
  g_assert_cmpstr (salts[0], ==, salts[1]);
  g_free (salts[0]);
  g_free (salts[1]);
  end (&test);
}

static void
test_scram_malformed (void)
{
  static const char * const messages[] = {
    "", ",", "n,", "n,,", "n,,n=joe", "n,,n=,r=abc", "n,,n=j=2oe,r=abc", "n,,m=x,n=joe,r=abc", "n,a=jim", "x,,n=joe,r=abc",
    "p=tls-unique,,n=joe,r=abc", "n,,n=jo\001e,r=abc", "n,,r=abc,n=joe", "n,,n=joe,r=",
  };
  Test test = { .password = "pencil" };

  begin (&test);
  smtp_server_set_max_auth_failures (test.server, 0);
  greet_with (&test, "SCRAM-SHA-256");
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autofree char *base64 = encode (messages[i], -1);
      g_autofree char *line = g_strconcat ("AUTH SCRAM-SHA-256 ", *base64 != '\0' ? base64 : "=", NULL);
      const char *reply = say (&test, line);

      g_test_message ("%s: %s", messages[i], reply);
      g_assert_true (g_str_has_prefix (reply, "501 5.5.2") || g_str_has_prefix (reply, "535"));
    }
  end (&test);
}

/* Verdicts */

typedef struct
{
  const char *name;
  SmtpVerdict verdict;
  guint code;             /* 0: says nothing */
  gboolean later;         /* after it has held the request */
  const char *reply;
} Row;

static const Row *row;

static SmtpVerdict
follow_row (SmtpServer      *server,
            SmtpSession     *session,
            SmtpEnvelope    *envelope,
            SmtpRequest     *request,
            SmtpCredentials *credentials,
            Test            *test)
{
  test->n_verdicts++;
  if (row->later)
    {
      smtp_request_hold (request);
      g_set_object (&test->held, request);
    }
  else if (row->code != 0)
    smtp_request_reply (request, row->code, NULL);

  return row->verdict;
}

static const Row rows[] =
{
  { "yes", SMTP_VERDICT_HANDLED, 235, FALSE, "235 2.0.0" },
  { "yes-later", SMTP_VERDICT_HANDLED, 235, TRUE, "235 2.0.0" },
  { "no", SMTP_VERDICT_HANDLED, 535, FALSE, "535 5.0.0" },
  { "no-later", SMTP_VERDICT_HANDLED, 535, TRUE, "535 5.0.0" },
  { "no-objection", SMTP_VERDICT_CONTINUE, 0, FALSE, INVALID },
  { "nothing", SMTP_VERDICT_FAILED, 0, FALSE, FAILED },
  { "true", (SmtpVerdict) 7, 0, FALSE, FAILED },
  { "250", SMTP_VERDICT_HANDLED, 250, FALSE, FAILED },
  { "334", SMTP_VERDICT_HANDLED, 334, FALSE, FAILED },
  { "200-later", SMTP_VERDICT_HANDLED, 200, TRUE, FAILED },
  { "999", SMTP_VERDICT_HANDLED, 999, FALSE, "4" },
};

static void
test_verdict (gconstpointer data)
{
  Test test = { 0 };
  gboolean good;

  row = data;
  good = row->code == 235;
  begin (&test);
  g_signal_connect (test.server, "handle-auth", G_CALLBACK (follow_row), &test);
  greet_with (&test, "PLAIN");
  say (&test, PLAIN_JOE);
  if (row->later)
    {
      g_autoptr (SmtpRequest) held = g_steal_pointer (&test.held);

      g_assert_cmpstr (test.output->str, ==, "");
      g_assert_false (smtp_session_get_authenticated (test.session));
      g_assert_true (smtp_request_reply (held, row->code, NULL));
      /* The first one counts. */
      g_assert_false (smtp_request_reply (held, good ? 535 : 235, NULL));
      settle (&test);
    }
  g_assert_true (g_str_has_prefix (last_line (&test), row->reply));
  g_assert_cmpuint (test.n_verdicts, ==, 1);
  g_assert_true (smtp_session_get_authenticated (test.session) == good);
  end (&test);
}

/* Nobody waits any more: the hook's time is over, or the client has left. */
static void
test_too_late (void)
{
  static const Row never = { "never", SMTP_VERDICT_HANDLED, 0, TRUE, FAILED };
  Test test = { 0 };

  row = &never;
  begin (&test);
  g_signal_connect (test.server, "handle-auth", G_CALLBACK (follow_row), &test);
  greet_with (&test, "PLAIN");
  say (&test, PLAIN_JOE);
  smtp_dialogue_time_out (test.dialogue);
  g_assert_cmpstr (last_line (&test), ==, FAILED);
  g_assert_false (smtp_request_reply (test.held, 235, NULL));
  g_clear_object (&test.held);
  expect (&test, "NOOP", "250 2.0.0 Did nothing");

  say (&test, PLAIN_JOE);
  smtp_dialogue_abort (test.dialogue);
  g_assert_false (smtp_request_reply (test.held, 235, NULL));
  g_assert_false (smtp_session_get_authenticated (test.session));
  end (&test);
}

/* 235 from those who have no say. */

static SmtpVerdict
say_235 (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request,
         gpointer      what,
         gpointer      data)
{
  smtp_request_reply (request, 235, "Come in");

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
raise_error (SmtpServer      *server,
             SmtpSession     *session,
             SmtpEnvelope    *envelope,
             SmtpRequest     *request,
             SmtpCredentials *credentials,
             gpointer         data)
{
  return SMTP_VERDICT_FAILED;
}

static void
test_wrong_voice (void)
{
  Test test = { 0 };

  begin (&test);
  g_signal_connect (test.server, "handle-credentials", G_CALLBACK (say_235), NULL);
  greet_with (&test, "PLAIN");
  expect (&test, PLAIN_JOE, FAILED);
  g_assert_false (smtp_session_get_authenticated (test.session));
  end (&test);

  test = (Test) { 0 };
  begin (&test);
  g_signal_connect (test.server, "handle-auth", G_CALLBACK (raise_error), NULL);
  g_signal_connect (test.server, "handle-exception", G_CALLBACK (say_235), NULL);
  greet_with (&test, "PLAIN");
  expect (&test, PLAIN_JOE, FAILED);
  g_assert_false (smtp_session_get_authenticated (test.session));
  end (&test);
}

/* Methods and mechanisms of a program's own. */

static void (*own_method) (SmtpRequest *request);

typedef struct { SmtpServer parent_instance; } OwnServer;
typedef SmtpServerClass OwnServerClass;
GType own_server_get_type (void);
G_DEFINE_TYPE (OwnServer, own_server, SMTP_TYPE_SERVER)

static void
own_server_auth (SmtpServer  *server,
                 SmtpSession *session,
                 SmtpRequest *request,
                 const char  *argument)
{
  /* What the client has sent with it is not for everybody. */
  g_assert_cmpstr (argument, ==, "PLAIN");
  g_assert_cmpstr (smtp_request_get_argument (request), ==, "PLAIN");
  own_method (request);
}

static void
own_server_class_init (OwnServerClass *klass)
{
  klass->auth = own_server_auth;
}

static void
own_server_init (OwnServer *self)
{
}

static void
reply_235 (SmtpRequest *request)
{
  smtp_request_reply (request, 235, "Come in");
}

static void
say_nothing (SmtpRequest *request)
{
}

static void
challenge (SmtpRequest *request)
{
  smtp_request_challenge (request, NULL);
}

static void
chain_up (SmtpRequest *request)
{
  SMTP_SERVER_CLASS (own_server_parent_class)->auth (smtp_request_get_server (request),
                                                     smtp_request_get_session (request), request, "");
}

static void
proceed (SmtpRequest *request)
{
  smtp_request_proceed (request);
}

static void
test_method (void)
{
  static const struct
  {
    void (*method) (SmtpRequest *);
    const char *reply;
  } methods[] =
  {
    { reply_235, FAILED }, { say_nothing, FAILED }, { challenge, FAILED }, { chain_up, SUCCEEDED }, { proceed, SUCCEEDED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      Test test = { .password = "pencil" };

      own_method = methods[i].method;
      begin (&test);
      g_object_unref (test.server);
      test.server = g_object_new (own_server_get_type (), "auth-requires-tls", FALSE, NULL);
      g_signal_connect (test.server, "handle-credentials", G_CALLBACK (on_credentials), &test);
      smtp_server_get_poller (test.server);
      greet_with (&test, "PLAIN");
      expect (&test, PLAIN_JOE, methods[i].reply);
      g_assert_true (smtp_session_get_authenticated (test.session) == g_str_equal (methods[i].reply, SUCCEEDED));
      end (&test);
    }
}

typedef struct { SmtpSaslMechanism parent_instance; } OwnMechanism;
typedef SmtpSaslMechanismClass OwnMechanismClass;
GType own_mechanism_get_type (void);
G_DEFINE_TYPE (OwnMechanism, own_mechanism, SMTP_TYPE_SASL_MECHANISM)

static guint n_mechanisms;

/* "yes" is verified, "no" is not; other words are for what goes wrong. */
static void
own_mechanism_step (SmtpSaslMechanism *self,
                    SmtpRequest       *request,
                    GBytes            *response)
{
  g_autoptr (SmtpCredentials) credentials = smtp_credentials_new ("X-OWN", "joe");
  g_autofree char *word = NULL;

  g_assert_cmpstr (smtp_sasl_mechanism_get_name (self), ==, "X-OWN");
  if (response == NULL)
    {
      smtp_request_challenge (request, NULL);
      return;
    }

  word = g_strndup (g_bytes_get_data (response, NULL), g_bytes_get_size (response));
  if (g_str_equal (word, "yes"))
    smtp_credentials_set_verified (credentials, TRUE);
  if (g_str_equal (word, "yes") || g_str_equal (word, "no"))
    smtp_request_present (request, credentials);
  else if (g_str_equal (word, "235"))
    smtp_request_reply (request, 235, NULL);
  else if (g_str_equal (word, "proceed"))
    smtp_request_proceed (request);
  else if (g_str_equal (word, "secret"))
    smtp_request_send_secret (request, NULL);
  else if (g_str_equal (word, "ask"))
    smtp_request_ask_secret (request, credentials);
  else if (g_str_equal (word, "hold"))
    smtp_request_hold (request);
}

static void
own_mechanism_class_init (OwnMechanismClass *klass)
{
  klass->step = own_mechanism_step;
}

static void
own_mechanism_init (OwnMechanism *self)
{
  n_mechanisms++;
}

static void
test_own_mechanism (void)
{
  static const struct
  {
    const char *word;
    const char *reply;
  } words[] =
  {
    { "no", INVALID }, { "235", FAILED }, { "proceed", FAILED }, { "secret", FAILED }, { "ask", FAILED },
    { "nothing", FAILED }, { "yes", SUCCEEDED },
  };
  Test test = { .password = "pencil" };

  begin (&test);
  smtp_server_add_mechanism (test.server, "x-own", own_mechanism_get_type ());
  greet_with (&test, "X-OWN PLAIN");
  n_mechanisms = 0;
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autofree char *base64 = encode (words[i].word, -1);

      expect (&test, "AUTH X-Own", "334 ");
      expect (&test, base64, words[i].reply);
    }
  g_assert_cmpuint (n_mechanisms, ==, G_N_ELEMENTS (words));
  end (&test);
}

/* Rules */

static void
test_lengths (void)
{
  Test test = { .password = "pencil" };
  g_autofree char *longest = g_strnfill (12288, 'A');
  g_autofree char *longer = g_strnfill (12292, 'A');
  g_autofree char *line = g_strconcat ("AUTH PLAIN ", longest, NULL);
  g_autofree char *long_line = g_strconcat ("AUTH PLAIN ", longer, NULL);
  g_autofree char *endless = g_strnfill (70000, 'A');
  g_autofree char *noop = g_strconcat ("NOOP ", longest, NULL);

  begin (&test);
  smtp_server_set_max_auth_failures (test.server, 0);
  greet_with (&test, "PLAIN");
  expect (&test, line, "501 5.5.2 Not a response of this mechanism");
  expect (&test, long_line, "500 5.5.6 Authentication exchange line is too long");
  expect (&test, "AUTH PLAIN", "334 ");
  expect (&test, longest, "501 5.5.2 Not a response of this mechanism");
  expect (&test, "AUTH PLAIN", "334 ");
  expect (&test, longer, "500 5.5.6 Authentication exchange line is too long");
  expect (&test, "AUTH PLAIN", "334 ");
  expect (&test, endless, "500 5.5.6 Authentication exchange line is too long");
  expect (&test, noop, "500 5.5.2 Line too long");
  expect (&test, PLAIN_JOE, SUCCEEDED);
  end (&test);
}

static void
test_plain_malformed (void)
{
  static const struct
  {
    const char *message;
    gsize length;
  } messages[] =
  {
    { "", 0 }, { "joe", 3 }, { "\0joe", 4 }, { "\0joe\0", 5 }, { "\0\0pencil", 8 }, { "\0joe\0pencil\0", 12 },
    { "\0joe\0pencil\0x", 13 }, { "\0j\ne\0pencil", 11 }, { "\0joe\0\xff\xfe", 7 }, { "\xff\0joe\0pencil", 12 },
  };
  Test test = { .password = "pencil" };

  begin (&test);
  smtp_server_set_max_auth_failures (test.server, 0);
  greet_with (&test, "PLAIN");
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autofree char *base64 = encode (messages[i].message, messages[i].length);
      g_autofree char *line = g_strconcat ("AUTH PLAIN ", *base64 != '\0' ? base64 : "=", NULL);

      expect (&test, line, "501 5.5.2 Not a response of this mechanism");
    }
  end (&test);
}

static void
test_failures (void)
{
  Test test = { .password = "pencil" };

  begin (&test);
  smtp_server_set_max_auth_failures (test.server, 3);
  smtp_server_set_auth_failure_delay (test.server, 1000);
  greet_with (&test, "PLAIN");
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpstr (say (&test, PLAIN_WRONG), ==, "");
      g_assert_cmpint (test.dialogue->phase, ==, SMTP_PHASE_PENALTY);
      g_assert_cmpint (test.deadline, <=, G_USEC_PER_SEC);
      g_assert_cmpint (test.deadline, >, G_USEC_PER_SEC / 4);
      g_assert_false (smtp_dialogue_is_ready (test.dialogue));
      smtp_dialogue_time_out (test.dialogue);
      g_assert_cmpstr (last_line (&test), ==, i < 2 ? INVALID : "421 4.7.0 Too many failed attempts of AUTH, closing");
    }
  g_assert_true (test.over);
  end (&test);
}

/* RFC 7628 section 3.2.3: who is refused says something first, whatever it is. */
static void
test_oauth (void)
{
  static const Row no = { "no", SMTP_VERDICT_HANDLED, 535, FALSE, INVALID };
  static const Row yes = { "yes", SMTP_VERDICT_HANDLED, 235, FALSE, INVALID };
  g_autofree char *bearer = encode ("n,a=joe,\001host=x\001auth=bearer abc.def==\001\001", -1);
  g_autofree char *line = g_strconcat ("AUTH OAUTHBEARER ", bearer, NULL);
  g_autofree char *older = encode ("user=joe\001auth=Bearer abc\001\001", -1);
  g_autofree char *older_line = g_strconcat ("AUTH XOAUTH2 ", older, NULL);
  g_autofree char *bad = encode ("n,a=joe,\001auth=Basic abc\001\001", -1);
  g_autofree char *bad_line = g_strconcat ("AUTH OAUTHBEARER ", bad, NULL);
  Test test = { 0 };

  row = &no;
  begin (&test);
  g_signal_connect (test.server, "handle-auth", G_CALLBACK (look), &test);
  g_signal_connect (test.server, "handle-auth", G_CALLBACK (follow_row), &test);
  greet_with (&test, "OAUTHBEARER XOAUTH2");
  g_assert_true (g_str_has_prefix (say (&test, line), "334 "));
  expect (&test, "AQ==", "535 5.0.0 Refused");
  g_assert_true (g_str_has_prefix (say (&test, older_line), "334 "));
  expect (&test, "*", "535 5.0.0 Refused");
  expect (&test, bad_line, "501 5.5.2 Not a response of this mechanism");
  row = &yes;
  g_assert_true (g_str_has_prefix (say (&test, line), "235 "));
  g_assert_cmpstr (smtp_session_get_identity (test.session), ==, "joe");
  g_assert_null (smtp_credentials_get_token (test.seen));
  end (&test);
}

static void
test_required (void)
{
  Test test = { .password = "pencil" };

  begin (&test);
  smtp_server_set_auth_required (test.server, TRUE);
  greet_with (&test, "PLAIN");
  expect (&test, "MAIL FROM:<a@e.org>", "530 5.7.0 Authentication required");
  expect (&test, "RCPT TO:<a@e.org>", "530 5.7.0 Authentication required");
  expect (&test, "VRFY a", "530 5.7.0 Authentication required");
  expect (&test, "RSET", "250 2.0.0 OK");
  expect (&test, "NOOP", "250 2.0.0 Did nothing");
  expect (&test, "EHLO me", "250 HELP");
  expect (&test, PLAIN_JOE, SUCCEEDED);
  expect (&test, "MAIL FROM:<a@e.org>", "250 2.1.0 Sender OK");
  end (&test);
}

static void
test_needs_tls (void)
{
  Test test = { .password = "pencil" };

  begin (&test);
  smtp_server_set_auth_requires_tls (test.server, TRUE);
  greet_with (&test, "PLAIN SCRAM-SHA-256");
  say (&test, "EHLO me");
  g_assert_null (strstr (test.output->str, "AUTH"));
  expect (&test, PLAIN_JOE, "538 5.7.11 Say STARTTLS first, passwords do not travel in clear");

  /* In clear the default has no mechanism that sends the password. */
  smtp_server_set_auth_requires_tls (test.server, FALSE);
  smtp_server_set_auth_mechanisms (test.server, NULL);
  say (&test, "EHLO me");
  g_assert_nonnull (strstr (test.output->str, "AUTH SCRAM-SHA-256 SCRAM-SHA-1\r\n"));
  expect (&test, PLAIN_JOE, "504 5.5.4 This mechanism is not on offer");
  end (&test);
}

static void
test_offers (void)
{
  static const char * const excluded[] = { "plain", NULL };
  static const char * const one[] = { "LOGIN", "EXTERNAL", "XOAUTH2", NULL };
  Test test = { .password = "pencil" };

  begin (&test);
  smtp_server_set_auth_excluded (test.server, excluded);
  greet_with (&test, "PLAIN LOGIN CRAM-MD5 XOAUTH2 UNHEARD-OF");
  say (&test, "EHLO me");
  g_assert_nonnull (strstr (test.output->str, "250-AUTH LOGIN CRAM-MD5\r\n"));
  expect (&test, PLAIN_JOE, "504 5.5.4 This mechanism is not on offer");

  /* EXTERNAL needs a certificate, XOAUTH2 somebody who decides. */
  smtp_session_set_offered_mechanisms (test.session, one);
  say (&test, "EHLO me");
  g_assert_nonnull (strstr (test.output->str, "250-AUTH LOGIN\r\n"));
  end (&test);
}

static void
test_log (void)
{
  Test test = { .password = "pencil" };

  begin (&test);
  g_string_set_size (log_lines, 0);
  smtp_server_set_log_dialogue (test.server, TRUE);
  greet_with (&test, "PLAIN LOGIN");
  say (&test, PLAIN_WRONG);
  say (&test, "AUTH\tPLAIN\tAGpvZQBwZW5jaWw=");
  say (&test, "AUTH AGpvZQBwZW5jaWw=");
  say (&test, "AUTH LOGIN am9l");
  say (&test, "cGVuY2ls");
  g_assert_nonnull (strstr (log_lines->str, "> AUTH PLAIN ***"));
  g_assert_nonnull (strstr (log_lines->str, "> AUTH LOGIN ***"));
  g_assert_null (strstr (log_lines->str, "cGVuY2ls"));
  g_assert_null (strstr (log_lines->str, "wZW5jaWw"));
  g_assert_null (strstr (log_lines->str, "pencil"));
  end (&test);
}

int
main (int    argc,
      char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  log_lines = g_string_new (NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_log_set_writer_func (write_log, NULL, NULL);

  g_test_add_func ("/auth/plain", test_plain);
  g_test_add_func ("/auth/plain-with-keys", test_plain_with_keys);
  g_test_add_func ("/auth/plain-unknown-user", test_plain_unknown_user);
  g_test_add_func ("/auth/plain-malformed", test_plain_malformed);
  g_test_add_func ("/auth/cram-md5", test_cram_md5);
  g_test_add_data_func ("/auth/scram-sha-1", "SCRAM-SHA-1", test_scram);
  g_test_add_data_func ("/auth/scram-sha-256", "SCRAM-SHA-256", test_scram);
  g_test_add_func ("/auth/scram-other-hash", test_scram_other_hash);
  g_test_add_func ("/auth/scram-unknown-user", test_scram_unknown_user);
  g_test_add_func ("/auth/scram-malformed", test_scram_malformed);
  g_test_add_func ("/auth/oauth", test_oauth);
  g_test_add_func ("/auth/too-late", test_too_late);
  g_test_add_func ("/auth/wrong-voice", test_wrong_voice);
  g_test_add_func ("/auth/method", test_method);
  g_test_add_func ("/auth/own-mechanism", test_own_mechanism);
  g_test_add_func ("/auth/lengths", test_lengths);
  g_test_add_func ("/auth/failures", test_failures);
  g_test_add_func ("/auth/required", test_required);
  g_test_add_func ("/auth/needs-tls", test_needs_tls);
  g_test_add_func ("/auth/offers", test_offers);
  g_test_add_func ("/auth/log", test_log);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/auth/verdict/", rows[i].name, NULL);

      g_test_add_data_func (path, &rows[i], test_verdict);
    }

  result = g_test_run ();
  g_string_free (log_lines, TRUE);

  return result;
}
