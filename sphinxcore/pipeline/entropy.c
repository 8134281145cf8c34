#define _DEFAULT_SOURCE /* syscall() */
#include "entropy.h"

#if defined(__linux__)
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The call itself: the C library's function for it is younger than the systems that wheels are for. */
int sphinx_entropy(uint8_t *out, size_t size) {
  while (size) {
    const long got = syscall(SYS_getrandom, out, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return -1;
    out += got;
    size -= (size_t)got;
  }
  return 0;
}
#elif defined(__APPLE__)
#include <sys/random.h>

#define MOST 256 /* of one call */

int sphinx_entropy(uint8_t *out, size_t size) {
  while (size) {
    const size_t some = size < MOST ? size : MOST;
    if (getentropy(out, some)) return -1;
    out += some;
    size -= some;
  }
  return 0;
}
#else
int sphinx_entropy(uint8_t *out, size_t size) {
  (void)out;
  (void)size;
  return -1;
}
#endif
