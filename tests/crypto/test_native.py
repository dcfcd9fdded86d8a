"""The kernel computes what the reference computes, in every process."""

from __future__ import annotations

import multiprocessing

import pytest

from crypto.groups import Group
from tests.crypto import agreement

pytest.importorskip("sukashi_kernel", reason="the kernel was not built (KERNEL=off)")


@pytest.mark.parametrize("n", [1, 5, 17, 127, 128, 300])
@pytest.mark.parametrize("name", agreement.GROUPS)
def test_every_operation_is_the_references(name: str, n: int) -> None:
    assert agreement.differences(*agreement.both(name), n) == []


@pytest.mark.parametrize("name", agreement.GROUPS)
def test_whatever_is_decoded_is_decoded_by_both_or_by_none(name: str) -> None:
    assert agreement.decoded_differently(*agreement.both(name), n=400) == []


@pytest.fixture
def kernel() -> Group:
    return agreement.both("ristretto255")[0]


def _product(kernel: Group) -> bytes:
    tree = (kernel.g ** kernel.scalars(range(1000))).multiexp(kernel.scalars(range(1000))).tree()
    assert isinstance(tree, bytes)
    return tree


def _send_product(kernel: Group, to: object) -> None:
    to.send(_product(kernel))  # type: ignore[attr-defined]


def test_a_forked_process_has_threads_of_its_own(kernel: Group) -> None:
    expected = _product(kernel)
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_send_product, args=(kernel, sending))
    child.start()
    try:
        assert receiving.poll(60)
        assert receiving.recv() == expected
    finally:
        child.kill()
        child.join()
    assert _product(kernel) == expected
