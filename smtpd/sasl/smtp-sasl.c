/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-sasl.h"

#include <string.h>

#include "dialogue/smtp-replies.h"
#include "smtp-workers.h"

void
smtp_sasl_refuse (SmtpRequest *request)
{
  smtp_request_send_reply (request, smtp_reply_standard (SMTP_REPLY_AUTH_INVALID));
}

void
smtp_sasl_refuse_malformed (SmtpRequest *request)
{
  smtp_request_send_reply (request, smtp_reply_standard (SMTP_REPLY_AUTH_MALFORMED));
}

gboolean
smtp_sasl_is_clean (const char *text,
                    gsize       length)
{
  if (!g_utf8_validate_len (text, length, NULL))
    return FALSE;

  for (const char *p = text; p < text + length; p = g_utf8_next_char (p))
    {
      if (g_unichar_iscntrl (g_utf8_get_char (p)))
        return FALSE;
    }

  return TRUE;
}

char *
smtp_sasl_dup_text (GBytes *message)
{
  gsize size;
  const char *octets = g_bytes_get_data (message, &size);

  if (size == 0)
    return g_strdup ("");

  return memchr (octets, '\0', size) == NULL ? g_strndup (octets, size) : NULL;
}

/* Work */

typedef struct
{
  SmtpRequest *request;
  SmtpSaslWorkFunc work;
  SmtpSaslDoneFunc done;
  gpointer data;
  GDestroyNotify destroy;
} Work;

static void
work_free (gpointer data)
{
  g_autofree Work *self = data;

  self->destroy (self->data);
  g_object_unref (self->request);
}

static gboolean
finish (gpointer data)
{
  Work *self = data;

  self->done (self->request, self->data);

  return G_SOURCE_REMOVE;
}

static void
run (gpointer data)
{
  Work *self = data;
  SmtpSession *session = smtp_request_get_session (self->request);
  g_autoptr (GSource) source = g_idle_source_new ();

  self->work (self->data);

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, finish, self, work_free);
  g_source_attach (source, smtp_session_get_main_context (session));
}

void
smtp_sasl_run_work (SmtpRequest      *request,
                    SmtpSaslWorkFunc  work,
                    SmtpSaslDoneFunc  done,
                    gpointer          data,
                    GDestroyNotify    destroy)
{
  Work *self = g_new (Work, 1);

  *self = (Work) { g_object_ref (request), work, done, data, destroy };
  smtp_request_hold (request);
  smtp_workers_run (run, self);
}
