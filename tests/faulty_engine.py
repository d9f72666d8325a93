"""A server of the Remote Execution API in this process, with faults that casd cannot be made to have.

It runs no commands: Execute returns `answers`, one after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from buildgrid.common.protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as api
from buildgrid.common.protos.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc as stubs
from buildgrid.common.protos.google.longrunning import operations_pb2

TOKEN = "Bearer right"


class Engine(
    stubs.ActionCacheServicer,
    stubs.ContentAddressableStorageServicer,
    stubs.CapabilitiesServicer,
    stubs.ExecutionServicer,
):
    """fault: '' or its name. asked: the names of the calls. data, results: what is stored."""

    def __init__(self) -> None:
        self.fault = ""
        self.asked: list[str] = []
        self.data: dict[str, bytes] = {}
        self.results: dict[str, api.ActionResult] = {}
        self.answers: list[api.ExecuteResponse | None] = []
        self.skipped: list[bool] = []
        self.failures = 0
        self.ended = threading.Event()
        self.url = ""

    def _begin(self, name: str, context: grpc.ServicerContext) -> None:
        self.asked.append(name)
        if self.fault == "silent":
            self.ended.wait()
        if self.failures:
            self.failures -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "come again")
        if self.fault == "token" and ("authorization", TOKEN) not in context.invocation_metadata():
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token has expired")
        if self.fault == "full" and name in ("BatchUpdateBlobs", "UpdateActionResult"):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "there is no room")

    def GetCapabilities(self, request, context):
        self._begin("GetCapabilities", context)
        function = [api.DigestFunction.MD5 if self.fault == "md5" else api.DigestFunction.SHA256]
        return api.ServerCapabilities(
            cache_capabilities=api.CacheCapabilities(digest_function=function),
            execution_capabilities=api.ExecutionCapabilities(exec_enabled=self.fault != "no engine"),
        )

    def GetActionResult(self, request, context):
        self._begin("GetActionResult", context)
        if request.action_digest.hash not in self.results:
            context.abort(grpc.StatusCode.NOT_FOUND, "not here")
        return self.results[request.action_digest.hash]

    def UpdateActionResult(self, request, context):
        self._begin("UpdateActionResult", context)
        self.results[request.action_digest.hash] = request.action_result
        return request.action_result

    def FindMissingBlobs(self, request, context):
        self._begin("FindMissingBlobs", context)
        missing = [digest for digest in request.blob_digests if digest.hash not in self.data]
        return api.FindMissingBlobsResponse(missing_blob_digests=missing)

    def BatchUpdateBlobs(self, request, context):
        self._begin("BatchUpdateBlobs", context)
        self.data.update({each.digest.hash: each.data for each in request.requests})
        answers = [api.BatchUpdateBlobsResponse.Response(digest=each.digest) for each in request.requests]
        return api.BatchUpdateBlobsResponse(responses=answers)

    def BatchReadBlobs(self, request, context):
        self._begin("BatchReadBlobs", context)
        found = [each for each in request.digests if each.hash in self.data]
        answers = [
            api.BatchReadBlobsResponse.Response(
                digest=each, data=b"wrong" if self.fault == "wrong bytes" else self.data[each.hash]
            )
            for each in found
        ]
        return api.BatchReadBlobsResponse(responses=answers)

    def Execute(self, request, context):
        self._begin("Execute", context)
        self.skipped.append(request.skip_cache_lookup)
        yield operations_pb2.Operation(name="one")
        if self.fault == "no worker":
            self.ended.wait()
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            operation = operations_pb2.Operation(name="one", done=True)
            operation.response.Pack(answer)
            yield operation


@contextmanager
def running_engine(certificate: tuple[bytes, bytes] | None = None) -> Iterator[Engine]:
    """certificate: the key and the certificate, for grpcs://."""
    engine = Engine()
    pool = ThreadPoolExecutor(8)
    server = grpc.server(pool)
    stubs.add_ActionCacheServicer_to_server(engine, server)
    stubs.add_ContentAddressableStorageServicer_to_server(engine, server)
    stubs.add_CapabilitiesServicer_to_server(engine, server)
    stubs.add_ExecutionServicer_to_server(engine, server)
    if certificate:
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([certificate]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    engine.url = f"grpc{'s' if certificate else ''}://127.0.0.1:{port}"
    try:
        yield engine
    finally:
        engine.ended.set()
        server.stop(0).wait()
        pool.shutdown()
