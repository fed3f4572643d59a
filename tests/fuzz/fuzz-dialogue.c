/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole dialogue: what a client sends, how it is cut into segments, and what the hooks
 * answer all come from the fuzzer. The first octets are the settings, the cuts and the answers
 * (see Plan); behind them is the client's side. */

#include <stdint.h>
#include <string.h>

#include <gio/gio.h>

#include "dialogue/smtp-dialogue.h"
#include "smtp-handler.h"
#include "smtp-session-private.h"

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

#define N_ANSWERS 12

typedef struct
{
  uint8_t settings;
  uint8_t cut;
  uint8_t answers[N_ANSWERS];
} Plan;

enum
{
  SMTPUTF8 = 1 << 0,
  PASS_NEWLINES = 1 << 1,
  LMTP = 1 << 2,
  SMALL_SIZE = 1 << 3,
  OWN_BODY = 1 << 4,
  SHORT_LINES = 1 << 5,
  LAST_STREAM_FAILS = 1 << 6,
  ALL_EXTENSIONS = 1 << 7,  /* and trust in XCLIENT and XFORWARD */
  OTHER_MANNERS = ALL_EXTENSIONS | SHORT_LINES
};

typedef struct
{
  const Plan *plan;
  SmtpServer *server;
  SmtpDialogue *dialogue;
  GString *output;      /* replies and messages taken */
  GPtrArray *held;
  guint n_hooks;
  guint n_taken;        /* by hooks */
  guint n_ends;         /* of the connection, as hooks are told */
  gboolean said_yes;    /* some hook, to the command at hand */
  gboolean over;
} Run;

/* The host */

static void
check_line (const char *line,
            gsize       length)
{
  g_assert (length >= 4 && length <= 510);
  g_assert (line[0] >= '2' && line[0] <= '5');
  g_assert (g_ascii_isdigit (line[1]) && g_ascii_isdigit (line[2]));
  g_assert (line[3] == ' ' || line[3] == '-');
  g_assert (g_utf8_validate_len (line, length, NULL));
  for (gsize i = 0; i < length; i++)
    g_assert ((guint8) line[i] >= 0x20 && line[i] != 0x7f);
}

/* To say that a message was taken is for whoever takes it. */
static void
check_taken (Run        *run,
             const char *octets)
{
  if (run->dialogue->command.offset != G_STRUCT_OFFSET (SmtpServerClass, message))
    run->said_yes = FALSE;
  else if (octets[0] == '2')
    g_assert (run->said_yes);
}

static void
host_write (gpointer    data,
            const char *octets,
            gsize       size)
{
  Run *run = data;
  const char *line = octets;

  g_assert (!run->over);
  while (line < octets + size)
    {
      const char *end = memchr (line, '\r', octets + size - line);

      g_assert (end != NULL && end + 1 < octets + size && end[1] == '\n');
      check_line (line, end - line);
      /* The last line of a reply, and only that one, ends it. */
      g_assert ((line[3] == ' ') == (end + 2 == octets + size));
      line = end + 2;
    }
  check_taken (run, octets);
  g_string_append_len (run->output, octets, size);
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

/* What a binding is given is text. */
static void
check_text (const char *text)
{
  g_assert (text == NULL || g_utf8_validate (text, -1, NULL));
  for (const char *c = text; c != NULL && *c != '\0'; c++)
    g_assert (!g_ascii_iscntrl (*c) || *c == '\t');
}

static void
check_value (const GValue *value)
{
  SmtpParameters *parameters;

  if (G_VALUE_HOLDS_STRING (value))
    check_text (g_value_get_string (value));
  else if (G_VALUE_HOLDS (value, SMTP_TYPE_ADDRESS))
    check_text (smtp_address_get_text (g_value_get_boxed (value)));
  else if (G_VALUE_HOLDS (value, SMTP_TYPE_PARAMETERS))
    {
      parameters = g_value_get_boxed (value);
      for (guint i = 0; i < smtp_parameters_get_length (parameters); i++)
        {
          check_text (smtp_parameters_get_keyword (parameters, i));
          check_text (smtp_parameters_get_value (parameters, i));
        }
    }
}

static void
check_texts (SmtpSession  *session,
             SmtpRequest  *request,
             const GValue *params,
             guint         n_params)
{
  check_text (smtp_session_get_host_name (session));
  check_text (smtp_request_get_verb (request));
  check_text (smtp_request_get_argument (request));
  for (guint i = 4; i < n_params; i++)
    check_value (&params[i]);
}

static void
answer_now (Run         *run,
            SmtpRequest *request,
            uint8_t      answer)
{
  switch (answer % 6)
    {
    case 0: smtp_request_proceed (request); break;
    case 1:
      run->said_yes = TRUE;
      smtp_request_reply (request, 250, "2.0.0 OK");
      break;
    case 2: smtp_request_reply (request, 550, "no\r\n250 yes"); break;
    case 3: smtp_request_reply (request, 421, NULL); break;
    case 4: smtp_request_reply (request, 354, "5.7"); break;
    default:
      {
        g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "inside");

        smtp_request_fail (request, error);
      }
    }
}

