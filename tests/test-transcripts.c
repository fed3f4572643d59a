/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Replays the dialogues of tests/transcripts over the core, without a socket: whole, octet by
 * octet, and cut in two at every place. What one way of cutting gives, all must give.
 *
 * A transcript has a line for each thing:
 *
 *   # remark             nothing
 *   set PROPERTY VALUE   a property of the server
 *   hook NAME CODE TEXT  handle-NAME answers so
 *   extension KEYWORD [VALUE]  the extension is on, with this behind its keyword
 *   without KEYWORD      it is off
 *   welcome KEYWORD      handle-parameter knows this parameter
 *   content OCTETS       handle-burl gives them for any URL
 *   typed                what MAIL and RCPT said is written down with each message, in E lines
 *   untaken              nobody takes messages; otherwise they are answered "250 2.0.0 taken"
 *   C: LINE              the client sends LINE and CRLF
 *   c: OCTETS            the client sends OCTETS
 *   S: LINE              the server answers LINE
 *   M: OCTETS            a message that was taken
 *   closed               the server has ended the dialogue
 *
 * with \r \n \0 \t \\ \xHH for octets, in C, c and M, and S lines in their order. */

#include <string.h>

#include "dialogue/smtp-dialogue.h"

typedef struct
{
  GPtrArray *settings;  /* PROPERTY, VALUE, … */
  GPtrArray *hooks;     /* NAME, "CODE TEXT", … */
  GPtrArray *extensions;  /* KEYWORD, VALUE or "" or NULL for off, … */
  GPtrArray *welcome;
  GBytes *content;
  gboolean typed;
  gboolean untaken;
  GString *input;
  GString *expected;
} Transcript;

typedef struct
{
  GString *output;
  gboolean over;
  const Transcript *transcript;
} Host;

/* Parsing */

static void
append_unescaped (GString    *out,
                  const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p != '\\')
        {
          g_string_append_c (out, *p);
          continue;
        }

      p++;
      switch (*p)
        {
        case 'r': g_string_append_c (out, '\r'); break;
        case 'n': g_string_append_c (out, '\n'); break;
        case 't': g_string_append_c (out, '\t'); break;
        case '0': g_string_append_c (out, '\0'); break;
        case '\\': g_string_append_c (out, '\\'); break;
        case 'x':
          g_string_append_c (out, g_ascii_xdigit_value (p[1]) * 16 + g_ascii_xdigit_value (p[2]));
          p += 2;
          break;
        default:
          g_error ("bad escape in a transcript: %s", text);
        }
    }
}

static void
add_pair (GPtrArray  *pairs,
          const char *text)
{
  const char *space = strchr (text, ' ');

  g_assert_nonnull (space);
  g_ptr_array_add (pairs, g_strndup (text, space - text));
  g_ptr_array_add (pairs, g_strdup (space + 1));
}

static void
parse_line (Transcript *self,
            const char *line)
{
  if (*line == '\0' || *line == '#')
    return;

  if (g_str_has_prefix (line, "set "))
    add_pair (self->settings, line + strlen ("set "));
  else if (g_str_has_prefix (line, "hook "))
    add_pair (self->hooks, line + strlen ("hook "));
  else if (g_str_has_prefix (line, "extension "))
    {
      g_auto (GStrv) words = g_strsplit (line + strlen ("extension "), " ", 2);

      g_ptr_array_add (self->extensions, g_strdup (words[0]));
      g_ptr_array_add (self->extensions, g_strdup (words[1] != NULL ? words[1] : ""));
    }
  else if (g_str_has_prefix (line, "without "))
    {
      g_ptr_array_add (self->extensions, g_strdup (line + strlen ("without ")));
      g_ptr_array_add (self->extensions, NULL);
    }
  else if (g_str_has_prefix (line, "welcome "))
    g_ptr_array_add (self->welcome, g_strdup (line + strlen ("welcome ")));
  else if (g_str_has_prefix (line, "content "))
    {
      GString *octets = g_string_new (NULL);

      append_unescaped (octets, line + strlen ("content "));
      self->content = g_string_free_to_bytes (octets);
    }
  else if (g_str_equal (line, "typed"))
    self->typed = TRUE;
  else if (g_str_equal (line, "untaken"))
    self->untaken = TRUE;
  else if (g_str_equal (line, "closed"))
    g_string_append (self->expected, "closed\n");
  else if (g_str_has_prefix (line, "S: ") || g_str_has_prefix (line, "M: ") || g_str_has_prefix (line, "E: "))
    g_string_append_printf (self->expected, "%s\n", line);
  else if (g_str_has_prefix (line, "M:"))
    g_string_append (self->expected, "M: \n");
  else if (g_str_has_prefix (line, "C:") || g_str_has_prefix (line, "c:"))
    {
      append_unescaped (self->input, line[2] == ' ' ? line + 3 : line + 2);
      if (*line == 'C')
        g_string_append (self->input, "\r\n");
    }
  else
    g_error ("not a line of a transcript: %s", line);
}

