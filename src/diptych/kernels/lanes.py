"""Several floats at a time: a vector type for numba kernels that must not leave it to chance.

A row of a sum over many taps is fast only while the sums stay in registers, and the compiler
keeps them there only when it can prove that no row overlaps another. `Lanes` says so: a value
of 2, 4 or 16 float32 that is loaded from and stored to flat arrays and can be added, subtracted
and multiplied. The compiler splits it into whatever the machine has (AVX-512, AVX2, NEON).
Each lane is rounded on its own, nothing is fused or reordered.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, types

_INT = ir.IntType(32)

# numba's own type of an intrinsic counts its first, hidden argument
intrinsic: Any = extending.intrinsic


class Lanes(types.Type):
    """The numba type of `width` float32."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(name=f"Lanes{width}xfloat32")

    @property
    def vector(self) -> Any:
        """The LLVM type."""
        return ir.VectorType(ir.FloatType(), self.width)


@extending.register_model(Lanes)
class LanesModel(extending.models.PrimitiveModel):
    """Lanes are one LLVM vector."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, kind.vector)  # type: ignore[no-untyped-call]


def _place(context: Any, builder: Any, kind: Any, place: Any, lanes: Lanes) -> Any:
    data = context.make_array(kind)(context, builder, place[0]).data
    return builder.bitcast(builder.gep(data, [place[1]]), lanes.vector.as_pointer())


def _define_load(lanes: Lanes) -> Any:
    def read(typingctx: Any, array: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.load(_place(context, builder, array, args, lanes), align=4)

        return lanes(array, types.intp), generate

    return intrinsic(read)


LANES2, LANES4, LANES16 = Lanes(2), Lanes(4), Lanes(16)

# load4(array, index): four lanes from `index` on of a flat float32 array, no bounds checked
load2, load4, load16 = _define_load(LANES2), _define_load(LANES4), _define_load(LANES16)


@intrinsic
def store16(typingctx: Any, array: Any, index: Any, value: Any) -> Any:
    """Write sixteen lanes from `index` on of a flat float32 array, no bounds checked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _place(context, builder, array, args, LANES16), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, LANES16), generate


def _define_spread(lanes: Lanes) -> Any:
    def fill(typingctx: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            empty = ir.Constant(lanes.vector, ir.Undefined)
            first = builder.insert_element(empty, args[0], ir.Constant(_INT, 0))
            all_first = ir.Constant(ir.VectorType(_INT, lanes.width), [0] * lanes.width)
            return builder.shuffle_vector(first, empty, all_first)

        return lanes(types.float32), generate

    return intrinsic(fill)


# spread4(value): one float32 in all lanes
spread2, spread4, spread16 = map(_define_spread, (LANES2, LANES4, LANES16))


@intrinsic
def pick(typingctx: Any, value: Any, index: Any) -> Any:
    """One of the lanes, float32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.extract_element(args[0], args[1])

    return types.float32(value, types.intp), generate


def _define(symbol: Callable[[Any, Any], Any], name: str) -> None:
    """Give `Lanes` one arithmetic operator: LLVM's instruction `name`."""

    @intrinsic
    def combine(typingctx: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, name)(*args)

        return left(left, right), generate

    @extending.overload(symbol)
    def overloaded(left, right):  # type: ignore[no-untyped-def]  # numba compares the names
        if isinstance(left, Lanes) and left == right:
            return lambda left, right: combine(left, right)  # noqa: PLW0108  # numba inlines it
        return None


for _symbol, _name in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
    _define(_symbol, _name)


def aligned_floats(size: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Zeros, flat float32 of `size`, that start on a cache line of 64 bytes."""
    raw = np.zeros(size + 16, dtype=np.float32)
    first = (-raw.ctypes.data % 64) // 4
    return raw[first : first + size]
