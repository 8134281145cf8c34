"""Which backends there are, how one is chosen, and what is said about the others."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from network import key, packet

import sphinxcore as sx
from sphinxcore._backends import NAMES, VARIABLE

PRIMITIVES = {"x25519", "sha256", "aes128", "chacha20", "blake2b"}


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != VARIABLE}
    environment |= {"PYTHONPATH": str(Path(sx.__file__).parents[1])} | variables
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


def test_available_and_missing_are_all_names_best_first() -> None:
    available, missing = sx.available_backends(), sx.missing_backends()
    assert set(available) | set(missing) == set(NAMES)
    assert not set(available) & set(missing)
    assert list(available) == [name for name in NAMES if name in available]
    assert available[-1] == "python"


def test_backend_is_the_one_asked_for(backend_name: str) -> None:
    found = sx.backend(backend_name)
    assert found.name == backend_name
    assert set(found.kernels) == PRIMITIVES
    assert all(found.kernels.values())
    assert found.lanes >= 1
    assert sx.Processor(key(0), backend=backend_name).backend == backend_name


def test_kernel_table_is_read_only(backend_name: str) -> None:
    with pytest.raises(TypeError):
        sx.backend(backend_name).kernels["x25519"] = "other"  # type: ignore[index]


def test_missing_backends_say_why() -> None:
    for name, reason in sx.missing_backends().items():
        assert reason
        with pytest.raises(sx.BackendError, match=name) as caught:
            sx.backend(name)
        assert reason in str(caught.value)
        for available in sx.available_backends():
            assert available in str(caught.value)


def test_answers_are_copies() -> None:
    sx.missing_backends()["python"] = "gone"
    assert sx.missing_backends().keys() == set(NAMES) - set(sx.available_backends())


@pytest.mark.parametrize("name", ["", "avx", "PYTHON", "python ", "portable,python"])
def test_unknown_name_is_an_error_that_names_the_choices(name: str) -> None:
    for use in (
        lambda: sx.backend(name),
        lambda: sx.Processor(key(0), backend=name),
        lambda: packet(backend=name),
        lambda: sx.batch.x25519(np.zeros((1, 32), np.uint8), backend=name),
    ):
        with pytest.raises(sx.BackendError) as caught:
            use()
        for choice in NAMES:
            assert choice in str(caught.value)


@pytest.mark.parametrize("name", [5, b"python", ["python"]])
def test_name_of_a_wrong_type(name: object) -> None:
    with pytest.raises(TypeError):
        sx.Processor(key(0), backend=name)  # type: ignore[arg-type]


def test_environment_variable_chooses(backend_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, backend_name)
    assert sx.Processor(key(0)).backend == backend_name


def test_argument_beats_environment_variable(
    backend_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "nonsense")
    assert sx.Processor(key(0), backend=backend_name).backend == backend_name


def test_best_backend_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert sx.Processor(key(0)).backend == sx.available_backends()[0]


@pytest.mark.parametrize("junk", ["nonsense", "", "PYTHON"])
def test_junk_in_the_environment_is_an_error_at_use(
    junk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, junk)
    with pytest.raises(sx.BackendError, match=VARIABLE) as caught:
        sx.Processor(key(0))
    for choice in NAMES:
        assert choice in str(caught.value)


USE = "import sphinxcore as sx; print(sx.Processor(sx.PrivateKey.generate()).backend)"


def test_environment_variable_of_a_new_process() -> None:
    forced = run(USE, **{VARIABLE: "python"})
    assert (forced.returncode, forced.stdout) == (0, "python\n")
    junk = run(USE, **{VARIABLE: "nonsense"})
    assert junk.returncode == 1
    assert "BackendError" in junk.stderr
    assert "portable, python" in junk.stderr
    imported = run("import sphinxcore", **{VARIABLE: "nonsense"})
    assert imported.returncode == 0


def test_masked_cpu_features() -> None:
    if sx.available_backends() == ("python",):
        pytest.skip("the native module was not built")
    from sphinxcore import _native

    masked = _native.NativeBackend("portable", cpu=())
    assert set(masked.kernels) == PRIMITIVES
    assert set(masked.kernels.values()) == {"portable"}
    with pytest.raises(sx.BackendError, match="no CPU feature 'nonsense'"):
        _native.NativeBackend("portable", cpu=("nonsense",))
    for name in NAMES[:-1]:
        if name != "portable":
            with pytest.raises(sx.BackendError, match=r"this CPU lacks|were not built"):
                _native.NativeBackend(name, cpu=())


def test_portable_takes_only_portable_kernels() -> None:
    if "portable" not in sx.available_backends():
        pytest.skip(sx.missing_backends()["portable"])
    assert set(sx.backend("portable").kernels.values()) == {"portable"}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "python"])
def test_native_backends_do_not_read_beyond_their_rows(name: str) -> None:
    """Callers check sizes; a mistake of theirs is an error, and not a read behind an array."""
    if name in sx.missing_backends():
        pytest.skip(sx.missing_backends()[name])
    native, out = sx.backend(name), np.empty((3, 32), np.uint8)
    one = np.zeros((1, 32), np.uint8)
    for arguments in ((one, None), (out, one), (np.asfortranarray(out), None)):
        with pytest.raises(ValueError, match="expected 3 contiguous rows"):
            native.x25519(*arguments, out)
    with pytest.raises(ValueError, match="expected 3 contiguous rows"):
        native.aes128_ctr(one[:, :16], one[:, :16], out, out)
