"""Explains a served discriminator's outputs for its own samples: python explain_served.py HOST:PORT MODEL."""

import sys

from explain import Remote, aggregate, explain_many

address, model = sys.argv[1:]
with Remote(address, model) as source:
    samples = [source.sample(seed) for seed in range(4)]
    found = explain_many(source, samples, baseline="mean", progress=True)
for seed, explanation in enumerate(found):
    print(f"seed {seed}: f(x) = {explanation.f_x:+.3f}, {explanation.trust}, in {explanation.calls} calls")
found[0].save("served.png")
print(f"the strongest part on average is {aggregate(found).strength.argmax()}")
