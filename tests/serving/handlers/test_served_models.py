"""The model config file, policies, labels and reloads, through the service."""

import time

import pytest
from google.protobuf import text_format

from serving.handlers.served_models import ServedModels
from serving.handlers.service import Service
from serving.models.store import State, Store, StoreConfig
from serving.protocol import errors, protos
from serving.protocol.errors import Code, OptionError, ServingError
from serving.protocol.versions import Policy, Source
from serving.server.config_watcher import ConfigWatcher, read


class Fake:
    """A fake of a loaded version."""

    def __init__(self, path):
        self.path = path


def loaded(name, path):
    if "bad" in path.parts:
        raise errors.error(Code.DATA_LOSS, "the disk says no")
    return Fake(path)


def make_version(path):
    path.mkdir(parents=True)
    (path / "saved_model.pb").write_bytes(b"")


@pytest.fixture
def base(tmp_path):
    """Models m (1, 2, 3), n (7) and bad (1)."""
    for model, versions in (("m", "123"), ("n", "7"), ("bad", "1")):
        for version in versions:
            make_version(tmp_path / model / version)
    return tmp_path


class Served:
    """A store, its served models and the service over both."""

    def __init__(self, **options):
        self.store = Store(StoreConfig(poll_seconds=0, retries=0), loaded)
        self.configuration = ServedModels(self.store, **options)
        self.service = Service(self.store, self.configuration)

    def reload(self, text):
        self.configuration.reload(config(text))

    def code(self, text):
        with pytest.raises(ServingError) as caught:
            self.reload(text)
        return caught.value.code.name, caught.value.message


def config(text):
    return text_format.Parse(text, protos.ModelServerConfig())


def entry(base, name, more="", platform='model_platform: "tensorflow"'):
    return f'config {{ name: "{name}" base_path: "{base / name}" {platform} {more} }}'


def models(*entries):
    return f"model_config_list {{ {' '.join(entries)} }}"


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("", [3]),
        ("model_version_policy { latest { } }", [3]),
        ("model_version_policy { latest { num_versions: 2 } }", [2, 3]),
        ("model_version_policy { all { } }", [1, 2, 3]),
        ("model_version_policy { specific { versions: 1 versions: 3 versions: 9 } }", [1, 3]),
        ("model_version_policy { specific { } }", None),
    ],
)
def test_a_policy_chooses_the_versions(base, policy, versions):
    served = Served()
    served.reload(models(entry(base, "n"), entry(base, "m")))
    served.reload(models(entry(base, "n"), entry(base, "m", policy)))
    assert served.store.available() == {"n": [7]} | ({"m": versions} if versions else {})


def test_a_config_replaces_the_one_before(base):
    served = Served()
    served.reload(models(entry(base, "m")))
    served.reload(models(entry(base, "n")))
    assert served.store.available() == {"n": [7]}
    assert [s.state for s in served.store.statuses("m")] == [State.END]
    served.reload(models(entry(base, "n")))
    assert served.store.available() == {"n": [7]}


def test_a_label_is_a_name_of_a_version_and_goes_with_the_config(base):
    served = Served()
    both = "model_version_policy { all { } }"
    served.reload(models(entry(base, "m", both)))
    served.reload(
        models(
            entry(
                base,
                "m",
                f'{both} version_labels {{ key: "stable" value: 1 }} version_labels {{ key: "canary" value: 3 }}',
            )
        )
    )
    assert [served.service.find("m", label=label)[0] for label in ("stable", "canary")] == [1, 3]
    served.reload(models(entry(base, "m", f'{both} version_labels {{ key: "canary" value: 2 }}')))
    assert served.service.find("m", label="canary")[0] == 2
    for model, label in (("m", "stable"), ("unknown", "stable")):
        with pytest.raises(errors.InvalidRequest, match="Unrecognized servable version label: stable"):
            served.service.find(model, label=label)