static Transcript *
transcript_load (const char *path)
{
  Transcript *self = g_new0 (Transcript, 1);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;

  self->settings = g_ptr_array_new_with_free_func (g_free);
  self->hooks = g_ptr_array_new_with_free_func (g_free);
  self->extensions = g_ptr_array_new_with_free_func (g_free);
  self->welcome = g_ptr_array_new_with_free_func (g_free);
  self->input = g_string_new (NULL);
  self->expected = g_string_new (NULL);

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    parse_line (self, lines[i]);

  return self;
}

static void
transcript_free (gpointer data)
{
  Transcript *self = data;

  g_ptr_array_unref (self->settings);
  g_ptr_array_unref (self->hooks);
  g_ptr_array_unref (self->extensions);
  g_ptr_array_unref (self->welcome);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_string_free (self->input, TRUE);
  g_string_free (self->expected, TRUE);
  g_free (self);
}

/* The host */

static void
host_write (gpointer    data,
            const char *octets,
            gsize       size)
{
  Host *host = data;
  g_autofree char *text = g_strndup (octets, size);
  g_auto (GStrv) lines = NULL;

  g_assert_true (g_str_has_suffix (text, "\r\n"));
  text[size - 2] = '\0';
  lines = g_strsplit (text, "\r\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (host->output, "S: %s\n", lines[i]);
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
  Host *host = data;

  g_assert_false (host->over);
  host->over = TRUE;
  g_string_append (host->output, "closed\n");
}

static const SmtpDialogueHost functions = { host_write, host_deadline, host_resume, host_over };

static void
escape (GString      *out,
        const guint8 *data,
        gsize         size)
{
  for (gsize i = 0; i < size; i++)
    {
      switch (data[i])
        {
        case '\r': g_string_append (out, "\\r"); break;
        case '\n': g_string_append (out, "\\n"); break;
        case '\0': g_string_append (out, "\\0"); break;
        case '\\': g_string_append (out, "\\\\"); break;
        default:
          if (data[i] >= 0x20 && data[i] < 0x7f)
            g_string_append_c (out, data[i]);
          else
            g_string_append_printf (out, "\\x%02X", data[i]);
        }
    }
}

/* Every property that says something, but those that are in the transcript anyway. */
static void
write_typed (Host       *host,
             GObject    *object,
             const char *what)
{
  static const char * const skipped = " address parameters reverse-path mail-from mail-parameters mail-options"
                                      " n-recipients rcpt-tos rcpt-options content body-stream ";
  guint n;
  g_autofree GParamSpec **pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (object), &n);

  g_string_append_printf (host->output, "E: %s", what);
  for (guint i = 0; i < n; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      g_autofree char *padded = g_strdup_printf (" %s ", pspecs[i]->name);
      g_autofree char *text = NULL;

      if (strstr (skipped, padded) != NULL)
        continue;

      g_value_init (&value, pspecs[i]->value_type);
      g_object_get_property (object, pspecs[i]->name, &value);
      if (g_param_value_defaults (pspecs[i], &value))
        continue;

      if (G_VALUE_HOLDS_STRING (&value))
        text = g_strescape (g_value_get_string (&value), "");
      else if (G_VALUE_HOLDS (&value, G_TYPE_STRV))
        text = g_strjoinv ("|", g_value_get_boxed (&value));
      else if (G_VALUE_HOLDS_ENUM (&value))
        text = g_enum_to_string (pspecs[i]->value_type, g_value_get_enum (&value));
      else if (G_VALUE_HOLDS_FLAGS (&value))
        text = g_strdup_printf ("%u", g_value_get_flags (&value));
      else if (G_VALUE_HOLDS (&value, SMTP_TYPE_ADDRESS))
        text = g_strdup_printf ("<%s>", smtp_address_get_text (g_value_get_boxed (&value)));
      else
        {
          g_auto (GValue) string = G_VALUE_INIT;

          g_value_init (&string, G_TYPE_STRING);
          g_value_transform (&value, &string);
          text = g_value_dup_string (&string);
        }
      if (*text != '\0')
        g_string_append_printf (host->output, " %s=%s", pspecs[i]->name, text);
    }
  g_string_append_c (host->output, '\n');
}

