"""The kernel computes what the reference computes, in every process."""

from __future__ import annotations

import multiprocessing
import secrets

import pytest

from crypto.errors import EncodingError
from crypto.groups import Group
from crypto.groups.ristretto255 import Ristretto255

native = pytest.importorskip("sukashi_kernel", reason="the kernel was not built (KERNEL=off)")
REFERENCE = Ristretto255()
EDGES = [0, 1, 2, REFERENCE.order - 1, REFERENCE.order - 2, 1 << 252, (1 << 252) - 1]


@pytest.fixture
def kernel() -> Group:
    from crypto.groups.native import native_group

    return native_group("ristretto255")


def _numbers(n: int) -> list[int]:
    return [*EDGES, *(secrets.randbelow(REFERENCE.order) for _ in range(n))][:n]


@pytest.mark.parametrize("n", [1, 5, 17, 127, 128, 300])
def test_every_operation_is_the_references(kernel: Group, n: int) -> None:
    x, y, pi = _numbers(n), _numbers(n)[::-1], list(range(n))
    secrets.SystemRandom().shuffle(pi)

    def everything(group: Group) -> list[object]:
        s, t = group.scalars(x), group.scalars(y)
        a, b = group.g**s, (group.g ** group.scalar(5)) ** t
        scalars = [
            s + t, s - t, s * t, -s, s * t[0], s + t[0], s - t[0], s.running_prod(),
            s.linear_recursion(t), s.permute(pi), s[1:], s[::-1],
            s.take([0, n - 1, 0]), group.concat_scalars([s, t, s]),
        ]  # fmt: skip
        single = [s.dot(t), s.sum(), s.prod(), s[0] * t[0], s[-1] - t[0], -s[0], (s[0] + t[0])]
        elements = [
            a, b, a * b, a / b, a * b[0], a / b[0], a.inverse(), a**t, a ** t[0], a ** 7, a ** -1,
            b[0] ** s, a.shift(b[0]), a.permute(pi), a[1:], group.elements([a[0], b[0]]),
            group.concat_elements([a, b, a]),
        ]  # fmt: skip
        points = [a.prod(), a.multiexp(t), a[0] * b[0], a[0] / b[0], a[0].inverse(), b[-1] ** t[0]]
        return [value.tree() for part in (scalars, single, elements, points) for value in part]

    assert everything(kernel) == everything(REFERENCE)


def test_whatever_is_decoded_is_decoded_by_both_or_by_none(kernel: Group) -> None:
    def outcome(group: Group, data: bytes) -> object:
        try:
            return group.decode_element(data, allow_identity=True).tree()
        except EncodingError:
            return None

    found = []
    for n in range(400):
        data = secrets.token_bytes(32) if n % 2 else n.to_bytes(32, "little")
        found.append(outcome(kernel, data))
        assert found[-1] == outcome(REFERENCE, data)
    assert None in found
    assert any(found)


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
