"""Health, reflection, TLS, unix sockets, limits, flags, workers: of real servers and processes."""

import re
import socket
import ssl
import threading

import asks
import grpc
import httpx
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving import Client, Overloaded, Tls, Unavailable
from serving.models.store import StoreConfig
from serving.protocol import config_files
from serving.protocol.errors import OptionError
from serving.server.config import GrpcConfig, RestConfig, ServerConfig
from serving.server.embedded import Server, flags, main

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def health_of(channel, name):
    return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name), timeout=20).status


@pytest.mark.parametrize(
    "name",
    [
        "",
        "PredictionService",
        "ModelService",
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
        "affine",
    ],
)
def test_health_of_the_server_its_services_and_its_models(address, name):
    with grpc.insecure_channel(address) as channel:
        assert health_of(channel, name) == SERVING


def test_health_of_a_model_goes_with_its_versions(models, tmp_path):
    (tmp_path / "affine").symlink_to(models / "affine")
    server = Server(ServerConfig(StoreConfig(tmp_path, poll_seconds=0), port=0))
    with grpc.insecure_channel(server.address) as channel:
        assert health_of(channel, "affine") == SERVING
        with pytest.raises(grpc.RpcError) as caught:
            health_of(channel, "unknown")
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        server.store.configure({})
        assert health_of(channel, "affine") == NOT_SERVING
        assert health_of(channel, "") == SERVING
    server.stop(0)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def ssl_file(folder, authority, *, verify):
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    made = config_files.SSLConfig(
        server_key=certificate.private_key_pem.bytes().decode(),
        server_cert=certificate.cert_chain_pems[0].bytes().decode(),
        client_verify=verify,
    )
    if verify:
        made.custom_ca = authority.cert_pem.bytes().decode()
    path = folder / "ssl.pbtxt"
    path.write_text(str(made))
    return path


@pytest.mark.parametrize("mutual", [False, True])
def test_tls_by_the_text_of_an_ssl_config(models, tmp_path, authority, mutual):
    config = ssl_file(tmp_path, authority, verify=mutual)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own = authority.issue_cert("client@example.org")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    server = Server(ServerConfig(StoreConfig(models), port=0, grpc=GrpcConfig(ssl=config)))
    pair = {"certificate": tmp_path / "certificate.pem", "key": tmp_path / "key.pem"}
    with Client(server.address, tls=Tls(ca=tmp_path / "ca.pem", **(pair if mutual else {}))) as client:
        assert client.predict("affine", {"seed": [1]}, signature="sample").version == 3
    strangers = [None, Tls(ca=tmp_path / "ca.pem")] if mutual else [None]
    for tls in strangers:
        with Client(server.address, tls=tls, retries=0, timeout=5) as client, pytest.raises(Unavailable):
            client.status("affine")
    server.stop(0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('server_key: "k"', "needs server_key and server_cert"),
        ('server_key: "k" server_cert: "c" client_verify: true', "which needs custom_ca"),
        ('server_keys: "k"', "not the text of a SSLConfig"),
    ],
)
def test_a_wrong_ssl_config_is_an_error(models, tmp_path, text, message):
    (tmp_path / "ssl").write_text(text)
    with pytest.raises(OptionError, match=message):
        Server(ServerConfig(StoreConfig(models), port=0, grpc=GrpcConfig(ssl=tmp_path / "ssl")))


def test_a_unix_socket_beside_the_port(models, tmp_path):
    server = Server(ServerConfig(StoreConfig(models), port=0, grpc=GrpcConfig(socket=str(tmp_path / "s"))))
    with Client(f"unix:{tmp_path / 's'}") as client:
        assert client.predict("affine", {"seed": [1]}, signature="sample").version == 3
    server.stop(0)


def test_limits_of_messages_and_of_requests_in_flight(models):
    server = Server(ServerConfig(StoreConfig(models), port=0, grpc=GrpcConfig(max_message_bytes=1000, max_in_flight=1)))
    with Client(server.address, retries=0) as client:
        with pytest.raises(Overloaded, match="larger than max"):
            client.predict("affine", {"seed": list(range(1000))}, signature="sample")
        asker = threading.Thread(target=client.predict, args=("affine", {"turns": [300]}), kwargs={"signature": "slow"})
        asker.start()
        refused = []
        while asker.is_alive() and not refused:
            try:
                client.status("affine")
            except Overloaded as failure:
                refused.append(failure.message)
        asker.join()
        assert refused == ["Concurrent RPC limit exceeded!"]
    server.stop(0)


def test_batching_gives_what_each_request_alone_gives(models):
    from serving.models.batching import Parameters

    server = Server(ServerConfig(StoreConfig(models), port=0, batching=Parameters(timeout=0.05, pool="together")))
    with Client(server.address, channels=4) as client:
        batches = [{"seed": [n, n + 1]} for n in range(16)]
        for n, reply in enumerate(client.stream("affine", batches, signature="sample", window=16)):
            assert reply["images"][:, 0, 0, 0].tolist() == [3.0 * n, 3.0 * (n + 1)]
        with pytest.raises(Exception, match="must have equal 0th-dimension size"):
            client.predict("affine", {"x": [[0.0] * 4] * 2, "bias": [0.0]})
    text = server.monitor.text()
    runs = int(re.search(r"wrapped_run_count\{\} (\d+)", text)[1])
    assert 1 <= runs < 16, "some ran together"
    server.stop(0)


