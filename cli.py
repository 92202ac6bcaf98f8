"""DenseScope on the command line: `python cli.py --help` lists the commands.

Bad input ends with status 2 and one line on stderr, a closed pipe and Ctrl-C end quietly.
"""

import os
from _signal import SIGINT, signal  # type: ignore[import-not-found]  # it is there already: nothing is read for it

if __name__ == "__main__":
    signal(SIGINT, lambda *_: os._exit(128 + SIGINT))

from commands import ending

if __name__ == "__main__":
    ending.prepare()

import sys
from collections.abc import Sequence

import typer

from archs.errors import MAX_SENTENCE, DenseScopeError
from commands import (
    benchmark,
    chain,
    crosscheck,
    detectors,
    experiment,
    export,
    hardware,
    memory,
    needs,
    networks,
    parts,
    runs,
    search,
    structure,
    train,
)

#: Commands that keep what they have when they are interrupted.
KEEPING = ("benchmark", "experiment", "export", "search", "train")

app = typer.Typer(
    help="What DenseNet, PeleeNet and VoVNet are made of, and what each layer costs.", add_completion=False
)
app.command("list")(networks.list_networks)
app.command("fields")(networks.fields)
app.command("summary")(networks.summary)
app.command("compare")(networks.compare)
app.command("depth")(networks.depth)
app.command("parts")(parts.parts)
app.command("table")(structure.architecture_table)
app.command("diff")(structure.diff)
app.command("chain")(chain.chain)
app.command("memory")(memory.memory)
app.command("export")(export.export)
app.command("optimize")(export.optimize)
app.command("crosscheck")(crosscheck.crosscheck)
app.command("benchmark")(benchmark.benchmark)
app.command("results")(benchmark.results)
app.command("predict")(hardware.predict)
app.command("needs")(needs.needs)
app.command("published")(hardware.published)
app.command("detectors")(detectors.detectors)
app.command("validate")(hardware.validate)
app.command("search", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(search.search)
app.command("train")(train.train)
app.command("experiment")(experiment.experiment)
app.add_typer(runs.app, name="runs")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    name = next(iter(sys.argv[1:] if argv is None else argv), "")
    with ending.Interruptible(keeps=name in KEEPING) as run:
        try:
            status = _run(argv)
        except (KeyboardInterrupt, typer.Abort):
            return ending.INTERRUPTED
        except Exception:
            if run.interrupted:  # which some libraries turn into errors of their own
                return ending.INTERRUPTED
            raise
    return ending.INTERRUPTED if run.interrupted else status


def _run(argv: Sequence[str] | None) -> int:
    try:
        return app(args=argv, prog_name="cli.py", standalone_mode=False) or 0
    except typer.TyperException as error:
        return complain(f"{error.format_message().rstrip('.')}; `python cli.py --help` tells more.")
    except DenseScopeError as error:
        return complain(str(error))
    except BrokenPipeError:
        ending.stop_writing()
        return 0


def complain(sentence: str) -> int:
    """One line on stderr; the exit status of bad input."""
    shown = " ".join(sentence.split())
    print("error:", shown if len(shown) <= MAX_SENTENCE else f"{shown[:MAX_SENTENCE]}…", file=sys.stderr)
    return 2


if __name__ == "__main__":
    ending.finish(main())
