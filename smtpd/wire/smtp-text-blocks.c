/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-text-blocks.h"

/* What every processor of this kind has, and what most have. Elsewhere nothing is skipped. */
#if defined (__x86_64__) && defined (__GNUC__)

#include <immintrin.h>

#define SIZE 64

#define AVX2 __attribute__ ((target ("avx2")))

typedef struct
{
  guint64 crs;        /* a bit for each octet */
  gboolean is_plain;  /* each CR has its LF, and each LF its CR */
} Block;

/* At a block, and the octet behind it. */
typedef Block (*LookFunc) (const guint8 *p);

static inline Block
look_with_sse2 (const guint8 *p)
{
  const __m128i cr = _mm_set1_epi8 ('\r');
  const __m128i lf = _mm_set1_epi8 ('\n');
  __m128i odd = _mm_setzero_si128 ();
  Block block = { 0, FALSE };

  for (guint i = 0; i < SIZE; i += 16)
    {
      __m128i crs = _mm_cmpeq_epi8 (_mm_loadu_si128 ((const __m128i_u *) (p + i)), cr);
      __m128i lfs = _mm_cmpeq_epi8 (_mm_loadu_si128 ((const __m128i_u *) (p + i + 1)), lf);

      odd = _mm_or_si128 (odd, _mm_xor_si128 (crs, lfs));
      block.crs |= (guint64) (guint) _mm_movemask_epi8 (crs) << i;
    }
  block.is_plain = _mm_movemask_epi8 (odd) == 0;

  return block;
}

AVX2 static inline Block
look_with_avx2 (const guint8 *p)
{
  const __m256i cr = _mm256_set1_epi8 ('\r');
  const __m256i lf = _mm256_set1_epi8 ('\n');
  __m256i odd = _mm256_setzero_si256 ();
  Block block = { 0, FALSE };

  for (guint i = 0; i < SIZE; i += 32)
    {
      __m256i crs = _mm256_cmpeq_epi8 (_mm256_loadu_si256 ((const __m256i_u *) (p + i)), cr);
      __m256i lfs = _mm256_cmpeq_epi8 (_mm256_loadu_si256 ((const __m256i_u *) (p + i + 1)), lf);

      odd = _mm256_or_si256 (odd, _mm256_xor_si256 (crs, lfs));
      block.crs |= (guint64) (guint) _mm256_movemask_epi8 (crs) << i;
    }
  block.is_plain = _mm256_testz_si256 (odd, odd);

  return block;
}

typedef struct
{
  gsize length;   /* of the line that has not ended; -1 between a CR and its LF */
  gsize longest;
} Lines;

/* FALSE where a line begins with a dot; *@from is then that of the line before. */
static inline gboolean
count_lines (Lines        *lines,
             const guint8 *p,
             guint64       crs,
             gsize        *from)
{
  for (*from = 0; crs != 0; crs &= crs - 1)
    {
      gsize at = (gsize) __builtin_ctzll (crs);

      if (p[at + 2] == '.')
        return FALSE;

      lines->length += at - *from;
      lines->longest = MAX (lines->longest, lines->length);
      lines->length = 0;
      *from = at + 2;
    }
  lines->length += SIZE - *from;

  return TRUE;
}

G_ALWAYS_INLINE static inline const guint8 *
skip (const guint8 *p,
      const guint8 *end,
      gsize        *length,
      gsize        *longest,
      LookFunc      look)
{
  Lines lines = { *length, *longest };

  /* Behind a block may come the LF of its last CR, and the octet that the next line begins with. */
  for (; end - p >= SIZE + 2; p += SIZE)
    {
      Block block = look (p);
      gsize from;

      if (!block.is_plain)
        break;
      if (!count_lines (&lines, p, block.crs, &from))
        {
          p += from;
          break;
        }
    }

  if (lines.length == (gsize) -1)
    {
      lines.length = 0;
      p++;
    }
  *length = lines.length;
  *longest = lines.longest;

  return p;
}

AVX2 static const guint8 *
skip_with_avx2 (const guint8 *p,
                const guint8 *end,
                gsize        *length,
                gsize        *longest)
{
  return skip (p, end, length, longest, look_with_avx2);
}

const guint8 *
smtp_text_blocks_skip (const guint8 *p,
                       const guint8 *end,
                       gsize        *length,
                       gsize        *longest)
{
  if (__builtin_cpu_supports ("avx2"))
    return skip_with_avx2 (p, end, length, longest);

  return skip (p, end, length, longest, look_with_sse2);
}

#else

const guint8 *
smtp_text_blocks_skip (const guint8 *p,
                       const guint8 *end,
                       gsize        *length,
                       gsize        *longest)
{
  return p;
}

#endif
