/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole exchanges of AUTH: what a client sends, how it is cut, and what the hooks answer all come from
 * the fuzzer. The first octets are the settings, the cut and the answers (see Plan); behind them is the
 * client's side, in which the line "!" stands for the right answer of the mechanism at hand: nobody
 * guesses it. Nobody is let in unless a hook said yes, or the client has shown what the hook for
 * secrets knows. */

#include <stdint.h>
#include <string.h>

#include <gio/gio.h>

#include "dialogue/smtp-dialogue.h"

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

#define N_ANSWERS 6
#define PASSWORD "pencil"

typedef struct
{
  uint8_t settings;
  uint8_t cut;
  uint8_t answers[N_ANSWERS];
} Plan;

enum
{
  KEYS_ONLY = 1 << 0,
  REQUIRED = 1 << 1,
  LMTP = 1 << 2,
  NO_SECRETS = 1 << 3,
  NO_VERDICTS = 1 << 4,
  FEW_FAILURES = 1 << 5
};

typedef struct
{
  const Plan *plan;
  SmtpServer *server;
  SmtpDialogue *dialogue;
  GString *output;      /* the codes of replies, which do not depend on chance */
  GPtrArray *held;
  guint n_hooks;
  gboolean said_yes;    /* some hook, to the exchange at hand */
  gboolean said_right;  /* "!" was asked for in it */
  guint n_let_in;
  gboolean over;
} Run;

/* The host */

static void
host_write (gpointer    data,
            const char *octets,
            gsize       size)
{
  Run *run = data;

  g_assert (!run->over);
  g_assert (size >= 6 && memcmp (octets + size - 2, "\r\n", 2) == 0);
  g_assert (octets[0] >= '2' && octets[0] <= '5' && g_ascii_isdigit (octets[1]) && g_ascii_isdigit (octets[2]));
  g_assert (g_utf8_validate_len (octets, size, NULL));
  g_string_append_len (run->output, octets, 4);

  if (memcmp (octets, "235", 3) == 0)
    {
      g_assert (run->said_yes || run->said_right);
      g_assert (smtp_session_get_authenticated (run->dialogue->session));
      run->n_let_in++;
    }
  /* What came before does not count for the next attempt. */
  if (memcmp (octets, "334", 3) != 0)
    run->said_yes = run->said_right = FALSE;
}

static void
host_deadline (gpointer data,
               gint64   microseconds)
{
}

static void
host_resume (gpointer data)
{
}

static void
host_over (gpointer data)
{
  Run *run = data;

  g_assert (!run->over);
  run->over = TRUE;
}

static const SmtpDialogueHost host = { host_write, host_deadline, host_resume, host_over };

/* Hooks */

static SmtpSecret *
get_secret (Run *run)
{
  static SmtpSecret *password, *keys;

  if (password == NULL)
    {
      password = smtp_secret_new_password (PASSWORD);
      keys = smtp_secret_derive (SMTP_SCRAM_HASH_SHA256, PASSWORD, 4096, NULL);
    }

  return run->plan->settings & KEYS_ONLY ? keys : password;
}

static void
answer_now (Run         *run,
            SmtpRequest *request,
            uint8_t      answer)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "inside");

  switch (answer % 9)
    {
    case 0: smtp_request_proceed (request); break;
    case 1: smtp_request_send_secret (request, get_secret (run)); break;
    case 2: smtp_request_send_secret (request, NULL); break;
    case 3: smtp_request_reply (request, 250, "fine"); break;
    case 4: smtp_request_reply (request, 535, "no\r\n235 yes"); break;
    case 5: smtp_request_reply (request, 421, NULL); break;
    case 6: smtp_request_challenge (request, NULL); break;
    case 7: smtp_request_reply (request, 334, "more"); break;
    default: smtp_request_fail (request, error); break;
    }
}

static SmtpVerdict
decide (Run         *run,
        SmtpRequest *request,
        uint8_t      answer)
{
  if (answer < 100)
    return SMTP_VERDICT_CONTINUE;
  if (answer < 200)
    answer_now (run, request, answer);
  else if (answer < 250)
    {
      smtp_request_hold (request);
      g_ptr_array_add (run->held, g_object_ref (request));
    }
  else
    return SMTP_VERDICT_FAILED;

  return SMTP_VERDICT_HANDLED;
}

static uint8_t
next_answer (Run *run)
{
  return run->plan->answers[run->n_hooks++ % N_ANSWERS];
}

static SmtpVerdict
on_credentials (SmtpServer      *server,
                SmtpSession     *session,
                SmtpEnvelope    *envelope,
                SmtpRequest     *request,
                SmtpCredentials *credentials,
                Run             *run)
{
  const char *name = smtp_credentials_get_authentication_id (credentials);

  g_assert (name != NULL && g_utf8_validate (name, -1, NULL));

  /* 235 is nothing that this hook could say. */
  if (next_answer (run) == 7)
    {
      smtp_request_reply (request, 235, "come in");
      return SMTP_VERDICT_HANDLED;
    }

  return decide (run, request, run->plan->answers[(run->n_hooks - 1) % N_ANSWERS]);
}

static SmtpVerdict
on_auth (SmtpServer      *server,
         SmtpSession     *session,
         SmtpEnvelope    *envelope,
         SmtpRequest     *request,
         SmtpCredentials *credentials,
         Run             *run)
{
  uint8_t answer = next_answer (run);
  const char *identity = smtp_credentials_get_identity (credentials);

  g_assert (identity == NULL || g_utf8_validate (identity, -1, NULL));
  /* Only who has the right answer is verified. */
  g_assert (!smtp_credentials_get_verified (credentials) || run->said_right);

  if (answer % 16 == 3)
    {
      run->said_yes = TRUE;
      smtp_request_reply (request, 235, "come in");
      return SMTP_VERDICT_HANDLED;
    }

  return decide (run, request, answer);
}