def test_a_flag_limits_the_elements_that_a_tensor_may_declare(models):
    """Above it a request is refused before memory is allocated; a tensor sent in full has no limit."""
    values = flags.parse(["--models", str(models), "--port=0", "--max_tensor_elements=1000"])
    server = Server(flags.config(values))
    try:
        with grpc.insecure_channel(server.address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            for rows, sent in ((1000, 1), (2000, 2000)):
                reply = stub.Predict(asks.predict({"seed": seeds(rows, sent)}, signature="sample"), timeout=20)
                assert reply.outputs["images"].tensor_shape.dim[0].size == rows
            refused = asks.refused(stub.Predict, asks.predict({"seed": seeds(1001, 1)}, signature="sample"))
            assert refused == ("INVALID_ARGUMENT", "tensor parsing error: seed")
    finally:
        server.stop(0)


def seeds(declared, sent):
    return asks.tensor(declared, dtype=9, int64_val=range(sent))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--models m --enable_batchin", "There is no flag --enable_batchin. Did you mean --enable_batching?"),
        ("--models m --xyzzy=1", "There is no flag --xyzzy. --help lists the flags."),
        ("--models m --enable_batching=perhaps", "true or false, not 'perhaps'"),
        ("--models m --grpc_channel_arguments=a", "key=value,key=value, not 'a'"),
        ("--port=eight", "--port=eight: expected a whole number, not 'eight'. --help lists the flags."),
        ("--models m --port", "Missing value for flag --port. --help lists the flags."),
        ("models", "'models' is not a flag. Flags are written --name=value or --name value."),
    ],
)
def test_a_wrong_flag_is_an_error(capsys, line, message):
    assert main(line.split()) == 2
    told = capsys.readouterr().err
    assert told.startswith("serving: ")
    assert message in told


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("", False),
        ("--enable_batching", True),
        ("--enable_batching=true", True),
        ("--enable_batching=1", True),
        ("--enable_batching=False", False),
        ("--enable_batching=0", False),
        ("--enable_batching true", True),
        ("--enable_batching false", False),
    ],
)
def test_a_switch_is_written_alone_or_with_a_value(line, value):
    values = flags.parse([*line.split(), "--port", "0", "--grpc_max_threads=3"])
    assert (values.enable_batching, values.port, values.threads) == (value, 0, 3)


def test_help_has_every_flag_and_an_example(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert "example: python -m serving.server --models models --port 8500" in text
    written = re.findall(r"--\w+", text)
    assert set(written) >= set(flags.names()) - {"--help", "--metrics_peers"}
    assert main(["--version"]) == 0
    assert re.fullmatch(r"menagerie-zoo [\d.]+, TensorFlow 2\.[\d.]+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "Give one of --models, --model_config_file and --model_base_path; received none of them."),
        ("--models . --model_base_path .", "received --models and --model_base_path"),
        ("--model_base_path nowhere", "There is no folder nowhere"),
        ("--models . --batching_parameters_file f", "needs --enable_batching"),
        ("--models . --rest_api_port 1 --port 1", "must differ"),
        ("--models . --monitoring_config_file f", "needs --rest_api_port"),
        ("--models . --use_alts_credentials", "--ssl_config_file gives TLS anywhere"),
        ("--model_config_file nowhere --port 0", "cannot be read"),
    ],
)
def test_flags_that_exclude_each_other_are_an_error(capsys, line, message):
    assert main(line.split()) == 2
    assert message in capsys.readouterr().err


def test_flags_without_effect_warn(caplog):
    values = flags.parse(["--models", "m", "--prefer_tflite_model", "--num_load_threads=4", "--enable_batching=false"])
    assert not values.enable_batching
    assert "--prefer_tflite_model is accepted" in caplog.text
    assert "--num_load_threads is accepted" in caplog.text


def test_tf_servings_config_file_and_flags(launch, models, tmp_path):
    config = tmp_path / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "a" base_path: "{models / "affine"}" model_platform: "tensorflow"\n'
        "model_version_policy { all { } } } }"
    )
    running = launch(f"--model_config_file={config}", "--enable_batching", "--file_system_poll_wait_seconds=0")
    assert "a (version 3)" in running.line
    with Client(running.address) as client:
        assert [s.version for s in client.status("a")] == [3, 1]
        assert client.predict("a", {"seed": [1]}, signature="sample", version=1).version == 1
    running.process.terminate()
    assert running.process.wait(30) == 0


def test_rest_and_metrics_beside_grpc(models, tmp_path, authority):
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tls = {"key": tmp_path / "key.pem", "certificate": tmp_path / "certificate.pem"}
    server = Server(ServerConfig(StoreConfig(models), port=0, rest=RestConfig(port, metrics="/metrics", **tls)))
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusted) as client:
        body = {"signature_name": "sample", "instances": [1]}
        assert client.post("/v1/models/affine:predict", json=body).json()["predictions"][0][1][1] == [12.0]
        counted = client.get("/metrics").text
    assert ':tensorflow:serving:request_count{model_name="affine",status="OK"} 1\n' in counted, "counted once"
    assert 'entrypoint="GRPC"' not in counted
    server.stop(5)
