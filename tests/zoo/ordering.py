"""Whether the graph that runs, after TensorFlow's own rewriting, leaves no read or write of a variable to chance."""

from collections import defaultdict
from contextlib import contextmanager
from graphlib import TopologicalSorter

from tensorflow.python.eager import context


@contextmanager
def graphs():
    """The graphs of the functions that run for the first time within, as they run: a list, filled at the end."""
    found = []
    context.context().enable_graph_collection()
    try:
        yield found
        ran = context.context().export_run_metadata()
        found.extend(function.post_optimization_graph for function in ran.function_graphs)
    finally:
        context.context().disable_graph_collection()


def accesses(graph):
    """Pairs (a write of a variable, another access to it), and whether one of the two comes first in every run."""
    inputs = {n.name: [i.removeprefix("^").partition(":")[0] for i in n.input] for n in graph.node}
    place = {name: i for i, name in enumerate(inputs)}
    before = {}
    for name in TopologicalSorter(inputs).static_order():
        before[name] = 0
        for other in inputs[name]:
            before[name] |= before[other] | 1 << place[other]
    touching = defaultdict(list)
    for node in graph.node:
        if node.op == "ReadVariableOp" or (node.op.startswith("Assign") and node.op.endswith("VariableOp")):
            touching[inputs[node.name][0]].append(node)
    pairs = [
        (a.name, b.name) for of in touching.values() for a in of for b in of if a is not b and a.op != "ReadVariableOp"
    ]
    return {(a, b): bool((before[a] >> place[b] | before[b] >> place[a]) & 1) for a, b in pairs}
