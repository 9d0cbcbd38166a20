"""One free matching library on many questions, in a Python of its own (run by coverage.py).

Standard input: JSON, for each question a list of places, each a list of the numbers that can
fill it. Standard output: JSON, `cpu_s` for all of them with their graphs built, the better of
two passes, and for each whether all places can be filled by different numbers. The lists are
arrays before the clock starts where the library wants arrays.
"""

import json
import sys
from time import process_time


def make_scipy():
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    def match(places):
        ends = np.zeros(len(places) + 1, np.int32)
        np.cumsum([len(place) for place in places], out=ends[1:])
        numbers = np.concatenate(places)
        wide = int(numbers.max(initial=0)) + 1
        graph = csr_array((np.ones(len(numbers), np.bool_), numbers, ends), (len(places), wide))
        return bool((maximum_bipartite_matching(graph, perm_type="column") >= 0).all())

    return match


def make_ortools():
    import numpy as np
    from ortools.graph.python.max_flow import SimpleMaxFlow

    def match(places):
        size = len(places)
        heads = np.concatenate(places)
        tails = np.repeat(np.arange(size, dtype=np.int32), [len(place) for place in places])
        wide = int(heads.max(initial=0)) + 1
        source, sink = size + wide, size + wide + 1
        lefts, rights = np.arange(size, dtype=np.int32), np.arange(wide, dtype=np.int32) + size
        flow = SimpleMaxFlow()
        flow.add_arcs_with_capacity(
            np.concatenate([np.full(size, source, np.int32), tails, rights]),
            np.concatenate([lefts, heads + size, np.full(wide, sink, np.int32)]),
            np.ones(size + len(heads) + wide, np.int64),
        )
        flow.solve(source, sink)
        return flow.optimal_flow() == size

    return match


def make_networkx():
    from networkx import Graph
    from networkx.algorithms.bipartite import hopcroft_karp_matching

    def match(places):
        graph = Graph()
        graph.add_nodes_from(range(-len(places), 0))
        graph.add_edges_from((-1 - n, number) for n, place in enumerate(places) for number in place)
        found = hopcroft_karp_matching(graph, range(-len(places), 0))
        return all(place in found for place in range(-len(places), 0))

    return match


def make_igraph():
    from igraph import Graph

    def match(places):
        size = len(places)
        wide = 1 + max((number for place in places for number in place), default=0)
        edges = [(n, size + number) for n, place in enumerate(places) for number in place]
        graph = Graph(size + wide, edges)
        types = [False] * size + [True] * wide
        return len(graph.maximum_bipartite_matching(types=types)) == size

    return match


PEERS = {
    "ortools": make_ortools,
    "scipy": make_scipy,
    "networkx": make_networkx,
    "igraph": make_igraph,
}


ARRAYS = ("ortools", "scipy")


def to_arrays(places):
    import numpy as np

    return [np.array(place, np.int32) for place in places]


def main():
    match = PEERS[sys.argv[1]]()
    questions = json.load(sys.stdin)
    if sys.argv[1] in ARRAYS:
        questions = [to_arrays(places) for places in questions]
    seconds = []
    for _ in range(2):
        begin = process_time()
        covered = [match(places) for places in questions]
        seconds.append(process_time() - begin)
    print(json.dumps({"cpu_s": min(seconds), "covered": covered}))


if __name__ == "__main__":
    main()
