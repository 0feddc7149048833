"""One attempt at one channel: it has a deadline, and whatever happens comes out as one of two values."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from monitor.domain.delivery import Channel, DeliveryFailed, Message

log = structlog.get_logger(__name__)

_LEFT_BEHIND: set[asyncio.Task[str | None]] = set()  #: attempts that do not end though they were told to


async def attempt(
    channel: Channel, message: Message, handle: str | None, timeout_seconds: float
) -> str | DeliveryFailed | None:
    """The handle that the channel gives, or why it did not take the message. Raises nothing but a cancellation.

    An attempt that goes on after its deadline although it was cancelled is left behind: no other message waits for it.
    """
    task = asyncio.create_task(channel.send(message, handle), name=f"delivery:{channel.name}:send")
    try:
        await asyncio.wait({task}, timeout=timeout_seconds)
    finally:
        if not task.done():
            task.cancel()
            _LEFT_BEHIND.add(task)
        task.add_done_callback(_forget)
    if not task.done():
        return DeliveryFailed(channel.name, f"no answer within {timeout_seconds:g} s", uncertain=True)
    try:
        return task.result()
    except DeliveryFailed as failure:
        return failure
    except asyncio.CancelledError:
        return DeliveryFailed(channel.name, "the attempt was broken off", uncertain=True)
    except Exception as error:
        # A bug in the channel. Its text, and the texts in its traceback, could hold an address: only where it is.
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        where = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last is not None else ""
        log.error("channel failed by a bug", channel=channel.name, kind=type(error).__name__, where=where)
        return DeliveryFailed(channel.name, f"an error in the program ({type(error).__name__})", uncertain=True)


def _forget(task: asyncio.Task[str | None]) -> None:
    _LEFT_BEHIND.discard(task)
    with suppress(asyncio.CancelledError):
        task.exception()
