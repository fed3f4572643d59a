/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* To be preloaded: has calls of the system fail, or do half of what they were asked for, as $SMTPD_FAULTS says:
 * CALL=WHAT/N with commas between them, where WHAT is the name of an error or "short", for each N-th
 * call. Of write() and read() only files are meant, which it is that run full and cannot be read. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHORT (-1)

typedef struct
{
  const char *call;
  int what;      /* an error, SHORT, or 0: nothing is wrong with it */
  unsigned int each;
  atomic_uint count;
} Fault;

static Fault faults[] =
{
  { .call = "write" }, { .call = "fsync" }, { .call = "close" }, { .call = "linkat" }, { .call = "openat" },
  { .call = "recv" }, { .call = "sendmsg" }, { .call = "accept4" }, { .call = "mmap" },
  { .call = "open" }, { .call = "read" }, { .call = "ftruncate" }, { .call = "send" }, { .call = "connect" },
  { .call = "pthread_create" },
};

static int
find_error (const char *name)
{
  static const struct { const char *name; int number; } errors[] =
  {
    { "short", SHORT }, { "EINTR", EINTR }, { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT },
    { "ENOMEM", ENOMEM }, { "EMFILE", EMFILE }, { "EROFS", EROFS }, { "ECONNABORTED", ECONNABORTED },
    { "ENOBUFS", ENOBUFS }, { "EAGAIN", EAGAIN }, { "ENETUNREACH", ENETUNREACH },
  };

  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    {
      if (strcmp (errors[i].name, name) == 0)
        return errors[i].number;
    }
  abort ();
}

static Fault *
find_fault (const char *call)
{
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    {
      if (strcmp (faults[i].call, call) == 0)
        return &faults[i];
    }
  abort ();
}

__attribute__ ((constructor)) static void
read_faults (void)
{
  const char *text = getenv ("SMTPD_FAULTS");
  char *copy = strdup (text != NULL ? text : ""), *saved = NULL;

  for (char *item = strtok_r (copy, ",", &saved); item != NULL; item = strtok_r (NULL, ",", &saved))
    {
      char *what = strchr (item, '='), *each = strchr (item, '/');
      Fault *fault;

      if (what == NULL || each == NULL)
        abort ();
      *what++ = *each++ = '\0';
      fault = find_fault (item);
      fault->what = find_error (what);
      fault->each = (unsigned int) atoi (each);
    }
  free (copy);
}

/* What is to happen to this call: 0, SHORT, or -1 and errno. */
static int
strike (const char *call,
        int        *is_short)
{
  Fault *fault = find_fault (call);

  if (fault->each == 0 || (atomic_fetch_add (&fault->count, 1) + 1) % fault->each != 0)
    return 0;
  if (fault->what == SHORT)
    {
      *is_short = 1;
      return 0;
    }
  errno = fault->what;

  return -1;
}

#define REAL(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

static int
is_file (int fd)
{
  struct stat info;

  return fstat (fd, &info) == 0 && S_ISREG (info.st_mode);
}

ssize_t
write (int         fd,
       const void *data,
       size_t      size)
{
  int is_short = 0;

  if (is_file (fd) && fd > STDERR_FILENO && strike ("write", &is_short) != 0)
    return -1;

  return REAL (write) (fd, data, is_short && size > 1 ? size / 2 : size);
}

ssize_t
read (int    fd,
      void  *buffer,
      size_t size)
{
  int is_short = 0;

  if (is_file (fd) && fd > STDERR_FILENO && strike ("read", &is_short) != 0)
    return -1;

  return REAL (read) (fd, buffer, is_short && size > 1 ? size / 2 : size);
}

int
ftruncate (int   fd,
           off_t size)
{
  int is_short;

  return strike ("ftruncate", &is_short) != 0 ? -1 : REAL (ftruncate) (fd, size);
}

int
fsync (int fd)
{
  int is_short;

  return strike ("fsync", &is_short) != 0 ? -1 : REAL (fsync) (fd);
}

/* After an error it is closed nevertheless, as Linux has it. */
int
close (int fd)
{
  int is_short, file = is_file (fd), result = REAL (close) (fd);

  return result == 0 && file && strike ("close", &is_short) != 0 ? -1 : result;
}

int
linkat (int         from,
        const char *path,
        int         to,
        const char *name,
        int         flags)
{
  int is_short;

  return strike ("linkat", &is_short) != 0 ? -1 : REAL (linkat) (from, path, to, name, flags);
}

int
open (const char *path,
      int         flags,
      ...)
{
  int is_short;
  mode_t mode = 0;

  if (flags & (O_CREAT | O_TMPFILE))
    {
      va_list arguments;

      va_start (arguments, flags);
      mode = va_arg (arguments, mode_t);
      va_end (arguments);
    }

  return strike ("open", &is_short) != 0 ? -1 : REAL (open) (path, flags, mode);
}

int
openat (int         directory,
        const char *path,
        int         flags,
        ...)
{
  int is_short;
  mode_t mode = 0;

  if (flags & O_CREAT)
    {
      va_list arguments;

      va_start (arguments, flags);
      mode = va_arg (arguments, mode_t);
      va_end (arguments);
    }

  return strike ("openat", &is_short) != 0 ? -1 : REAL (openat) (directory, path, flags, mode);
}

ssize_t
recv (int    fd,
      void  *buffer,
      size_t size,
      int    flags)
{
  int is_short;

  return strike ("recv", &is_short) != 0 ? -1 : REAL (recv) (fd, buffer, size, flags);
}

ssize_t
send (int         fd,
      const void *data,
      size_t      size,
      int         flags)
{
  int is_short = 0;

  if (strike ("send", &is_short) != 0)
    return -1;

  return REAL (send) (fd, data, is_short && size > 1 ? size / 2 : size, flags);
}

int
connect (int                    fd,
         const struct sockaddr *address,
         socklen_t              length)
{
  int is_short;

  return strike ("connect", &is_short) != 0 ? -1 : REAL (connect) (fd, address, length);
}

ssize_t
sendmsg (int                  fd,
         const struct msghdr *message,
         int                  flags)
{
  struct msghdr copy = *message;
  struct iovec first;
  int is_short = 0;

  if (strike ("sendmsg", &is_short) != 0)
    return -1;

  if (is_short && copy.msg_iovlen > 0 && copy.msg_iov->iov_len > 1)
    {
      first = *copy.msg_iov;
      first.iov_len /= 2;
      copy.msg_iov = &first;
      copy.msg_iovlen = 1;
    }

  return REAL (sendmsg) (fd, &copy, flags);
}

int
accept4 (int              fd,
         struct sockaddr *address,
         socklen_t       *length,
         int              flags)
{
  int is_short;

  return strike ("accept4", &is_short) != 0 ? -1 : REAL (accept4) (fd, address, length, flags);
}

/* It has its error for a result. */
int
pthread_create (pthread_t            *thread,
                const pthread_attr_t *attributes,
                void               *(*start) (void *),
                void                 *data)
{
  int is_short;

  return strike ("pthread_create", &is_short) != 0 ? errno : REAL (pthread_create) (thread, attributes, start, data);
}

void *
mmap (void  *address,
      size_t size,
      int    protection,
      int    flags,
      int    fd,
      off_t  offset)
{
  int is_short;

  /* Of those of files: the others are malloc's, and the threads'. */
  if (fd >= 0 && (flags & MAP_ANONYMOUS) == 0 && (protection & PROT_EXEC) == 0 && strike ("mmap", &is_short) != 0)
    return MAP_FAILED;

  return REAL (mmap) (address, size, protection, flags, fd, offset);
}
