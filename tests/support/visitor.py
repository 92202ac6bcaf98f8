"""A visitor without a browser: talks to the app's server as a page of Streamlit's does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from time import monotonic, perf_counter
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

#: Widgets whose value is set, and the field of their state.
FIELDS = {
    "slider": "double_array_value",
    "number_input": "double_value",
    "selectbox": "string_value",
    "multiselect": "string_array_value",
    "button": "trigger_value",
    "button_group": "string_array_value",
    "checkbox": "bool_value",
}


class Visitor:
    """One session: opened by a link, and asked again by a widget. Seconds are from the question to the script's end."""

    def __init__(self, address: str, page: str = "", link: Mapping[str, Any] | None = None) -> None:
        self.page, self.query = page, urlencode(link or {}, doseq=True)
        self.widgets: dict[str, tuple[str, Any]] = {}
        self.state: dict[str, WidgetState] = {}
        self.exceptions: list[str] = []
        self._socket = connect(
            f"{address.replace('http', 'ws', 1)}/_stcore/stream",
            origin=address,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
            compression=None,
        )

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def set(self, label: str, value: Any) -> None:
        """What the next question says of the first widget with a label."""
        kind, widget = self.widgets[label]
        state = WidgetState(id=widget.id)
        if isinstance(value, Sequence) and not isinstance(value, str):
            getattr(state, FIELDS[kind]).data.extend(value)
        else:
            setattr(state, FIELDS[kind], value)
        self.state[widget.id] = state

    def press(self, label: str) -> None:
        self.set(label, True)

    def ask(self, patience: float = 300.0) -> float:
        """Run the page; the seconds that it took. Raises: TimeoutError: it came to no end."""
        began = perf_counter()
        self.begin()
        self.wait(patience)
        return perf_counter() - began

    def begin(self) -> None:
        """Ask, and wait for nothing."""
        asked = BackMsg()
        client = asked.rerun_script
        client.query_string, client.page_name = self.query, self.page
        client.widget_states.widgets.extend(self.state.values())
        self._socket.send(asked.SerializeToString())
        self.state = {key: state for key, state in self.state.items() if not state.trigger_value}

    def wait(self, patience: float) -> None:
        """Hear the page until its script has ended. Raises: TimeoutError."""
        deadline = monotonic() + patience
        while (left := deadline - monotonic()) > 0:
            message = ForwardMsg()
            message.ParseFromString(self._socket.recv(left))  # type: ignore[arg-type]
            kind = message.WhichOneof("type")
            if kind == "delta":
                self._take(message.delta)
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return
        raise TimeoutError

    def _take(self, delta: Any) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.exceptions.append(json.dumps([element.exception.type, element.exception.message]))
        elif kind in FIELDS:
            widget = getattr(element, kind)
            self.widgets[widget.label] = kind, widget
