"""The HTTP side: TLS, deadlines, stopping, ports, bodies that are too large."""

import gzip
import json
import ssl
import threading
import time

import httpx
import pytest
import trustme

from serving.handlers.metrics import Monitor
from serving.handlers.service import Service, warm_up
from serving.models.loading import Loader
from serving.models.store import Store, StoreConfig
from serving.protocol.errors import OptionError, ServerStartError
from serving.server.config import RestConfig
from serving.server.rest import app as rest_module
from serving.server.rest.app import Rest

SLOW = {"signature_name": "slow", "inputs": [10**7]}


@pytest.fixture(scope="module")
def service(models):
    store = Store(StoreConfig(root=models, poll_seconds=0), Loader(warm_up=warm_up))
    store.start()
    yield Service(store, entrypoint=None)
    store.stop()


@pytest.fixture
def started(service):
    made = []

    def start(**options):
        made.append(Rest(service, Monitor(), RestConfig(**options)))
        made[-1].start()
        return f"http{'s' if 'key' in options else ''}://127.0.0.1:{made[-1].port}", made[-1]

    yield start
    for rest in made:
        rest.stop(1)


def test_tls(started, tmp_path):
    authority = trustme.CA()
    ours = authority.issue_cert("127.0.0.1")
    ours.private_key_pem.write_to_path(tmp_path / "key.pem")
    ours.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    url, _ = started(key=tmp_path / "key.pem", certificate=tmp_path / "cert.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    assert httpx.get(f"{url}/v1/models/affine", verify=context, timeout=30).status_code == 200
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(f"{url}/v1/models/affine", timeout=30)


def test_unusable_keys(service, tmp_path):
    (tmp_path / "bad.pem").write_text("nothing")
    with pytest.raises(OptionError, match="needs both"):
        Rest(service, Monitor(), RestConfig(key=tmp_path / "bad.pem"))
    with pytest.raises(OptionError, match="cannot be used"):
        Rest(service, Monitor(), RestConfig(key=tmp_path / "bad.pem", certificate=tmp_path / "bad.pem"))


def test_a_port_that_is_taken(service, started):
    _, rest = started()
    with pytest.raises(ServerStartError, match=f"cannot listen on 127.0.0.1:{rest.port}"):
        Rest(service, Monitor(), RestConfig(rest.port))


def test_a_request_ends_at_the_timeout(started):
    url, _ = started(timeout=0.5)
    reply = httpx.post(f"{url}/v1/models/affine:predict", json=SLOW, timeout=30)
    assert reply.status_code == 504
    assert set(reply.json()) == {"error"}


def test_stopping_lets_a_request_end(started):
    url, rest = started()
    httpx.post(f"{url}/v1/models/affine:predict", json={**SLOW, "inputs": [1]}, timeout=30)
    replies = []
    body = {**SLOW, "inputs": [1500]}
    asker = threading.Thread(
        target=lambda: replies.append(httpx.post(f"{url}/v1/models/affine:predict", json=body, timeout=60))
    )
    asker.start()
    time.sleep(0.3)
    assert replies == [], "the request has to be under way"
    rest.stop(60)
    asker.join()
    assert replies[0].status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/v1/models/affine")


def test_bodies_that_unpack_to_too_much(started, monkeypatch):
    monkeypatch.setattr(rest_module, "MAX_BODY", 1000)
    url, _ = started()
    packed = gzip.compress(b" " * 10**6)
    for body, headers in ((packed, {"content-encoding": "gzip"}), (b" " * 1001, {})):
        reply = httpx.post(f"{url}/v1/models/affine:predict", content=body, headers=headers, timeout=30)
        assert reply.status_code == 429
        assert "larger than 1000 bytes" in json.loads(reply.content)["error"]


def test_a_gzip_body_that_ends_too_early(started):
    url, _ = started()
    body, headers = gzip.compress(b'{"inputs": []}')[:20], {"content-encoding": "gzip"}
    reply = httpx.post(f"{url}/v1/models/affine:predict", content=body, headers=headers, timeout=30)
    assert (reply.status_code, reply.json()) == (400, {"error": "The body is not gzip: it ends too early."})


def test_no_metrics_by_default(started):
    assert httpx.get(f"{started()[0]}/monitoring/prometheus/metrics").status_code == 404
    url, _ = started(metrics="/monitoring/mine")
    assert httpx.get(f"{url}/monitoring/mine").status_code == 200
    reply = httpx.get(f"{url}/monitoring/prometheus/metrics")
    text = "Unexpected path: /monitoring/prometheus/metrics. Should be /monitoring/mine"
    assert (reply.status_code, reply.text) == (400, text)
