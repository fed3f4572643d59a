/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A catcher that runs, and clients that block. */

#pragma once

#include <string.h>

#include <smtpd/smtpd.h>

/* Much, for machines that are slow or run it under a debugger. */
#define PATIENCE 30
#define LONG (PATIENCE * 1000)

#define TRANSACTION "EHLO x", "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>", "DATA"
#define MESSAGE "Subject: x\r\n\r\ntext\r\n."

G_GNUC_UNUSED static SmtpCatcher *
start_catcher (void)
{
  SmtpCatcher *catcher = smtp_catcher_new ();
  g_autoptr (GError) error = NULL;

  smtp_catcher_start (catcher, &error);
  g_assert_no_error (error);

  return catcher;
}

static GSocketConnection *
dial (guint port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, PATIENCE);
  connection = g_socket_client_connect_to_host (client, "localhost", port, NULL, &error);
  g_assert_no_error (error);

  return connection;
}

/* Adds the code of a reply, or "end". FALSE at the end. */
static gboolean
read_code (GDataInputStream *input,
           GString          *codes)
{
  g_autofree char *line = NULL;

  do
    {
      g_free (line);
      line = g_data_input_stream_read_line (input, NULL, NULL, NULL);
    }
  while (line != NULL && strlen (line) > 3 && line[3] == '-');

  if (codes->len > 0)
    g_string_append_c (codes, ' ');
  g_string_append_len (codes, line != NULL ? line : "end", 3);

  return line != NULL;
}

/* Says one line after the other, each after the answer to the last; returns the codes with spaces between them. */
static char *
talk_to (guint               port,
         const char * const *lines)
{
  g_autoptr (GSocketConnection) connection = dial (port);
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GDataInputStream) input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  GString *codes = g_string_new (NULL);
  gboolean open;

  g_data_input_stream_set_newline_type (input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  open = read_code (input, codes);
  for (guint i = 0; open && lines[i] != NULL; i++)
    {
      g_autofree char *line = g_strconcat (lines[i], "\r\n", NULL);

      open = g_output_stream_write_all (output, line, strlen (line), NULL, NULL, NULL) && read_code (input, codes);
    }

  return g_string_free (codes, FALSE);
}

#define assert_codes(catcher, expected, ...) \
  G_STMT_START { \
    const char * const lines_[] = { __VA_ARGS__, NULL }; \
    g_autofree char *codes_ = talk_to (smtp_catcher_get_port (catcher), lines_); \
    g_assert_cmpstr (codes_, ==, expected); \
  } G_STMT_END

/* Delivers one message; for g_thread_new(), too. */
G_GNUC_UNUSED static gpointer
deliver (gpointer catcher)
{
  assert_codes (catcher, "220 250 250 250 354 250 221", TRANSACTION, MESSAGE, "QUIT");

  return NULL;
}
