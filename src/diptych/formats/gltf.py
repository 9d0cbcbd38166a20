"""Models as binary glTF 2.0 (GLB): named surfaces in colours, each with facts of its own.

Numbers in the buffers are LPS+ mm. glTF is in metres with +Y up and +Z to the front: one
matrix at the root turns and scales, so that a reader that obeys it shows the model upright
and as large as it is (Khronos glTF 2.0 specification, section 3.4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps, loads
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.model import InputError

MAGIC, VERSION = b"glTF", 2
JSON_CHUNK, BINARY_CHUNK = b"JSON", b"BIN\0"
FLOAT, UNSIGNED = 5126, 5125
POSITIONS, INDICES = 34962, 34963
ROOT_MATRIX = (0.001, 0, 0, 0, 0, 0, -0.001, 0, 0, 0.001, 0, 0, 0, 0, 0, 1)
"""Columns: left stays +X, posterior becomes -Z, superior +Y; mm become m."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One named surface. vertices (N, 3) LPS+ mm; faces (M, 3); colour "#rrggbb";
    facts : what a reader finds in `extras`, in JSON's own types
    """

    name: str
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    colour: str
    facts: Mapping[str, object]
    alpha: float = 1.0


def write_glb(path: Path, parts: Sequence[Part], facts: Mapping[str, object]) -> None:
    """Writes the parts below one root; `facts` are those of the whole. Same parts, same bytes."""
    blocks: list[bytes] = []
    tree = _tree(parts, facts, blocks)
    body = b"".join(blocks)
    tree["buffers"] = [{"byteLength": len(body)}] if body else []
    text = dumps({key: tree[key] for key in tree if tree[key]}, sort_keys=True).encode()
    chunks = _chunk(JSON_CHUNK, text, b" ") + (_chunk(BINARY_CHUNK, body, b"\0") if body else b"")
    head = MAGIC + np.array([VERSION, 12 + len(chunks)], dtype="<u4").tobytes()
    path.write_bytes(head + chunks)


def _chunk(kind: bytes, content: bytes, fill: bytes) -> bytes:
    content += fill * (-len(content) % 4)
    return np.array(len(content), dtype="<u4").tobytes() + kind + content


def _tree(
    parts: Sequence[Part], facts: Mapping[str, object], blocks: list[bytes]
) -> dict[str, Any]:
    colours = sorted({(part.colour, part.alpha) for part in parts})
    tree: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "Diptych"},
        "scene": 0,
        "scenes": [{"nodes": [0], "extras": dict(facts)}],
        "nodes": [{"name": "LPS mm", "matrix": list(ROOT_MATRIX)}],
        "meshes": [],
        "accessors": [],
        "bufferViews": [],
        "materials": [_material(colour, alpha) for colour, alpha in colours],
    }
    for number, part in enumerate(parts):
        primitive = {
            "attributes": {"POSITION": _add(tree, blocks, part.vertices.astype("<f4"), POSITIONS)},
            "indices": _add(tree, blocks, part.faces.ravel().astype("<u4"), INDICES),
            "material": colours.index((part.colour, part.alpha)),
            "mode": 4,
        }
        extras = dict(part.facts)
        mesh = {"name": part.name, "primitives": [primitive], "extras": extras}
        tree["meshes"].append(mesh)
        tree["nodes"].append({"name": part.name, "mesh": number, "extras": extras})
    if parts:
        tree["nodes"][0]["children"] = list(range(1, len(parts) + 1))
    return tree


def _material(colour: str, alpha: float) -> dict[str, Any]:
    """Base colours are linear in glTF; "#rrggbb" is sRGB (IEC 61966-2-1)."""
    srgb = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    base = [round(float(value), 6) for value in (*linear, alpha)]
    material = {
        "name": colour,
        "pbrMetallicRoughness": {
            "baseColorFactor": base,
            "metallicFactor": 0.0,
            "roughnessFactor": 0.8,
        },
        "doubleSided": True,
    }
    return material | ({"alphaMode": "BLEND"} if alpha < 1.0 else {})


def _add(tree: dict[str, Any], blocks: list[bytes], array: NDArray[np.generic], target: int) -> int:
    """Appends an array to the buffer; its accessor's number."""
    content = np.ascontiguousarray(array).tobytes()
    start = sum(view["byteLength"] for view in tree["bufferViews"])
    view = {"buffer": 0, "byteOffset": start, "byteLength": len(content), "target": target}
    accessor: dict[str, Any] = {
        "bufferView": len(tree["bufferViews"]),
        "componentType": FLOAT if target == POSITIONS else UNSIGNED,
        "count": len(array),
        "type": "VEC3" if target == POSITIONS else "SCALAR",
    }
    if target == POSITIONS:
        accessor |= {"min": array.min(axis=0).tolist(), "max": array.max(axis=0).tolist()}
    blocks.append(content)
    tree["bufferViews"].append(view)
    tree["accessors"].append(accessor)
    return len(tree["accessors"]) - 1


def read_glb(path: Path) -> tuple[list[Part], dict[str, object]]:
    """The parts and facts of a file that `write_glb` wrote; InputError for any other."""
    content = path.read_bytes()
    size = int.from_bytes(content[12:16], "little")
    if content[:4] != MAGIC or content[16:20] != JSON_CHUNK:
        raise InputError(f"{path.name} is not a GLB file", remedy="give one that Diptych wrote")
    tree = loads(content[20 : 20 + size])
    body = content[28 + size :]
    parts = [_part(tree, node, body) for node in tree["nodes"] if "mesh" in node]
    return parts, tree["scenes"][0]["extras"]


def _part(tree: Mapping[str, Any], node: Mapping[str, Any], body: bytes) -> Part:
    primitive = tree["meshes"][node["mesh"]]["primitives"][0]
    material = tree["materials"][primitive["material"]]
    return Part(
        name=node["name"],
        vertices=_array(tree, primitive["attributes"]["POSITION"], body).astype(np.float64),
        faces=_array(tree, primitive["indices"], body).astype(np.int64).reshape(-1, 3),
        colour=material["name"],
        facts=node["extras"],
        alpha=material["pbrMetallicRoughness"]["baseColorFactor"][3],
    )


def _array(tree: Mapping[str, Any], number: int, body: bytes) -> NDArray[np.generic]:
    accessor = tree["accessors"][number]
    view = tree["bufferViews"][accessor["bufferView"]]
    start = view["byteOffset"]
    content = body[start : start + view["byteLength"]]
    if accessor["type"] == "VEC3":
        return np.frombuffer(content, "<f4").reshape(-1, 3)
    return np.frombuffer(content, "<u4")
