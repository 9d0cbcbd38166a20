"""Hostile or hopeless files end in a named refusal; the reading process never dies with them."""

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diptych.formats import sandbox
from diptych.formats.nifti import write_volume
from diptych.formats.sandbox import Limits, Source, read_sources
from diptych.model import InputError, SafetyRefusal, Volume


def write_cube(path: Path, side: int = 8) -> Path:
    made = Volume(
        voxels=np.zeros((side, side, side), dtype=np.int16),
        affine=np.eye(4),
        frame_of_reference="2.25.3",
        modality="CT",
        source="cube",
    )
    return write_volume(path, made)[0]


def test_one_child_reads_several_sources_in_their_order(tmp_path: Path) -> None:
    paths = [write_cube(tmp_path / f"{name}.nii.gz") for name in ("b", "a")]
    found = read_sources([Source(path=path, name=f"raw-{path.name}") for path in paths])
    assert [series.name for series in found] == ["raw-b.nii.gz", "raw-a.nii.gz"]


def test_refusal_keeps_its_kind_message_and_remedy(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "cube.nii.gz")
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[252:256] = b"\0\0\0\0"
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(SafetyRefusal, match="sform and qform codes are both 0") as caught:
        read_sources([Source(path=path)])
    assert "export the series again" in caught.value.remedy


def test_too_little_memory_is_named(tmp_path: Path) -> None:
    good, large = (write_cube(tmp_path / f"{name}.nii.gz") for name in ("good", "large"))
    header = bytearray(gzip.decompress(large.read_bytes())[:352])
    header[42:48] = np.array([400, 400, 400], dtype="<i2").tobytes()
    large.write_bytes(gzip.compress(bytes(header) + bytes(2 * 400**3), compresslevel=1))
    limits = Limits(memory_bytes=300 * 1024 * 1024)
    with pytest.raises(InputError, match=r"large\.nii\.gz: reading needs more than 300 MiB"):
        read_sources([Source(path=good), Source(path=large)], limits)


def test_time_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_child(monkeypatch, "import time; time.sleep(30)")
    with pytest.raises(InputError, match=r"slow: reading took longer than 0\.2 s"):
        read_sources([Source(path=write_cube(tmp_path / "s.nii"), name="slow")], Limits(wall_s=0.2))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed with SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was killed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "more than 60 s of processor"),
        ("raise SystemExit(7)", "ended with code 7 and no answer"),
        ("", "ended with code 0 and no answer"),
    ],
)
def test_death_of_the_child_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    replace_child(monkeypatch, code)
    with pytest.raises(
        InputError, match=f"victim: the reader {words}|victim: reading used {words}"
    ):
        read_sources([Source(path=write_cube(tmp_path / "v.nii"), name="victim")])


def replace_child(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    real = subprocess.run

    def run(command: list[str], **options: object) -> object:
        return real([sys.executable, "-S", "-c", code, *command[4:]], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(sandbox.subprocess, "run", run)


def test_too_large_a_source_is_not_even_started(tmp_path: Path) -> None:
    write_cube(tmp_path / "ct.nii.gz")
    with pytest.raises(InputError, match="more than 0 MiB or 100000 files"):
        read_sources([Source(path=tmp_path)], replace(Limits(), source_bytes=10))


def test_deeply_nested_sequences_are_refused(tmp_path: Path) -> None:
    element = b"\x10\x00\x27\x00SQ\0\0\xff\xff\xff\xff"
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    syntax = b"1.2.840.10008.1.2.1\0"
    meta = b"\x02\x00\x10\x00UI" + bytes([len(syntax), 0]) + syntax
    (tmp_path / "deep.dcm").write_bytes(bytes(128) + b"DICM" + meta + (element + item) * 3000)
    with pytest.raises(InputError, match="raw: cannot be read as medical images"):
        read_sources([Source(path=tmp_path, name="raw")])


def test_worker_forbids_sockets_and_programs() -> None:
    code = (
        "from diptych.formats.worker import limit_resources as limit\n"
        "from dataclasses import asdict; from diptych.formats.sandbox import Limits\n"
        "import socket, subprocess, resource, json\n"
        "limit(asdict(Limits()))\n"
        "seen = [resource.getrlimit(resource.RLIMIT_AS)[0]]\n"
        "for work in (lambda: socket.create_connection(('127.0.0.1', 9)),\n"
        "             lambda: subprocess.run(['true'])):\n"
        "    try: work(); seen.append('done')\n"
        "    except PermissionError: seen.append('forbidden')\n"
        "print(json.dumps(seen))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [Limits().memory_bytes, "forbidden", "forbidden"]
