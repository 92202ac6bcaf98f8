"""The app without a browser: opened as a link opens it, and what its pages hold."""

from __future__ import annotations

from functools import cache

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest, local_script_runner

from tests.support.project import ROOT

#: It looks through all installed packages each time that an app is opened: once is enough.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
#: Each page is compiled once.
local_script_runner.ScriptCache = cache(local_script_runner.ScriptCache)

COMPARE, LAYERS, COUNTERS = "views/compare.py", "views/layers.py", "views/counters.py"


def open_app(page: str = COMPARE, **params: str | list[str]) -> AppTest:
    """The app as a link opens it."""
    app = AppTest.from_file(str(ROOT / "router.py"), default_timeout=120)
    app.query_params.update(params)
    if page != COMPARE:
        app.switch_page(page)
    app.run()
    assert_sound(app)
    return app


def assert_sound(app: AppTest) -> None:
    assert not app.exception, [exception.value for exception in app.exception]


def networks_in_table(app: AppTest) -> set[str]:
    return set(app.dataframe[0].value["name"])


def toasts(app: AppTest) -> list[str]:
    return [toast.value for toast in app.toast]
