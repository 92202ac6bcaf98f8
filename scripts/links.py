"""Open crafted links in Chromium, each from its seed: `python -m scripts.links [FIRST [LAST]]`, of 0 to 299.

Shown is what must not be: an exception, an error on the console, a request or a way to another host, a page that does
not come to its end within three minutes. Anything of it makes the status 1.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from time import perf_counter

import pytest

from scripts.browser import chromium, served
from tests.support import pages
from tests.support.crafted import come_of, link_of


def main(arguments: list[str]) -> int:
    first, last = (*map(int, arguments), *(0, 299)[len(arguments) :])
    faulty = 0
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("DENSESCOPE_DATA", folder)
        patch.setattr(pages, "PATIENCE_MS", 180_000)  # the first counters are imported
        with served() as address, chromium() as browser:
            for seed in range(first, last + 1):
                begun = perf_counter()
                try:
                    found = come_of(partial(pages.opened, browser, address), link_of(seed))
                except Exception as error:
                    found = [f"{type(error).__name__}: {str(error)[:1000]}"]
                faulty += bool(found)
                seconds = perf_counter() - begun
                if found or seconds > 20:
                    print(f"{seed}: {seconds:.0f} s, {link_of(seed)[:200]}", *found, sep="\n    ", flush=True)
    print(f"{last - first + 1} crafted links, {faulty} with something that must not be.")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
