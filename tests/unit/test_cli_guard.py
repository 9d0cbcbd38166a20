"""Every error ends with an exit code, and with one JSON object where that was asked for."""

from json import loads

import pytest
import typer

from diptych.cli.guard import guarded


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(28, "No space left on device"), 1, "cannot be read or written: No space left"),
        (PermissionError(13, "Permission denied", "demands.toml"), 1, "denied (demands.toml)"),
        (MemoryError(), 1, "ran out of memory"),
        (ValueError("odd"), 1, "an unexpected fault: ValueError: odd"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_every_end_is_told_in_words_and_as_json(capsys, error, code, words) -> None:
    with pytest.raises(typer.Exit) as caught, guarded(json=True, verbose=False):
        raise error
    out, err = capsys.readouterr()
    assert caught.value.exit_code == code
    assert words in loads(out)["error"]["message"]
    assert words.split(":")[0] in err
