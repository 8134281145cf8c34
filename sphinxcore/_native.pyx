# cython: language_level=3, freethreading_compatible=True, autotestdict=False
# cython: boundscheck=False, wraparound=False
"""Glue: rows of arrays to pointers, the GIL released, the C of kernels/ and pipeline/ called.

Sizes are checked by the callers in Python. Objects do not change after they are made.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int8_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from types import MappingProxyType

from sphinxcore.errors import BackendError
from sphinxcore.status import Status

for _status, _value in (
    (Status.UNPROCESSED, STATUS_UNPROCESSED),
    (Status.FORWARD, STATUS_FORWARD),
    (Status.DELIVER, STATUS_DELIVER),
    (Status.AUTHENTIC, STATUS_AUTHENTIC),
    (Status.REPLAYED, STATUS_REPLAYED),
    (Status.BAD_LENGTH, STATUS_BAD_LENGTH),
    (Status.BAD_PUBLIC_VALUE, STATUS_BAD_PUBLIC_VALUE),
    (Status.BAD_MAC, STATUS_BAD_MAC),
    (Status.BAD_ROUTING_FLAG, STATUS_BAD_ROUTING_FLAG),
    (Status.BAD_PAYLOAD_LENGTH, STATUS_BAD_PAYLOAD_LENGTH),
):
    if _status != _value:
        raise ImportError(f"hop.h and sphinxcore.Status disagree about {_status!r}")


def cpu_features():
    """Names of the instruction sets that this CPU and its operating system run."""
    return _feature_names(sphinx_cpu_features())


cdef _feature_names(uint32_t bits):
    names = []
    cdef unsigned bit = 0
    while sphinx_cpu_feature_name(bit) != NULL:
        if bits >> bit & 1:
            names.append(sphinx_cpu_feature_name(bit).decode("ascii"))
        bit += 1
    return tuple(names)


cdef uint32_t _feature_bits(names) except? 0:
    cdef uint32_t bits = 0
    known = _feature_names(<uint32_t>-1)
    for name in names:
        if name not in known:
            raise BackendError(f"there is no CPU feature {name!r}; there are {', '.join(known)}")
        bits |= 1u << known.index(name)
    return bits


def fill_random(uint8_t[::1] out):
    """Fill a buffer from the operating system; False where it has no function for that."""
    cdef int failed = 0
    if out.shape[0]:
        with nogil:
            failed = sphinx_entropy(&out[0], <size_t>out.shape[0])
    return failed == 0


cdef size_t LARGEST_SPARE = 4 << 20
cdef Py_ssize_t MOST_COMBS = 8192  # points known to a backend; 11 MB if all have combs

cdef const uint8_t NOTHING = 0  # what empty rows point to: C wants no null pointers


cdef inline const uint8_t *bytes_of(const uint8_t[::1] data) noexcept:
    return &data[0] if data.shape[0] else &NOTHING


cdef sphinx_rows rows_of(const uint8_t[:, :] array, size_t n) except *:
    """The rows of an (n, size) array; row strides of any sign, or zero, are fine."""
    cdef sphinx_rows rows
    if <size_t>array.shape[0] != n or (array.shape[1] > 1 and array.strides[1] != 1):
        raise ValueError(f"expected {n} contiguous rows of bytes")
    rows.stride = array.strides[0]
    rows.data = &array[0, 0] if array.shape[0] and array.shape[1] else &NOTHING
    return rows


cdef sphinx_out_rows out_rows_of(uint8_t[:, :] array) except *:
    cdef sphinx_rows rows = rows_of(array, array.shape[0])
    cdef sphinx_out_rows out
    out.data = <uint8_t *>rows.data
    out.stride = rows.stride
    return out


cdef int enough_memory(int failed) except -1:
    if failed:
        raise MemoryError
    return 0


@cython.final
@cython.auto_pickle(False)
cdef class NativeBackend:
    """The backend `name` with the best kernels for this CPU.

    `cpu` masks instruction sets: only those named are used. Raises BackendError if the backend
    was not built or lacks an instruction set.
    """

    cdef sphinx_backend b
    cdef dict _combs  # by point: bytes, or None for one that came once
    cdef readonly str name
    cdef readonly object kernels
    cdef readonly int lanes

    def __cinit__(self, name, cpu=None):
        cdef size_t i = 0
        cdef uint32_t missing, features = sphinx_cpu_features()
        if cpu is not None:
            features &= _feature_bits(cpu)
        while sphinx_backend_name(i) != NULL and sphinx_backend_name(i).decode("ascii") != name:
            i += 1
        if sphinx_backend_name(i) == NULL:
            raise BackendError("its kernels were not built")
        missing = sphinx_backend_make(&self.b, i, features)
        if missing:
            raise BackendError(f"this CPU lacks {', '.join(_feature_names(missing))}")
        self.name = name
        self._combs = {}
        self.lanes = self.b.x25519.kernel.lanes
        self.kernels = MappingProxyType({
            "x25519": self.b.x25519.kernel.name.decode("ascii"),
            "sha256": self.b.sha256.kernel.name.decode("ascii"),
            "aes128": self.b.aes128.kernel.name.decode("ascii"),
            "chacha20": self.b.chacha20.kernel.name.decode("ascii"),
            "blake2b": self.b.blake2b.kernel.name.decode("ascii"),
        })

    def x25519(
        self, const uint8_t[:, :] scalars, const uint8_t[:, :] points, uint8_t[:, :] out
    ):
        cdef size_t n = out.shape[0]
        cdef sphinx_out_rows results = out_rows_of(out)
        cdef sphinx_rows scalar_rows = rows_of(scalars, n)
        cdef sphinx_rows point_rows
        if points is None:
            point_rows.data = NULL
            point_rows.stride = 0
        else:
            point_rows = rows_of(points, n)
        with nogil:
            rows_x25519(&self.b, results, scalar_rows, point_rows, n)

    def x25519_chain(
        self, const uint8_t[:, :, :] scalars, const uint8_t[:, :] points, on_curve,
        uint8_t[:, :] out,
    ):
        cdef size_t n = out.shape[0], links = scalars.shape[1]
        cdef ptrdiff_t link_stride = scalars.strides[1]
        cdef sphinx_out_rows results = out_rows_of(out)
        cdef sphinx_rows scalar_rows = rows_of(scalars[:, 0], n)
        cdef sphinx_rows point_rows = rows_of(points, n)
        cdef const uint8_t[::1] marks = on_curve.view("uint8")
        cdef const uint8_t *mark = bytes_of(marks)
        cdef const uint64_t **combs = NULL
        cdef int failed
        found = self._combs_of(point_rows, mark, n)
        try:
            if found is not None:
                combs = <const uint64_t **>calloc(n, sizeof(uint64_t *))
                enough_memory(combs == NULL)
                for i, comb in enumerate(found):
                    if comb is not None:
                        combs[<size_t>i] = <const uint64_t *>PyBytes_AS_STRING(comb)
            with nogil:
                failed = rows_x25519_chain(
                    &self.b, results, scalar_rows, link_stride, links, point_rows, mark, combs, n
                )
        finally:
            free(combs)
        enough_memory(failed)

    cdef list _combs_of(self, sphinx_rows points, const uint8_t *on_curve, size_t n):
        """The kept comb of each point, or None; None if no point has one.

        Points get combs, which cost as much as three multiplications, when they come again.
        """
        cdef size_t size = kept_comb_size(&self.b), i
        if size == 0:
            return None
        # Not a comprehension: where the list cannot grow, Cython 3.3 drops the element twice.
        cdef list keys = [None] * <Py_ssize_t>n
        wanted = {}
        with cython.critical_section(self):  # or a key goes after it was found
            for i in range(n):
                if len(self._combs) >= MOST_COMBS:
                    self._combs.clear()
                key = PyBytes_FromStringAndSize(<const char *>row_of(points, i), 32)
                keys[i] = key
                if not on_curve[i]:
                    continue
                if key not in self._combs:
                    self._combs[key] = None
                elif self._combs[key] is None:
                    wanted[key] = None
        if wanted:
            self._keep_combs(list(wanted), size)
        # Not Cython's own dict.get, which borrows: a comb can be replaced without the GIL.
        found = list(map(self._combs.get, keys))
        return found if any(found) else None

    cdef int _keep_combs(self, list keys, size_t size) except -1:
        cdef size_t i, n = len(keys)
        cdef sphinx_rows points
        cdef bytes joined = b"".join(keys)
        cdef uint64_t *kept = <uint64_t *>calloc(n, size)
        cdef int failed
        enough_memory(kept == NULL)
        points.data = <const uint8_t *>PyBytes_AS_STRING(joined)
        points.stride = 32
        try:
            with nogil:
                failed = rows_make_combs(&self.b, kept, points, n)
            enough_memory(failed)
            for i in range(n):
                self._combs[keys[i]] = PyBytes_FromStringAndSize(
                    <const char *>kept + i * size, <Py_ssize_t>size
                )
        finally:
            free(kept)
        return 0

    def x25519_twice(
        self, const uint8_t[:, :] first, const uint8_t[:, :] second, const uint8_t[:, :] points,
        uint8_t[:, :] first_out, uint8_t[:, :] second_out,
    ):
        cdef int failed
        cdef size_t n = points.shape[0]
        cdef sphinx_out_rows first_results = out_rows_of(first_out)
        cdef sphinx_out_rows second_results = out_rows_of(second_out)
        cdef sphinx_rows first_rows = rows_of(first, n)
        cdef sphinx_rows second_rows = rows_of(second, n)
        cdef sphinx_rows point_rows = rows_of(points, n)
        with nogil:
            failed = rows_x25519_twice(
                &self.b, first_results, second_results, first_rows, second_rows, point_rows, n
            )
        enough_memory(failed)

    def aes128_ctr(
        self, const uint8_t[:, :] keys, const uint8_t[:, :] ivs, const uint8_t[:, :] data,
        uint8_t[:, :] out,
    ):
        cdef size_t n = out.shape[0], size = out.shape[1]
        cdef sphinx_out_rows results = out_rows_of(out)
        cdef sphinx_rows data_rows = rows_of(data, n)
        cdef sphinx_rows key_rows = rows_of(keys, n)
        cdef sphinx_rows iv_rows = rows_of(ivs, n)
        with nogil:
            rows_aes128_ctr(&self.b, results, data_rows, size, key_rows, iv_rows, n)

    def chacha20(
        self, const uint8_t[:, :] keys, const uint8_t[:, :] ivs, const uint8_t[:, :] data,
        uint8_t[:, :] out,
    ):
        cdef size_t n = out.shape[0], size = out.shape[1]
        cdef sphinx_out_rows results = out_rows_of(out)
        cdef sphinx_rows data_rows = rows_of(data, n)
        cdef sphinx_rows key_rows = rows_of(keys, n)
        cdef sphinx_rows iv_rows = rows_of(ivs, n)
        with nogil:
            rows_chacha20(&self.b, results, data_rows, size, key_rows, iv_rows, n)

    def blake2b(
        self, const uint8_t[:, :] keys, const uint8_t[:, :] data, uint8_t[:, :] out
    ):
        cdef size_t n = out.shape[0], digest_size = out.shape[1]
        cdef size_t size = data.shape[1], key_size = keys.shape[1]
        cdef sphinx_out_rows results = out_rows_of(out)
        cdef sphinx_rows data_rows = rows_of(data, n)
        cdef sphinx_rows key_rows = rows_of(keys, n)
        with nogil:
            rows_blake2b(&self.b, results, digest_size, data_rows, size, key_rows, key_size, n)

    def hmac_sha256(
        self, const uint8_t[:, :] keys, const uint8_t[:, :] data, uint8_t[:, :] out
    ):
        cdef int failed
        cdef size_t n = out.shape[0], size = data.shape[1], key_size = keys.shape[1]
        cdef sphinx_out_rows results = out_rows_of(out)
        cdef sphinx_rows data_rows = rows_of(data, n)
        cdef sphinx_rows key_rows = rows_of(keys, n)
        with nogil:
            failed = rows_hmac_sha256(&self.b, results, key_rows, key_size, data_rows, size, n)
        enough_memory(failed)

    def hkdf_sha256(
        self, const uint8_t[::1] salt, const uint8_t[:, :] ikm, const uint8_t[::1] info,
        uint8_t[:, :] out,
    ):
        cdef int failed
        cdef size_t n = out.shape[0], size = out.shape[1], ikm_size = ikm.shape[1]
        cdef sphinx_out_rows results = out_rows_of(out)
        cdef sphinx_rows ikm_rows = rows_of(ikm, n)
        cdef const uint8_t *salt_bytes = bytes_of(salt)
        cdef const uint8_t *info_bytes = bytes_of(info)
        with nogil:
            failed = rows_hkdf_sha256(
                &self.b, results, size, salt_bytes, salt.shape[0], ikm_rows, ikm_size,
                info_bytes, info.shape[0], n,
            )
        enough_memory(failed)

    def lioness_encrypt(
        self, const uint8_t[:, :] keys, const uint8_t[:, :] data, uint8_t[:, :] out
    ):
        cdef int failed
        cdef size_t n = out.shape[0], size = out.shape[1]
        cdef sphinx_out_rows results = out_rows_of(out)
        cdef sphinx_rows data_rows = rows_of(data, n)
        cdef sphinx_rows key_rows = rows_of(keys, n)
        with nogil:
            failed = rows_lioness_encrypt(&self.b, results, data_rows, size, key_rows, n)
        enough_memory(failed)

    def lioness_decrypt(
        self, const uint8_t[:, :] keys, const uint8_t[:, :] data, uint8_t[:, :] out
    ):
        cdef int failed
        cdef size_t n = out.shape[0], size = out.shape[1]
        cdef sphinx_out_rows results = out_rows_of(out)
        cdef sphinx_rows data_rows = rows_of(data, n)
        cdef sphinx_rows key_rows = rows_of(keys, n)
        with nogil:
            failed = rows_lioness_decrypt(&self.b, results, data_rows, size, key_rows, n)
        enough_memory(failed)

    def prepare(self, wire_format):
        return NativeFormat(wire_format)

    def hop(
        self, prepared_format, keys, packets, key_hints, status, replay_tags, key_index,
        forwarding,
    ):
        return NativeHopBatch(
            self, prepared_format, keys, packets, key_hints, status, replay_tags, key_index,
            forwarding,
        )


@cython.final
@cython.auto_pickle(False)
cdef class NativeMemory:
    """Memory, zero at first, that is wiped and freed with its object."""

    cdef uint8_t *data
    cdef size_t size

    def __cinit__(self, size_t size):
        self.data = <uint8_t *>calloc(size, 1)
        if self.data == NULL:
            raise MemoryError
        self.size = size

    def __dealloc__(self):
        if self.data != NULL:
            wipe(self.data, self.size)
        free(self.data)


@cython.final
@cython.auto_pickle(False)
cdef class NativeFormat:
    """A wire format as the C of pipeline/ takes it, and memory from one batch for the next.

    Fresh memory of this size costs a page fault every 4 KiB, a tenth of the time of a hop.
    """

    cdef sphinx_format f
    cdef NativeMemory _spare  # or None
    cdef bytes _info, _salt, _key_info  # what the pointers of `f` point into

    def __cinit__(self, wire_format):
        cdef sphinx_format *f = &self.f
        part = wire_format.secret_part
        f.alpha_size = wire_format.alpha_size
        f.mac_size = wire_format.mac_size
        f.routing_size = wire_format.routing_size
        f.header_size = wire_format.header_size
        f.minimum_size = wire_format.minimum_packet_size
        f.minimum_payload_size = wire_format.minimum_payload_size
        f.slot_size = wire_format.slot_size
        f.version_offset = wire_format.flag_size + wire_format.version_size - 2
        f.address_offset = wire_format.flag_size + wire_format.version_size
        f.address_size = wire_format.address_size
        f.delay_offset = f.address_offset + f.address_size
        f.next_mac_offset = wire_format.meta_size
        f.identifier_offset = f.delay_offset
        f.identifier_size = wire_format.identifier_size
        f.forward_flag = wire_format.forward_flag
        f.final_flag = wire_format.final_flag
        f.secret_size = wire_format.secret_size
        f.stream_key_offset = part("stream_key").start
        f.mac_key_offset = part("mac_key").start
        f.mac_key_size = part("mac_key").stop - part("mac_key").start
        f.payload_key_offset = part("payload_key").start
        f.payload_seed_size = wire_format.payload_seed_size
        f.blinding_offset = part("blinding_factor").start
        f.tag_offset = part("replay_tag").start
        f.tag_size = part("replay_tag").stop - part("replay_tag").start
        self._info = wire_format.secret_info
        self._salt = wire_format.payload_key_salt
        self._key_info = wire_format.payload_key_info
        f.secret_info = self._info
        f.payload_salt = self._salt
        f.payload_info = self._key_info
        f.secret_info_size = len(self._info)
        f.payload_salt_size = len(self._salt)
        f.payload_info_size = len(self._key_info)
        versions = sorted(wire_format.explicit_payload_key_versions)
        if len(versions) > SPHINX_MAX_EXPLICIT_VERSIONS:
            raise ValueError("the wire format has more explicit versions than hop.h holds")
        f.n_explicit_versions = len(versions)
        for i, version in enumerate(versions):
            f.explicit_versions[<int>i] = version

    cdef NativeMemory take(self, size_t size):
        cdef NativeMemory memory
        with cython.critical_section(self):
            memory = self._spare
            self._spare = None
        if memory is None or memory.size < size:
            return NativeMemory(size)
        return memory

    cdef give(self, NativeMemory memory):
        if memory.size <= LARGEST_SPARE:
            with cython.critical_section(self):
                self._spare = memory


@cython.final
@cython.auto_pickle(False)
cdef class NativeHopBatch:
    """A batch on its way through one hop."""

    cdef NativeBackend backend
    cdef NativeFormat format
    cdef sphinx_batch batch
    cdef size_t n
    cdef uint8_t (*keys)[SCALAR_SIZE]
    cdef NativeMemory memory  # of combs, secrets and headers; None: wiped
    cdef int users  # calls that are at work with it
    cdef object _kept  # what other pointers of `batch` point into

    def __cinit__(
        self, NativeBackend backend, NativeFormat prepared_format,
        const uint8_t[:, ::1] keys, packets, key_hints, status, replay_tags, key_index,
        bint forwarding,
    ):
        cdef const uint8_t[::1] data = packets.data
        cdef const int64_t[::1] offsets = packets.offsets
        cdef const int64_t[::1] sizes = packets.sizes
        cdef const int64_t[::1] order = packets.order
        cdef const int8_t[::1] hints = key_hints
        cdef uint8_t[::1] statuses = status
        cdef uint8_t[:, ::1] tags = replay_tags
        cdef int8_t[::1] indices = key_index
        cdef Py_ssize_t i
        self.backend = backend
        self.format = prepared_format
        self.n = sizes.shape[0]
        self._kept = packets, key_hints, status, replay_tags, key_index
        self.keys = <uint8_t (*)[SCALAR_SIZE]>calloc(keys.shape[0], SCALAR_SIZE)
        if self.keys == NULL:
            raise MemoryError
        self._take_memory(forwarding)
        for i in range(keys.shape[0]):
            scalar_clamp(self.keys[i], &keys[i, 0])
        self.batch.keys = self.keys
        self.batch.n_keys = keys.shape[0]
        if self.n:
            self.batch.packets = &data[0]
            self.batch.offsets = &offsets[0]
            self.batch.sizes = &sizes[0]
            self.batch.order = &order[0]
            self.batch.key_hints = &hints[0]
            self.batch.status = &statuses[0]
            self.batch.tags = &tags[0, 0]
            self.batch.key_index = &indices[0]

    cdef int _take_memory(self, bint forwarding) except -1:
        """Combs pay where alpha is multiplied twice: for packets that go on."""
        cdef const sphinx_format *f = &self.format.f
        cdef size_t lanes = self.backend.b.x25519.kernel.lanes
        cdef size_t combs = 0, secrets = self.n * f.secret_size, headers = self.n * f.header_size
        cdef uint8_t *start
        if forwarding:
            combs = (self.n + lanes - 1) // lanes * self.backend.b.x25519.comb_size
        self.memory = self.format.take(COMB_ALIGNMENT + combs + secrets + headers)
        start = self.memory.data + (-<size_t>self.memory.data) % COMB_ALIGNMENT
        self.batch.combs = start if combs else NULL
        self.batch.secrets = start + combs
        self.batch.headers = start + combs + secrets
        return 0

    cdef sphinx_scratch *_scratch(self) except NULL:
        cdef sphinx_scratch *scratch = sphinx_scratch_new(&self.format.f)
        if scratch == NULL:
            raise MemoryError
        return scratch

    cdef NativeMemory _enter(self):
        """The memory, which then lives until _leave() whatever wipe() does."""
        with cython.critical_section(self):
            if self.memory is not None:
                self.users += 1
                return self.memory
        raise BackendError("this batch was wiped")

    cdef void _leave(self) noexcept:
        with cython.critical_section(self):
            self.users -= 1

    def authenticate(self, size_t start, size_t stop):
        cdef sphinx_scratch *scratch = self._scratch()
        cdef NativeMemory _held
        try:
            _held = self._enter()
            with nogil:
                sphinx_authenticate(
                    &self.backend.b, &self.format.f, &self.batch, start, stop, scratch
                )
            self._leave()
        finally:
            sphinx_scratch_free(&self.backend.b, scratch)

    def unwrap(self, accept, result, size_t start, size_t stop):
        cdef sphinx_batch batch = self.batch
        cdef const uint8_t[::1] accepted = accept.view("uint8")
        cdef uint8_t[::1] status = result.status
        cdef uint8_t[:, ::1] tags = result.replay_tags
        cdef int8_t[::1] key_index = result.key_index
        cdef uint16_t[::1] versions = result.versions
        cdef uint8_t[:, ::1] next_hops = result.next_hops
        cdef uint8_t[:, ::1] destinations = result.destinations
        cdef uint8_t[:, ::1] identifiers = result.identifiers
        cdef uint64_t[::1] delays = result.delays_ns
        cdef uint8_t[::1] out = result.buffer
        cdef const int64_t[::1] out_offsets = result.offsets
        if start >= stop:
            return
        batch.status = &status[0]
        batch.tags = &tags[0, 0]
        batch.key_index = &key_index[0]
        batch.accept = &accepted[0]
        batch.versions = &versions[0]
        batch.next_hops = &next_hops[0, 0]
        batch.destinations = &destinations[0, 0]
        batch.identifiers = &identifiers[0, 0]
        batch.delays = &delays[0]
        batch.out = &out[0]
        batch.out_offsets = &out_offsets[0]
        cdef sphinx_scratch *scratch = self._scratch()
        cdef NativeMemory _held
        try:
            _held = self._enter()
            with nogil:
                sphinx_unwrap(&self.backend.b, &self.format.f, &batch, start, stop, scratch)
            self._leave()
        finally:
            sphinx_scratch_free(&self.backend.b, scratch)

    def wipe(self):
        """Wipe keys and secrets. Memory that is still worked with is wiped when it is freed."""
        cdef NativeMemory memory
        cdef int users
        if self.keys != NULL:
            wipe(self.keys, self.batch.n_keys * SCALAR_SIZE)
        with cython.critical_section(self):
            memory, self.memory = self.memory, None
            users = self.users
        if memory is not None and users == 0:
            wipe(self.batch.secrets, self.n * self.format.f.secret_size)
            self.format.give(memory)

    def __dealloc__(self):
        if self.keys != NULL:
            wipe(self.keys, self.batch.n_keys * SCALAR_SIZE)
        free(self.keys)
