"""What a change of the running day costs, and how hard to look for a better one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from diptych.model import Minute, RoleId, require
from diptych.tables import SourcedTable

_ROLE = "change-"
_CLOSING = "closing-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplanPolicy:
    """Costs in minutes by which one task moves, and limits of the search.

    end_minute : cost of a minute by which the day ends later
    change, by_role : cost of another person on a duty; by the role of who held it
    told, bystander : cost of each person for whom any duty changes: of those whom the events
        concern, and of the others
    bystander_share : share of those others above which a way is looked at again
    soon, soon_factor : within so many minutes of now a change costs so many times more
    later, later_factor : after so many minutes it costs so many times as much
    shortest_watch, longest_watch : lengths between which watches are cut anew, minutes
    allowance : minutes by which the day may end later for more reserve
    wait, people, person : longest wait and most free people that count as reserve before a
        critical step, and how many minutes of waiting a free person is worth
    reserve_worth : what a minute of reserve is worth where most reserve is sought
    closing : step -> step that it closes; these are done also when a stage stops early
    seed : seed of the search; limit : its deterministic limit (units of the solver, about
        seconds of one core); each of the searches for one alternative gets at most as much
    """

    end_minute: int
    change: int
    told: int
    bystander: int
    bystander_share: float
    by_role: Mapping[RoleId, int] = field(default_factory=dict)
    soon: Minute
    soon_factor: float
    later: Minute
    later_factor: float
    shortest_watch: Minute
    longest_watch: Minute
    allowance: Minute
    wait: Minute
    people: int
    person: int
    reserve_worth: int
    closing: Mapping[str, str] = field(default_factory=dict)
    seed: int = 1
    limit: float = 1.0

    def __post_init__(self) -> None:
        require(
            self.limit > 0,
            f"limit of re-planning is {self.limit}, expected more than 0",
            remedy="give about 1",
        )
        require(
            0 < self.shortest_watch <= self.longest_watch and self.soon <= self.later,
            f"watches of {self.shortest_watch} to {self.longest_watch} min, soon {self.soon},"
            f" later {self.later} min: expected the first of each pair not above the second",
            remedy="correct the rows in tables/replanning.toml",
        )

    def change_cost(self, role: RoleId, lead: int) -> int:
        """What it costs to give a duty of that role to another, `lead` minutes from now."""
        factor = self.soon_factor if lead <= self.soon else 1.0
        factor = self.later_factor if lead >= self.later else factor
        return round(self.by_role.get(role, self.change) * factor)

    def telling(self, *, concerned: bool) -> int:
        """What it costs to tell a person of any change."""
        return self.told if concerned else self.bystander


def read_replan_policy(
    tables: Mapping[str, SourcedTable], *, seed: int = 1, limit: float = 1.0
) -> ReplanPolicy:
    """The policy of the tables "replanning" and "rest" (longest watch)."""
    table = tables["replanning"]
    whole = {key: int(table.value(key)) for key in _WHOLE}
    roles = [key for key in table.rows if key.startswith(_ROLE)]
    steps = [row for key, row in table.rows.items() if key.startswith(_CLOSING)]
    return ReplanPolicy(
        end_minute=whole["end-minute"],
        change=whole["change"],
        told=whole["told"],
        bystander=whole["bystander"],
        bystander_share=table.value("bystander-share"),
        by_role={RoleId(key.removeprefix(_ROLE)): int(table.value(key)) for key in roles},
        soon=Minute(whole["soon"]),
        soon_factor=table.value("soon-factor"),
        later=Minute(whole["later"]),
        later_factor=table.value("later-factor"),
        shortest_watch=Minute(whole["shortest-watch"]),
        longest_watch=Minute(int(tables["rest"].value("coverage-block"))),
        allowance=Minute(whole["reserve-allowance"]),
        wait=Minute(whole["reserve-wait"]),
        people=whole["reserve-people"],
        person=whole["reserve-person"],
        reserve_worth=whole["reserve-worth"],
        closing={row.text("step"): row.text("opened") for row in steps},
        seed=seed,
        limit=limit,
    )


_WHOLE = (
    "end-minute",
    "change",
    "told",
    "bystander",
    "soon",
    "later",
    "shortest-watch",
    "reserve-allowance",
    "reserve-wait",
    "reserve-people",
    "reserve-person",
    "reserve-worth",
)
