"""The line between a panel and its page: messages go where JupyterLab sends them, in every kernel."""

import comm
import ipykernel.ipkernel  # noqa: F401 - it takes the place of comm's own functions
import pytest
from comm.base_comm import BaseComm

from aae_lib.live.link import Link

ROUTE = "_reply_subshell_for"  # ipykernel's, from 7.4: where a message goes that came for this comm


class Shell:
    """Of IPython, what a comm uses: it counts the events."""

    def __init__(self):
        self.events, self.told = self, []

    def trigger(self, name):
        self.told.append(name)


@pytest.fixture
def own():
    made = comm.create_comm(target_name="jupyter.widget")
    sent = []
    made.publish_msg = lambda kind, **more: sent.append((kind, more))
    made.sent = sent
    return made


def test_a_kernel_that_leads_messages_back_leaves_those_of_a_panel_where_they_came(own):
    link = Link(own)
    assert comm.get_comm_manager().get_comm(own.comm_id) is link
    assert not hasattr(link, ROUTE)


def test_a_newer_kernel_still_has_what_the_panel_avoids(own):
    """If this fails, look in ipykernel where it sends a comm's messages now, and whether Link is still wanted."""
    if not hasattr(own, ROUTE):
        pytest.skip("this ipykernel leads no messages back")
    own._reply_subshell_id = "the busy one"
    assert getattr(own, ROUTE)({}, "the page's choice") == "the busy one"


def test_what_is_heard_is_no_cell_that_ends(own, monkeypatch):
    shell, heard = Shell(), []
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    message = {"content": {"comm_id": own.comm_id}}
    own.on_msg(heard.append)
    comm.get_comm_manager().comm_msg(None, None, message)
    assert shell.told == ["pre_execute", "post_execute"]
    Link(own).on_msg(heard.append)
    comm.get_comm_manager().comm_msg(None, None, message)
    assert heard == [message, message]
    assert len(shell.told) == 2


def test_it_sends_through_the_kernels_own_and_closes_with_it_once(own):
    link = Link(own)
    link.send({"a": 1})
    link.close()
    link.close()
    del link
    own.__del__()
    assert [kind for kind, _ in own.sent] == ["comm_msg", "comm_close"]
    assert own.comm_id not in comm.get_comm_manager().comms


def test_the_panels_widget_has_one():
    from aae_lib.live.wire import widget_class

    widget = widget_class()(spec={})
    assert isinstance(widget.comm, Link)
    assert isinstance(widget.comm, BaseComm)
    assert comm.get_comm_manager().get_comm(widget.model_id) is widget.comm
    widget.close()
