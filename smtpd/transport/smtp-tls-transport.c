/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-tls-transport.h"

#include <errno.h>
#include <string.h>

#include "smtp-transport-private.h"

/* GnuTLS asks for the five octets of a record's header, then for the rest: what has come is
 * fetched at once. Who fills the first memory for it is sending a message, and gets more. */
#define AHEAD_FIRST (32 * 1024)
#define AHEAD_NEXT (96 * 1024)

/* How many records with nothing for us are taken before others get their turn. */
#define BUDGET 64

/* What a record may hold, RFC 8446 section 5.1. */
#define RECORD_MAX 16384

typedef struct
{
  SmtpTransport parent;
  SmtpTransport *inner;
  SmtpTlsCredentials *credentials;
  gnutls_session_t session;

  guint8 *ahead;           /* octets that GnuTLS has not asked for yet, NULL: none */
  gsize ahead_size;
  gsize ahead_start;
  gsize ahead_end;

  gnutls_packet_t packet;  /* the record that was read in place, NULL: none */

  guint dry : 1;           /* the transport below had no more when it was asked last */
  guint ended : 1;         /* no input comes any more, whatever comes below */
  guint broken : 1;        /* nothing can be said any more */
  guint shut : 1;          /* there is nothing more to say or to understand */
  guint shaken : 1;        /* the handshake is done */
  guint holds_record : 1;  /* GnuTLS has a record that did not go out yet */
} SmtpTlsTransport;

/* GnuTLS to the transport below */

static void
drop_ahead (SmtpTlsTransport *self)
{
  g_clear_pointer (&self->ahead, g_free);
  self->ahead_size = self->ahead_start = self->ahead_end = 0;
}

static void
make_room_ahead (SmtpTlsTransport *self)
{
  gboolean was_filled = self->ahead != NULL && self->ahead_end == self->ahead_size;
  gsize size = was_filled ? AHEAD_NEXT : AHEAD_FIRST;

  if (self->ahead_size >= size)
    return;

  drop_ahead (self);
  self->ahead = g_malloc (size);
  self->ahead_size = size;
}

/* What one read of the transport below brings. An idle connection holds no memory for it. */
static gssize
fetch_ahead (SmtpTlsTransport *self)
{
  gssize n;

  make_room_ahead (self);
  n = smtp_transport_read (self->inner, self->ahead, self->ahead_size);
  if (n <= 0)
    {
      drop_ahead (self);
      return n;
    }

  self->ahead_start = 0;
  self->ahead_end = (gsize) n;

  return n;
}

static ssize_t
pull (gnutls_transport_ptr_t data,
      void                  *buffer,
      size_t                 size)
{
  SmtpTlsTransport *self = data;

  if (self->ahead_start == self->ahead_end)
    {
      gssize n = fetch_ahead (self);

      self->dry = n == SMTP_TRANSPORT_AGAIN;
      if (n < 0)
        gnutls_transport_set_errno (self->session, n == SMTP_TRANSPORT_AGAIN ? EAGAIN : ECONNRESET);
      if (n <= 0)
        return n == 0 ? 0 : -1;
    }

  size = MIN (size, self->ahead_end - self->ahead_start);
  memcpy (buffer, self->ahead + self->ahead_start, size);
  self->ahead_start += size;

  return (ssize_t) size;
}

/* Behind a short write. GnuTLS waits without asking again, so that the transport below would not
 * know that somebody wants to write. */
static gsize
write_rest (SmtpTlsTransport *self,
            const giovec_t   *pieces,
            guint             n_pieces,
            gsize             written)
{
  gsize total = written;

  for (guint i = 0; i < n_pieces; i++)
    {
      gsize skipped = MIN (written, pieces[i].iov_len);
      const guint8 *octets = (const guint8 *) pieces[i].iov_base + skipped;
      gsize size = pieces[i].iov_len - skipped;

      written -= skipped;
      while (size > 0)
        {
          gssize n = smtp_transport_write (self->inner, octets, size);

          /* An error comes again with the next call. */
          if (n < 0)
            return total;
          total += (gsize) n;
          octets += n;
          size -= (gsize) n;
        }
    }

  return total;
}

/* What goes out together, such as the messages of a handshake, is one segment and one call. */
static ssize_t
push (gnutls_transport_ptr_t  data,
      const giovec_t         *pieces,
      int                     n_pieces)
{
  SmtpTlsTransport *self = data;
  gssize n = smtp_transport_writev (self->inner, pieces, (guint) n_pieces);

  if (n >= 0)
    return (ssize_t) write_rest (self, pieces, (guint) n_pieces, (gsize) n);

  gnutls_transport_set_errno (self->session, n == SMTP_TRANSPORT_AGAIN ? EAGAIN : EPIPE);

  return -1;
}

