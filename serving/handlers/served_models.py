"""The models that a server offers and their version labels, by a ModelServerConfig.

Each config replaces the one before it as a whole. Unlike in TF Serving, a config that is refused changes nothing, and
a reload is answered after the first attempt to load the new models, even if retries follow.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from serving.handlers.request_log import RequestLog
from serving.models.store import State, Store
from serving.protocol import protos
from serving.protocol.errors import Code, OptionError, error
from serving.protocol.versions import Policy, Source

PLATFORM = "tensorflow"
_TYPE = 1
"""ModelType.TENSORFLOW, the deprecated name of the platform."""


class ServedModels:
    """The current models and their labels.

    Args:
      early_labels: a new label may point at a version that is not available, as with
        `--allow_version_labels_for_unavailable_models`.
      log: the request log of the models that have a logging_config.
    """

    def __init__(self, store: Store, *, early_labels: bool = False, log: RequestLog | None = None) -> None:
        self._store, self._early, self._log = store, early_labels, log
        self._labels: Mapping[str, Mapping[str, int]] = {}
        self._models: frozenset[str] = frozenset()
        self._reloading = threading.Lock()

    def labelled(self, model: str, label: str) -> int:
        """The version that a label points at. Errors: InvalidRequest."""
        try:
            return self._labels[model][label]
        except KeyError:
            raise error(Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}") from None

    def reload(self, config: "protos.ModelServerConfig") -> None:
        """Serves the models of a ModelServerConfig, and no others.

        Errors: ServingError with TF Serving's messages; code UNKNOWN if a new model did not load.
        """
        if config.WhichOneof("config") != "model_config_list":
            raise error(
                Code.INVALID_ARGUMENT,
                "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently "
                "supported",
            )
        with self._reloading:
            listed = config.model_config_list.config
            _check_models(listed, self._models)
            labels = {model.name: dict(model.version_labels) for model in listed}
            self._check_labels(labels)
            _check_platforms(listed)
            self._configure_log(listed)
            new = [model.name for model in listed if model.name not in self._models]
            self._models, self._labels = frozenset(labels), labels
            self._store.configure({model.name: _source(model) for model in listed})
            self._check_loaded(new)

    def _configure_log(self, listed: Sequence["protos.ModelConfig"]) -> None:
        if self._log:
            try:
                self._log.configure({m.name: m.logging_config for m in listed if m.HasField("logging_config")})
            except OptionError as failure:
                raise error(Code.INVALID_ARGUMENT, str(failure)) from None

    def _check_labels(self, labels: Mapping[str, Mapping[str, int]]) -> None:
        for name, wanted in labels.items():
            ready = {s.version for s in self._store.statuses(name) if s.state == State.AVAILABLE}
            had = self._labels.get(name, {})
            for label, version in wanted.items():
                if version not in ready and not (self._early and had.get(label, version) == version):
                    raise error(
                        Code.FAILED_PRECONDITION,
                        f"Request to assign label to version {version} of model {name}, which is not currently "
                        "available for inference",
                        "Load the version first, or start with --allow_version_labels_for_unavailable_models.",
                    )

    def _check_loaded(self, names: list[str]) -> None:
        failed = []
        for name in names:
            found = self._store.statuses(name)
            if not any(status.state == State.AVAILABLE for status in found):
                version = f" version: {found[0].version}" if found else ""
                why = "its folder has no version"
                if found and found[0].message:
                    why = f"{found[0].code.name}: {found[0].message}"
                failed.append(f"{{{{name: {name}{version}}} due to error: {why}}}, ")
        if failed:
            rows = "".join(failed)
            raise error(Code.UNKNOWN, f"{len(failed)} model(s) did not become available: {{{rows}}}")


def _check_models(listed: Sequence["protos.ModelConfig"], known: frozenset[str]) -> None:
    seen: set[str] = set()
    for model in listed:
        if model.name in seen:
            text = f"Illegal to list model {model.name} multiple times in config list"
            raise error(Code.INVALID_ARGUMENT, text)
        seen.add(model.name)
        if not Path(_local(model.base_path)).is_absolute():
            text = f"Expected model {model.name} to have an absolute path or URI; got base_path()={model.base_path}"
            raise error(Code.INVALID_ARGUMENT, text)
        if model.name in known and model.model_platform not in ("", PLATFORM):
            text = (
                f"Illegal to change a model's platform. For model {model.name} platform was {PLATFORM} and new "
                f"platform requested is {model.model_platform}"
            )
            raise error(Code.INVALID_ARGUMENT, text)


def _check_platforms(listed: Sequence["protos.ModelConfig"]) -> None:
    fields = "ModelServerConfig::model_type (deprecated) {} ModelServerConfig::model_platform, model name is"
    for model in listed:
        if not model.model_type and not model.model_platform:
            raise error(Code.INVALID_ARGUMENT, f"Illegal setting neither {fields.format('nor')} {model.name}")
        if model.model_type and model.model_platform:
            raise error(Code.INVALID_ARGUMENT, f"Illegal setting both {fields.format('and')} {model.name}")
        if model.model_type not in (0, _TYPE) or model.model_platform not in ("", PLATFORM):
            named = model.model_platform or f"of model_type {model.model_type}"
            raise error(Code.INVALID_ARGUMENT, f"Model {model.name} requests unsupported platform {named}")


def _local(path: str) -> str:
    return path.removeprefix("file://")


def _source(model: "protos.ModelConfig") -> Source:
    policy = model.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    path = Path(_local(model.base_path))
    if kind == "all":
        return Source(path, Policy(latest=None))
    if kind == "specific":
        return Source(path, Policy(specific=tuple(policy.specific.versions)))
    return Source(path, Policy(latest=policy.latest.num_versions or 1))
