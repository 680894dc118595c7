"""The line between the panel and its page, which must not wait for a running cell."""

from typing import Any

import comm
from comm.base_comm import BaseComm


class Link(BaseComm):
    """A widget's comm whose messages are handed over at once, whatever the kernel is doing.

    It sends through the kernel's own comm and takes its place where messages arrive. Two things differ, both because a
    panel only puts what it hears in a queue. JupyterLab sends a widget's messages to a subshell, which is free while a
    cell runs; ipykernel, from 7.4, leads those for comms of its own back to the shell that wrote last, mostly the busy
    one. And nobody is told that a "cell" has ended (post_execute), on which matplotlib would show and close the figure
    that a running cell is still drawing.
    """

    def __init__(self, kernels_own: BaseComm) -> None:
        self._own = kernels_own
        super().__init__(kernels_own.target_name, comm_id=kernels_own.comm_id, primary=False)
        comm.get_comm_manager().register_comm(self)

    def publish_msg(self, *what: Any, **more: Any) -> None:
        """Send, from any thread."""
        self._own.publish_msg(*what, **more)

    def handle_msg(self, msg: dict[str, Any]) -> None:
        """Hand over what the page sent, on whatever thread it came."""
        if self._msg_callback is not None:
            self._msg_callback(msg)

    def close(self, *what: Any, **more: Any) -> None:
        """Close both ends, once."""
        self._closed = True
        self._own.close(*what, **more)
