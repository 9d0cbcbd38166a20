"""The rules of who may answer a hazard, the same for the proof, its checker and the rehearsal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPolicy:
    """Who may leave what they do to answer.

    Always: people with the skill and grade asked for who are on no task, or only on tasks of
    lower priority than the hazard's severity, or whose task ends within the time allowed. A
    task of lower priority lets go only if it may stand still for as long as the response most
    likely holds people, and not of those whose skill or role it keeps. They are on shift and
    not absent, or on call with a way no longer than the time allowed.

    those_at_the_twin_answer : also people whose task is about the very twin in trouble, of
        whatever priority: the anaesthetist who watches twin A answers twin A's arrest. On
        tasks about both twins this holds for that twin's team and for people of both teams.
        Kit and places of the field in use on that twin count as at hand in the same way.

    Kit and places of the field can be taken from the tasks that people can leave, too; of a
    stock, what a task has taken is used up.
    """

    those_at_the_twin_answer: bool = True
