/* Included before every C file of the library by tests/ct/run.py: where the code says that bytes
 * are no longer secret, Valgrind may see a branch on them. */
#include <valgrind/memcheck.h>

extern int harness_declassifies __attribute__((visibility("default")));

#define SPHINX_DECLASSIFY(p, size) ((void)(harness_declassifies && VALGRIND_MAKE_MEM_DEFINED(p, size)))
