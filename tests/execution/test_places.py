"""Claims about --executor: what is not understood is refused before anything is done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from execution.faults import WorkersLostError, WrongExecutorError
from execution.places import Place, place
from execution.workers import HERE
from voting import console


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    paths = (tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    for path in paths:
        path.touch()
    return paths


def test_this_process_is_the_default() -> None:
    with place("serial").workers() as workers:
        assert workers is HERE


@pytest.mark.parametrize("option", ["", "ray", "processes", "tls://host:8786"])
def test_unknown_executor_is_a_wrong_call(option: str) -> None:
    with pytest.raises(WrongExecutorError, match="is none of serial, process, dask:tls://HOST"):
        place(option)


@pytest.mark.parametrize(
    "address",
    ["", "tcp://host:8786", "host:8786", "tls://host", "tls://:8786", "tls://host:8786/x"],
)
def test_cluster_without_tls_is_never_used(address: str, files: tuple[Path, Path, Path]) -> None:
    with pytest.raises(WrongExecutorError, match="is no tls://HOST:PORT"):
        place(f"dask:{address}", *files)


@pytest.mark.parametrize("number", range(3))
def test_cluster_needs_its_three_files(number: int, files: tuple[Path, Path, Path]) -> None:
    option = "dask:tls://host:8786"
    given = [path if place != number else None for place, path in enumerate(files)]
    name = ("--tls-ca", "--tls-cert", "--tls-key")[number]
    with pytest.raises(WrongExecutorError, match=f"needs {name}"):
        place(option, *given)
    files[number].unlink()
    with pytest.raises(WrongExecutorError, match=f"{name}: there is no file"):
        place(option, *files)
    files[number].touch()
    assert place(option, *files) == Place("tls://host:8786", files)


def test_missing_dask_names_what_installs_it(
    files: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WrongExecutorError, match=r"sukashi\[cluster\]"):
        place("dask:tls://host:8786", *files)


def test_faults_have_their_exit_codes() -> None:
    assert console._exit_code(WrongExecutorError("")) == 2
    assert console._exit_code(WorkersLostError("")) == 3
