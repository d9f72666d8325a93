"""A client for servers of the Remote Execution API: results, and data by digest, over gRPC.

Each call has a deadline; after a temporary failure it is repeated after a pause, and if it keeps failing, the server is
not used for the rest of the build. This module needs the extra `remote`, and is imported only for `grpc://` addresses.

Source: build/bazel/remote/execution/v2/remote_execution.proto and google/bytestream/bytestream.proto.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import grpc
from buildgrid.common.protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as api
from buildgrid.common.protos.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc as stubs
from buildgrid.common.protos.google.bytestream import bytestream_pb2, bytestream_pb2_grpc

from rebel_tools.cache.results import LARGEST
from rebel_tools.cache.server import AUTHORITIES, CERTIFICATE, DEADLINE_S, TOKEN, TOKEN_FILE, Counts, Credentials
from rebel_tools.errors import Place, RebelError
from rebel_tools.remote.messages import Digest, digest_of
from rebel_tools.text import printable

_PAUSES_S = (0.1, 0.5)  # before the second and the third attempt
_SLOWEST = 1 << 20  # bytes a second; a large transfer gets additional time at this rate
_MESSAGE = 4 << 20  # bytes of a message: the default limit of gRPC
_ROOM = 64 << 10  # bytes of a message besides its data
_PIECE = 1 << 20

# How long a server may be silent until it is asked whether it is there, and how long it has for the answer: while a
# command runs, nothing else tells that it is gone. Servers close the connection if they are asked more often.
_SILENT_MS, _DEAD_MS = 310_000, 20_000

_Code = grpc.StatusCode
_PASSES = (_Code.UNAVAILABLE, _Code.ABORTED, _Code.DEADLINE_EXCEEDED)
_REFUSED = (_Code.UNAUTHENTICATED, _Code.PERMISSION_DENIED)


class Failed(Exception):
    """A call failed; the text says why, for people."""


class GrpcServer:
    """The server at `grpc://HOST:PORT` or grpcs://, for several threads. instance: the API's `instance_name`.

    say: called once, with one line, when the server is given up. Errors: RebelError for a malformed address, or a
    certificate that cannot be used.
    """

    def __init__(
        self,
        url: str,
        instance: str,
        shown: Credentials,
        say: Callable[[str], None],
        what: str = "remote cache",
        deadline: float = DEADLINE_S,
    ) -> None:
        self.name = f"{what} {url}"
        self.instance = instance
        self.counts = Counts()
        self._say = say
        self._deadline = deadline
        self.metadata = [(name.lower(), value) for name, value in shown.headers.items()]
        self.channel = _channel(url, shown)
        self._results = stubs.ActionCacheStub(self.channel)
        self._data = stubs.ContentAddressableStorageStub(self.channel)
        self._streams = bytestream_pb2_grpc.ByteStreamStub(self.channel)
        self._lock = threading.RLock()
        self._there: set[Digest] = set()
        self._is_used = True
        self._capabilities: Any | None = None
        self._batch = _MESSAGE - _ROOM

    @property
    def is_used(self) -> bool:
        return self._is_used

    def result(self, action: Digest) -> bytes | None:
        request = api.GetActionResultRequest(
            instance_name=self.instance, action_digest=to_message(action), inline_stdout=True, inline_stderr=True
        )
        found = self._ask(self._results.GetActionResult, request)
        if found is None:
            return None
        data: bytes = found.SerializeToString()
        self._count(Counts(down=1, bytes_down=len(data)))
        return data

    def keep_result(self, action: Digest, data: bytes) -> bool:
        result = api.ActionResult.FromString(data)
        request = api.UpdateActionResultRequest(
            instance_name=self.instance, action_digest=to_message(action), action_result=result
        )
        if self._ask(self._results.UpdateActionResult, request) is None:
            return False
        self._count(Counts(up=1, bytes_up=len(data)))
        return True

    def blobs(self, digests: Iterable[Digest]) -> dict[Digest, bytes]:
        found: dict[Digest, bytes] = {}
        wanted = dict.fromkeys(digest for digest in digests if digest.size <= LARGEST)
        for batch in _batches(wanted, self._batch_size()):
            if batch[0].size > self._batch:
                data = self._read(batch[0])
                found.update({} if data is None else {batch[0]: data})
                continue
            request = api.BatchReadBlobsRequest(instance_name=self.instance, digests=map(to_message, batch))
            answer = self._ask(self._data.BatchReadBlobs, request, sum(digest.size for digest in batch))
            for each in answer.responses if answer is not None else ():
                found[Digest(each.digest.hash, each.digest.size_bytes)] = each.data
        right = {digest: data for digest, data in found.items() if digest_of(data) == digest}
        self._count(Counts(down=len(right), bytes_down=sum(map(len, right.values()))))
        self._there.update(right)
        return right

    def upload(self, blobs: Mapping[Digest, bytes]) -> bool:
        missing = self.missing(blobs)
        if missing is None:
            return False
        for batch in _batches(missing, self._batch_size()):
            sent = self._write(batch[0], blobs[batch[0]]) if batch[0].size > self._batch else self._update(batch, blobs)
            if not sent:
                return False
            self._count(Counts(up=len(batch), bytes_up=sum(digest.size for digest in batch)))
        self._there.update(blobs)
        return True

    def capabilities(self) -> Any:
        """The capabilities of the server; None if it does not answer."""
        with self._lock:
            if self._capabilities is None and self._is_used:
                self._capabilities = self._first_answer()
        return self._capabilities

    def close(self) -> None:
        self.channel.close()

    # Calls

    def _first_answer(self) -> Any:
        ask = stubs.CapabilitiesStub(self.channel).GetCapabilities
        found = self._ask(ask, api.GetCapabilitiesRequest(instance_name=self.instance))
        if found is None:
            return None
        kept = found.cache_capabilities
        # Older stubs have the field `digest_function`.
        if api.DigestFunction.SHA256 not in (getattr(kept, "digest_functions", None) or kept.digest_function):
            self._give_up("it does not support SHA-256 digests")
            return None
        largest = kept.max_batch_total_size_bytes
        self._batch = min(largest or _MESSAGE, _MESSAGE) - _ROOM
        return found

    def _batch_size(self) -> int:
        self.capabilities()
        return self._batch

    def missing(self, digests: Iterable[Digest]) -> list[Digest] | None:
        """The digests that the server does not have; None if it does not answer."""
        digests = [digest for digest in digests if digest not in self._there]
        if not digests:
            return []
        request = api.FindMissingBlobsRequest(instance_name=self.instance, blob_digests=map(to_message, digests))
        answer = self._ask(self._data.FindMissingBlobs, request)
        if answer is None:
            return None
        asked = set(digests)
        named = (Digest(each.hash, each.size_bytes) for each in answer.missing_blob_digests)
        missing = [digest for digest in named if digest in asked]
        self._there |= asked.difference(missing)
        return missing

    def forget(self) -> None:
        """Assume no longer that the server still has what was there before."""
        self._there.clear()

    def _update(self, batch: Iterable[Digest], blobs: Mapping[Digest, bytes]) -> bool:
        requests = [
            api.BatchUpdateBlobsRequest.Request(digest=to_message(digest), data=blobs[digest]) for digest in batch
        ]
        request = api.BatchUpdateBlobsRequest(instance_name=self.instance, requests=requests)
        answer = self._ask(self._data.BatchUpdateBlobs, request, request.ByteSize())
        if answer is None or any(each.status.code for each in answer.responses):
            return False
        return len(answer.responses) == len(requests)

    def _read(self, digest: Digest) -> bytes | None:
        name = "/".join(filter(None, (self.instance, "blobs", digest.hash, str(digest.size))))

        def read(request: Any, **how: Any) -> bytes:
            data = bytearray()
            for piece in self._streams.Read(request, **how):
                data += piece.data
                if len(data) > digest.size:
                    break
            return bytes(data)

        return self._ask(read, bytestream_pb2.ReadRequest(resource_name=name), digest.size)  # type: ignore[no-any-return]

    def _write(self, digest: Digest, data: bytes) -> bool:
        def write(request: str, **how: Any) -> Any:
            return self._streams.Write(_pieces(request, data), **how)

        name = "/".join(
            filter(None, (self.instance, "uploads", str(uuid.uuid4()), "blobs", digest.hash, str(digest.size)))
        )
        answer = self._ask(write, name, digest.size)
        return answer is not None and answer.committed_size == digest.size

    def _ask(self, call: Callable[..., Any], request: Any, size: int = 0) -> Any:
        """The answer; None if there is none, or the server does not have the data. size: bytes that are transferred."""
        reason = ""
        for pause in (0.0, *_PAUSES_S) if self._is_used else ():
            time.sleep(pause)
            try:
                return call(request, timeout=self._deadline + size / _SLOWEST, metadata=self.metadata)
            except grpc.RpcError as error:
                code = error.code()
                if code is _Code.NOT_FOUND:
                    return None
                reason = reason_of(error)
                if code in (_Code.RESOURCE_EXHAUSTED, _Code.INVALID_ARGUMENT, _Code.FAILED_PRECONDITION):
                    return None  # this data cannot be stored; other data may be
                if code not in _PASSES:
                    break
            except ValueError:  # the channel was closed by another thread
                return None
        self._give_up(reason)
        return None

    def _give_up(self, reason: str) -> None:
        with self._lock:
            is_first, self._is_used = self._is_used, False
        if is_first:
            self._say(f"the {printable(self.name)} is not used: {printable(reason)}")

    def _count(self, more: Counts) -> None:
        with self._lock:
            self.counts = self.counts.with_more(more)


def _channel(url: str, shown: Credentials) -> grpc.Channel:
    expected = "grpc://HOST:PORT or grpcs://HOST:PORT"
    try:
        at = urlsplit(url)
        is_right = at.scheme in ("grpc", "grpcs") and at.hostname and at.port and at.path in ("", "/")
    except ValueError:
        is_right = False
    if not is_right or at.username or at.query or at.fragment or not url.isascii() or " " in url:
        raise RebelError("this is not the address of a gRPC server", expected=expected)
    options = [
        ("grpc.max_receive_message_length", _MESSAGE + _ROOM),
        ("grpc.enable_http_proxy", 0),
        ("grpc.enable_retries", 0),
        ("grpc.keepalive_time_ms", _SILENT_MS),
        ("grpc.keepalive_timeout_ms", _DEAD_MS),
    ]
    host = f"[{at.hostname}]" if ":" in (at.hostname or "") else at.hostname
    if at.scheme == "grpc":
        return grpc.insecure_channel(f"{host}:{at.port}", options)
    own = _file(shown.certificate) if shown.certificate else None
    roots = _file(shown.authorities) if shown.authorities else None
    return grpc.secure_channel(f"{host}:{at.port}", grpc.ssl_channel_credentials(roots, own, own), options)


def _file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise RebelError(f"the certificate cannot be used: {error.strerror}", place=Place(path)) from None
    if b"-----BEGIN" not in data:
        raise RebelError("the certificate cannot be used: this is not a PEM file", place=Place(path))
    return data


def reason_of(error: Any) -> str:
    code, details = error.code(), str(error.details() or "")
    if code in _REFUSED:
        return f"it refuses access ({details or code.name}); check {TOKEN}, {TOKEN_FILE} or {CERTIFICATE}"
    if code is _Code.DEADLINE_EXCEEDED:
        return "it does not answer in time"
    if code is _Code.UNIMPLEMENTED:
        return "it does not speak the Remote Execution API"
    if "CERTIFICATE_VERIFY_FAILED" in details or "certificate" in details.lower():
        return f"its certificate is not accepted (${AUTHORITIES} names other authorities)"
    if "refused" in details:
        return "Connection refused"
    return f"{code.name}: {details.partition(chr(10))[0][:200]}"


def to_message(digest: Digest) -> Any:
    return api.Digest(hash=digest.hash, size_bytes=digest.size)


def _batches(digests: Iterable[Digest], most: int) -> Iterator[list[Digest]]:
    """Groups of digests whose data fits into one message; a digest of larger data is a group of its own."""
    batch: list[Digest] = []
    size = 0
    for digest in digests:
        more = digest.size + 100  # bytes of the digest itself
        if batch and size + more > most:
            yield batch
            batch, size = [], 0
        batch.append(digest)
        size += more
    if batch:
        yield batch


def _pieces(name: str, data: bytes) -> Iterator[Any]:
    for offset in range(0, len(data), _PIECE):
        piece = data[offset : offset + _PIECE]
        yield bytestream_pb2.WriteRequest(
            resource_name=name, write_offset=offset, data=piece, finish_write=offset + len(piece) == len(data)
        )