/* Hooks differ in what comes behind their third argument. */
static void
marshal (GClosure     *closure,
         GValue       *return_value,
         guint         n_params,
         const GValue *params,
         gpointer      hint,
         gpointer      data)
{
  Run *run = closure->data;
  SmtpRequest *request = g_value_get_object (&params[3]);
  uint8_t answer = run->plan->answers[run->n_hooks++ % N_ANSWERS];

  check_texts (g_value_get_object (&params[1]), request, params, n_params);
  g_value_set_enum (return_value, SMTP_VERDICT_HANDLED);
  if (answer < 128)
    g_value_set_enum (return_value, SMTP_VERDICT_CONTINUE);
  else if (answer < 200)
    answer_now (run, request, answer);
  else if (answer < 250)
    {
      smtp_request_hold (request);
      g_ptr_array_add (run->held, g_object_ref (request));
    }
  else
    g_value_set_enum (return_value, SMTP_VERDICT_FAILED);
}

/* The plan says for each recipient of LMTP what it is told, if not all are told the same. */
static void
answer_recipients (Run         *run,
                   SmtpRequest *request,
                   guint        n_recipients)
{
  static const struct { guint code; const char *text; } answers[] = {
    { 250, "2.0.0 taken" }, { 550, "no\r\n250 yes" }, { 354, "go on" }, { 452, "4.2.2" }, { 421, NULL },
  };

  for (guint i = 0; i < n_recipients; i++)
    {
      guint n = run->plan->answers[i % N_ANSWERS] % G_N_ELEMENTS (answers);

      smtp_request_reply_recipient (request, i, answers[n].code, answers[n].text);
    }
}

static SmtpVerdict
take_message (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              Run          *run)
{
  g_autoptr (GPtrArray) recipients = smtp_envelope_get_recipients (envelope);
  GBytes *content = smtp_envelope_get_content (envelope);
  gsize size = 0;
  const char *octets = content != NULL ? g_bytes_get_data (content, &size) : "";

  g_assert (recipients->len > 0);
  g_assert (smtp_envelope_get_reverse_path (envelope) != NULL);
  run->n_taken++;
  run->said_yes = TRUE;
  g_string_append_printf (run->output, "message %" G_GSIZE_FORMAT " ", size);
  g_string_append_len (run->output, octets, size);
  if ((run->plan->settings & LMTP) != 0 && run->plan->cut >= 128)
    answer_recipients (run, request, recipients->len);
  else
    smtp_request_reply (request, 250, "2.0.0 taken");

  return SMTP_VERDICT_HANDLED;
}

static void
note_end (SmtpServer  *server,
          SmtpSession *session,
          Run         *run)
{
  run->n_ends++;
}

static GOutputStream *
make_body (SmtpServer   *server,
           SmtpSession  *session,
           SmtpEnvelope *envelope,
           Run          *run)
{
  static char small[64];

  if (run->plan->settings & LAST_STREAM_FAILS)
    return g_memory_output_stream_new (small, sizeof small, NULL, NULL);

  return g_memory_output_stream_new_resizable ();
}

static void
connect_hooks (Run *run)
{
  static const char * const names[] = {
    "handle-connect", "handle-helo", "handle-ehlo", "handle-noop", "handle-quit", "handle-vrfy",
    "handle-expn", "handle-help", "handle-mail", "handle-rcpt", "handle-rset", "handle-data-begin",
    "handle-data",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      GClosure *closure = g_closure_new_simple (sizeof (GClosure), run);

      g_closure_set_marshal (closure, marshal);
      g_signal_connect_closure (run->server, names[i], closure, FALSE);
    }
  g_signal_connect (run->server, "handle-data", G_CALLBACK (take_message), run);
  g_signal_connect (run->server, "handle-disconnect", G_CALLBACK (note_end), run);
  if (run->plan->settings & OWN_BODY)
    g_signal_connect (run->server, "handle-body", G_CALLBACK (make_body), run);
}

