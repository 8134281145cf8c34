/* SHA-256 with the SHA instructions: two rows interleaved, all that sixteen registers hold. */
#include "kernels.h"
#include "sha_streams.h"

static void compress(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks, size_t n) {
  for (; n >= 2; states += 2, data += 2, n -= 2) compress_rows(states, data, blocks, 2);
  if (n) compress_rows(states, data, blocks, 1);
}

const sphinx_sha256_kernel sphinx_shani_sha256 = {{"shani", CPU_SHANI, 10, 2}, compress};
