/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE  /* accept4(), pipe2() */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>

#include "transport/smtp-transport.h"

/* What every test is run over. */
typedef struct
{
  const char *name;
  gboolean    is_stream;
  gboolean    is_tcp;
  gboolean    has_owner;  /* the descriptor is an object's */
} Kind;

static const Kind kinds[] =
{
  { "socket-unix", FALSE, FALSE, FALSE },
  { "socket-tcp", FALSE, TRUE, FALSE },
  { "socket-owner", FALSE, TRUE, TRUE },
  { "stream-unix", TRUE, FALSE, FALSE },
  { "stream-tcp", TRUE, TRUE, FALSE },
};

typedef struct
{
  const Kind          *kind;
  GMainContext        *context;
  SmtpPoller          *poller;
  SmtpTransport       *transport;
  GIOStream           *stream;      /* of those kinds that have one */
  int                  peer;        /* blocking, -1: closed */
  int                  n_fds;       /* open before */
  SmtpTransportEvents  events;      /* told since they were last asked for */
  int                  n_calls;
  gboolean             in_call;     /* nothing may be told now */
  gboolean             frees;       /* the callback frees the transport */
} Fixture;

static int
count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  int n_fds = 0;

  while (g_dir_read_name (dir) != NULL)
    n_fds++;

  return n_fds;
}

static void
open_unix_pair (int fds[2])
{
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
}

