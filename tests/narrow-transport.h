/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* A transport between two byte arrays, that takes what it is told to take. */

#include <string.h>

#include "transport/smtp-transport-private.h"

typedef struct
{
  SmtpTransport parent;
  GByteArray *input;
  GByteArray *output;
  gsize room;
  gboolean has_ended;      /* behind the input is its end */
  gboolean is_waited_for;  /* somebody was told to come again when there is room */
} Narrow;

static gssize
narrow_read (SmtpTransport *transport,
             void          *buffer,
             gsize          size)
{
  Narrow *self = (Narrow *) transport;

  if (self->input->len == 0)
    return self->has_ended ? 0 : SMTP_TRANSPORT_AGAIN;

  size = MIN (size, self->input->len);
  memcpy (buffer, self->input->data, size);
  g_byte_array_remove_range (self->input, 0, size);

  return (gssize) size;
}

static gssize
narrow_write (SmtpTransport *transport,
              const void    *octets,
              gsize          size)
{
  Narrow *self = (Narrow *) transport;

  size = MIN (size, self->room);
  self->is_waited_for = size == 0;
  if (size == 0)
    return SMTP_TRANSPORT_AGAIN;

  g_byte_array_append (self->output, octets, size);
  self->room -= size;

  return (gssize) size;
}

static void
narrow_shutdown_write (SmtpTransport *transport)
{
}

static int
narrow_get_fd (SmtpTransport *transport)
{
  return -1;
}

static void
narrow_free (SmtpTransport *transport)
{
  Narrow *self = (Narrow *) transport;

  smtp_transport_clear (transport);
  g_byte_array_unref (self->input);
  g_byte_array_unref (self->output);
  g_free (self);
}

static void
narrow_on_watch (SmtpWatch      *watch,
                 SmtpPollEvents  events)
{
}

static const SmtpTransportClass narrow_class =
{
  .read = narrow_read,
  .write = narrow_write,
  .shutdown_write = narrow_shutdown_write,
  .get_fd = narrow_get_fd,
  .free = narrow_free,
};

static inline Narrow *
narrow_new (SmtpPoller *poller,
            gsize       room)
{
  Narrow *self = g_new0 (Narrow, 1);

  self->input = g_byte_array_new ();
  self->output = g_byte_array_new ();
  self->room = room;
  g_assert_true (smtp_transport_init (&self->parent, &narrow_class, poller, -1, narrow_on_watch, NULL));

  return self;
}
