"""The extra that sphinxcore.nym needs."""

import subprocess
import sys


def test_without_the_extra() -> None:
    code = "import sys; sys.modules['blake3'] = None; import sphinxcore.nym"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.endswith(
        "ModuleNotFoundError: sphinxcore.nym needs blake3, which is not installed: "
        'pip install "sphinxcore[nym]"\n'
    )