static void
open_tcp_pair (int fds[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (bind (listener, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (listener, 1));
  g_assert_no_errno (getsockname (listener, (struct sockaddr *) &address, &length));
  fds[1] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (connect (fds[1], (struct sockaddr *) &address, sizeof address));
  fds[0] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_no_errno (fds[0]);
  close (listener);
}

static GIOStream *
new_connection (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
on_transport (SmtpTransport       *transport,
              SmtpTransportEvents  events,
              gpointer             user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (transport == fixture->transport);
  g_assert_false (fixture->in_call);
  g_assert_cmpuint (events, !=, 0);

  fixture->events |= events;
  fixture->n_calls++;
  if (fixture->frees)
    g_clear_pointer (&fixture->transport, smtp_transport_free);
}

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  const Kind *kind = data;
  int fds[2];

  fixture->kind = kind;
  fixture->n_fds = count_fds ();
  fixture->context = g_main_context_new ();
  fixture->poller = smtp_poller_new (fixture->context);

  if (kind->is_tcp)
    open_tcp_pair (fds);
  else
    open_unix_pair (fds);
  fixture->peer = fds[1];

  if (kind->is_stream || kind->has_owner)
    fixture->stream = new_connection (fds[0]);
  if (kind->is_stream)
    fixture->transport = smtp_transport_new_stream (fixture->poller, fixture->stream, &error);
  else
    fixture->transport = smtp_transport_new_socket (fixture->poller, fds[0],
                                                    (GObject *) fixture->stream, &error);
  g_assert_no_error (error);
  smtp_transport_set_callback (fixture->transport, on_transport, fixture);
}

static void
close_peer (Fixture *fixture)
{
  if (fixture->peer >= 0)
    close (fixture->peer);
  fixture->peer = -1;
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_clear_pointer (&fixture->transport, smtp_transport_free);
  close_peer (fixture);
  smtp_poller_unref (fixture->poller);
  g_main_context_unref (fixture->context);

  /* The stream is alive still, and what it stood for is closed all the same. */
  g_assert_cmpint (count_fds (), ==, fixture->n_fds);
  g_clear_object (&fixture->stream);
  g_assert_cmpint (count_fds (), ==, fixture->n_fds);
}

static gboolean
on_give_up (gpointer data)
{
  g_error ("Event %d did not come", GPOINTER_TO_INT (data));
  return G_SOURCE_REMOVE;
}

/* Waits for any of @events; answers, and forgets, all that were told. */
static SmtpTransportEvents
wait_for (Fixture             *fixture,
          SmtpTransportEvents  events)
{
  GSource *guard = g_timeout_source_new_seconds (60);
  SmtpTransportEvents told;

  g_source_set_callback (guard, on_give_up, GINT_TO_POINTER (events), NULL);
  g_source_attach (guard, fixture->context);
  while (!(fixture->events & events))
    g_main_context_iteration (fixture->context, TRUE);
  g_source_destroy (guard);
  g_source_unref (guard);

  told = fixture->events;
  fixture->events = 0;
  return told;
}

/* Gives what is on its way the time to come, in case it should not. */
static void
settle (Fixture *fixture)
{
  gint64 end = g_get_monotonic_time () + 20000;

  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (fixture->context, FALSE);
      g_usleep (1000);
    }
}

static gssize
read_some (Fixture *fixture,
           void    *buffer,
           gsize    size)
{
  gssize n_read;

  fixture->in_call = TRUE;
  n_read = smtp_transport_read (fixture->transport, buffer, size);
  fixture->in_call = FALSE;

  return n_read;
}

static gssize
write_some (Fixture    *fixture,
            const void *data,
            gsize       size)
{
  gssize n_written;

  fixture->in_call = TRUE;
  n_written = smtp_transport_write (fixture->transport, data, size);
  fixture->in_call = FALSE;

  return n_written;
}

/* Reads, and waits when it has to. */
static gssize
read_wait (Fixture *fixture,
           void    *buffer,
           gsize    size)
{
  gssize n_read;

  while ((n_read = read_some (fixture, buffer, size)) == SMTP_TRANSPORT_AGAIN)
    wait_for (fixture, SMTP_TRANSPORT_READABLE);

  return n_read;
}

static void
read_expect (Fixture    *fixture,
             const char *expected)
{
  g_autoptr (GString) got = g_string_new (NULL);
  char buffer[64];

  while (got->len < strlen (expected))
    {
      gssize n_read = read_wait (fixture, buffer, sizeof buffer);

      g_assert_cmpint (n_read, >, 0);
      g_string_append_len (got, buffer, n_read);
    }
  g_assert_cmpstr (got->str, ==, expected);
}

static void
peer_send (Fixture    *fixture,
           const char *data)
{
  g_assert_cmpint (send (fixture->peer, data, strlen (data), MSG_NOSIGNAL), ==, (gssize) strlen (data));
}

static void
peer_expect (Fixture    *fixture,
             const char *expected)
{
  char buffer[64] = { 0 };

  g_assert_cmpint (recv (fixture->peer, buffer, strlen (expected), MSG_WAITALL), ==,
                   (gssize) strlen (expected));
  g_assert_cmpstr (buffer, ==, expected);
}

/* Closes so that the other end finds the connection reset. */
static void
peer_reset (Fixture *fixture)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  /* A UNIX socket is reset when there is something it has not read. */
  if (!fixture->kind->is_tcp)
    g_assert_cmpint (write_some (fixture, "x", 1), ==, 1);

  g_assert_no_errno (setsockopt (fixture->peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
  close_peer (fixture);
}

/* Echo */

#define ECHO_SIZE (10 * 1024 * 1024)
#define ECHO_SEED 20061

static inline guint8
byte_at (gsize offset)
{
  return (guint8) ((offset * 2654435761u) >> 13);
}

typedef struct
{
  int   fd;
  gsize done;
} EchoPeer;

static gpointer
echo_peer_write (gpointer data)
{
  EchoPeer *peer = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (ECHO_SEED);
  g_autofree guint8 *buffer = g_malloc (100000);

  while (peer->done < ECHO_SIZE)
    {
      gsize size = g_rand_int_range (rand, 1, 100000);

      size = MIN (size, ECHO_SIZE - peer->done);
      for (gsize i = 0; i < size; i++)
        buffer[i] = byte_at (peer->done + i);
      for (gsize sent = 0; sent < size; )
        {
          gssize n_sent = send (peer->fd, buffer + sent, size - sent, MSG_NOSIGNAL);

          g_assert_cmpint (n_sent, >, 0);
          sent += n_sent;
        }
      peer->done += size;
    }
  shutdown (peer->fd, SHUT_WR);

  return NULL;
}

static gpointer
echo_peer_read (gpointer data)
{
  EchoPeer *peer = data;
  g_autofree guint8 *buffer = g_malloc (70000);
  gssize n_read;

  while ((n_read = recv (peer->fd, buffer, 70000, 0)) > 0)
    {
      for (gssize i = 0; i < n_read; i++)
        if (buffer[i] != byte_at (peer->done + i))
          g_error ("Wrong byte at %" G_GSIZE_FORMAT, peer->done + i);
      peer->done += n_read;
    }
  g_assert_cmpint (n_read, ==, 0);

  return NULL;
}

typedef struct
{
  Fixture  *fixture;
  GRand    *rand;
  guint8    buffer[65536];
  gsize     start;
  gsize     end;
  gsize     n_turns;
  gboolean  finished;
} Echo;

/* FALSE: wait for an event. */
static gboolean
echo_step (Echo *self)
{
  gssize n;

  if (self->start < self->end)
    {
      gsize size = g_rand_int_range (self->rand, 1, sizeof self->buffer + 1);

      n = write_some (self->fixture, self->buffer + self->start,
                      MIN (size, self->end - self->start));
      g_assert_cmpint (n, !=, SMTP_TRANSPORT_ERROR);
      if (n > 0)
        self->start += n;
      return n != SMTP_TRANSPORT_AGAIN;
    }

  n = read_some (self->fixture, self->buffer,
                 g_rand_int_range (self->rand, 1, sizeof self->buffer + 1));
  g_assert_cmpint (n, !=, SMTP_TRANSPORT_ERROR);
  self->start = 0;
  self->end = MAX (n, 0);
  if (n == 0)
    {
      self->finished = TRUE;
      smtp_transport_shutdown_write (self->fixture->transport);
    }

  return n > 0;
}

static void
on_echo (SmtpTransport       *transport,
         SmtpTransportEvents  events G_GNUC_UNUSED,
         gpointer             user_data)
{
  Echo *self = user_data;
  int n_steps = 0;

  g_assert_false (self->fixture->in_call);
  self->n_turns++;
  while (!self->finished && echo_step (self))
    {
      /* A share of the turn is over. */
      if (++n_steps == 10)
        {
          smtp_transport_requeue (transport);
          break;
        }
    }
}

static void
test_echo (Fixture       *fixture,
           gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (ECHO_SEED + 1);
  g_autofree Echo *echo = g_new0 (Echo, 1);
  EchoPeer writer = { .fd = fixture->peer };
  EchoPeer reader = { .fd = fixture->peer };
  GThread *threads[2];

  echo->fixture = fixture;
  echo->rand = rand;
  threads[0] = g_thread_new ("writer", echo_peer_write, &writer);
  threads[1] = g_thread_new ("reader", echo_peer_read, &reader);

  smtp_transport_set_callback (fixture->transport, on_echo, echo);
  smtp_transport_requeue (fixture->transport);
  while (!echo->finished)
    g_main_context_iteration (fixture->context, TRUE);

  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  g_assert_cmpuint (writer.done, ==, ECHO_SIZE);
  g_assert_cmpuint (reader.done, ==, ECHO_SIZE);
  g_test_message ("%" G_GSIZE_FORMAT " turns", echo->n_turns);
}

/* Back-pressure */

static gsize
write_until_again (Fixture *fixture,
                   gsize    done)
{
  guint8 buffer[10000];
  gssize n_written;
  gsize begin = done;

  do
    {
      for (gsize i = 0; i < sizeof buffer; i++)
        buffer[i] = byte_at (done + i);
      n_written = write_some (fixture, buffer, sizeof buffer);
      g_assert_cmpint (n_written, !=, SMTP_TRANSPORT_ERROR);
      done += MAX (n_written, 0);
    }
  while (n_written != SMTP_TRANSPORT_AGAIN);

  return done - begin;
}

static void
peer_expect_bytes (Fixture *fixture,
                   gsize    begin,
                   gsize    end)
{
  guint8 buffer[4096];

  while (begin < end)
    {
      gssize n_read = recv (fixture->peer, buffer, MIN (sizeof buffer, end - begin), 0);

      g_assert_cmpint (n_read, >, 0);
      for (gssize i = 0; i < n_read; i++)
        g_assert_cmpuint (buffer[i], ==, byte_at (begin + i));
      begin += n_read;
    }
}

static void
test_back_pressure (Fixture       *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  gsize written = 0;
  gsize read = 0;

  for (int i = 0; i < 3; i++)
    {
      gssize more = write_until_again (fixture, written);
      guint8 next;

      g_assert_cmpint (more, >, 0);
      written += more;

      /* As much as it takes, and not a call before the peer reads. On a loopback the kernel
       * may still move some from one buffer to the other. */
      settle (fixture);
      while (fixture->events != 0)
        {
          g_assert_cmpuint (fixture->events, ==, SMTP_TRANSPORT_WRITABLE);
          fixture->events = 0;
          written += write_until_again (fixture, written);
          settle (fixture);
        }

      /* A stream tries, and may find some room that is not worth an event yet. */
      next = byte_at (written);
      more = write_some (fixture, &next, 1);
      if (fixture->kind->is_stream && more == 1)
        written++;
      else
        g_assert_cmpint (more, ==, SMTP_TRANSPORT_AGAIN);

      peer_expect_bytes (fixture, read, written);
      read = written;
      g_assert_cmpuint (wait_for (fixture, SMTP_TRANSPORT_WRITABLE), ==, SMTP_TRANSPORT_WRITABLE);
    }

  /* Reading is not in the way of any of it. */
  peer_send (fixture, "hello");
  read_expect (fixture, "hello");
  g_assert_cmpint (write_some (fixture, "", 0), ==, 0);
}

/* The end */

static void
test_eof_at_once (Fixture       *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  /* Data and the end are there before the first read. */
  peer_send (fixture, "hello");
  g_assert_no_errno (shutdown (fixture->peer, SHUT_WR));
  read_expect (fixture, "hello");
  g_assert_cmpint (read_wait (fixture, buffer, sizeof buffer), ==, 0);
  g_assert_cmpint (read_wait (fixture, buffer, sizeof buffer), ==, 0);
  g_assert_cmpint (smtp_transport_get_error (fixture->transport), ==, 0);

  /* The other direction goes on. */
  g_assert_cmpint (write_some (fixture, "bye", 3), ==, 3);
  peer_expect (fixture, "bye");
}

static void
test_eof_one_edge (Fixture       *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  /* Both come while the other side waits: one event, and no other after the short read. */
  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  settle (fixture);
  peer_send (fixture, "hello");
  g_assert_no_errno (shutdown (fixture->peer, SHUT_WR));
  read_expect (fixture, "hello");
  g_assert_cmpint (read_wait (fixture, buffer, sizeof buffer), ==, 0);
}

static void
test_eof_two_edges (Fixture       *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  peer_send (fixture, "hello");
  read_expect (fixture, "hello");
  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  settle (fixture);
  g_assert_cmpuint (fixture->events, ==, 0);

  close_peer (fixture);
  g_assert_true (wait_for (fixture, SMTP_TRANSPORT_READABLE) & SMTP_TRANSPORT_READABLE);
  g_assert_cmpint (read_wait (fixture, buffer, sizeof buffer), ==, 0);
}

/* The end arrives between the event and the read that it leads to. */
static void
test_eof_late (Fixture       *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  peer_send (fixture, "hello");
  wait_for (fixture, SMTP_TRANSPORT_READABLE);
  peer_send (fixture, " world");
  g_assert_no_errno (shutdown (fixture->peer, SHUT_WR));
  read_expect (fixture, "hello world");
  g_assert_cmpint (read_wait (fixture, buffer, sizeof buffer), ==, 0);
}

static void
test_half_close (Fixture       *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  g_assert_cmpint (write_some (fixture, "bye", 3), ==, 3);
  smtp_transport_shutdown_write (fixture->transport);
  smtp_transport_shutdown_write (fixture->transport);
  peer_expect (fixture, "bye");
  g_assert_cmpint (recv (fixture->peer, buffer, sizeof buffer, 0), ==, 0);

  /* The peer may talk on. */
  peer_send (fixture, "wait");
  read_expect (fixture, "wait");
  g_assert_cmpint (write_some (fixture, "x", 1), ==, SMTP_TRANSPORT_ERROR);
  g_assert_cmpint (smtp_transport_get_error (fixture->transport), ==, EPIPE);

  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  close_peer (fixture);
  g_assert_cmpint (read_wait (fixture, buffer, sizeof buffer), ==, 0);
}

static void
test_reset (Fixture       *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  SmtpTransportEvents told;
  char buffer[64];
  gssize n_read;

  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  settle (fixture);
  peer_reset (fixture);
  told = wait_for (fixture, SMTP_TRANSPORT_READABLE | SMTP_TRANSPORT_HANGUP);
  if (!fixture->kind->is_stream)
    {
      g_assert_true (told & SMTP_TRANSPORT_HANGUP);
      g_assert_true (told & SMTP_TRANSPORT_READABLE);
      g_assert_cmpint (smtp_transport_get_error (fixture->transport), ==, ECONNRESET);
    }

  /* Never the end of a message that was whole. */
  n_read = read_wait (fixture, buffer, sizeof buffer);
  g_assert_cmpint (n_read, ==, SMTP_TRANSPORT_ERROR);
  g_assert_cmpint (smtp_transport_get_error (fixture->transport), ==, ECONNRESET);

  g_assert_cmpint (write_some (fixture, "x", 1), ==, SMTP_TRANSPORT_ERROR);
  g_assert_cmpint (smtp_transport_get_error (fixture->transport), ==,
                   fixture->kind->is_stream ? EPIPE : ECONNRESET);
  settle (fixture);
}

static void
test_reset_after_data (Fixture       *fixture,
                       gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];
  gssize n_read;

  peer_send (fixture, "hello");
  peer_reset (fixture);
  settle (fixture);

  /* The kernel may keep the data or not. */
  n_read = read_wait (fixture, buffer, sizeof buffer);
  if (n_read > 0)
    n_read = read_wait (fixture, buffer, sizeof buffer);
  g_assert_cmpint (n_read, ==, SMTP_TRANSPORT_ERROR);
  g_assert_cmpint (smtp_transport_get_error (fixture->transport), ==, ECONNRESET);
}

/* Events */

static void
test_edges (Fixture       *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  /* Who does not wait is not told. */
  peer_send (fixture, "one");
  settle (fixture);
  g_assert_cmpint (fixture->n_calls, ==, 0);
  read_expect (fixture, "one");

  /* Who waits is told once. */
  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  fixture->n_calls = 0;
  peer_send (fixture, "two");
  settle (fixture);
  peer_send (fixture, "three");
  settle (fixture);
  g_assert_cmpint (fixture->n_calls, ==, 1);
  g_assert_cmpuint (fixture->events, ==, SMTP_TRANSPORT_READABLE);
  read_expect (fixture, "twothree");
}

static void
test_requeue (Fixture       *fixture,
              gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  fixture->in_call = TRUE;
  smtp_transport_requeue (fixture->transport);
  smtp_transport_requeue (fixture->transport);
  fixture->in_call = FALSE;
  g_assert_cmpuint (wait_for (fixture, SMTP_TRANSPORT_QUEUED), ==, SMTP_TRANSPORT_QUEUED);
  settle (fixture);
  g_assert_cmpint (fixture->n_calls, ==, 1);

  /* Input that comes meanwhile does not make it two calls. */
  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  settle (fixture);
  peer_send (fixture, "hello");
  if (fixture->kind->is_tcp)
    g_usleep (1000);
  smtp_transport_requeue (fixture->transport);
  settle (fixture);
  g_assert_cmpuint (fixture->events, ==, SMTP_TRANSPORT_QUEUED | SMTP_TRANSPORT_READABLE);
  g_assert_cmpint (fixture->n_calls, <=, 3);
  if (!fixture->kind->is_stream)
    g_assert_cmpint (fixture->n_calls, ==, 2);
  read_expect (fixture, "hello");
}

/* After a short read the next one is not tried before the loop had its turn. */
static void
test_short_read (Fixture       *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  if (fixture->kind->is_stream)
    {
      g_test_skip ("a stream has no such thing");
      return;
    }

  peer_send (fixture, "one");
  read_expect (fixture, "one");
  peer_send (fixture, "two");
  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  g_assert_cmpuint (wait_for (fixture, SMTP_TRANSPORT_READABLE), ==, SMTP_TRANSPORT_READABLE);
  read_expect (fixture, "two");

  /* A full one may have left something. */
  peer_send (fixture, "four");
  settle (fixture);
  g_assert_cmpint (read_some (fixture, buffer, 2), ==, 2);
  g_assert_cmpint (read_some (fixture, buffer, 2), ==, 2);
  g_assert_cmpint (read_some (fixture, buffer, 2), ==, SMTP_TRANSPORT_AGAIN);
}

static void
test_free_in_callback (Fixture       *fixture,
                       gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  fixture->frees = TRUE;
  write_until_again (fixture, 0);
  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  smtp_transport_requeue (fixture->transport);
  peer_send (fixture, "hello");
  wait_for (fixture, SMTP_TRANSPORT_QUEUED);
  g_assert_null (fixture->transport);
  settle (fixture);
  g_assert_cmpint (fixture->n_calls, ==, 1);
}

static void
test_free_on_event (Fixture       *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  char buffer[64];

  fixture->frees = TRUE;
  g_assert_cmpint (read_some (fixture, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  settle (fixture);
  close_peer (fixture);
  wait_for (fixture, SMTP_TRANSPORT_READABLE | SMTP_TRANSPORT_HANGUP);
  g_assert_null (fixture->transport);
  settle (fixture);
  g_assert_cmpint (fixture->n_calls, ==, 1);
}

/* The peer sees the end though somebody holds on to the stream, and though output is stuck. */
static void
test_free_closes (Fixture       *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  gsize written = write_until_again (fixture, 0);
  char buffer[64];

  g_clear_pointer (&fixture->transport, smtp_transport_free);
  peer_expect_bytes (fixture, 0, written);
  g_assert_cmpint (recv (fixture->peer, buffer, sizeof buffer, 0), ==, 0);
}

static void
test_poller_gone (Fixture       *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  /* What is left still reads, writes and closes, but is told nothing. */
  smtp_transport_requeue (fixture->transport);
  smtp_poller_destroy (fixture->poller);
  smtp_transport_requeue (fixture->transport);
  peer_send (fixture, "hello");
  read_expect (fixture, "hello");
  g_assert_cmpint (write_some (fixture, "bye", 3), ==, 3);
  peer_expect (fixture, "bye");
  settle (fixture);
  g_assert_cmpint (fixture->n_calls, ==, 0);
}

/* What it is */

static void
assert_address (GSocketAddress *address,
                int             fd,
                gboolean        remote)
{
  g_autoptr (GSocketAddress) owned = address;
  g_autoptr (GSocketAddress) expected = NULL;
  g_autofree char *got = NULL;
  g_autofree char *wanted = NULL;
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;

  if (remote)
    g_assert_no_errno (getpeername (fd, (struct sockaddr *) &storage, &length));
  else
    g_assert_no_errno (getsockname (fd, (struct sockaddr *) &storage, &length));
  expected = g_socket_address_new_from_native (&storage, length);

  g_assert_true (G_OBJECT_TYPE (owned) == G_OBJECT_TYPE (expected));
  if (!G_IS_INET_SOCKET_ADDRESS (owned))
    return;

  got = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (owned));
  wanted = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (expected));
  g_assert_cmpstr (got, ==, wanted);
}

static void
test_addresses (Fixture       *fixture,
                gconstpointer  data G_GNUC_UNUSED)
{
  int fd = smtp_transport_get_fd (fixture->transport);
  socklen_t length = sizeof (int);
  int value = 0;

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (fcntl (fd, F_GETFL) & O_NONBLOCK);
  if (fixture->kind->is_tcp)
    {
      g_assert_no_errno (getsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &value, &length));
      g_assert_cmpint (value, !=, 0);
    }

  /* The local end of the one is the remote end of the other. */
  assert_address (smtp_transport_dup_local (fixture->transport), fixture->peer, TRUE);
  assert_address (smtp_transport_dup_remote (fixture->transport), fixture->peer, FALSE);
}

