"""The proof for several hazards at once: seconds, memory, sets, gaps; free matching beside it.

    python benchmarks/coverage.py [CASE] [--order 3] [--peers] [--sample 3000] [--json]

The day is that of a case folder, or the demonstration day, planned here. For each order up to
the one asked for, CPU seconds:

- first   the first proof in the process: kernels come from their cache, or are compiled where
          there is none yet
- warm    the middle of --repeat proofs after it: the day sorted into classes, every set decided,
          the certificate written; hazards at the same minute
- turns   what the hazards one after another, in every order, take more (orders 2 and up)
- check   the independent checker on that certificate

and combinations (sets times minutes), classes (sets once for each class of minutes), searched
(of these, how many took a full search), gaps (of the combinations, the smallest ones), covered.

With --peers, a random sample of the same questions (one set in one class: can all its places
be filled by different people and pieces?) goes to OR-Tools (SimpleMaxFlow), scipy
(maximum_bipartite_matching), networkx (hopcroft_karp_matching) and igraph
(maximum_bipartite_matching), each in a process of its own, with the same lists of who can fill
each place; building the graph is included. Every answer must be ours. `each_us`: CPU
microseconds a question, the mean of the sample, the better of two passes. Ratios:

- a question         the peer's time for one of the highest order over ours for one (`warm` over
                     classes): what our sorting into classes saves does not count
- all classes        the peer's time for every set of every class over `warm`, all orders
- all combinations   its time for every set at every minute over `warm`, all orders
- and checked        the same over `warm` and `check` together

All but the first are extrapolated from the sample.

"best" is the peer that is best at that ratio. The linear assignment of OR-Tools wants as many
people as places and fits no such question. igraph (GPL) and networkx are no dependency: they are
installed into an environment of their own in the cache folder, or --peer-python names a Python
that has both.

Exit codes: 0 done, 1 an answer of a peer is not ours or the checker finds a fault, 3 a peer
cannot be had.
"""

import sys

if __name__ != "__main__":  # numba asks for the package of that name
    raise ImportError("this is the benchmark; its parts are in coverage_run.py")

from coverage_run import main

sys.exit(main(__doc__))
