/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * load-client MODE PORT CONNECTIONS ROUNDS [SIZE]: the load that smtp-source cannot make, by one thread
 * that does next to nothing for it.
 *
 *   noop       NOOP, one by one
 *   noops      50 NOOPs at a time
 *   pipeline   messages of SIZE octets, the next envelope in one piece with the end of the last message
 *   bdat       messages of SIZE octets by BDAT, all in one piece
 *   rcpt       RCPT, one by one, for a hook that takes its time
 *   idle       nothing: EHLO, then wait until the standard input ends
 *
 * Every connection does ROUNDS of it. Prints a line when it begins, so that whoever measures can
 * begin, too.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* From one address there are some 28,000 ports. */
#define PORTS_PER_ADDRESS 10000
#define N_PIPELINED 50
/* So many may wait for their greeting: some servers have a short queue. */
#define MAX_WAITING 64
#define ENVELOPE "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"

/* What is sent at once, and how many replies come back. */
typedef struct
{
  const char *octets;
  size_t size;
  int replies;
} Piece;

typedef struct
{
  int fd;
  int step;            /* 0: greeting, 1: EHLO, 2: prelude, then rounds */
  int rounds_left;
  int replies_left;
  const Piece *sending;
  size_t sent;
  size_t column;
  char separator;      /* the fourth octet of the line: a space ends a reply */
} Connection;

static const Piece hello = { "EHLO load.example\r\n", sizeof "EHLO load.example\r\n" - 1, 1 };
static Piece prelude, piece;
static bool stays;
static int epoll_fd, n_greeted, n_ready, n_open, n_connections;

static void
die (const char *what)
{
  perror (what);
  exit (1);
}

static void
watch (Connection *self,
       int         operation,
       unsigned    events)
{
  struct epoll_event event = { .events = events, .data.ptr = self };

  if (epoll_ctl (epoll_fd, operation, self->fd, &event) < 0)
    die ("epoll_ctl");
}

