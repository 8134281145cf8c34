/* X25519 of other libraries over and over. They are not linked: the caller passes the function,
 * so that this needs no headers, and a call costs what it costs in C. */
#include <stddef.h>
#include <stdint.h>

/* OpenSSL: EVP_PKEY_derive with one context. Returns 0 if a call fails. */
int derive_again(int (*derive)(void *, uint8_t *, size_t *), void *context, uint8_t out[32], uint64_t n) {
  while (n--) {
    size_t size = 32;
    if (derive(context, out, &size) != 1 || size != 32) return 0;
  }
  return 1;
}

/* libsodium: crypto_scalarmult. Returns 0 if a call fails. */
int scalarmult_again(int (*scalarmult)(uint8_t *, const uint8_t *, const uint8_t *), uint8_t out[32],
                     const uint8_t scalar[32], const uint8_t point[32], uint64_t n) {
  while (n--) {
    if (scalarmult(out, scalar, point) != 0) return 0;
  }
  return 1;
}