static SmtpVerdict
give_content (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              const char   *url,
              Run          *run)
{
  g_autoptr (GBytes) content = g_bytes_new (url, strlen (url));

  smtp_request_send_content (request, content);

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
welcome (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         const char   *verb,
         const char   *keyword,
         const char   *value,
         Run          *run)
{
  if (g_ascii_toupper (*keyword) == 'Y')
    return SMTP_VERDICT_FAILED;

  return g_ascii_toupper (*keyword) == 'X' ? SMTP_VERDICT_HANDLED : SMTP_VERDICT_CONTINUE;
}

/* A run */

static void
enable_all (Run *run)
{
  g_autoptr (GPtrArray) extensions = smtp_server_get_extensions (run->server);

  for (guint i = 0; i < extensions->len; i++)
    {
      const char *keyword = smtp_extension_get_keyword (g_ptr_array_index (extensions, i));

      if (!g_str_equal (keyword, "SMTPUTF8"))
        smtp_server_set_extension_enabled (run->server, keyword, TRUE);
    }
  /* What is until when changes while this runs. */
  smtp_server_add_keyword (run->server, "FUTURERELEASE", NULL);
  smtp_server_set_max_recipient_domains (run->server, 3);
  g_signal_connect (run->server, "handle-burl", G_CALLBACK (give_content), run);
  g_signal_connect (run->server, "handle-parameter", G_CALLBACK (welcome), run);
}

static void
begin (Run        *run,
       const Plan *plan)
{
  static const char * const trusted[] = { "unix", NULL };
  static const struct sockaddr peer = { .sa_family = AF_UNIX };
  g_autoptr (SmtpSession) session = smtp_session_new ();

  smtp_session_set_peer (session, &peer, sizeof peer.sa_family);
  run->plan = plan;
  run->output = g_string_new (NULL);
  run->held = g_ptr_array_new_with_free_func (g_object_unref);
  run->server = g_object_new (SMTP_TYPE_SERVER,
                              "hostname", "mx.example",
                              "ident", "",
                              "error-delay", 0,
                              "smtputf8", (plan->settings & SMTPUTF8) != 0,
                              "data-size-limit", (guint64) (plan->settings & SMALL_SIZE ? 50 : 5000),
                              "text-line-limit", plan->settings & SHORT_LINES ? 20 : 0,
                              "bare-newlines", plan->settings & PASS_NEWLINES ? SMTP_BARE_NEWLINES_PASS
                                                                              : SMTP_BARE_NEWLINES_REJECT,
                              NULL);
  if (plan->settings & ALL_EXTENSIONS)
    {
      smtp_server_set_xclient_networks (run->server, trusted);
      smtp_server_set_xforward_networks (run->server, trusted);
    }
  if ((plan->settings & OTHER_MANNERS) == OTHER_MANNERS)
    smtp_server_set_profile (run->server, SMTP_PROFILE_AIOSMTPD);
  else if (plan->settings & ALL_EXTENSIONS)
    enable_all (run);
  smtp_server_get_poller (run->server);
  connect_hooks (run);
  run->dialogue = smtp_dialogue_new (run->server, session, &host, run);
  run->dialogue->is_lmtp = (plan->settings & LMTP) != 0;
  smtp_dialogue_start (run->dialogue);
}

static void
settle (Run *run)
{
  while (!smtp_dialogue_is_over (run->dialogue) && !smtp_dialogue_is_ready (run->dialogue))
    {
      if (run->held->len > 0)
        {
          g_autoptr (SmtpRequest) request = g_ptr_array_steal_index (run->held, 0);

          answer_now (run, request, run->n_hooks);
        }
      g_main_context_iteration (NULL, run->held->len == 0 && !smtp_dialogue_is_ready (run->dialogue));
    }
}

static void
feed (Run           *run,
      const uint8_t *data,
      size_t         size,
      size_t         step)
{
  g_autoptr (GByteArray) kept = g_byte_array_new ();

  settle (run);
  for (size_t at = 0; at < size; at += step)
    {
      gsize used;

      g_byte_array_append (kept, data + at, MIN (step, size - at));
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

      /* What the dialogue leaves lying is bounded by the longest line. */
      g_assert (run->over || kept->len < 16 * 1024);
    }
}

static void
finish (Run *run)
{
  g_assert (run->over == smtp_dialogue_is_over (run->dialogue));
  g_assert_cmpuint (run->n_ends, ==, run->over ? 1 : 0);
  smtp_dialogue_free (run->dialogue);
  g_assert_cmpuint (run->n_ends, ==, 1);
  /* Late answers are harmless. */
  for (guint i = 0; i < run->held->len; i++)
    smtp_request_reply (g_ptr_array_index (run->held, i), 250, NULL);
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
  g_assert (whole.n_taken == cut.n_taken);

  finish (&whole);
  finish (&cut);
  g_string_free (whole.output, TRUE);
  g_string_free (cut.output, TRUE);

  return 0;
}