/* Never asked for with non-blocking sessions, but GnuTLS wants one beside a pull function. */
static int
pull_timeout (gnutls_transport_ptr_t data,
              unsigned int           milliseconds)
{
  return 1;
}

/* The transport */

static void
on_inner (SmtpTransport       *inner,
          SmtpTransportEvents  events,
          gpointer             data)
{
  SmtpTlsTransport *self = data;

  if (events & SMTP_TRANSPORT_HANGUP)
    self->parent.error = smtp_transport_get_error (inner);
  /* A record read may want to write, and the other way round: either is worth a try of both. */
  smtp_transport_emit (&self->parent, events);
}

static void
on_watch (SmtpWatch      *watch,
          SmtpPollEvents  events)
{
  smtp_transport_emit (SMTP_TRANSPORT_FROM_WATCH (watch), SMTP_TRANSPORT_QUEUED);
}

static gssize
fail (SmtpTlsTransport *self,
      int               code)
{
  self->ended = self->broken = TRUE;
  self->parent.error = code == GNUTLS_E_PUSH_ERROR || code == GNUTLS_E_PULL_ERROR
                         ? smtp_transport_get_error (self->inner) : EPROTO;

  return SMTP_TRANSPORT_ERROR;
}

/* Of a call of GnuTLS that wanted to read. Behind a record that has nothing for us, such as one with
 * new keys, it says "again" although more of them are at hand, of which nobody would tell. */
static gboolean
is_to_be_called_again (SmtpTlsTransport *self,
                       gssize            code,
                       guint            *budget)
{
  if (code == GNUTLS_E_INTERRUPTED)
    return TRUE;
  if (code != GNUTLS_E_AGAIN || self->dry || gnutls_record_get_direction (self->session) != 0)
    return FALSE;

  (*budget)--;
  if (*budget == 0)
    smtp_transport_requeue (&self->parent);

  return *budget > 0;
}

/* Whether there is nothing to be had from GnuTLS any more; *@n is then what read() returns. */
static gboolean
is_past_reading (SmtpTlsTransport *self,
                 void             *buffer,
                 gsize             size,
                 gssize           *n)
{
  if (self->packet != NULL)
    gnutls_packet_deinit (g_steal_pointer (&self->packet));

  if (!self->shut && !self->broken && !self->ended)
    return FALSE;

  /* After the last word: who listens throws away what comes. */
  if (self->shut)
    *n = smtp_transport_read (self->inner, buffer, size);
  else
    *n = self->broken ? SMTP_TRANSPORT_ERROR : 0;

  return TRUE;
}

/* An end without a close_notify is one all the same: whatever was under way is given up, since
 * only QUIT and an answer end a dialogue well. */
static gssize
judge_record (SmtpTlsTransport *self,
              gssize            n)
{
  if (n == GNUTLS_E_AGAIN)
    return SMTP_TRANSPORT_AGAIN;
  if (n > 0)
    return n;

  if (n == 0 || n == GNUTLS_E_PREMATURE_TERMINATION)
    {
      self->ended = TRUE;
      return 0;
    }

  /* GNUTLS_E_REHANDSHAKE among them: renegotiation is refused. */
  return fail (self, (int) n);
}

static gssize
tls_transport_read (SmtpTransport *transport,
                    void          *buffer,
                    gsize          size)
{
  SmtpTlsTransport *self = (SmtpTlsTransport *) transport;
  guint budget = BUDGET;
  gssize n;

  if (is_past_reading (self, buffer, size, &n))
    return n;

  do
    {
      self->dry = FALSE;
      n = gnutls_record_recv (self->session, buffer, size);
    }
  while (is_to_be_called_again (self, n, &budget));

  return judge_record (self, n);
}

static gssize
tls_transport_read_in_place (SmtpTransport  *transport,
                             void           *buffer,
                             gsize           size,
                             const void    **data)
{
  SmtpTlsTransport *self = (SmtpTlsTransport *) transport;
  guint budget = BUDGET;
  gnutls_datum_t octets;
  gssize n;

  if (size < RECORD_MAX)
    return tls_transport_read (transport, buffer, size);
  if (is_past_reading (self, buffer, size, &n))
    return n;

  do
    {
      self->dry = FALSE;
      n = gnutls_record_recv_packet (self->session, &self->packet);
    }
  while (is_to_be_called_again (self, n, &budget));

  if (n > 0)
    {
      gnutls_packet_get (self->packet, &octets, NULL);
      *data = octets.data;
      return octets.size;
    }

  return judge_record (self, n);
}