def test_a_label_points_only_at_what_is_available(base):
    served, early = Served(), Served(early_labels=True)
    label = 'version_labels {{ key: "stable" value: {} }}'
    expected = (
        "FAILED_PRECONDITION",
        "Request to assign label to version 2 of model m, which is not currently available for inference",
    )
    assert served.code(models(entry(base, "m", label.format(2)))) == expected
    assert served.store.available() == {}, "refused before anything is loaded"
    early.reload(models(entry(base, "m", label.format(3))))
    assert early.code(models(entry(base, "m", label.format(2)))) == expected, "an old label does not move there"
    assert early.service.find("m", label="stable")[0] == 3, "and stays where it was"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("custom_model_config { }", "INVALID_ARGUMENT", "ServerModelConfig type not supported by"),
        ("", "INVALID_ARGUMENT", "Only ModelConfigList is currently supported"),
        ("TWICE", "INVALID_ARGUMENT", "Illegal to list model m multiple times in config list"),
        (
            'model_config_list { config { name: "r" base_path: "here/r" model_platform: "tensorflow" } }',
            "INVALID_ARGUMENT",
            "Expected model r to have an absolute path or URI; got base_path()=here/r",
        ),
        (
            'model_config_list { config { name: "x" base_path: "/x" } }',
            "INVALID_ARGUMENT",
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
            "model name is x",
        ),
        (
            'model_config_list { config { name: "x" base_path: "/x" model_platform: "torch" model_type: TENSORFLOW } }',
            "INVALID_ARGUMENT",
            "Illegal setting both",
        ),
        (
            'model_config_list { config { name: "x" base_path: "/x" model_platform: "torch" } }',
            "INVALID_ARGUMENT",
            "Model x requests unsupported platform torch",
        ),
        (
            'model_config_list { config { name: "m" base_path: "/x" model_platform: "torch" } }',
            "INVALID_ARGUMENT",
            "Illegal to change a model's platform. For model m platform was tensorflow and new platform requested is "
            "torch",
        ),
    ],
)
def test_a_refused_config_changes_nothing(base, text, code, message):
    served = Served()
    served.reload(models(entry(base, "m")))
    found = served.code(models(entry(base, "m"), entry(base, "m")) if text == "TWICE" else text)
    assert found[0] == code
    assert message in found[1]
    assert served.store.available() == {"m": [3]}


def test_the_deprecated_model_type_names_the_platform_too(base):
    served = Served()
    served.reload(models(entry(base, "m", platform="model_type: TENSORFLOW")))
    assert served.store.available() == {"m": [3]}


def test_a_new_model_that_does_not_load_is_an_error_and_does_not_block_others(base):
    served = Served()
    code, message = served.code(models(entry(base, "bad"), entry(base, "m"), entry(base, "gone")))
    assert code == "UNKNOWN"
    assert message.startswith(
        "2 model(s) did not become available: {{{name: bad version: 1} due to error: DATA_LOSS: the"
    )
    assert "{{name: gone} due to error: its folder has no version}, }" in message
    assert served.store.available() == {"m": [3]}


def test_the_reload_call_counts_what_metrics_grew(base):
    served = Served()
    request = protos.ReloadConfigRequest(config=config(models(entry(base, "m"))))
    request.metric_names.append("/tensorflow/serving/request_count")
    reply = protos.ReloadConfigResponse.FromString(
        served.service.methods["tensorflow.serving.ModelService"]["HandleReloadConfigRequest"](
            request.SerializeToString(), None
        )
    )
    assert reply.HasField("status")
    assert reply.status.error_code == 0
    assert [(m.name, m.int64_value_increase) for m in reply.metric] == [("/tensorflow/serving/request_count", 0)]


def test_a_file_is_polled_and_after_a_bad_one_the_last_good_one_stays(base, caplog):
    file, served = base / "models.config", Served()
    file.write_text(models(entry(base, "m")))
    served.configuration.reload(read(file))
    following = ConfigWatcher(file, 0.02, served.configuration.reload)

    def until(condition):
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)

    file.write_text("model_config_list {")
    until(lambda: "the last good one stays" in caplog.text)
    assert served.store.available() == {"m": [3]}
    file.write_text(models(entry(base, "n")))
    until(lambda: served.store.available() == {"n": [7]})
    following.stop()


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(OptionError, match="cannot be read"):
        read(tmp_path / "missing")
    (tmp_path / "bad").write_text("model_config_lists { }")
    with pytest.raises(OptionError, match=r"Error parsing text-format tensorflow\.serving\.ModelServerConfig: .*lists"):
        read(tmp_path / "bad")


def test_half_copied_versions_do_not_displace_complete_ones(tmp_path):
    make_version(tmp_path / "m" / "1")
    (tmp_path / "m" / "2").mkdir()
    ranked = [(2, tmp_path / "m" / "2"), (1, tmp_path / "m" / "1")]
    assert list(Policy().chosen(ranked)) == [2, 1]
    assert list(Policy(specific=(1,)).chosen(ranked)) == [1]
    store = Store(StoreConfig(models={"m": Source(tmp_path / "m")}, poll_seconds=0), loaded)
    store.poll()
    assert store.available() == {"m": [1]}
