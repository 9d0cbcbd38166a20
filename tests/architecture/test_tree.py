"""What lies in the repository: no registry addresses, no paths of one machine, no false claim."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in listing.splitlines() if (path := ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    kinds = {".py", ".md", ".toml", ".txt", ".in", ".html", ".css", ".js", ".csv", ""}
    return [
        (path, path.read_text("utf-8", errors="replace"))
        for path in tracked()
        if path.suffix in kinds and path != Path(__file__).resolve()
    ]


def test_no_registry_address_is_locked() -> None:
    for path in (ROOT / "requirements").iterdir():
        assert not re.search(r"https?://", path.read_text("utf-8")), path


def test_every_locked_package_has_a_hash() -> None:
    for name in ("runtime.txt", "dev.txt", "demo.txt"):
        text = (ROOT / "requirements" / name).read_text("utf-8")
        pins = len(re.findall(r"^\S+==", text, re.MULTILINE))
        assert pins > 0
        assert (
            len(re.findall(r"^\S+==[^\n]*(?:\\\n\s+)?--hash=sha256:[0-9a-f]{64}", text, re.M))
            == pins
        )


def test_no_path_of_one_machine() -> None:
    places = re.compile(r"(?<![\w./-])/(?:work|root|home/\w+)/")
    found = [str(path.relative_to(ROOT)) for path, text in texts() if places.search(text)]
    assert found == []


def test_nothing_is_called_validated_on_conjoined_twins() -> None:
    claim = re.compile(r"validated on (?:real )?conjoined", re.IGNORECASE)
    found = [str(path.relative_to(ROOT)) for path, text in texts() if claim.search(text)]
    assert found == []


def test_architecture_has_a_sentence_for_each_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rooms = [path.name for path in (ROOT / "src" / "diptych").iterdir() if path.is_dir()]
    missing = [room for room in rooms if room != "__pycache__" and f"`{room}/`" not in text]
    assert missing == []
