"""Build the native module; everything declarative is in pyproject.toml.

SPHINXCORE_NATIVE=auto     build it, fall back to pure Python where that fails (default)
SPHINXCORE_NATIVE=require  build it or fail (CI, wheels, developers)
SPHINXCORE_NATIVE=off      do not build it
"""

import gzip
import os
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist
from setuptools.errors import CompileError
from setuptools.modified import newer_group

CHOICES = ("auto", "require", "off")
NATIVE = os.environ.get("SPHINXCORE_NATIVE", "auto")
if NATIVE not in CHOICES:
    sys.exit(f"SPHINXCORE_NATIVE must be one of {', '.join(CHOICES)}, not {NATIVE!r}")

KERNELS = Path("sphinxcore/kernels")
PIPELINE = Path("sphinxcore/pipeline")

# Kernels are files <set>_<primitive>.c. Each is compiled with the flags of its instruction set,
# and nothing else is; sets that the target or the compiler lacks are left out.
INSTRUCTION_SETS = {"portable": []}
if sysconfig.get_platform().endswith(("x86_64", "amd64")):  # the target, not the host
    AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mbmi2"]
    SHANI = ["-msha", "-msse4.1"]
    INSTRUCTION_SETS |= {
        "aesni": ["-maes", "-msse4.1"],
        "shani": SHANI,
        "avx2": ["-mavx2", "-mbmi2"],
        "vaes": ["-mvaes", "-maes", *AVX512],
        "avx512": [*AVX512, *SHANI],
        "ifma": ["-mavx512ifma", *AVX512],
    }


class BuildKernels(build_ext):
    """Compile each kernel with its own flags, then link them all into the extension."""

    def initialize_options(self):
        super().initialize_options()
        self.cython_c_in_temp = True  # keep generated C out of the source tree

    def build_extensions(self):
        # Some Pythons make everything look for libraries in their own folder. The module needs
        # the C library alone, and a wheel must not say where it was built.
        if self.compiler.compiler_type == "unix":
            command = self.compiler.linker_so
            self.compiler.linker_so = [word for word in command if "-rpath" not in word]
        super().build_extensions()

    def build_extension(self, ext):
        target = Path(self.get_ext_fullpath(ext.name))
        if not self.force and not newer_group([*ext.sources, *ext.depends], str(target)):
            return
        target.unlink(missing_ok=True)  # a build that fails leaves no older module behind
        built = []
        for name, flags in INSTRUCTION_SETS.items():
            sources = sorted(KERNELS.glob(f"{name}_*.c"))
            if not sources:
                continue
            if not self._compiler_accepts(flags):
                with_flags = f" with {' '.join(flags)}" if flags else ""
                problem = f"the {name} kernels: cannot compile C{with_flags}"
                if NATIVE == "require":
                    raise CompileError(problem)
                self.warn(f"leaving out {problem}")
                continue
            ext.extra_objects += self.compiler.compile(
                [str(source) for source in sources],
                output_dir=self.build_temp,
                include_dirs=ext.include_dirs,
                extra_postargs=[*ext.extra_compile_args, *flags],
                depends=ext.depends,
            )
            built += [source.stem.split("_", 1) for source in sources]
        kernels = " ".join(f"X({name}, {primitive})" for name, primitive in built)
        ext.define_macros.append(("SPHINX_KERNELS", kernels))
        super().build_extension(ext)

    def _compiler_accepts(self, flags):
        with tempfile.TemporaryDirectory() as folder:
            probe = Path(folder, "probe.c")
            probe.write_text("int probe;\n")
            try:
                self.compiler.compile([str(probe)], output_dir=folder, extra_postargs=flags)
            except CompileError:
                return False
        return True


class ReproducibleSdist(sdist):
    """With SOURCE_DATE_EPOCH, the same files give the same archive."""

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, owner=None, group=None):
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        if epoch is None or format != "gztar":
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)

        def unnamed(member):
            member.mtime = int(epoch)
            member.mode = 0o755 if member.mode & 0o100 else 0o644
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            return member

        name = f"{base_name}.tar.gz"
        with (
            open(name, "wb") as raw,
            gzip.GzipFile("", "wb", fileobj=raw, mtime=int(epoch)) as stream,
            tarfile.open(fileobj=stream, mode="w") as archive,
        ):
            archive.add(base_dir, filter=unnamed)  # in the order of names
        return name


native = Extension(
    "sphinxcore._native",
    [
        "sphinxcore/_native.pyx",
        *(str(KERNELS / name) for name in ("backends.c", "cpu.c")),
        *(str(path) for path in sorted(PIPELINE.glob("*.c"))),
    ],
    include_dirs=[str(KERNELS), str(PIPELINE)],
    depends=[
        "setup.py",
        "sphinxcore/_native.pxd",
        *(str(path) for path in sorted([*KERNELS.glob("*.[ch]"), *PIPELINE.glob("*.[ch]")])),
    ],
    extra_compile_args=["-O3", "-std=c11", "-fvisibility=hidden", "-Wall", "-Wextra"],
    optional=NATIVE == "auto",
)

setup(
    ext_modules=[] if NATIVE == "off" else [native],
    cmdclass={"build_ext": BuildKernels, "sdist": ReproducibleSdist},
)
