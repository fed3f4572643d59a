/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-body.h"

/* Most messages are small; larger ones grow from here by doubling. */
#define FIRST_SIZE 2048

/* A message is held in memory: without a limit of the program's this is the limit. */
#define MEMORY_LIMIT (1024 * 1024 * 1024)

void
smtp_body_begin (SmtpBody *self,
                 guint64   limit)
{
  self->octets = g_byte_array_sized_new (FIRST_SIZE);
  self->size = 0;
  self->limit = limit != 0 ? MIN (limit, MEMORY_LIMIT) : MEMORY_LIMIT;
}

void
smtp_body_append (SmtpBody     *self,
                  const guint8 *data,
                  gsize         size)
{
  self->size += size;

  if (smtp_body_is_too_big (self))
    g_clear_pointer (&self->octets, g_byte_array_unref);
  else
    g_byte_array_append (self->octets, data, size);
}

gboolean
smtp_body_is_too_big (SmtpBody *self)
{
  return self->size > self->limit;
}

gboolean
smtp_body_is_hopeless (SmtpBody *self)
{
  return smtp_body_is_too_big (self) && self->size - self->limit > self->limit;
}

GBytes *
smtp_body_finish (SmtpBody *self)
{
  return g_byte_array_free_to_bytes (g_steal_pointer (&self->octets));
}

void
smtp_body_abort (SmtpBody *self)
{
  g_clear_pointer (&self->octets, g_byte_array_unref);
}
