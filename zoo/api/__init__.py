"""The front door in Python: `zoo.train`, `zoo.load` and `zoo.connect`, and what they return.

model.py      `Model`: what can be done with a trained model, wherever it runs
run.py, exported.py, served.py   the three places: a run's folder, a SavedModel, a server
values.py     the user's arrays, tables and labels as a model's tensors, and back
training.py   `zoo.train`
loading.py    `zoo.load`
pictures.py   what a notebook shows

`model`, `served`, `values` and `pictures` need no TensorFlow.
"""
