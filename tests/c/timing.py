"""The time of kernels that Valgrind cannot run does not depend on secrets; see timing.c.

Takes the number of samples in millions, 1 by default: two minutes on an idle machine.
"""

import subprocess
import sys
import sysconfig

import compiling


def main() -> None:
    if not sysconfig.get_platform().endswith(("x86_64", "amd64")):
        sys.exit(f"timing: there is no such kernel for {sysconfig.get_platform()}")
    folder = compiling.BUILD / "library"
    objects = compiling.library(folder)
    harness = compiling.compile_object(compiling.HERE / "timing.c", folder)
    program = compiling.link(folder / "timing", [harness, *objects], extra=["-lm", "-Wl,-z,now"])
    samples = sys.argv[1] if len(sys.argv) > 1 else "1"
    if subprocess.run([program, samples, "leaky"], check=False).returncode != 1:
        sys.exit("timing: the function that leaks was not found: this check finds nothing")
    if subprocess.run([program, samples], check=False).returncode:
        sys.exit("timing: times depend on secrets, or this is no quiet machine: see above")
    print("timing: no time depends on secrets")


if __name__ == "__main__":
    main()
