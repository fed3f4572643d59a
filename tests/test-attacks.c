/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What cannot be seen on the wire: that names from there become nothing that lasts, and that what a program
 * is given by a hostile client is text. */

#include <string.h>
#include <sys/socket.h>

#include <smtpd/smtpd.h>

typedef struct
{
  SmtpServer *server;
  GSocket *client;
  guint n_mails;
} Test;

static void
set_up (Test          *test,
        gconstpointer  data)
{
  g_autoptr (GSocket) theirs = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  test->server = smtp_server_new ();
  smtp_server_set_max_errors (test->server, 0);
  smtp_server_set_error_delay (test->server, 0);
  smtp_server_set_max_junk_commands (test->server, 0);
  smtp_server_set_smtputf8 (test->server, TRUE);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  test->client = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  theirs = g_socket_new_from_fd (fds[1], &error);
  g_assert_no_error (error);
  g_socket_set_blocking (test->client, FALSE);
  connection = g_socket_connection_factory_create_connection (theirs);
  smtp_server_accept_stream (test->server, G_IO_STREAM (connection), SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);
}

static void
tear_down (Test          *test,
           gconstpointer  data)
{
  g_clear_object (&test->client);
  g_assert_finalize_object (test->server);
}

/* Says it, and lets the server answer; what that was is of no interest. */
static void
say (Test       *test,
     const char *text)
{
  char buffer[4096];

  g_assert_cmpint (g_socket_send (test->client, text, strlen (text), NULL, NULL), ==, (gssize) strlen (text));
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  while (g_socket_receive (test->client, buffer, sizeof buffer, NULL, NULL) > 0)
    ;
}

/* A quark is never given back: a client could fill the memory with them. */
static void
test_quarks (Test          *test,
             gconstpointer  data)
{
  static const char * const patterns[] =
  {
    "QX%u\r\n", "EHLO qx%u\r\n", "NOOP qx%u\r\n", "VRFY qx%u\r\n", "AUTH QX%u\r\n", "MAIL FROM:<qx%u@example.org>\r\n",
    "RCPT TO:<qx%u@example.org>\r\n", "RSET\r\n", "MAIL FROM:<> QX%u=qx%u\r\n", "BDAT 1 QX%u\r\n",
  };
  static const char * const names[] = { "QX%u", "qx%u", "Qx%u", "qx%u@example.org", "<qx%u@example.org>" };

  for (guint i = 0; i < 50; i++)
    {
      for (guint k = 0; k < G_N_ELEMENTS (patterns); k++)
        {
          g_autofree char *number = g_strdup_printf ("%u", i);
          g_auto (GStrv) parts = g_strsplit (patterns[k], "%u", -1);
          g_autofree char *line = g_strjoinv (number, parts);

          say (test, line);
        }
      for (guint k = 0; k < G_N_ELEMENTS (names); k++)
        {
          g_autofree char *number = g_strdup_printf ("%u", i);
          g_auto (GStrv) parts = g_strsplit (names[k], "%u", -1);
          g_autofree char *name = g_strjoinv (number, parts);

          g_assert_cmpuint (g_quark_try_string (name), ==, 0);
        }
      /* The last one has ended the connection. */
      g_clear_object (&test->client);
      g_clear_object (&test->server);
      set_up (test, NULL);
    }
}

/* Text */

static void
check (const char *text)
{
  if (text != NULL)
    g_assert_true (g_utf8_validate (text, -1, NULL));
}

static SmtpVerdict
on_mail (SmtpServer     *server,
         SmtpSession    *session,
         SmtpEnvelope   *envelope,
         SmtpRequest    *request,
         SmtpAddress    *address,
         SmtpParameters *parameters,
         Test           *test)
{
  test->n_mails++;
  check (smtp_session_get_host_name (session));
  check (smtp_request_get_argument (request));
  check (smtp_address_get_text (address));
  for (guint i = 0; i < smtp_parameters_get_length (parameters); i++)
    check (smtp_parameters_get_value (parameters, i));

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
on_noop (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request,
         const char   *argument,
         Test         *test)
{
  check (argument);

  return SMTP_VERDICT_CONTINUE;
}

static void
on_ping (SmtpServer  *server,
         SmtpSession *session,
         SmtpRequest *request,
         const char  *argument,
         gpointer     data)
{
  check (argument);
  check (smtp_request_get_verb (request));
  smtp_request_reply (request, 259, argument);
}

/* Each octet above ASCII, and sequences that are not quite UTF-8, wherever text may stand. */
static void
test_text (Test          *test,
           gconstpointer  data)
{
  static const char * const bad[] =
  {
    "\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\x80", "a\xc3",
    "\xe2\x82", "\xc3\xa4\xff",
  };
  static const char * const patterns[] =
  {
    "EHLO %s\r\n", "NOOP %s\r\n", "PING %s\r\n", "%s\r\n", "EHLO x\r\n", "MAIL FROM:<%s@example.org> SMTPUTF8\r\n",
    "MAIL FROM:<\"%s\"@example.org> SMTPUTF8\r\n", "MAIL FROM:<a@%s.example.org> SMTPUTF8\r\n",
    "MAIL FROM:<a@example.org> SMTPUTF8 AUTH=%s\r\n", "MAIL FROM:<a@example.org> SMTPUTF8 X=%s\r\n",
    "MAIL FROM:<\xc3\xa4@example.org> SMTPUTF8\r\n", "RSET\r\n",
  };

  smtp_server_add_command (test->server, "PING", on_ping, NULL, NULL);
  g_signal_connect (test->server, "handle-mail", G_CALLBACK (on_mail), test);
  g_signal_connect (test->server, "handle-noop", G_CALLBACK (on_noop), test);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      for (guint k = 0; k < G_N_ELEMENTS (patterns); k++)
        {
          g_auto (GStrv) parts = g_strsplit (patterns[k], "%s", -1);
          g_autofree char *line = g_strjoinv (bad[i], parts);

          say (test, line);
        }
    }
  g_assert_cmpuint (test->n_mails, >=, G_N_ELEMENTS (bad));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/attacks/quarks", Test, NULL, set_up, test_quarks, tear_down);
  g_test_add ("/attacks/text", Test, NULL, set_up, test_text, tear_down);

  return g_test_run ();
}
