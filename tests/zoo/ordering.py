"""Whether the graph that runs, after TensorFlow's own rewriting, leaves no read or write of a variable to chance."""

from collections import defaultdict
from contextlib import contextmanager
from graphlib import TopologicalSorter
from typing import NamedTuple

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


class Access(NamedTuple):
    """A write of a variable and another access to it, by name; `ordered` if the same one comes first in every run."""

    write: str
    other: str
    ordered: bool


def accesses(graph):
    """Every Access of a graph."""
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
    return [
        Access(a.name, b.name, bool((before[a.name] >> place[b.name] | before[b.name] >> place[a.name]) & 1))
        for nodes in touching.values()
        for a in nodes
        for b in nodes
        if a is not b and a.op != "ReadVariableOp"
    ]
