from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int8_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "kernels.h" nogil:
    ctypedef struct sphinx_kernel:
        const char *name
        unsigned lanes

    enum:
        COMB_ALIGNMENT

    ctypedef struct sphinx_x25519_kernel:
        sphinx_kernel kernel
        size_t comb_size

    ctypedef struct sphinx_sha256_kernel:
        sphinx_kernel kernel

    ctypedef struct sphinx_aes128_kernel:
        sphinx_kernel kernel

    ctypedef struct sphinx_chacha20_kernel:
        sphinx_kernel kernel

    ctypedef struct sphinx_blake2b_kernel:
        sphinx_kernel kernel

    ctypedef struct sphinx_backend:
        const sphinx_x25519_kernel *x25519
        const sphinx_sha256_kernel *sha256
        const sphinx_aes128_kernel *aes128
        const sphinx_chacha20_kernel *chacha20
        const sphinx_blake2b_kernel *blake2b

    uint32_t sphinx_cpu_features()
    const char *sphinx_cpu_feature_name(unsigned bit)
    const char *sphinx_backend_name(size_t i)
    uint32_t sphinx_backend_make(sphinx_backend *backend, size_t i, uint32_t cpu)


cdef extern from "entropy.h" nogil:
    int sphinx_entropy(uint8_t *out, size_t size)


cdef extern from "rows.h" nogil:
    ctypedef struct sphinx_rows:
        const uint8_t *data
        ptrdiff_t stride

    ctypedef struct sphinx_out_rows:
        uint8_t *data
        ptrdiff_t stride

    const uint8_t *row_of(sphinx_rows rows, size_t i)


cdef extern from "primitives.h" nogil:
    void rows_x25519(
        const sphinx_backend *b, sphinx_out_rows out, sphinx_rows scalars, sphinx_rows points,
        size_t n,
    )
    size_t kept_comb_size(const sphinx_backend *b)
    int rows_make_combs(const sphinx_backend *b, uint64_t *kept, sphinx_rows points, size_t n)
    int rows_x25519_chain(
        const sphinx_backend *b, sphinx_out_rows out, sphinx_rows scalars, ptrdiff_t link_stride,
        size_t links, sphinx_rows points, const uint8_t *on_curve, const uint64_t *const *combs,
        size_t n,
    )
    int rows_x25519_twice(
        const sphinx_backend *b, sphinx_out_rows first_out, sphinx_out_rows second_out,
        sphinx_rows first, sphinx_rows second, sphinx_rows points, size_t n,
    )
    void rows_aes128_ctr(
        const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
        sphinx_rows keys, sphinx_rows ivs, size_t n,
    )
    void rows_chacha20(
        const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
        sphinx_rows keys, sphinx_rows ivs, size_t n,
    )
    void rows_blake2b(
        const sphinx_backend *b, sphinx_out_rows out, size_t out_size, sphinx_rows data,
        size_t size, sphinx_rows keys, size_t key_size, size_t n,
    )
    int rows_hmac_sha256(
        const sphinx_backend *b, sphinx_out_rows out, sphinx_rows keys, size_t key_size,
        sphinx_rows data, size_t size, size_t n,
    )
    int rows_hkdf_sha256(
        const sphinx_backend *b, sphinx_out_rows out, size_t out_size,
        const uint8_t *salt, size_t salt_size, sphinx_rows ikm, size_t ikm_size,
        const uint8_t *info, size_t info_size, size_t n,
    )
    int rows_lioness_encrypt(
        const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
        sphinx_rows keys, size_t n,
    )
    int rows_lioness_decrypt(
        const sphinx_backend *b, sphinx_out_rows out, sphinx_rows data, size_t size,
        sphinx_rows keys, size_t n,
    )


cdef extern from "scalars.h" nogil:
    enum:
        SCALAR_SIZE
    void scalar_clamp(uint8_t *out, const uint8_t *scalar)


cdef extern from "constant_time.h" nogil:
    void wipe(void *p, size_t n)


cdef extern from "hop.h" nogil:
    enum:
        SPHINX_MAX_EXPLICIT_VERSIONS
        STATUS_UNPROCESSED
        STATUS_FORWARD
        STATUS_DELIVER
        STATUS_AUTHENTIC
        STATUS_REPLAYED
        STATUS_BAD_LENGTH
        STATUS_BAD_PUBLIC_VALUE
        STATUS_BAD_MAC
        STATUS_BAD_ROUTING_FLAG
        STATUS_BAD_PAYLOAD_LENGTH

    ctypedef struct sphinx_format:
        size_t alpha_size, mac_size, routing_size, header_size, minimum_size
        size_t minimum_payload_size
        size_t slot_size, version_offset, address_offset, address_size, delay_offset
        size_t next_mac_offset, identifier_offset, identifier_size
        uint8_t forward_flag, final_flag
        size_t secret_size, stream_key_offset, mac_key_offset, mac_key_size
        size_t payload_key_offset, payload_seed_size, blinding_offset, tag_offset, tag_size
        const uint8_t *secret_info
        const uint8_t *payload_salt
        const uint8_t *payload_info
        size_t secret_info_size, payload_salt_size, payload_info_size
        uint16_t explicit_versions[8]
        size_t n_explicit_versions

    ctypedef struct sphinx_batch:
        const uint8_t *packets
        const int64_t *offsets
        const int64_t *sizes
        const int64_t *order
        const uint8_t (*keys)[32]
        size_t n_keys
        const int8_t *key_hints
        uint8_t *headers
        uint8_t *secrets
        uint8_t *combs
        uint8_t *status
        uint8_t *tags
        int8_t *key_index
        const uint8_t *accept
        uint16_t *versions
        uint8_t *next_hops
        uint8_t *destinations
        uint8_t *identifiers
        uint64_t *delays
        uint8_t *out
        const int64_t *out_offsets

    ctypedef struct sphinx_scratch:
        pass

    sphinx_scratch *sphinx_scratch_new(const sphinx_format *format)
    void sphinx_scratch_free(const sphinx_backend *b, sphinx_scratch *scratch)
    void sphinx_authenticate(
        const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
        size_t start, size_t stop, sphinx_scratch *scratch,
    )
    void sphinx_unwrap(
        const sphinx_backend *b, const sphinx_format *f, const sphinx_batch *batch,
        size_t start, size_t stop, sphinx_scratch *scratch,
    )
