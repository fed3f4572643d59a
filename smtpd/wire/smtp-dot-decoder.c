/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-dot-decoder.h"

#include <string.h>

#include "smtp-text-blocks.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What the octets before the next one were. Everything but the dot that is
 * taken off, and the CR behind it, is content and with the sink already. */
typedef enum
{
  AT_LINE_START,  /* CRLF, or nothing yet */
  IN_TEXT,        /* anything else */
  IN_TEXT_CR,     /* a CR, the last octet of a chunk */
  AFTER_DOT,      /* a dot at the start of a line */
  AFTER_DOT_CR    /* the same and a CR, which is content if no LF follows */
} DotState;

/* What of a chunk is to go to the sink, from @run on. */
typedef struct
{
  const guint8 *run;
  SmtpDotSink   sink;
  gpointer      user_data;
} Output;

void
smtp_dot_decoder_init (SmtpDotDecoder *self)
{
  self->state = AT_LINE_START;
  self->bare_newline = FALSE;
  self->line_length = 0;
  self->longest_line = 0;
}

static void
note_length (SmtpDotDecoder *self)
{
  if (self->line_length > self->longest_line)
    self->longest_line = self->line_length;
}

static void
end_line (SmtpDotDecoder *self)
{
  note_length (self);
  self->line_length = 0;
  self->state = AT_LINE_START;
}

static void
flush (Output       *output,
       const guint8 *to)
{
  if (to > output->run)
    output->sink (output->run, to - output->run, output->user_data);
}

/* The octet at @p is not the LF that the CR before it had to have: that CR was
 * an octet of the line like others. */
static void
admit_bare_cr (SmtpDotDecoder *self)
{
  self->bare_newline = TRUE;
  self->line_length++;
  self->state = IN_TEXT;
}

/* @end if there is none. Lines of mail are short: two memchr() for each are dearer than this. */
static const guint8 *
find_cr_or_lf (const guint8 *p,
               const guint8 *end)
{
#ifdef __SSE2__
  const __m128i cr = _mm_set1_epi8 ('\r');
  const __m128i lf = _mm_set1_epi8 ('\n');

  for (; end - p >= 16; p += 16)
    {
      __m128i octets = _mm_loadu_si128 ((const __m128i_u *) p);
      __m128i found = _mm_or_si128 (_mm_cmpeq_epi8 (octets, cr), _mm_cmpeq_epi8 (octets, lf));
      int mask = _mm_movemask_epi8 (found);

      if (mask != 0)
        return p + __builtin_ctz ((unsigned int) mask);
    }
#endif

  while (p < end && *p != '\r' && *p != '\n')
    p++;

  return p;
}

/* Runs over text, lines without a dot in front included, and returns where a
 * dot at the start of a line is next, or @end. A line that ends in a bare LF
 * goes on: only CRLF ends a line, RFC 5321 section 2.3.8. */
static const guint8 *
scan_text (SmtpDotDecoder *self,
           const guint8   *p,
           const guint8   *end)
{
  self->state = IN_TEXT;

  while (p < end)
    {
      const guint8 *stop;

      if (*p != '\n')
        p = smtp_text_blocks_skip (p, end, &self->line_length, &self->longest_line);
      stop = find_cr_or_lf (p, end);

      self->line_length += stop - p;
      if (stop == end)
        return end;

      p = stop + 1;
      if (*stop == '\n')
        {
          self->bare_newline = TRUE;
          self->line_length++;
          continue;
        }

      if (p == end)
        {
          self->state = IN_TEXT_CR;
          return end;
        }

      if (*p != '\n')
        {
          admit_bare_cr (self);
          continue;
        }

      p++;
      end_line (self);
      if (p == end || *p == '.')
        return p;

      self->state = IN_TEXT;
    }

  return p;
}

static const guint8 *
scan_line_start (SmtpDotDecoder *self,
                 const guint8   *p,
                 const guint8   *end,
                 Output         *output)
{
  if (*p != '.')
    return scan_text (self, p, end);

  flush (output, p);
  output->run = p + 1;
  self->state = AFTER_DOT;

  return p + 1;
}

static const guint8 *
scan_after_cr (SmtpDotDecoder *self,
               const guint8   *p)
{
  if (*p == '\n')
    {
      end_line (self);
      return p + 1;
    }

  admit_bare_cr (self);
  return p;
}

static const guint8 *
scan_after_dot (SmtpDotDecoder *self,
                const guint8   *p)
{
  if (*p == '\r')
    {
      self->state = AFTER_DOT_CR;
      return p + 1;
    }

  self->state = IN_TEXT;
  return p;
}

gboolean
smtp_dot_decoder_feed (SmtpDotDecoder *self,
                       const guint8   *data,
                       gsize           size,
                       gsize          *consumed,
                       SmtpDotSink     sink,
                       gpointer        user_data)
{
  static const guint8  held_cr[] = { '\r' };
  Output               output = { data, sink, user_data };
  const guint8        *p = data;
  const guint8        *end = size > 0 ? data + size : data;

  *consumed = size;

  while (p < end)
    {
      switch ((DotState) self->state)
        {
        case AT_LINE_START:
          p = scan_line_start (self, p, end, &output);
          break;

        case IN_TEXT:
          p = scan_text (self, p, end);
          break;

        case IN_TEXT_CR:
          p = scan_after_cr (self, p);
          break;

        case AFTER_DOT:
          p = scan_after_dot (self, p);
          break;

        case AFTER_DOT_CR:
          if (*p == '\n')
            {
              end_line (self);
              *consumed = p + 1 - data;
              return TRUE;
            }
          /* If the CR came in this chunk, it is the front of the run. */
          if (p == data)
            sink (held_cr, 1, user_data);
          admit_bare_cr (self);
          break;

        default:
          g_assert_not_reached ();
        }
    }

  /* The CR behind a dot waits for the octet after it. */
  flush (&output, size > 0 && self->state == AFTER_DOT_CR ? end - 1 : end);
  note_length (self);

  return FALSE;
}
