"""Request logs: sampled, complete, and usable as warm-up files."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.handlers import request_log as requestlog
from serving.handlers.metrics import Monitor
from serving.handlers.request_log import RequestLog
from serving.protocol import protos, wire
from serving.protocol.errors import OptionError


def config(prefix, rate):
    made = protos.LoggingConfig()
    made.log_collector_config.filename_prefix = str(prefix)
    made.sampling_config.sampling_rate = rate
    return made


def ask(i=0):
    request = protos.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "affine", "sample"
    request.inputs["seed"].CopyFrom(wire.encode(np.int64([i])))
    response = protos.PredictResponse(model_spec=request.model_spec)
    return request.SerializeToString(), response.SerializeToString()


def logged(folder):
    """The records of all files, by TensorFlow's own reader and the stock message."""
    files = sorted(map(str, folder.glob("*.tfrecord")))
    return [prediction_log_pb2.PredictionLog.FromString(r) for r in tf.data.TFRecordDataset(files).as_numpy_iterator()]


def test_every_request_at_a_rate_of_one_and_in_order(tmp_path):
    monitor = Monitor()
    log = RequestLog(monitor)
    log.configure({"affine": config(tmp_path / "log" / "affine", 1.0)})
    for i in range(5):
        log.offer("affine", "predict_log", *ask(i))
    log.offer("another", "predict_log", *ask())
    log.close()
    found = logged(tmp_path / "log")
    seeds = [tf.make_ndarray(r.predict_log.request.inputs["seed"]).tolist() for r in found]
    assert seeds == [[0], [1], [2], [3], [4]]
    assert found[0].predict_log.response.model_spec.name == "affine"
    assert found[0].log_metadata.sampling_config.sampling_rate == 1
    assert ':tensorflow:serving:request_log_count{model_name="affine",status_code="OK"} 5' in monitor.text()


def test_a_seed_chooses_about_the_rate_and_the_same_again(tmp_path):
    chosen = []
    for name in ("a", "b"):
        log = RequestLog(Monitor(), seed=3)
        log.configure({"affine": config(tmp_path / name / "x", 0.3)})
        for i in range(500):
            log.offer("affine", "predict_log", *ask(i))
        log.close()
        chosen.append([r.SerializeToString() for r in logged(tmp_path / name)])
    assert chosen[0] == chosen[1]
    assert abs(len(chosen[0]) - 150) < 4 * (500 * 0.3 * 0.7) ** 0.5


def test_a_file_is_no_longer_than_a_warm_up_file_may_be(tmp_path, monkeypatch):
    monkeypatch.setattr(requestlog, "MAX_RECORDS", 3)
    for _ in range(2):  # another process leaves the files of the one before alone
        log = RequestLog(Monitor())
        log.configure({"affine": config(tmp_path / "x", 1.0)})
        for i in range(4):
            log.offer("affine", "predict_log", *ask(i))
        log.close()
    counts = [len(list(tf.data.TFRecordDataset(str(f)))) for f in sorted(tmp_path.glob("*.tfrecord"))]
    assert counts == [3, 1, 3, 1]


def test_a_log_warms_a_model_up(models, tmp_path):
    from serving.handlers.service import warm_up
    from serving.models.saved_model import SavedModel

    log = RequestLog(Monitor())
    log.configure({"affine": config(tmp_path / "x", 1.0)})
    log.offer("affine", "predict_log", *ask())
    log.close()
    version = tmp_path / "1"
    version.mkdir()
    for name in ("saved_model.pb", "variables", "fingerprint.pb"):
        (version / name).symlink_to(models / "affine" / "1" / name)
    (version / "assets.extra").mkdir()
    (tmp_path / "x-00000.tfrecord").rename(version / "assets.extra" / "tf_serving_warmup_requests")
    model = SavedModel(version)
    assert len(model.warmup_records()) == 1
    warm_up(model)  # raises where the record is not one to answer


def test_a_disk_that_cannot_be_written_fails_no_request(tmp_path):
    monitor = Monitor()
    (tmp_path / "file").write_text("in the way")
    log = RequestLog(monitor)
    log.configure({"affine": config(tmp_path / "file" / "x", 1.0)})
    log.offer("affine", "predict_log", *ask())
    log.close()
    assert 'status_code="UNAVAILABLE"} 1' in monitor.text()


@pytest.mark.parametrize(
    ("prefix", "rate", "text"), [("relative", 1.0, "absolute"), ("/x", 1.5, "from 0 to 1"), ("", 1, "absolute")]
)
def test_impossible_configs(prefix, rate, text):
    with pytest.raises(OptionError, match=text):
        RequestLog(Monitor()).configure({"affine": config(prefix, rate)})
