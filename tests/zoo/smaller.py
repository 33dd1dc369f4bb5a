"""Small networks for tests of every model: what they test does not depend on size."""

_SIZES = {
    "hidden": (16,),
    "width": 8,
    "discriminator": (16,),
    "features": 16,
    "embeddings": 8,
    "flow_hidden": 8,
    "pool": 128,
    "blocks": 1,
    "noise_scale": 1.0,
}
"""The last is not a size: of little noise an untrained generator shows hardly anything."""


def smaller(recipe):
    """Those of a recipe's parameters that make its networks small, and a step's updates two at most."""
    sizes = {key: value for key, value in _SIZES.items() if key in recipe.parameters}
    updates = recipe.parameters.get("updates")
    return {**sizes, "updates": 2} if updates and updates.default > 2 else sizes
