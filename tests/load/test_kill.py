"""Nothing that was acknowledged is lost, and nothing is doubled, when the writer is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from day_builders import draft

from diptych.storage.sqlite import open_log

ROUNDS = 10
WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from day_builders import draft
from diptych.storage.sqlite import open_log
with open_log(Path(sys.argv[1])) as log:
    print("ready", flush=True)
    for number in range(int(sys.argv[3]), 10**6):
        event = log.append(draft(number))
        print(number, event.seq, flush=True)
"""


def write_until_killed(path: Path, first: int, seconds: float) -> dict[int, int]:
    """Entries that a writer acknowledged (number -> seq) before it was killed."""
    here = str(Path(__file__).resolve().parents[1])
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), here, str(first)], stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    os.kill(writer.pid, signal.SIGKILL)
    rest = writer.stdout.read().decode()
    assert writer.wait() == -signal.SIGKILL
    lines = [line.split() for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    return {int(number): int(seq) for number, seq in lines}


@pytest.mark.slow
def test_kill_nine_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    acknowledged: dict[int, int] = {}
    for turn in range(ROUNDS):
        new = write_until_killed(path, 100_000 * turn, 0.05 + 0.037 * turn)
        acknowledged |= new
        with open_log(path) as log:
            stored = {event.event_id: event.seq for event in log.events()}
            places = [event.seq for event in log.events()]
            assert places == list(range(1, len(places) + 1))
            for number, seq in acknowledged.items():
                assert stored[draft(number).event_id] == seq
            assert log.verify() == log.events()[-1].hash
            doubtful = 100_000 * turn + len(new)
            before = len(places)
            repeated = log.append(draft(doubtful))
            known = draft(doubtful).event_id in stored
            assert len(log.events()) == before + (0 if known else 1)
            assert not known or repeated.seq == stored[draft(doubtful).event_id]
    assert len(acknowledged) > ROUNDS


SERVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import socket
from day_builders import make_schedule
from diptych.pipeline.theatre_day import TheatreDay
from diptych.storage.sqlite import open_log
from diptych.web.app import create_app
from diptych.web.serve import serve_app
address = ("127.0.0.1", int(sys.argv[3]))
with open_log(Path(sys.argv[1])) as log, socket.create_server(address) as door:
    print("ready", flush=True)
    serve_app(create_app(TheatreDay(log, make_schedule())), door)
print("closed", flush=True)
"""


@pytest.mark.slow
def test_the_server_stops_soon_though_boards_are_open_and_starts_again(tmp_path: Path) -> None:
    here = str(Path(__file__).resolve().parents[1])
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    for _ in range(2):
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(tmp_path / "log.db"), here, str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        streams = [urlopen(f"http://127.0.0.1:{port}/stream", timeout=10) for _ in range(5)]
        assert all(stream.readline().startswith(b"retry:") for stream in streams)
        asked = time.monotonic()
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 0
        assert time.monotonic() - asked < 6
        assert server.stdout.read() == b"closed\n"
