"""Plain CP-SAT: one model of the whole procedure with named people, as a handbook has it."""

from ortools.sat.python import cp_model

STATUS = {cp_model.OPTIMAL: "optimal", cp_model.FEASIBLE: "feasible"}


class Model:
    def __init__(self, procedure):
        self.procedure = procedure
        self.model = cp_model.CpModel()
        self.horizon = sum(
            max(task.in_mode(mode).duration.planned for mode in range(1 + len(task.modes)))
            for task in procedure.tasks
        ) + sum(max(0, rule.min_lag) for rule in procedure.precedence)
        self.start, self.end, self.chosen, self.held = {}, {}, {}, {}
        self.loads = {kit.id: [] for kit in procedure.equipment}
        self.shifts = [[] for _ in procedure.staff]
        self.makespan = self.model.new_int_var(0, self.horizon, "")
        for task in procedure.tasks:
            self.add_task(task)
        for rule in procedure.precedence:
            gap = self.start[rule.after] - self.end[rule.before]
            self.model.add(gap >= rule.min_lag)
            if rule.max_lag is not None:
                self.model.add(gap <= rule.max_lag)
        self.add_rooms()
        self.model.minimize(self.makespan)

    def add_task(self, task):
        model, many = self.model, 1 + len(task.modes)
        start = model.new_int_var(0, self.horizon, "")
        end = model.new_int_var(0, self.horizon, "")
        literals = [model.new_bool_var("") for _ in range(many)]
        model.add_exactly_one(literals)
        for mode, literal in enumerate(literals):
            way = task.in_mode(mode)
            interval = model.new_optional_interval_var(
                start, way.duration.planned, end, literal, ""
            )
            for kit, count in way.equipment.items():
                self.loads[kit].append((interval, literal, count))
        self.start[task.id], self.end[task.id], self.chosen[task.id] = start, end, literals
        model.add(self.makespan >= end)
        self.add_people(task, start, end)

    def add_people(self, task, start, end):
        model, mine = self.model, {}
        for demand in task.demands:
            able = []
            for n, person in enumerate(self.procedure.staff):
                if demand.skill in person.skills:
                    held = model.new_bool_var("")
                    self.held[task.id, demand.skill, n] = held
                    mine.setdefault(n, []).append(held)
                    able.append(held)
            model.add(sum(able) == demand.count)
        for n, held in mine.items():
            there = held[0]
            if len(held) > 1:
                there = model.new_bool_var("")
                model.add(sum(held) == there)
            self.shifts[n].append(
                model.new_optional_interval_var(start, task.duration.planned, end, there, "")
            )

    def add_rooms(self):
        for kit in self.procedure.equipment:
            loads = self.loads[kit.id]
            if kit.renewable:
                self.model.add_cumulative(
                    [load[0] for load in loads], [load[2] for load in loads], kit.count
                )
            else:
                self.model.add(sum(load[1] * load[2] for load in loads) <= kit.count)
        for shifts in self.shifts:
            self.model.add_no_overlap(shifts)


def solve_plain(procedure, limit, workers):
    """(rows of (task, start, end, staff, mode), makespan, bound, status)."""
    model = Model(procedure)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.max_time_in_seconds = limit
    status = STATUS.get(solver.solve(model.model), "unknown")
    if status == "unknown":
        return None, None, int(-(-solver.best_objective_bound // 1)), status
    rows = []
    for task in procedure.tasks:
        mode = next(n for n, one in enumerate(model.chosen[task.id]) if solver.value(one))
        staff = [
            (procedure.staff[n].id, skill)
            for (name, skill, n), held in model.held.items()
            if name == task.id and solver.value(held)
        ]
        start, end = solver.value(model.start[task.id]), solver.value(model.end[task.id])
        rows.append((task.id, start, end, staff, mode))
    makespan = int(solver.value(model.makespan))
    return rows, makespan, int(-(-solver.best_objective_bound // 1)), status