/* Not run over the kinds */

static void
test_no_epoll (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  SmtpPoller *poller = smtp_poller_new (context);
  SmtpTransport *transport;
  int fds[2];

  smtp_poller_disable_epoll (poller);
  open_tcp_pair (fds);

  /* The descriptor is as it was, and the caller's. */
  transport = smtp_transport_new_socket (poller, fds[0], owner, &error);
  g_assert_null (transport);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (fcntl (fds[0], F_GETFL) & O_NONBLOCK);
  g_assert_cmpuint (owner->ref_count, ==, 1);

  stream = new_connection (fds[0]);
  transport = smtp_transport_new_stream (poller, stream, &error);
  g_assert_no_error (error);
  smtp_transport_free (transport);
  smtp_poller_unref (poller);
  close (fds[1]);
}

static void
test_not_pollable (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GInputStream) memory = g_memory_input_stream_new ();
  g_autoptr (GInputStream) input = g_buffered_input_stream_new (memory);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) stream = g_simple_io_stream_new (input, output);
  g_autoptr (GError) error = NULL;
  SmtpPoller *poller = smtp_poller_new (context);

  g_assert_null (smtp_transport_new_stream (poller, stream, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (g_io_stream_is_closed (stream));
  smtp_poller_unref (poller);
}

static void
on_any_event (SmtpTransport       *transport G_GNUC_UNUSED,
              SmtpTransportEvents  events,
              gpointer             user_data)
{
  *(SmtpTransportEvents *) user_data |= events;
}

/* A stream that is no socket: two pipes. */
static void
test_pipes (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GOutputStream) output = NULL;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  SmtpPoller *poller = smtp_poller_new (context);
  SmtpTransport *transport;
  SmtpTransportEvents told = 0;
  int in[2], out[2];
  char buffer[64];

  g_assert_no_errno (pipe2 (in, O_CLOEXEC));
  g_assert_no_errno (pipe2 (out, O_CLOEXEC));
  input = g_unix_input_stream_new (in[0], TRUE);
  output = g_unix_output_stream_new (out[1], TRUE);
  stream = g_simple_io_stream_new (input, output);
  transport = smtp_transport_new_stream (poller, stream, &error);
  g_assert_no_error (error);
  smtp_transport_set_callback (transport, on_any_event, &told);

  g_assert_cmpint (smtp_transport_get_fd (transport), ==, -1);
  g_assert_null (smtp_transport_dup_local (transport));
  g_assert_null (smtp_transport_dup_remote (transport));

  g_assert_cmpint (smtp_transport_read (transport, buffer, sizeof buffer), ==, SMTP_TRANSPORT_AGAIN);
  g_assert_cmpint (write (in[1], "hello", 5), ==, 5);
  while (told == 0)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (told, ==, SMTP_TRANSPORT_READABLE);
  g_assert_cmpint (smtp_transport_read (transport, buffer, sizeof buffer), ==, 5);

  g_assert_cmpint (smtp_transport_write (transport, "bye", 3), ==, 3);
  smtp_transport_shutdown_write (transport);
  g_assert_cmpint (smtp_transport_write (transport, "x", 1), ==, SMTP_TRANSPORT_ERROR);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpint (read (out[0], buffer, sizeof buffer), ==, 3);
  g_assert_cmpint (read (out[0], buffer, sizeof buffer), ==, 0);

  smtp_transport_free (transport);
  g_assert_cmpint (fcntl (in[0], F_GETFD), ==, -1);
  smtp_poller_unref (poller);
  close (in[1]);
  close (out[0]);
}

