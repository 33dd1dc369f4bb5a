"""The commands of `zoo`: the name, the summary and the module of each, in the order of its help.

A module is imported when one of its commands is first used.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Listed(NamedTuple):
    """A command's line in `zoo --help`, and the module here that defines it."""

    module: str
    summary: str


GROUPS: Mapping[str, Mapping[str, Listed]] = {
    "train": {
        "list": Listed("listing", "Lists the models, shows all about one of them, or lists the data sets."),
        "train": Listed("training", "Trains a model, or continues the run in --out."),
        "export": Listed("training", "Writes a run as the next version of a servable model."),
        "demo": Listed("demo", "Trains, exports, serves, samples and explains, and writes a page about it."),
    },
    "serve": {
        "serve": Listed("served", "Serves every model in a folder over gRPC, as TF Serving does."),
        "status": Listed("served", "Shows the versions of a served model and their states."),
        "describe": Listed("served", "Shows the signatures of a served model: names, types, shapes."),
        "sample": Listed("served", "Draws samples from a model."),
        "predict": Listed("served", "Calls a signature of a served model with arrays from files."),
        "batch": Listed("batch", "Sends many rows to a served model and writes the replies to shards."),
    },
    "use": {
        "latent": Listed("codes", "Draws a model's latent space: maps, interpolations, traversals, attributes."),
        "anomaly": Listed("codes", "Scores examples by how unlike the training data they are."),
        "compress": Listed("codes", "Compresses examples to a model's codes, and measures the loss."),
        "complete": Listed("gans", "Fills in hidden parts of images by searching a GAN's latent space."),
        "augment": Listed("gans", "Draws a labelled data set, and measures what a classifier learns from it."),
        "explain": Listed("explained", "Shows which parts of an input decided a model's output (LIME)."),
    },
    "evaluate": {
        "evaluate": Listed("evaluation", "Scores a run or a served model against held-out data."),
        "evaluator": Listed("evaluator", "Trains or shows the classifiers whose features the scores use."),
        "verify": Listed("evaluation", "Tests the claims of a model's paper: trains it and its competitors."),
        "compare": Listed("evaluation", "Trains several models alike and compares one measure of them."),
        "report": Listed("evaluation", "Writes the page of all stored results."),
    },
}
"""By group: command -> its line. The groups' names are headings of the help."""

LISTED: Mapping[str, Listed] = {name: listed for group in GROUPS.values() for name, listed in group.items()}
