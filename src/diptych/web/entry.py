"""Entries as they come from a tablet: read, checked for form, answered in words."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from diptych.model import Command, InputError, Minute, StaffId, Subject, TaskId
from diptych.pipeline.theatre_day import Answer, TheatreDay
from diptych.web.words import show_controls

LARGEST = 16 * 1024
"""Bytes of one entry."""
_STATUS = {"stored": 201, "repeated": 200, "conflict": 409, "refused": 422}


class EntryForm(BaseModel):
    """One entry as JSON. No twin is assumed: `subject` must be given.

    at : minute of the day; left out, the server's minute of arrival is taken
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    event_id: str
    kind: str
    subject: str
    by: str
    task: str | None = None
    at: int | None = None
    body: dict[str, str] = {}
    corrects: int | None = None


def read_entry(raw: bytes) -> EntryForm:
    """The entry in a request; InputError names the field that is missing or wrong."""
    try:
        return EntryForm.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the entry"
        raise InputError(
            f"{field}: {first['msg']}", remedy="reload the page and enter it again"
        ) from error


def submit_entry(day: TheatreDay, form: EntryForm, now: datetime) -> Answer:
    """Enter the form into the day, at the instant `now`."""
    return day.submit(_command(day, form, now), day.minute(now))


def _command(day: TheatreDay, form: EntryForm, now: datetime) -> Command:
    """A command; what the form leaves to the server stays the same when it is sent again."""
    stored = day.find(form.event_id)
    at = form.at if form.at is not None else (stored.at if stored else day.minute(now))
    body = dict(form.body)
    if form.kind == "day.start":
        body["zero"] = stored.body.get("zero", "") if stored else day.zero(now).isoformat()
    try:
        subject = Subject(form.subject)
    except ValueError as error:
        raise InputError(
            f"subject is {form.subject!r:.40}, expected one of {', '.join(Subject)}",
            remedy="say whom the entry concerns",
        ) from error
    return Command(
        event_id=form.event_id,
        kind=form.kind,
        subject=subject,
        task=None if form.task is None else TaskId(form.task),
        at=Minute(at),
        by=StaffId(form.by),
        body=body,
        corrects=form.corrects,
    )


def status_of(answer: Answer) -> int:
    """The HTTP status of an answer."""
    return _STATUS[answer.status]


def say_fault(code: str, message: str, remedy: str) -> dict[str, str]:
    """A fault as JSON, safe to show."""
    return {
        "status": "refused",
        "code": code,
        "message": show_controls(message),
        "remedy": show_controls(remedy),
    }
