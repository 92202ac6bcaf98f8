"""Whom the app serves: one person at their own machine, or anybody, each with a store of their own."""

from __future__ import annotations

import os

from streamlit.runtime.scriptrunner import get_script_run_ctx

#: "1" where the app is served to others.
PUBLIC = "DENSESCOPE_PUBLIC"


def is_public() -> bool:
    """Whether others than the owner of this machine use the app."""
    return os.environ.get(PUBLIC) == "1"


def session_id() -> str:
    """Whose run this is; empty outside of the app's runs."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""
