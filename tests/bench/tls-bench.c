/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What TLS costs with GnuTLS and nothing around it, and the clients to measure it by.
 *
 *   tls-bench serve CERTIFICATE       a bare server: it says 220 and throws away what comes
 *   tls-bench keep CERTIFICATE        the same, but it writes what comes to a file without a name
 *   tls-bench shake PORT COUNT VERSION full|resumed
 *                                     connections, one after the other
 *   tls-bench send PORT OCTETS VERSION bare|smtp
 *                                     one message in one connection
 *
 * VERSION is 1.2 or 1.3. Servers print their port. Each fails when something is not as it ought
 * to be: a session that was not resumed, a server that says something else.
 */

/* For O_TMPFILE. */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>
#include <gnutls/gnutls.h>

/* As the library has it. */
#define SERVER_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-SHA1:%SERVER_PRECEDENCE"
#define RECORD 16384

static gnutls_certificate_credentials_t credentials;

static void G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN
fail (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  fputs ("tls-bench: ", stderr);
  vfprintf (stderr, format, arguments);
  fputs ("\n", stderr);
  va_end (arguments);
  exit (EXIT_FAILURE);
}

static void
check (int         code,
       const char *what)
{
  if (code < 0)
    fail ("%s: %s", what, gnutls_strerror (code));
}

static void
shake_hands (gnutls_session_t session)
{
  int code;

  do
    code = gnutls_handshake (session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  check (code, "handshake");
}

static ssize_t
receive (gnutls_session_t  session,
         void             *buffer,
         size_t            size)
{
  ssize_t n;

  do
    n = gnutls_record_recv (session, buffer, size);
  while (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_AGAIN);

  return n;
}

static void
transmit (gnutls_session_t  session,
          const char       *data,
          size_t            size)
{
  while (size > 0)
    {
      ssize_t n = gnutls_record_send (session, data, size);

      check ((int) n, "send");
      data += n;
      size -= (size_t) n;
    }
}

/* The server */

static void
take_all (gnutls_session_t session)
{
  static char buffer[4 * RECORD];

  while (receive (session, buffer, sizeof buffer) > 0)
    ;
}

/* In pieces of some size: the library writes in such, too. */
static void
keep_all (gnutls_session_t session)
{
  static char buffer[16 * RECORD];
  int fd = open (g_get_tmp_dir (), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  ssize_t n;

  if (fd < 0)
    fail ("cannot make a file in %s", g_get_tmp_dir ());

  do
    {
      size_t size = 0;

      while (size < sizeof buffer && (n = receive (session, buffer + size, sizeof buffer - size)) > 0)
        size += (size_t) n;
      if (write (fd, buffer, size) != (ssize_t) size)
        fail ("cannot write to a file in %s", g_get_tmp_dir ());
    }
  while (n > 0);
  close (fd);
}

static void
serve_one (int                   fd,
           gnutls_priority_t     priority,
           const gnutls_datum_t *ticket_key,
           gboolean              keep)
{
  gnutls_session_t session;

  check (gnutls_init (&session, GNUTLS_SERVER), "init");
  gnutls_priority_set (session, priority);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_session_ticket_enable_server (session, ticket_key);
  gnutls_transport_set_int (session, fd);
  shake_hands (session);
  transmit (session, "220 bare\r\n", 10);
  if (keep)
    keep_all (session);
  else
    take_all (session);
  gnutls_bye (session, GNUTLS_SHUT_WR);
  gnutls_deinit (session);
}

static void G_GNUC_NORETURN
serve (const char *certificate,
       gboolean    keep)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM, 0);
  gnutls_priority_t priority;
  gnutls_datum_t ticket_key;

  check (gnutls_certificate_set_x509_key_file (credentials, certificate, certificate, GNUTLS_X509_FMT_PEM),
         certificate);
  check (gnutls_priority_init (&priority, SERVER_PRIORITY, NULL), "priority");
  check (gnutls_session_ticket_key_generate (&ticket_key), "ticket key");
  if (bind (listener, (struct sockaddr *) &address, sizeof address) != 0 || listen (listener, 64) != 0 ||
      getsockname (listener, (struct sockaddr *) &address, &length) != 0)
    fail ("cannot listen");
  printf ("listening on 127.0.0.1:%u\n", ntohs (address.sin_port));
  fflush (stdout);

  for (;;)
    {
      int fd = accept (listener, NULL, NULL);
      int one = 1;

      if (fd < 0)
        continue;
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      serve_one (fd, priority, &ticket_key, keep);
      close (fd);
    }
}

/* The clients */

typedef struct
{
  gnutls_session_t session;
  int fd;
} Client;