/* A run */

static void
begin (Run        *run,
       const Plan *plan)
{
  static const char * const mechanisms[] = { "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256",
                                             "OAUTHBEARER", "XOAUTH2", "ANONYMOUS", "EXTERNAL", NULL };
  g_autoptr (SmtpSession) session = smtp_session_new ();

  run->plan = plan;
  run->output = g_string_new (NULL);
  run->held = g_ptr_array_new_with_free_func (g_object_unref);
  run->server = g_object_new (SMTP_TYPE_SERVER,
                              "hostname", "mx.example",
                              "auth-mechanisms", mechanisms,
                              "auth-requires-tls", FALSE,
                              "auth-required", (plan->settings & REQUIRED) != 0,
                              "auth-failure-delay", 0,
                              "error-delay", 0,
                              "max-auth-failures", plan->settings & FEW_FAILURES ? 2 : 0,
                              NULL);
  smtp_server_get_poller (run->server);
  if (!(plan->settings & NO_SECRETS))
    g_signal_connect (run->server, "handle-credentials", G_CALLBACK (on_credentials), run);
  if (!(plan->settings & NO_VERDICTS))
    g_signal_connect (run->server, "handle-auth", G_CALLBACK (on_auth), run);
  run->dialogue = smtp_dialogue_new (run->server, session, &host, run);
  run->dialogue->is_lmtp = (plan->settings & LMTP) != 0;
  smtp_dialogue_start (run->dialogue);
}

/* Until the client has the word again. Workers come back through the context. */
static void
settle (Run *run)
{
  while (!smtp_dialogue_is_over (run->dialogue) && !smtp_dialogue_is_ready (run->dialogue))
    {
      if (run->held->len > 0)
        {
          g_autoptr (SmtpRequest) request = g_ptr_array_steal_index (run->held, 0);

          answer_now (run, request, (uint8_t) run->n_hooks);
        }
      g_main_context_iteration (NULL, run->held->len == 0 && !smtp_dialogue_is_ready (run->dialogue));
    }
}

static void
feed_octets (Run        *run,
             GByteArray *kept)
{
  gsize used;

  do
    {
      guint budget = 4;

      used = smtp_dialogue_input (run->dialogue, (const char *) kept->data, kept->len, &budget);
      g_assert (used <= kept->len);
      if (used > 0)
        g_byte_array_remove_range (kept, 0, used);
      settle (run);
    }
  while (used > 0 && kept->len > 0);

  /* The longest line is one of AUTH. */
  g_assert (run->over || kept->len < 16 * 1024);
}

/* The right answer of PLAIN and LOGIN. What SCRAM and CRAM-MD5 want depends on chance: no fuzzer finds
 * it, and tests/test-auth.c has it. */
static const char *
right_answer (Run *run)
{
  run->said_right = TRUE;

  return "AUTH PLAIN AGpvZQBwZW5jaWw=\r\n";
}

static void
feed (Run           *run,
      const uint8_t *data,
      size_t         size,
      size_t         step)
{
  g_autoptr (GByteArray) kept = g_byte_array_new ();
  const uint8_t *end = data + size;

  settle (run);
  while (data < end)
    {
      const uint8_t *stop = memchr (data, '\n', end - data);
      size_t length = stop != NULL ? (size_t) (stop + 1 - data) : (size_t) (end - data);

      /* A line at a time, so that it is known in which exchange the right answer was given. */
      if (length == 3 && memcmp (data, "!\r\n", 3) == 0 && kept->len == 0)
        {
          const char *right = right_answer (run);

          g_byte_array_append (kept, (const guint8 *) right, strlen (right));
          feed_octets (run, kept);
        }
      else
        {
          for (size_t at = 0; at < length; at += step)
            {
              g_byte_array_append (kept, data + at, MIN (step, length - at));
              feed_octets (run, kept);
            }
        }
      data += length;
    }
}

static void
finish (Run *run)
{
  smtp_dialogue_free (run->dialogue);
  for (guint i = 0; i < run->held->len; i++)
    smtp_request_reply (g_ptr_array_index (run->held, i), 235, NULL);
  g_ptr_array_unref (run->held);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (run->server);
}

static GLogWriterOutput
drop_warnings (GLogLevelFlags   level,
               const GLogField *fields,
               gsize            n_fields,
               gpointer         data)
{
  if ((level & G_LOG_LEVEL_MASK) > G_LOG_LEVEL_CRITICAL)
    return G_LOG_WRITER_HANDLED;

  return g_log_writer_default (level, fields, n_fields, data);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  static gsize prepared = 0;
  Run whole = { 0 }, cut = { 0 };
  Plan plan;

  if (g_once_init_enter (&prepared))
    {
      g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
      g_log_set_writer_func (drop_warnings, NULL, NULL);
      g_once_init_leave (&prepared, 1);
    }

  if (size < sizeof plan)
    return 0;

  memcpy (&plan, data, sizeof plan);
  data += sizeof plan;
  size -= sizeof plan;

  begin (&whole, &plan);
  feed (&whole, data, size, MAX (size, 1));
  begin (&cut, &plan);
  feed (&cut, data, size, 1 + plan.cut % 32);

  /* What one segmentation gives, all give. */
  g_assert (g_string_equal (whole.output, cut.output));
  g_assert (whole.over == cut.over);
  g_assert (whole.n_let_in == cut.n_let_in);

  finish (&whole);
  finish (&cut);
  g_string_free (whole.output, TRUE);
  g_string_free (cut.output, TRUE);

  return 0;
}
