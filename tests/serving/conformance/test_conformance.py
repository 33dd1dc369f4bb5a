"""TF Serving's services, errors, metadata and status. See conftest.py."""

import grpc
import pytest
import tensorflow as tf
from asks import predict, refused
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2


@pytest.mark.parametrize("method", ["PredictionService/Guess", "SessionService/SessionRun"])
def test_an_unknown_method_is_unimplemented(method, offered):
    with grpc.insecure_channel(offered.address) as channel:
        call = channel.unary_unary(f"/tensorflow.serving.{method}")
        assert refused(call, b"")[0] == "UNIMPLEMENTED"


@pytest.mark.parametrize("name", ["", "PredictionService", "ModelService"])
def test_health_by_bare_names(name, offered):
    with grpc.insecure_channel(offered.address) as channel:
        asked = health_pb2.HealthCheckRequest(service=name)
        status = health_pb2_grpc.HealthStub(channel).Check(asked, timeout=20).status
    assert status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_lists_services_and_messages(offered):
    with grpc.insecure_channel(offered.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        services = set(database.get_services())
        assert {"tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"} <= services
        assert "grpc.health.v1.Health" in services
        file = database.FindFileContainingSymbol("tensorflow.serving.PredictionService")
        assert {m.name for m in file.service[0].method} >= {"Predict", "Classify", "Regress", "MultiInference"}


def test_long_messages_are_cut(stub):
    code, text = refused(stub.Predict, predict({}, name="x" * 2000))
    assert code == "NOT_FOUND"
    assert text == ("Servable not found for request: Latest(" + "x" * 2000)[:1024] + "...TRUNCATED"


def test_metadata(stub):
    ask = get_model_metadata_pb2.GetModelMetadataRequest
    assert refused(stub.GetModelMetadata, ask()) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    empty = ask()
    empty.model_spec.name = "affine"
    assert refused(stub.GetModelMetadata, empty) == (
        "INVALID_ARGUMENT",
        "GetModelMetadataRequest must specify at least one metadata_field",
    )
    empty.metadata_field.append("size")
    empty.model_spec.name = "nope"  # the field is looked at before the model
    assert refused(stub.GetModelMetadata, empty) == ("INVALID_ARGUMENT", "Metadata field size is not supported")
    empty.metadata_field[:] = ["signature_def"]
    assert refused(stub.GetModelMetadata, empty)[0] == "NOT_FOUND"
    empty.model_spec.name = "affine"
    reply = stub.GetModelMetadata(empty, timeout=20)
    assert (reply.model_spec.name, reply.model_spec.version.value, reply.model_spec.signature_name) == ("affine", 3, "")
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert reply.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def) == {"serving_default", "sample", "slow", "__saved_model_init_op"}
    assert [d.size for d in signatures.signature_def["serving_default"].inputs["x"].tensor_shape.dim] == [-1, 4]


def test_status(models_stub):
    ask = get_model_status_pb2.GetModelStatusRequest
    assert refused(models_stub.GetModelStatus, ask()) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    unknown = ask()
    unknown.model_spec.name = "nope"
    assert refused(models_stub.GetModelStatus, unknown) == ("NOT_FOUND", "Could not find any versions of model nope")
    unknown.model_spec.name = "affine"
    unknown.model_spec.version.value = 77
    assert refused(models_stub.GetModelStatus, unknown) == ("NOT_FOUND", "Could not find version 77 of model affine")
    known = ask()
    known.model_spec.name = "affine"
    known.model_spec.version_label = "ignored"
    (only,) = models_stub.GetModelStatus(known, timeout=20).model_version_status
    assert (only.version, only.state, only.status.error_code, only.status.error_message) == (3, 30, 0, "")


def test_metadata_of_a_version_with_its_defaults(stub):
    asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    asked.model_spec.name, asked.model_spec.version_label = "both", "stable"
    asked.model_spec.signature_name = "ignored"
    reply = stub.GetModelMetadata(asked, timeout=20)
    assert (reply.model_spec.version.value, reply.model_spec.signature_name) == (1, "")
    asked.model_spec.name, asked.model_spec.version.value = "default", 1
    signatures = get_model_metadata_pb2.SignatureDefMap()
    stub.GetModelMetadata(asked, timeout=20).metadata["signature_def"].Unpack(signatures)
    (default,) = signatures.signature_def["serving_default"].defaults.items()
    assert (default[0], tf.make_ndarray(default[1]).tolist()) == ("bias", [10])


def status(models_stub, name):
    asked = get_model_status_pb2.GetModelStatusRequest()
    asked.model_spec.name = name
    return models_stub.GetModelStatus(asked, timeout=20).model_version_status


def test_status_is_the_highest_version_first(models_stub):
    assert [(s.version, s.state) for s in status(models_stub, "both")] == [(3, 30), (1, 30)]


def test_status_of_a_version_that_failed_is_its_error(models_stub, stub):
    (only,) = status(models_stub, "broken")
    assert (only.version, only.state) == (1, 50)
    assert only.status.error_code != 0
    assert only.status.error_message
    code, text = refused(stub.Predict, predict({}, name="broken"))
    assert (code, text) == ("NOT_FOUND", "Servable not found for request: Latest(broken)")


def test_status_of_no_name(models_stub):
    asked = get_model_status_pb2.GetModelStatusRequest()
    asked.model_spec.signature_name = "s"
    assert refused(models_stub.GetModelStatus, asked) == ("NOT_FOUND", "Could not find any versions of model ")