/* Whether its last line is there. Some send each line in a record of its own. */
static int
is_whole_reply (const char *reply,
                size_t      size)
{
  size_t start = size;

  if (size < 4 || reply[size - 1] != '\n')
    return 0;
  do
    start--;
  while (start > 0 && reply[start - 1] != '\n');

  return size - start >= 4 && reply[start + 3] != '-';
}

static void
expect_reply (Client     *self,
              const char *code)
{
  char buffer[RECORD];
  size_t size = 0;

  do
    {
      ssize_t n = receive (self->session, buffer + size, sizeof buffer - size);

      if (n <= 0)
        fail ("the server has gone");
      size += (size_t) n;
    }
  while (!is_whole_reply (buffer, size));

  if (memcmp (buffer, code, 3) != 0)
    fail ("the server says %.*s", (int) size, buffer);
}

static int
connect_to (guint16 port)
{
  struct sockaddr_in address =
    { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK), .sin_port = htons (port) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  int one = 1;

  if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    fail ("cannot connect");
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

  return fd;
}

static void
client_open (Client                *self,
             guint16                port,
             const char            *version,
             const gnutls_datum_t  *ticket)
{
  g_autofree char *priority = g_strdup_printf ("NORMAL:-VERS-ALL:+VERS-TLS%s", version);

  self->fd = connect_to (port);
  check (gnutls_init (&self->session, GNUTLS_CLIENT), "init");
  check (gnutls_priority_set_direct (self->session, priority, NULL), version);
  gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE, credentials);
  if (ticket != NULL)
    check (gnutls_session_set_data (self->session, ticket->data, ticket->size), "ticket");
  gnutls_transport_set_int (self->session, self->fd);
  shake_hands (self->session);
  expect_reply (self, "220");
}

static void
client_close (Client *self)
{
  char rest[64];

  gnutls_bye (self->session, GNUTLS_SHUT_WR);
  while (receive (self->session, rest, sizeof rest) > 0)
    ;
  gnutls_deinit (self->session);
  close (self->fd);
}

static void
shake (guint16     port,
       guint       count,
       const char *version,
       gboolean    resumed)
{
  gnutls_datum_t ticket = { NULL, 0 };
  Client client;

  if (resumed)
    {
      client_open (&client, port, version, NULL);
      check (gnutls_session_get_data2 (client.session, &ticket), "ticket");
      client_close (&client);
    }

  for (guint i = 0; i < count; i++)
    {
      client_open (&client, port, version, resumed ? &ticket : NULL);
      if (!gnutls_session_is_resumed (client.session) != !resumed)
        fail ("a session is %s", resumed ? "not resumed" : "resumed");
      client_close (&client);
    }
  gnutls_free (ticket.data);
}

static void
say (Client     *self,
     const char *command,
     const char *code)
{
  transmit (self->session, command, strlen (command));
  expect_reply (self, code);
}

static void
send_message (guint16     port,
              guint64     octets,
              const char *version,
              gboolean    smtp)
{
  static char text[RECORD];
  Client client;

  for (gsize i = 0; i < sizeof text; i += 64)
    {
      memset (text + i, 'x', 62);
      memcpy (text + i + 62, "\r\n", 2);
    }

  client_open (&client, port, version, NULL);
  if (smtp)
    {
      say (&client, "EHLO bench\r\n", "250");
      say (&client, "MAIL FROM:<>\r\n", "250");
      say (&client, "RCPT TO:<a@example.org>\r\n", "250");
      say (&client, "DATA\r\n", "354");
      transmit (client.session, "Subject: bench\r\n\r\n", 18);
    }
  for (; octets >= sizeof text; octets -= sizeof text)
    transmit (client.session, text, sizeof text);
  if (smtp)
    say (&client, ".\r\n", "250");
  client_close (&client);
}

int
main (int    argc,
      char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  check (gnutls_certificate_allocate_credentials (&credentials), "credentials");

  if (argc == 3 && (strcmp (argv[1], "serve") == 0 || strcmp (argv[1], "keep") == 0))
    serve (argv[2], strcmp (argv[1], "keep") == 0);
  else if (argc == 6 && strcmp (argv[1], "shake") == 0)
    shake ((guint16) atoi (argv[2]), (guint) atoi (argv[3]), argv[4], strcmp (argv[5], "resumed") == 0);
  else if (argc == 6 && strcmp (argv[1], "send") == 0)
    send_message ((guint16) atoi (argv[2]), g_ascii_strtoull (argv[3], NULL, 10), argv[4],
                  strcmp (argv[5], "smtp") == 0);
  else
    fail ("see the comment at the top of its source");

  return EXIT_SUCCESS;
}
