"""The asyncio client against a real server."""

import asyncio

import numpy as np
import pytest

from serving import AsyncClient, Client, DeadlineExceeded, NotFound, Statistics, Unavailable


def run(address, ask, **options):
    async def main():
        async with AsyncClient(address, **options) as client:
            return await ask(client)

    return asyncio.run(main())


def test_the_same_answers_as_the_other_client(address, client):
    async def ask(aio):
        return (
            await aio.predict("affine", {"seed": range(5)}, signature="sample"),
            await aio.status("affine"),
            await aio.metadata("affine"),
            await aio.describe("affine"),
            await aio.predict_chunked("affine", {"seed": np.arange(300)}, signature="sample", rows=32),
        )

    prediction, status, metadata, text, chunked = run(address, ask)
    assert np.array_equal(
        prediction["images"], client.predict("affine", {"seed": range(5)}, signature="sample")["images"]
    )
    assert status == client.status("affine")
    assert metadata == client.metadata("affine")
    assert text == client.describe("affine")
    whole = client.predict("affine", {"seed": np.arange(300)}, signature="sample")
    assert np.array_equal(chunked["images"], whole["images"])


def test_calls_run_side_by_side(address):
    statistics = Statistics()

    async def ask(aio):
        calls = [aio.predict("affine", {"seed": [i]}, signature="sample") for i in range(50)]
        return await asyncio.gather(*calls)

    found = run(address, ask, channels=2, observe=statistics)
    assert [p["images"][0, 0, 0, 0] for p in found] == [3.0 * i for i in range(50)]
    assert (statistics.calls, statistics.failures) == (50, 0)


def test_a_stream_is_in_order_and_can_be_left(address):
    async def ask(aio):
        found = []
        stream = aio.stream("affine", ({"seed": [i]} for i in range(10**6)), signature="sample", window=4)
        async for prediction in stream:
            found.append(prediction["images"][0, 0, 0, 0])
            if len(found) == 20:
                break
        await stream.aclose()
        return found

    assert run(address, ask) == [3.0 * i for i in range(20)]


@pytest.mark.parametrize(
    ("kind", "model", "options"),
    [(NotFound, "nope", {}), (DeadlineExceeded, "affine", {"signature": "slow", "timeout": 0.2})],
)
def test_errors_are_the_other_clients(address, client, kind, model, options):
    inputs = {"turns": [10**7]}
    with pytest.raises(kind) as theirs:
        client.predict(model, inputs, **options)
    with pytest.raises(kind) as ours:
        run(address, lambda aio: aio.predict(model, inputs, **options))
    assert str(ours.value) == str(theirs.value)


def test_a_missing_server_is_retried():
    seen = []

    async def ask(aio):
        with pytest.raises(Unavailable, match="Is a server running at"):
            await aio.status("m")
        with pytest.raises(Unavailable, match="not available within"):
            await aio.wait_until_available("m", timeout=0.3)

    run("127.0.0.1:9", ask, retries=1, observe=seen.append)
    assert seen[0].retries == 1


def test_a_model_that_is_there_is_not_waited_for(address):
    with Client(address) as client:
        client.wait_until_available("affine", 3, timeout=5)
    assert run(address, lambda aio: aio.wait_until_available("affine", 3, timeout=5)) is None