static gssize
tls_transport_write (SmtpTransport *transport,
                     const void    *data,
                     gsize          size)
{
  SmtpTlsTransport *self = (SmtpTlsTransport *) transport;
  gssize n;

  if (self->broken)
    return SMTP_TRANSPORT_ERROR;

  /* What GnuTLS holds is the front of what it was given before, and @data still begins so. */
  do
    n = gnutls_record_send (self->session, self->holds_record ? NULL : data, self->holds_record ? 0 : size);
  while (n == GNUTLS_E_INTERRUPTED);

  self->holds_record = n == GNUTLS_E_AGAIN;
  if (n == GNUTLS_E_AGAIN)
    return SMTP_TRANSPORT_AGAIN;

  return n >= 0 ? n : fail (self, n);
}

static void
say_goodbye (SmtpTlsTransport *self)
{
  if (self->shaken && !self->broken)
    gnutls_bye (self->session, GNUTLS_SHUT_WR);
}

static void
tls_transport_shutdown_write (SmtpTransport *transport)
{
  SmtpTlsTransport *self = (SmtpTlsTransport *) transport;

  say_goodbye (self);
  self->shut = self->broken = TRUE;
  smtp_transport_shutdown_write (self->inner);
}

static int
tls_transport_get_fd (SmtpTransport *transport)
{
  return smtp_transport_get_fd (((SmtpTlsTransport *) transport)->inner);
}

static GSocketAddress *
tls_transport_dup_address (SmtpTransport *transport,
                           gboolean       remote)
{
  SmtpTransport *inner = ((SmtpTlsTransport *) transport)->inner;

  return remote ? smtp_transport_dup_remote (inner) : smtp_transport_dup_local (inner);
}

static void
tls_transport_free (SmtpTransport *transport)
{
  SmtpTlsTransport *self = (SmtpTlsTransport *) transport;

  say_goodbye (self);
  if (self->packet != NULL)
    gnutls_packet_deinit (self->packet);
  gnutls_deinit (self->session);
  drop_ahead (self);
  smtp_tls_credentials_unref (self->credentials);
  smtp_transport_clear (transport);
  smtp_transport_free (self->inner);
  g_free (self);
}

static const SmtpTransportClass tls_transport_class =
{
  .read = tls_transport_read,
  .read_in_place = tls_transport_read_in_place,
  .write = tls_transport_write,
  .shutdown_write = tls_transport_shutdown_write,
  .get_fd = tls_transport_get_fd,
  .dup_address = tls_transport_dup_address,
  .free = tls_transport_free,
};

SmtpTransport *
smtp_transport_new_tls (SmtpTransport       *inner,
                        SmtpTlsCredentials  *credentials,
                        GError             **error)
{
  gnutls_session_t session = smtp_tls_credentials_open (credentials, error);
  SmtpTlsTransport *self;

  if (session == NULL)
    return NULL;

  self = g_new0 (SmtpTlsTransport, 1);
  if (!smtp_transport_init (&self->parent, &tls_transport_class, inner->poller, -1, on_watch, error))
    {
      gnutls_deinit (session);
      g_free (self);
      return NULL;
    }

  self->inner = inner;
  self->session = session;
  self->credentials = smtp_tls_credentials_ref (credentials);
  gnutls_transport_set_ptr (session, self);
  gnutls_transport_set_pull_function (session, pull);
  gnutls_transport_set_vec_push_function (session, push);
  gnutls_transport_set_pull_timeout_function (session, pull_timeout);
  smtp_transport_set_callback (inner, on_inner, self);

  return &self->parent;
}

SmtpTlsHandshake
smtp_tls_transport_handshake (SmtpTransport  *transport,
                              GError        **error)
{
  SmtpTlsTransport *self = (SmtpTlsTransport *) transport;
  guint budget = BUDGET;
  int code;

  g_return_val_if_fail (transport->klass == &tls_transport_class, SMTP_TLS_HANDSHAKE_FAILED);

  /* Warnings of the peer, such as an unrecognized name, are none of ours. */
  do
    {
      self->dry = FALSE;
      code = gnutls_handshake (self->session);
    }
  while (code == GNUTLS_E_WARNING_ALERT_RECEIVED || is_to_be_called_again (self, code, &budget));

  if (code == GNUTLS_E_AGAIN)
    return SMTP_TLS_HANDSHAKE_AGAIN;

  if (code == GNUTLS_E_SUCCESS)
    {
      self->shaken = TRUE;
      return SMTP_TLS_HANDSHAKE_DONE;
    }

  /* The client is told why, if that goes at once. */
  gnutls_alert_send_appropriate (self->session, code);
  fail (self, code);
  g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE, "TLS handshake: %s", gnutls_strerror (code));

  return SMTP_TLS_HANDSHAKE_FAILED;
}

gnutls_session_t
smtp_tls_transport_get_session (SmtpTransport *transport)
{
  g_return_val_if_fail (transport->klass == &tls_transport_class, NULL);

  return ((SmtpTlsTransport *) transport)->session;
}