static void
go_on_sending (Connection *self)
{
  while (self->sent < self->sending->size)
    {
      ssize_t n = send (self->fd, self->sending->octets + self->sent, self->sending->size - self->sent,
                        MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n < 0 && errno == EAGAIN)
        {
          watch (self, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
          return;
        }
      if (n < 0)
        die ("send");
      self->sent += (size_t) n;
    }
  if (self->sending->size > 65536)
    watch (self, EPOLL_CTL_MOD, EPOLLIN);
}

static void
say (Connection  *self,
     const Piece *what)
{
  self->sending = what;
  self->sent = 0;
  self->replies_left += what->replies;
  go_on_sending (self);
}

/* Everybody begins together. */
static void
get_ready (void)
{
  n_ready++;
  if (n_ready < n_connections)
    return;
  puts ("ready");
  fflush (stdout);
}

static void
advance (Connection *self)
{
  self->step++;
  n_greeted += self->step == 1;
  if (self->step == 1)
    say (self, &hello);
  else if (self->step == 2 && prelude.size > 0)
    say (self, &prelude);
  else if (stays)
    get_ready ();
  else if (self->rounds_left-- > 0)
    say (self, &piece);
  else
    {
      close (self->fd);
      n_open--;
    }
}

static void
take (Connection *self,
      const char *octets,
      ssize_t     size)
{
  for (ssize_t i = 0; i < size; i++)
    {
      if (self->column == 0 && octets[i] != '2' && octets[i] != '3')
        {
          fprintf (stderr, "load-client: %.*s\n", (int) (size - i), octets + i);
          exit (1);
        }
      if (self->column == 3)
        self->separator = octets[i];
      self->column++;
      if (octets[i] == '\n')
        {
          self->column = 0;
          self->replies_left -= self->separator == ' ';
        }
    }
}

static void
on_event (Connection *self,
          unsigned    events)
{
  static char buffer[65536];
  ssize_t n;

  if (events & EPOLLOUT)
    go_on_sending (self);
  if (!(events & ~(unsigned) EPOLLOUT))
    return;

  n = recv (self->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN)
    return;
  if (n <= 0)
    die ("the server has closed");

  take (self, buffer, n);
  if (self->replies_left == 0)
    advance (self);
}

static void
open_connection (Connection *self,
                 int         index,
                 int         port,
                 int         rounds)
{
  struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
  int one = 1;

  from.sin_addr.s_addr = htonl (0x7f000101u + (unsigned) (index / PORTS_PER_ADDRESS));
  to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  to.sin_port = htons ((uint16_t) port);
  *self = (Connection) { .rounds_left = rounds, .replies_left = 1 };
  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  /* The port is chosen when it is known where to: many of the others wait for their time to end. */
  setsockopt (self->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (self->fd < 0 || bind (self->fd, (struct sockaddr *) &from, sizeof from) < 0 ||
      connect (self->fd, (struct sockaddr *) &to, sizeof to) < 0)
    die ("connect");
  setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  watch (self, EPOLL_CTL_ADD, EPOLLIN);
}

/* Pieces */

static Piece
make_piece (const char *before,
            size_t      body_size,
            const char *after,
            int         replies)
{
  size_t before_size = strlen (before), after_size = strlen (after), size = before_size + body_size + after_size;
  char *octets = malloc (size);

  memcpy (octets, before, before_size);
  for (size_t i = 0; i < body_size; i++)
    octets[before_size + i] = i % 72 == 70 ? '\r' : i % 72 == 71 ? '\n' : 'x';
  memcpy (octets + before_size + body_size, after, after_size);

  return (Piece) { octets, size, replies };
}

static Piece
repeat (const char *line,
        int         n)
{
  size_t length = strlen (line);
  char *octets = malloc (length * (size_t) n);

  for (int i = 0; i < n; i++)
    memcpy (octets + length * (size_t) i, line, length);

  return (Piece) { octets, length * (size_t) n, n };
}

static bool
prepare (const char *mode,
         size_t      size)
{
  char before[256];

  if (strcmp (mode, "noop") == 0)
    piece = repeat ("NOOP\r\n", 1);
  else if (strcmp (mode, "noops") == 0)
    piece = repeat ("NOOP\r\n", N_PIPELINED);
  else if (strcmp (mode, "pipeline") == 0)
    {
      prelude = make_piece (ENVELOPE "DATA\r\n", 0, "", 3);
      piece = make_piece ("", size / 72 * 72, ".\r\n" ENVELOPE "DATA\r\n", 4);
    }
  else if (strcmp (mode, "bdat") == 0)
    {
      snprintf (before, sizeof before, ENVELOPE "BDAT %zu LAST\r\n", size);
      piece = make_piece (before, size, "", 3);
    }
  else if (strcmp (mode, "rcpt") == 0)
    {
      prelude = make_piece ("MAIL FROM:<a@example.org>\r\n", 0, "", 1);
      piece = repeat ("RCPT TO:<b@example.org>\r\n", 1);
    }
  else
    stays = strcmp (mode, "idle") == 0;

  return piece.size > 0 || stays;
}

static void
turn (void)
{
  struct epoll_event events[256];
  int n = epoll_wait (epoll_fd, events, 256, -1);

  for (int i = 0; i < n; i++)
    on_event (events[i].data.ptr, events[i].events);
}

int
main (int    argc,
      char **argv)
{
  Connection *connections;
  char octet;

  if (argc < 5 || !prepare (argv[1], argc > 5 ? strtoul (argv[5], NULL, 10) : 1024))
    {
      fprintf (stderr, "usage: load-client MODE PORT CONNECTIONS ROUNDS [SIZE]\n");
      return 2;
    }

  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  n_connections = n_open = atoi (argv[3]);
  connections = calloc ((size_t) n_connections, sizeof *connections);
  for (int i = 0; i < n_connections; i++)
    {
      while (i - n_greeted >= MAX_WAITING)
        turn ();
      open_connection (&connections[i], i, atoi (argv[2]), atoi (argv[4]));
    }

  while (n_open > 0 && n_ready < n_connections)
    turn ();

  while (stays && read (STDIN_FILENO, &octet, 1) > 0)
    ;

  return 0;
}
