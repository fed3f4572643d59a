/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bare-server PORT: the least that an SMTP server could do. It answers by the first letter of a line, finds the
 * end of a message with memmem() and keeps nothing: no checks, no objects, no limits. What it needs is what
 * the kernel needs, and so the floor for all others.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define END "\r\n.\r\n"

typedef struct
{
  int fd;
  int in_text;
  char tail[4];        /* of the text before, in case that its end is cut */
  size_t n_tail;
  char line[512];      /* the beginning of one */
  size_t length;
} Connection;

static char input[65536 + sizeof END], output[65536];
static size_t n_output;

static void
answer (const char *text)
{
  size_t length = strlen (text);

  if (n_output + length <= sizeof output)
    {
      memcpy (output + n_output, text, length);
      n_output += length;
    }
}

/* 0 if it was the last one. */
static int
take_line (Connection *self,
           const char *line)
{
  switch (*line | 0x20)
    {
    case 'e':
      answer ("250-bare\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n");
      return 1;
    case 'd':
      answer ("354 Go on\r\n");
      self->in_text = 1;
      memcpy (self->tail, "\r\n", 2);
      self->n_tail = 2;
      return 1;
    case 'q':
      answer ("221 Bye\r\n");
      return 0;
    default:
      answer ("250 OK\r\n");
      return 1;
    }
}

static const char *
take_text (Connection *self,
           const char *at,
           const char *end)
{
  static char joined[65536 + sizeof END];
  size_t size = (size_t) (end - at), n_joined = self->n_tail + size;
  const char *found;

  memcpy (joined, self->tail, self->n_tail);
  memcpy (joined + self->n_tail, at, size);
  found = memmem (joined, n_joined, END, strlen (END));
  if (found != NULL)
    {
      answer ("250 Taken\r\n");
      self->in_text = 0;
      return at + (found + strlen (END) - joined - (long) self->n_tail);
    }

  self->n_tail = n_joined < 4 ? n_joined : 4;
  memcpy (self->tail, joined + n_joined - self->n_tail, self->n_tail);

  return end;
}

static int
take (Connection *self,
      size_t      size)
{
  const char *at = input, *end = input + size;

  while (at < end)
    {
      const char *lf;

      if (self->in_text)
        {
          at = take_text (self, at, end);
          continue;
        }

      lf = memchr (at, '\n', (size_t) (end - at));
      if (lf == NULL)
        {
          self->length = (size_t) (end - at) < sizeof self->line ? (size_t) (end - at) : sizeof self->line;
          memcpy (self->line, at, self->length);
          return 1;
        }
      if (!take_line (self, self->length > 0 ? self->line : at))
        return 0;
      self->length = 0;
      at = lf + 1;
    }

  return 1;
}

static void
serve (Connection *self)
{
  ssize_t n = recv (self->fd, input, 65536, 0);
  int goes_on;

  if (n < 0 && errno == EAGAIN)
    return;
  n_output = 0;
  goes_on = n > 0 && take (self, (size_t) n);
  if (n_output > 0 && send (self->fd, output, n_output, MSG_NOSIGNAL) < 0)
    goes_on = 0;
  if (!goes_on)
    {
      close (self->fd);
      free (self);
    }
}

static void
welcome (int epoll_fd,
         int listener)
{
  int fd, one = 1;

  while ((fd = accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    {
      Connection *connection = calloc (1, sizeof *connection);
      struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

      connection->fd = fd;
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event);
      send (fd, "220 bare\r\n", 10, MSG_NOSIGNAL);
    }
}

int
main (int    argc,
      char **argv)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  address.sin_port = htons ((unsigned short) atoi (argc > 1 ? argv[1] : "8025"));
  setsockopt (listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind (listener, (struct sockaddr *) &address, sizeof address) < 0 || listen (listener, SOMAXCONN) < 0)
    {
      perror ("bare-server");
      return 1;
    }

  epoll_ctl (epoll_fd, EPOLL_CTL_ADD, listener, &event);
  for (;;)
    {
      struct epoll_event events[256];
      int n = epoll_wait (epoll_fd, events, 256, -1);

      for (int i = 0; i < n; i++)
        {
          if (events[i].data.ptr == NULL)
            welcome (epoll_fd, listener);
          else
            serve (events[i].data.ptr);
        }
    }
}
