"""The SavedModels that the tests serve, written with TensorFlow."""

import os
import shutil
from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
PREDICT = "tensorflow/serving/predict"


class Affine(tf.Module):
    """serving_default: x [B, 4], bias [B] -> y = scale * x + bias, total; `images`: [B, 2, 2, 1]; `slow`."""

    def __init__(self, scale):
        super().__init__()
        self.scale = tf.Variable(float(scale))

    @tf.function(
        input_signature=[tf.TensorSpec((None, 4), tf.float32, "x"), tf.TensorSpec((None,), tf.float32, "bias")]
    )
    def affine(self, x, bias):
        y = self.scale * x + bias[:, None]
        return {"y": y, "total": tf.reduce_sum(y, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "seed")])
    def sample(self, seed):
        return {"images": tf.reshape(tf.cast(seed[:, None] * [1, 2, 3, 4], tf.float32) * self.scale, (-1, 2, 2, 1))}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "turns")])
    def slow(self, turns):
        a = tf.random.stateless_uniform((400, 400), (1, 2)) / 400
        b = tf.while_loop(
            lambda i, _: i < turns[0], lambda i, m: (i + 1, tf.matmul(m, a)), (tf.constant(0, tf.int64), a)
        )[1]
        return {"done": tf.reduce_sum(b) * tf.ones_like(turns, tf.float32)}


class Words(tf.Module):
    """serving_default: text [B] -> upper, length; `kinds`: one tensor of every type -> itself."""

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "text")])
    def upper(self, text):
        return {"upper": tf.strings.upper(text), "length": tf.strings.length(text)}

    @tf.function(
        input_signature=[
            tf.TensorSpec(None, kind, tf.as_dtype(kind).name)
            for kind in (
                tf.float64,
                tf.uint8,
                tf.int8,
                tf.int16,
                tf.int32,
                tf.bool,
                tf.half,
                tf.uint32,
                tf.uint64,
                tf.complex64,
            )
        ]
    )
    def kinds(self, float64, uint8, int8, int16, int32, bool, float16, uint32, uint64, complex64):
        given = (float64, uint8, int8, int16, int32, bool, float16, uint32, uint64, complex64)
        return {f"{value.dtype.name}_out": tf.identity(value) for value in given}


class Judge(tf.Module):
    """classify and regress over tf.Examples with a feature `a` (float, default 1) and `word` (bytes)."""

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "inputs")])
    def classify(self, inputs):
        a = self.parsed(inputs)["a"]
        classes = tf.tile(tf.constant([["low", "high"]]), (tf.shape(a)[0], 1))
        return {"classes": classes, "scores": tf.stack([1 - a, a], axis=1)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "inputs")])
    def regress(self, inputs):
        return {"outputs": self.parsed(inputs)["a"] * 2}

    @tf.function(input_signature=[tf.TensorSpec((), tf.int32, "n")])
    def shapes(self, n):
        return {"number": n, "vector": tf.range(n)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int32, "n")])
    def total(self, n):
        return {"number": tf.reduce_sum(n)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "image")])
    def images(self, image):
        return {"image_bytes": image, "length": tf.strings.length(image)}

    def parsed(self, inputs):
        return tf.io.parse_example(inputs, {"a": tf.io.FixedLenFeature((), tf.float32, 1.0)})


class Counter(tf.Module):
    """State, and signatures of odd shapes: serving_default takes nothing, `add` a tensor of any shape."""

    def __init__(self):
        super().__init__()
        self.count = tf.Variable(0.0)

    @tf.function(input_signature=[])
    def get(self):
        return {"count": tf.identity(self.count)}

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, "delta")])
    def add(self, delta):
        return {"count": self.count.assign_add(tf.reduce_sum(delta)), "shape": tf.shape(delta)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.uint8, "octets")])
    def octets(self, octets):
        return {"same": tf.identity(octets)}