static void
write_all_typed (Host         *host,
                 SmtpEnvelope *envelope)
{
  g_autoptr (GPtrArray) recipients = smtp_envelope_get_recipients (envelope);

  write_typed (host, G_OBJECT (envelope), smtp_envelope_get_mail_from (envelope));
  for (guint i = 0; i < recipients->len; i++)
    {
      SmtpRecipient *recipient = g_ptr_array_index (recipients, i);

      write_typed (host, G_OBJECT (recipient), smtp_address_get_text (smtp_recipient_get_address (recipient)));
    }
}

static SmtpVerdict
welcome_parameter (SmtpServer       *server,
                   SmtpSession      *session,
                   SmtpEnvelope     *envelope,
                   const char       *verb,
                   const char       *keyword,
                   const char       *value,
                   const Transcript *transcript)
{
  if (g_ptr_array_find_with_equal_func (transcript->welcome, keyword, g_str_equal, NULL))
    return SMTP_VERDICT_HANDLED;

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
give_content (SmtpServer       *server,
              SmtpSession      *session,
              SmtpEnvelope     *envelope,
              SmtpRequest      *request,
              const char       *url,
              const Transcript *transcript)
{
  g_assert_null (strchr (url, ' '));
  smtp_request_send_content (request, transcript->content);

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
take_message (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              Host         *host)
{
  GBytes *content = smtp_envelope_get_content (envelope);

  if (host->transcript->typed)
    write_all_typed (host, envelope);
  g_string_append (host->output, "M: ");
  escape (host->output, g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  g_string_append_c (host->output, '\n');
  smtp_request_reply (request, 250, "2.0.0 taken");

  return SMTP_VERDICT_HANDLED;
}

static void
answer (const char  *text,
        SmtpRequest *request)
{
  const char *space = strchr (text, ' ');
  g_autoptr (GString) unescaped = g_string_new (NULL);

  append_unescaped (unescaped, space + 1);
  smtp_request_reply (request, g_ascii_strtoull (text, NULL, 10), unescaped->str);
}

/* The arguments of hooks differ behind the third, which is the request. */
static void
answer_marshal (GClosure     *closure,
                GValue       *return_value,
                guint         n_params,
                const GValue *params,
                gpointer      hint,
                gpointer      data)
{
  answer (closure->data, g_value_get_object (&params[3]));
  g_value_set_enum (return_value, SMTP_VERDICT_HANDLED);
}

static SmtpServer *
make_server (const Transcript *transcript,
             Host             *host)
{
  SmtpServer *server = smtp_server_new ();

  smtp_server_set_hostname (server, "mx.example");
  smtp_server_set_ident (server, "");
  /* Nobody wakes it up. */
  smtp_server_set_error_delay (server, 0);
  for (guint i = 0; i < transcript->settings->len; i += 2)
    {
      const char *name = g_ptr_array_index (transcript->settings, i);
      const char *text = g_ptr_array_index (transcript->settings, i + 1);
      GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (server), name);
      g_auto (GValue) value = G_VALUE_INIT;

      g_assert_nonnull (pspec);
      g_value_init (&value, G_PARAM_SPEC_VALUE_TYPE (pspec));
      if (G_VALUE_HOLDS_BOOLEAN (&value))
        g_value_set_boolean (&value, g_str_equal (text, "true"));
      else if (G_VALUE_HOLDS_UINT64 (&value))
        g_value_set_uint64 (&value, g_ascii_strtoull (text, NULL, 10));
      else if (G_VALUE_HOLDS_UINT (&value))
        g_value_set_uint (&value, g_ascii_strtoull (text, NULL, 10));
      else if (G_VALUE_HOLDS_ENUM (&value))
        g_value_set_enum (&value, g_ascii_strtoull (text, NULL, 10));
      else if (G_VALUE_HOLDS (&value, G_TYPE_STRV))
        g_value_take_boxed (&value, g_strsplit (text, " ", -1));
      else
        g_value_set_string (&value, text);
      g_object_set_property (G_OBJECT (server), name, &value);
    }

  for (guint i = 0; i < transcript->extensions->len; i += 2)
    {
      const char *keyword = g_ptr_array_index (transcript->extensions, i);
      const char *value = g_ptr_array_index (transcript->extensions, i + 1);

      smtp_server_set_extension_enabled (server, keyword, value != NULL);
      if (value != NULL && *value != '\0')
        smtp_extension_set_value (smtp_server_lookup_extension (server, keyword), value);
    }
  if (transcript->welcome->len > 0)
    g_signal_connect (server, "handle-parameter", G_CALLBACK (welcome_parameter), (gpointer) transcript);
  if (transcript->content != NULL)
    g_signal_connect (server, "handle-burl", G_CALLBACK (give_content), (gpointer) transcript);

  for (guint i = 0; i < transcript->hooks->len; i += 2)
    {
      g_autofree char *signal = g_strconcat ("handle-", g_ptr_array_index (transcript->hooks, i), NULL);
      GClosure *closure = g_closure_new_simple (sizeof (GClosure), g_ptr_array_index (transcript->hooks, i + 1));

      g_closure_set_marshal (closure, answer_marshal);
      g_signal_connect_closure (server, signal, closure, FALSE);
    }
  if (!transcript->untaken)
    g_signal_connect (server, "handle-data", G_CALLBACK (take_message), host);

  return server;
}

/* Replaying */

typedef struct
{
  SmtpDialogue *dialogue;
  GString *kept;
} Feeder;

static void
feed (Feeder     *self,
      const char *data,
      gsize       size)
{
  gsize used;

  g_string_append_len (self->kept, data, size);
  do
    {
      guint budget = 3;

      used = smtp_dialogue_input (self->dialogue, self->kept->str, self->kept->len, &budget);
      g_string_erase (self->kept, 0, used);
    }
  while (used > 0 && self->kept->len > 0);
}

/* @cut: 0 for none, -1 for everywhere. */
static void
replay (const Transcript *transcript,
        gssize            cut)
{
  Host host = { g_string_new (NULL), FALSE, transcript };
  g_autoptr (SmtpServer) server = make_server (transcript, &host);
  g_autoptr (SmtpSession) session = smtp_session_new ();
  Feeder feeder = { smtp_dialogue_new (server, session, &functions, &host), g_string_new (NULL) };
  const GString *input = transcript->input;

  smtp_server_get_poller (server);
  smtp_dialogue_start (feeder.dialogue);
  if (cut < 0)
    {
      for (gsize i = 0; i < input->len; i++)
        feed (&feeder, input->str + i, 1);
    }
  else
    {
      feed (&feeder, input->str, cut);
      feed (&feeder, input->str + cut, input->len - cut);
    }

  g_assert_cmpstr (host.output->str, ==, transcript->expected->str);

  smtp_dialogue_free (feeder.dialogue);
  g_string_free (feeder.kept, TRUE);
  g_string_free (host.output, TRUE);
}

static gsize
get_step (void)
{
  const char *preload = g_getenv ("LD_PRELOAD");

  /* Under valgrind everything takes thirty times as long. */
  return preload != NULL && strstr (preload, "vgpreload") != NULL ? 17 : 1;
}

static void
test_whole (gconstpointer data)
{
  replay (data, 0);
}

static void
test_octets (gconstpointer data)
{
  replay (data, -1);
}

static void
test_cuts (gconstpointer data)
{
  const Transcript *transcript = data;

  for (gsize cut = 1; cut < transcript->input->len; cut += get_step ())
    replay (transcript, cut);
}

/* What a hook of a transcript does wrong is warned of. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         data)
{
  if ((level & G_LOG_LEVEL_MASK) == G_LOG_LEVEL_WARNING)
    return G_LOG_WRITER_HANDLED;

  return g_log_writer_default (level, fields, n_fields, data);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *directory = NULL;
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GPtrArray) transcripts = g_ptr_array_new_with_free_func (transcript_free);
  const char *name;

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_log_set_writer_func (write_log, NULL, NULL);

  directory = g_test_build_filename (G_TEST_DIST, "transcripts", NULL);
  dir = g_dir_open (directory, 0, NULL);
  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autofree char *whole = g_strdup_printf ("/transcripts/%s/whole", name);
      g_autofree char *octets = g_strdup_printf ("/transcripts/%s/octets", name);
      g_autofree char *cuts = g_strdup_printf ("/transcripts/%s/cuts", name);
      Transcript *transcript;

      if (!g_str_has_suffix (name, ".txt"))
        continue;

      transcript = transcript_load (path);
      g_ptr_array_add (transcripts, transcript);
      g_test_add_data_func (whole, transcript, test_whole);
      g_test_add_data_func (octets, transcript, test_octets);
      g_test_add_data_func (cuts, transcript, test_cuts);
    }

  return g_test_run ();
}
