"""Signals: what the operator tells a command that runs until it is told to end."""

import asyncio
from collections.abc import Mapping
from signal import SIGTERM, Signals
from typing import TypeVar

Command = TypeVar("Command")


def take_signals(commands: Mapping[Signals, Command]) -> "asyncio.Queue[Command]":
    """Return a queue that gets the command of each signal which the running loop's process gets."""
    queue: asyncio.Queue[Command] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number, command in commands.items():
        loop.add_signal_handler(number, queue.put_nowait, command)
    return queue


def cancel_on_sigterm() -> None:
    """Have SIGTERM cancel the running task, as ``asyncio.run`` has Ctrl-C do."""
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(SIGTERM, task.cancel)