class Rows(tf.Module):
    """What batching may merge, and what it may not."""

    wide = tf.TensorSpec((None, None), tf.float32, "x")

    @tf.function(input_signature=[wide])
    def double(self, x):
        return {"y": 2 * x}

    @tf.function(input_signature=[wide])
    def total(self, x):
        return {"y": tf.reduce_sum(x)}

    @tf.function(input_signature=[wide])
    def first(self, x):
        return {"y": x[:1]}

    @tf.function(input_signature=[wide, tf.TensorSpec((None,), tf.float32, "z")])
    def two(self, x, z):
        return {"y": 2 * x, "z": z}

    @tf.function(input_signature=[tf.TensorSpec((), tf.float32, "x")])
    def scalar(self, x):
        return {"y": x}

    @tf.function(input_signature=[])
    def nothing(self):
        return {"y": tf.ones(3)}


def save_module(path, module, **signatures):
    """A tf.Module's functions under the names of the arguments."""
    tf.saved_model.save(module, str(path), {name: getattr(module, method) for name, method in signatures.items()})
    return path


def save_affine(base: Path, version: int, scale: float) -> Path:
    """MODELS/affine/VERSION."""
    path = base / "affine" / str(version)
    return save_module(path, Affine(scale), serving_default="affine", sample="sample", slow="slow")


def save_half(path):
    """TF1's way: y is half of x plus two, over tf.Examples; `tensor` over numbers; `unfed` needs what it does not take;
    the last six break the rules of Regress or Classify."""
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        rows = tf.compat.v1.placeholder(tf.string, [None], "rows")
        spec = {"x": tf.io.FixedLenFeature([], tf.float32), "shift": tf.io.FixedLenFeature([], tf.float32, 0.0)}
        features = tf.io.parse_example(rows, spec)
        y = features["x"] / 2 + 2 + features["shift"]
        scores = tf.stack([y, -y], axis=1)
        classes = tf.tile(tf.constant([["up", "down"]]), [tf.shape(y)[0], 1])

        x = tf.compat.v1.placeholder(tf.float32, [None], "x")
        forgotten = tf.compat.v1.placeholder(tf.float32, [], "forgotten")

        def signature(method, inputs=rows, **outputs):
            info = {name: tf.compat.v1.saved_model.build_tensor_info(value) for name, value in outputs.items()}
            fed = {"inputs": tf.compat.v1.saved_model.build_tensor_info(inputs)}
            return tf.compat.v1.saved_model.build_signature_def(fed, info, method)

        signatures = {
            "serving_default": signature(REGRESS, outputs=y),
            "column": signature(REGRESS, outputs=y[:, None]),
            "classify": signature(CLASSIFY, classes=classes, scores=scores),
            "scores": signature(CLASSIFY, scores=scores),
            "tensor": signature(PREDICT, x, y=x / 2 + 2),
            "unfed": signature(PREDICT, x, y=x * forgotten),
            "double": signature(REGRESS, outputs=tf.cast(y, tf.float64)),
            "wide": signature(REGRESS, outputs=scores),
            "one": signature(REGRESS, outputs=y[:1]),
            "flat": signature(CLASSIFY, scores=y),
            "named": signature(REGRESS, y=y),
        }
        builder = tf.compat.v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()
    os.utime(path / "variables", (0, 0))  # it is empty, and nobody is copying into it


def save_keras(path):
    """serving_default: x [B, 3] -> output_0 [B, 2], the sum of the row twice."""
    model = tf.keras.Sequential([tf.keras.Input((3,), name="x"), tf.keras.layers.Dense(2, kernel_initializer="ones")])
    model.export(str(path), verbose=False)


def copy_with_default(source, path):
    """`affine`, whose bias is 10 where a request leaves it out."""
    shutil.copytree(source, path)
    saved = SavedModel.FromString((path / "saved_model.pb").read_bytes())
    signature = saved.meta_graphs[0].signature_def["serving_default"]
    signature.defaults["bias"].CopyFrom(tf.make_tensor_proto([10.0]))
    (path / "saved_model.pb").write_bytes(saved.SerializeToString())


def copy_broken(source, path):
    """A version whose weights are cut short, all names being there."""
    shutil.copytree(source, path)
    os.truncate(path / "variables" / "variables.data-00000-of-00001", 1)


def save_warmup(path, data):
    """A version's warm-up file: records, or bytes as they are."""
    file = path / "assets.extra" / "tf_serving_warmup_requests"
    file.parent.mkdir(exist_ok=True)
    if isinstance(data, bytes):
        file.write_bytes(data)
        return
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in data:
            writer.write(record)
