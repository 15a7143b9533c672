"""Handlers that go on only when they are told to, one call of AWS at a time."""

import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from postkeep.errors import SendFailed, Superseded


class Fault(StrEnum):
    """What can become of a call."""

    NONE = "none"
    REFUSED = "refused"  # throttled or a 5xx, whatever botocore tried: nothing was done
    LOST = "lost"  # done, and the answer did not come
    REPEATED = "repeated"  # done, and the answer did not come: botocore tried again, upon what it had done itself
    PARTIAL = "partial"  # a batch of messages of which the first half was taken
    CONFLICT = "conflict"  # another transaction on the same item


class Killed(BaseException):
    """The function's process is gone."""


class Actor:
    """A handler in a thread of its own.

    Attributes:
        started: the tick of its start.
        ended: whether it will do nothing more.
        handled: whether it ended well, so that its event or message is done with.
    """

    def __init__(self, work: Callable[["Actor"], object], started: int) -> None:
        self.started, self.ended, self.handled = started, False, False
        self.fault = Fault.NONE
        self._killed = False
        self._go, self._paused = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()
        self._paused.acquire()

    def _run(self, work: Callable[["Actor"], object]) -> None:
        try:
            work(self)
            self.handled = True
        except Superseded:
            self.handled = True
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001 (whatever a handler raises, its event comes again)
            self.error = error
        finally:
            self.ended = True
            self._paused.release()

    def pause(self) -> None:
        """Wait for the next step."""
        self._paused.release()
        self._go.acquire()
        if self._killed:
            raise Killed

    def step(self, fault: Fault = Fault.NONE) -> None:
        """Make one call, with what becomes of it, and stop before the next one."""
        self.fault = fault
        self._go.release()
        self._paused.acquire()

    def kill(self) -> None:
        """End it where it is."""
        self._killed = True
        self.step()
        self._thread.join()


class Stepped:
    """Something whose every call waits for its actor's turn, and has the fate that was chosen for it."""

    def __init__(self, target: Any, actor: Actor) -> None:
        self._target, self._actor = target, actor

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._target, name)

        def stepped(*args: Any, **kwargs: Any) -> Any:
            self._actor.pause()
            match self._actor.fault:
                case Fault.REFUSED:
                    raise _error("ThrottlingException")
                case Fault.CONFLICT if name in {"put_item", "update_item"}:
                    raise _error("TransactionConflictException")
                case Fault.CONFLICT if name == "transact_write_items":
                    raise _error("TransactionCanceledException", "TransactionConflict")
                case Fault.PARTIAL if name == "send":
                    bodies: list[str] = list(args[0])
                    call(bodies[: len(bodies) // 2])
                    raise SendFailed(len(bodies) - len(bodies) // 2, "InternalError")
                case Fault.PARTIAL if name == "batch_write_item":
                    ((table, requests),) = kwargs["RequestItems"].items()
                    if half := requests[: len(requests) // 2]:
                        call(RequestItems={table: half})
                    raise _error("InternalServerError")
                case Fault.REPEATED if name != "transact_write_items":  # which botocore gives a token, so that it is done once
                    call(*args, **kwargs)
                case Fault.LOST:
                    call(*args, **kwargs)
                    raise ConnectionResetError
            return call(*args, **kwargs)

        return stepped

    def get_paginator(self, operation: str) -> Any:
        """DynamoDB's queries in pages are one call here."""
        return _Pages(getattr(self, operation))


class _Pages:
    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def paginate(self, **request: Any) -> Any:
        yield self._call(**request)


def _error(code: str, *reasons: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "Call")