static const struct { const char *name; void (*func) (Fixture *, gconstpointer); } tests[] =
{
  { "echo", test_echo },
  { "back-pressure", test_back_pressure },
  { "eof/at-once", test_eof_at_once },
  { "eof/one-edge", test_eof_one_edge },
  { "eof/two-edges", test_eof_two_edges },
  { "eof/late", test_eof_late },
  { "half-close", test_half_close },
  { "reset/waiting", test_reset },
  { "reset/after-data", test_reset_after_data },
  { "edges", test_edges },
  { "requeue", test_requeue },
  { "short-read", test_short_read },
  { "free/in-callback", test_free_in_callback },
  { "free/on-event", test_free_on_event },
  { "free/closes", test_free_closes },
  { "poller-gone", test_poller_gone },
  { "addresses", test_addresses },
};

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/no-epoll", test_no_epoll);
  g_test_add_func ("/transport/not-pollable", test_not_pollable);
  g_test_add_func ("/transport/pipes", test_pipes);

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (tests); j++)
      {
        g_autofree char *path = g_strdup_printf ("/transport/%s/%s", kinds[i].name, tests[j].name);

        g_test_add (path, Fixture, &kinds[i], fixture_set_up, tests[j].func, fixture_tear_down);
      }

  return g_test_run ();
}
