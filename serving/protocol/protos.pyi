"""The messages that serving/ uses, as type checkers see them; a test holds them to the descriptors."""

from pathlib import Path
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool
from google.protobuf.internal.containers import (
    MessageMap,
    ScalarMap,
)
from google.protobuf.internal.containers import (
    RepeatedCompositeFieldContainer as Composites,
)
from google.protobuf.internal.containers import (
    RepeatedScalarFieldContainer as Scalars,
)
from google.protobuf.message import Message

FILE: Path
PACKAGES: tuple[str, ...]

def pool() -> descriptor_pool.DescriptorPool: ...
def installed() -> descriptor_pb2.FileDescriptorSet: ...
def main() -> None: ...

class _Message(Message):
    def __init__(self, **fields: Any) -> None: ...

class BytesList(_Message):
    value: Scalars[bytes]

class Class(_Message):
    label: str
    score: float

class ClassificationRequest(_Message):
    model_spec: ModelSpec
    input: Input

class ClassificationResponse(_Message):
    model_spec: ModelSpec
    result: ClassificationResult

class ClassificationResult(_Message):
    classifications: Composites[Classifications]

class Classifications(_Message):
    classes: Composites[Class]

class ClassifyLog(_Message):
    request: ClassificationRequest
    response: ClassificationResponse

class Example(_Message):
    features: Features

class ExampleList(_Message):
    examples: Composites[Example]

class ExampleListWithContext(_Message):
    examples: Composites[Example]
    context: Example

class Feature(_Message):
    bytes_list: BytesList
    float_list: FloatList
    int64_list: Int64List

class Features(_Message):
    feature: MessageMap[str, Feature]

class FileSystemStoragePathSourceConfig(_Message):
    class ServableVersionPolicy(_Message):
        class Latest(_Message):
            num_versions: int

        class All(_Message): ...

        class Specific(_Message):
            versions: Scalars[int]

        latest: FileSystemStoragePathSourceConfig.ServableVersionPolicy.Latest
        all: FileSystemStoragePathSourceConfig.ServableVersionPolicy.All
        specific: FileSystemStoragePathSourceConfig.ServableVersionPolicy.Specific

class FloatList(_Message):
    value: Scalars[float]

class GetModelMetadataRequest(_Message):
    model_spec: ModelSpec
    metadata_field: Scalars[str]

class GetModelMetadataResponse(_Message):
    model_spec: ModelSpec
    metadata: MessageMap[str, any_pb2.Any]

class GetModelStatusRequest(_Message):
    model_spec: ModelSpec

class GetModelStatusResponse(_Message):
    model_version_status: Composites[ModelVersionStatus]

class InferenceResult(_Message):
    model_spec: ModelSpec
    classification_result: ClassificationResult
    regression_result: RegressionResult

class InferenceTask(_Message):
    model_spec: ModelSpec
    method_name: str

class Input(_Message):
    example_list: ExampleList
    example_list_with_context: ExampleListWithContext

class Int64List(_Message):
    value: Scalars[int]

class Int64Value(_Message):
    value: int

class LogCollectorConfig(_Message):
    type: str
    filename_prefix: str

class LogMetadata(_Message):
    model_spec: ModelSpec
    sampling_config: SamplingConfig

class LoggingConfig(_Message):
    log_collector_config: LogCollectorConfig
    sampling_config: SamplingConfig

class Metric(_Message):
    name: str
    int64_value_increase: int

class ModelConfig(_Message):
    name: str
    base_path: str
    model_type: int
    model_platform: str
    model_version_policy: FileSystemStoragePathSourceConfig.ServableVersionPolicy
    version_labels: ScalarMap[str, int]
    logging_config: LoggingConfig

class ModelConfigList(_Message):
    config: Composites[ModelConfig]

class ModelServerConfig(_Message):
    model_config_list: ModelConfigList

class ModelSpec(_Message):
    name: str
    version: Int64Value
    version_label: str
    signature_name: str

class ModelVersionStatus(_Message):
    version: int
    state: int
    status: StatusProto

class MultiInferenceLog(_Message):
    request: MultiInferenceRequest
    response: MultiInferenceResponse

class MultiInferenceRequest(_Message):
    tasks: Composites[InferenceTask]
    input: Input

class MultiInferenceResponse(_Message):
    results: Composites[InferenceResult]

class PredictLog(_Message):
    request: PredictRequest
    response: PredictResponse

class PredictRequest(_Message):
    model_spec: ModelSpec
    inputs: MessageMap[str, TensorProto]
    output_filter: Scalars[str]

class PredictResponse(_Message):
    model_spec: ModelSpec
    outputs: MessageMap[str, TensorProto]

class PredictionLog(_Message):
    log_metadata: LogMetadata
    classify_log: ClassifyLog
    regress_log: RegressLog
    predict_log: PredictLog
    multi_inference_log: MultiInferenceLog

class RegressLog(_Message):
    request: RegressionRequest
    response: RegressionResponse

class Regression(_Message):
    value: float

class RegressionRequest(_Message):
    model_spec: ModelSpec
    input: Input

class RegressionResponse(_Message):
    model_spec: ModelSpec
    result: RegressionResult

class RegressionResult(_Message):
    regressions: Composites[Regression]

class ReloadConfigRequest(_Message):
    config: ModelServerConfig
    metric_names: Scalars[str]

class ReloadConfigResponse(_Message):
    status: StatusProto
    metric: Composites[Metric]

class SamplingConfig(_Message):
    sampling_rate: float
    per_task_sampling_configs: Composites[Message]
    attributes: int

class SignatureDef(_Message):
    inputs: MessageMap[str, TensorInfo]
    outputs: MessageMap[str, TensorInfo]
    method_name: str
    defaults: MessageMap[str, TensorProto]

class SignatureDefMap(_Message):
    signature_def: MessageMap[str, SignatureDef]

class StatusProto(_Message):
    error_code: int
    error_message: str

class TensorInfo(_Message):
    class CooSparse(_Message):
        values_tensor_name: str
        indices_tensor_name: str
        dense_shape_tensor_name: str

    class CompositeTensor(_Message):
        type_spec: Message
        components: Composites[TensorInfo]

    name: str
    coo_sparse: TensorInfo.CooSparse
    composite_tensor: TensorInfo.CompositeTensor
    dtype: int
    tensor_shape: TensorShapeProto

class TensorProto(_Message):
    dtype: int
    tensor_shape: TensorShapeProto
    tensor_content: bytes
    half_val: Scalars[int]
    float_val: Scalars[float]
    double_val: Scalars[float]
    int_val: Scalars[int]
    string_val: Scalars[bytes]
    scomplex_val: Scalars[float]
    int64_val: Scalars[int]
    bool_val: Scalars[bool]
    dcomplex_val: Scalars[float]
    uint32_val: Scalars[int]
    uint64_val: Scalars[int]
    float8_val: bytes

class TensorShapeProto(_Message):
    class Dim(_Message):
        size: int
        name: str

    dim: Composites[TensorShapeProto.Dim]
    unknown_rank: bool
