"""Metrics: TF Serving's names, Prometheus' format, and a bounded number of series."""

import itertools
import re
import threading

from serving.handlers.metrics import MAX_NAMES, OTHER, Monitor
from serving.protocol.errors import Code

LINE = re.compile(r':[a-z_:]+(\{([A-Za-z_]+="([^"\\\n]|\\[\\"n])*"(,|(?=\})))*\}) -?[0-9.e+]+')


def values(monitor):
    found = {}
    for line in monitor.text().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def filled():
    monitor = Monitor()
    monitor.loaded("vae", "/models/vae/1")
    monitor.request("vae", "Predict", "GRPC", Code.OK, 25e-6)
    monitor.request("vae", "Predict", "GRPC", Code.OK, 3.0)
    monitor.request("vae", "predict", "REST", Code.INVALID_ARGUMENT, 1.0)
    monitor.runtime("vae", "Predict", 1e-3)
    monitor.warmup("/models/vae/1", Code.OK, 0.5, 3)
    monitor.examples("vae", 7)
    monitor.batch("pool", 1e-4, 5, 8, 3)
    monitor.logged("vae", Code.OK)
    return monitor


def test_counts_and_latencies():
    found = values(filled())
    assert found[':tensorflow:serving:request_count{model_name="vae",status="OK"}'] == 2
    assert found[':tensorflow:serving:request_count{model_name="vae",status="INVALID_ARGUMENT"}'] == 1
    inside = 'model_name="vae",API="Predict",entrypoint="GRPC"'
    latency = ":tensorflow:serving:request_latency"
    assert found[f'{latency}_bucket{{{inside},le="18"}}'] == 0
    assert found[f'{latency}_bucket{{{inside},le="32.4"}}'] == 1
    assert found[f'{latency}_bucket{{{inside},le="+Inf"}}'] == found[f"{latency}_count{{{inside}}}"] == 2
    assert found[f"{latency}_sum{{{inside}}}"] == 3000025
    assert not any('entrypoint="REST"' in name for name in found), "only successes have a latency"
    assert found[':tensorflow:serving:model_warmup_records_read{model_path="/models/vae/1",status="OK"}'] == 3
    assert found[':tensorflow:serving:request_example_count_total{model="vae"}'] == 7
    assert found[":tensorflow:serving:batching_session:wrapped_run_count{}"] == 1
    assert found[':tensorflow:serving:batching_session:padding_size_sum{execution_batch_size="8"}'] == 3


def test_the_format():
    text = filled().text()
    assert text.endswith("\n")
    types = re.findall(r"^# TYPE (\S+) (counter|histogram|gauge)$", text, re.M)
    assert len(types) == len(set(types)) == len(re.findall("^#", text, re.M)), "TYPE lines only, one for each name"
    for line in text.splitlines():
        assert line.startswith("# TYPE ") or LINE.fullmatch(line), line


def test_a_histogram_has_33_edges_by_a_factor_of_1_8_and_grows_along_them():
    lines = [
        line for line in filled().text().splitlines() if line.startswith(":tensorflow:serving:request_latency_bucket")
    ]
    edges = [float(re.search('le="(.*?)"', line)[1].replace("+Inf", "inf")) for line in lines]
    assert len(edges) == 34
    assert edges[0] == 10
    assert edges == sorted(edges)
    assert all(abs(b / a - 1.8) < 1e-4 for a, b in itertools.pairwise(edges[:-1]))
    counts = [int(line.rpartition(" ")[2]) for line in lines]
    assert counts == sorted(counts)


def test_labels_are_escaped():
    monitor = Monitor()
    monitor.request('a"b\\c\nd', "Predict", "GRPC", Code.NOT_FOUND, 0)
    assert r'model_name="a\"b\\c\nd"' in monitor.text()


def test_made_up_names_do_not_fill_the_memory():
    monitor = Monitor()
    monitor.loaded("late", "/models/late/1")
    for i in range(3 * MAX_NAMES):
        monitor.request(f"made-up-{i}", "Predict", "GRPC", Code.NOT_FOUND, 0)
    monitor.request("late", "Predict", "GRPC", Code.OK, 0)
    monitor.request("x" * 10**6, "Predict", "GRPC", Code.NOT_FOUND, 0)
    found = {k: v for k, v in values(monitor).items() if "request_count" in k}
    assert len(found) == MAX_NAMES + 2
    assert found[f':tensorflow:serving:request_count{{model_name="{OTHER}",status="NOT_FOUND"}}'] == 2 * MAX_NAMES + 1
    assert found[':tensorflow:serving:request_count{model_name="late",status="OK"}'] == 1


def test_threads_lose_no_count():
    monitor = Monitor()

    def ask():
        for _ in range(2000):
            monitor.request("a", "Predict", "GRPC", Code.OK, 1e-3)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values(monitor)[':tensorflow:serving:request_count{model_name="a",status="OK"}'] == 16000


def test_a_metric_by_name():
    monitor = filled()
    assert monitor.metric("/tensorflow/serving/request_example_count_total") == 7
    assert monitor.metric("/tensorflow/serving/request_latency") == 0, "a histogram is no number"
    assert monitor.metric("/nowhere") == 0


def test_ml_metadata_is_in_the_map(tmp_path):
    extra = tmp_path / "vae" / "4" / "assets.extra"
    extra.mkdir(parents=True)
    monitor = Monitor()
    monitor.loaded("vae", str(tmp_path / "vae" / "4"))
    assert "mlmd_map" not in monitor.text()
    (extra / "mlmd_uuid").write_text("1234")
    monitor.loaded("vae", str(tmp_path / "vae" / "4"))
    assert values(monitor)[':tensorflow:serving:mlmd_map{model_name="vae",version="4"}'] == 0
