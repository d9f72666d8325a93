"""Commands that run on an engine of the Remote Execution API.

A failure of the engine is distinguished from a failure of the command: the engine is tried once more, and then the
command runs here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import grpc
from buildgrid.common.protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as api
from buildgrid.common.protos.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc as stubs
from buildgrid.common.protos.google.longrunning import operations_pb2

from rebel_tools.remote.command import Asked
from rebel_tools.remote.grpc_server import GrpcServer, reason_of, to_message
from rebel_tools.remote.messages import Digest, Result, digest_of, result_from

_PAUSES_S = (0.0, 0.5)  # before each attempt
_UPLOAD = 32 << 20  # bytes that are read for one upload

# Messages of a buildbox worker that could not start the command; the exit status is 1 then.
_NOT_STARTED = (b"bwrap: execvp ", b"bwrap: Can't ", b"buildbox-run")


class EngineFailed(Exception):
    """The engine did not run a command; the text says why, for people."""


class TookTooLong(EngineFailed):
    """It is not tried again."""


class Ended(NamedTuple):
    """The result of a remote command. outputs: file contents by digest. is_cached: the command did not have to run."""

    result: Result
    outputs: Mapping[Digest, bytes]
    stdout: bytes
    stderr: bytes
    is_cached: bool


class Engine:
    """The engine behind a server. most: seconds that a command may take, including the wait for a worker."""

    def __init__(self, server: GrpcServer, most: float) -> None:
        self.server = server
        self._most = most
        self._execution = stubs.ExecutionStub(server.channel)

    def run(self, asked: Asked) -> Ended:
        """Errors: EngineFailed."""
        error = EngineFailed("")
        for pause in _PAUSES_S:
            time.sleep(pause)
            try:
                self._check()
                self._upload(asked)
                ended = self._run(asked, False)
                if ended.is_cached and ended.result.exit_code:  # some engines cache failures, even temporary ones
                    ended = self._run(asked, True)
                return ended
            except TookTooLong:
                raise
            except EngineFailed as failed:
                error = failed
                self.server.forget()
        raise error

    def _check(self) -> None:
        found = self.server.capabilities()
        if found is None:
            raise EngineFailed("it does not answer")
        if not found.execution_capabilities.exec_enabled:
            raise EngineFailed("it does not run commands, it only stores results")

    def _upload(self, asked: Asked) -> None:
        key = asked.free
        blobs = {**asked.tree.folders, key.digest: key.action, digest_of(key.command): key.command}
        if not self.server.upload(blobs):
            raise EngineFailed("it does not accept the inputs of a command")
        files = {found.digest: path for path, found in asked.inputs if path not in asked.outside}
        missing = self.server.missing(files)
        if missing is None:
            raise EngineFailed("it does not answer")
        batch: dict[Digest, bytes] = {}
        size = 0
        for digest in missing:
            batch[digest] = _read(files[digest], digest)
            size += digest.size
            if size > _UPLOAD:
                self._send(batch)
                batch, size = {}, 0
        self._send(batch)

    def _send(self, batch: Mapping[Digest, bytes]) -> None:
        if batch and not self.server.upload(batch):
            raise EngineFailed("it does not accept the inputs of a command")

    def _run(self, asked: Asked, anew: bool) -> Ended:
        request = api.ExecuteRequest(
            instance_name=self.server.instance, skip_cache_lookup=anew, action_digest=to_message(asked.free.digest)
        )
        last = operations_pb2.Operation()
        try:
            for last in self._execution.Execute(request, timeout=self._most, metadata=self.server.metadata):
                if last.done:
                    break
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise TookTooLong(f"a command was there for more than {self._most:g} s") from None
            raise EngineFailed(reason_of(error)) from None
        if not last.done:
            raise EngineFailed("it closed the stream before the command had ended")
        return self._ended(asked, last)

    def _ended(self, asked: Asked, operation: Any) -> Ended:
        """The status is checked before the exit code, because a cancelled action has both."""
        if operation.HasField("error"):
            raise EngineFailed(operation.error.message or f"status {operation.error.code}")
        answer = api.ExecuteResponse()
        if not operation.response.Unpack(answer):
            raise EngineFailed("its answer does not conform to the Remote Execution API")
        if answer.status.code:
            raise EngineFailed(answer.status.message or f"status {answer.status.code}")
        try:
            result = result_from(answer.result.SerializeToString())
        except ValueError as error:
            raise EngineFailed(f"its answer does not conform to the Remote Execution API: {error}") from None
        if not {output.path for output in result.outputs} <= set(asked.outputs):
            raise EngineFailed("it returned a file that is not a target of the command")
        wanted = result.data()
        data = self.server.blobs(wanted)
        if wanted - data.keys():
            raise EngineFailed("an output of the command cannot be downloaded, is damaged, or is too large")
        stdout, stderr = (data[each] if isinstance(each, Digest) else each for each in (result.stdout, result.stderr))
        if result.exit_code and stderr.startswith(_NOT_STARTED):
            raise EngineFailed(stderr.decode("utf-8", "replace").strip())
        return Ended(result, data, stdout, stderr, answer.cached_result)


def _read(path: str, digest: Digest) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise EngineFailed(f"{path}: {error.strerror}") from None
    if digest_of(data) != digest:
        raise EngineFailed(f"{path} was changed during the build")
    return data
