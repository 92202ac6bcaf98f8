"""Who imports what: the heavy packages stay away from the plan route, and imports point only downwards."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from inspect import signature
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.exhaustive import representatives
from tests.support.project import BLOCK_HEAVY, HEAVY, ROOT, run_each, run_python

CHECK_HEAVY = f"""
import sys
loaded = {HEAVY} & set(sys.modules)
assert not loaded, loaded
"""


def run_all(*commands: str) -> dict[str, str]:
    """Programs that run commands, by these commands."""
    return {command: f"from cli import main; assert main({command.split()!r}) == 0" for command in commands}


PLAN_ROUTE = {
    "import": "import archs, analysis, training, cli",
    "configs and plans": """
import archs
for name in archs.list_archs():
    archs.plan_layers(archs.get_config(name), None)
""",
    "summaries": """
import analysis, archs
from analysis.export import FORMATS, export_frame
summary = analysis.summarize("densenet121")
for file_format in FORMATS:
    export_frame(summary.to_frame(), file_format)
summary.by_stage(), summary.by_kind()
analysis.compare(archs.list_archs(), image_size=None)
analysis.count_depth("densenet264")
""",
} | run_all(
    "list",
    "summary peleenet --layers",
    "summary peleenet --format csv",
    "compare densenet121 vovnet39",
    "depth densenet264",
    "table densenet121 vovnet39",
    "diff densenet121 densenet169",
)

MISSING_TORCH = """
import analysis, archs
for attempt in (
    lambda: archs.create_model("densenet121"),
    lambda: analysis.summarize("densenet121", route="trace"),
):
    try:
        attempt()
    except archs.MissingPackageError as error:
        assert "torch" in str(error), error
        assert str(error).count(".") == 1, error
    else:
        raise AssertionError("no MissingPackageError")
"""

VIEWS = ("views/compare.py", "views/layers.py", "views/architecture/architecture.py", "views/memory/memory.py")
SHOWN = {
    "views": f"""
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("router.py", default_timeout=60).run()
for view in {VIEWS}:
    app = app.switch_page(view).run()
    assert not app.exception, (view, app.exception)
    assert not app.error, (view, [error.value for error in app.error])
    assert any("densenet121" in text.value for text in [*app.title, *app.markdown]), view
    assert len(app.dataframe) > 0, view
""",
    "training": """
import os, tempfile
from streamlit.testing.v1 import AppTest
os.environ["DENSESCOPE_DATA"] = tempfile.mkdtemp()
app = AppTest.from_file("router.py", default_timeout=60).run().switch_page("views/training/training.py").run()
assert not app.exception and not app.error, (app.exception, app.error)
assert "of 360 test images" in app.markdown[0].value, "what is shipped"
""",
}


def test_the_plan_route_and_its_views_never_import_torch():
    run_each(PLAN_ROUTE | SHOWN, after=CHECK_HEAVY)


def test_the_plan_route_and_its_views_work_without_torch():
    commands = representatives(["predict peleenet", "published"], ["predict peleenet", "published", "validate"])
    run_each(PLAN_ROUTE | run_all(*commands) | SHOWN, before=BLOCK_HEAVY)


def test_what_needs_torch_says_so():
    run_python(BLOCK_HEAVY + MISSING_TORCH)


def test_tables_for_people_do_not_wait_for_pandas():
    commands = "list", "summary densenet121", "compare densenet121", "depth densenet121", "table peleenet"
    run_each(run_all(*commands), after="\nimport sys\nassert 'pandas' not in sys.modules")


class Import(NamedTuple):
    """One import statement of the project."""

    path: str
    line: int
    module: str
    #: It runs when the file is imported, not in a function.
    at_import: bool

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def imports_of(path: Path) -> list[Import]:
    """All imports of a file but those for type checkers."""
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        Import(name, node.lineno, module, at_import)
        for node, at_import in _import_nodes(tree, at_import=True)
        for module in _modules(node)
    ]


def _import_nodes(node: ast.AST, *, at_import: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, at_import
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        else:
            in_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _import_nodes(child, at_import=at_import and not in_function)


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert node.level == 0, "the project imports by absolute names"
    return [f"{node.module}.{alias.name}" for alias in node.names]


SOURCES = [
    path
    for pattern in (
        "archs/**/*.py",
        "detectors/**/*.py",
        "analysis/**/*.py",
        "training/**/*.py",
        "commands/**/*.py",
        "views/**/*.py",
        "*.py",
    )
    for path in sorted(ROOT.glob(pattern))
]


@cache
def all_imports() -> list[Import]:
    """Of every file: they are read once, where they are asked for."""
    return [found for path in SOURCES for found in imports_of(path)]


@cache
def heavy_files() -> set[str]:
    """The files that import a heavy package as soon as they are imported."""
    return {found.path for found in all_imports() if found.package in HEAVY and found.at_import}


def offenders(within: str, banned: set[str]) -> list[str]:
    return [str(found) for found in all_imports() if found.path.startswith(within) and found.package in banned]


#: What stands above all rooms that compute.
ENDS = {"views", "app", "commands", "cli", "streamlit", "typer", "rich"}


def test_archs_imports_only_the_standard_library_and_torch():
    others = {found.package for found in all_imports() if found.path.startswith("archs/")} - sys.stdlib_module_names
    assert others <= {"archs", "torch"}, offenders("archs/", others - {"archs", "torch"})


@pytest.mark.parametrize(
    ("within", "banned"),
    [
        ("archs/", {"detectors", "analysis", "training", *ENDS}),
        ("detectors/", {"analysis", "training", *ENDS}),
        ("analysis/", {"training", *ENDS}),
        ("training/", ENDS),
        ("views/", {"app", "router", "commands", "cli", "typer", "rich"}),
        ("app.py", {"commands", "cli", "typer", "rich"}),
        ("router.py", {"app", "commands", "cli", "typer", "rich"}),
        ("commands/", {"views", "app", "cli", "streamlit"}),
        ("cli.py", {"views", "app", "streamlit"}),
    ],
)
def test_imports_point_downwards(within, banned):
    assert not offenders(within, banned)


def test_torch_is_imported_only_where_modules_are_defined_traced_or_run():
    in_archs = {path for path in heavy_files() if path.startswith(("archs/", "detectors/"))}
    for path in in_archs:
        if path.startswith("archs/recompute/"):  # the autograd functions of these modules
            continue
        assert "nn.Module" in (ROOT / path).read_text(encoding="utf-8"), f"{path} defines no nn.Module"
    assert all(path.startswith(("analysis/", "training/")) for path in heavy_files() - in_archs), heavy_files()


def test_files_that_import_torch_are_imported_only_on_demand():
    early = [
        str(found)
        for found in all_imports()
        if found.at_import and found.path not in heavy_files() and _is_heavy(found.module)
    ]
    assert not early


def _is_heavy(module: str) -> bool:
    heavy = (path.removesuffix(".py").replace("/", ".") for path in heavy_files())
    return any(module == file or module.startswith(f"{file}.") for file in heavy)


#: Façades: they hand on the names of the packages below them, and nothing inside their own folder needs them.
FACADES = ("analysis/__init__.py", "archs/__init__.py", "detectors/__init__.py", "training/__init__.py")
FILES = {path.relative_to(ROOT).as_posix() for path in SOURCES}


def package_of(file: str) -> str:
    """The folder of a file; a file at the top of one of the rooms, or beside them, is one by itself."""
    folder = file.rpartition("/")[0]
    return file if folder in ("", "archs", "detectors", "analysis", "training", "views") else folder


def file_of(module: str) -> str | None:
    """The file of the project that an import reads, None for other libraries."""
    while module:
        for file in (f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py"):
            if file in FILES:
                return file
        module = module.rpartition(".")[0]
    return None


def test_no_two_packages_import_each_other_not_even_around_others():
    imported: dict[str, dict[str, str]] = {}
    for found in all_imports():
        file = file_of(found.module)
        if file and file not in FACADES and found.path not in FACADES and package_of(file) != package_of(found.path):
            imported.setdefault(package_of(found.path), {})[package_of(file)] = str(found)
    while lowest := [package for package in imported if not imported[package].keys() & imported.keys()]:
        for package in lowest:
            del imported[package]
    circles = [line for below in imported.values() for package, line in below.items() if package in imported]
    assert not circles, circles


def bound_at_import(package: Path) -> Iterator[str]:
    """The names that the `__init__.py` of a package makes something else than the module of that name."""
    for node in _run_at_import(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            itself = node.module == package.relative_to(ROOT).as_posix().replace("/", ".")
            yield from (alias.asname or alias.name for alias in node.names if not itself)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    scopes = ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.DictComp, ast.SetComp
    for child in ast.iter_child_nodes(node):
        yield child
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for otherwise in child.orelse:
                yield otherwise
                yield from _run_at_import(otherwise)
        elif not isinstance(child, scopes):
            yield from _run_at_import(child)


def test_no_package_hides_one_of_its_modules():
    """Else `import analysis.search.store as store` finds a function where the package should be."""
    hidden = []
    for package in {path.parent for path in SOURCES if path.name == "__init__.py"}:
        modules = {path.stem for path in package.glob("*.py")} | {path.parent.name for path in package.glob("*/*.py")}
        hidden += [f"{package.relative_to(ROOT)}/{name}" for name in modules & {*bound_at_import(package)}]
    assert not hidden


def test_modules_with_the_name_of_a_function_are_called_like_it():
    import analysis
    import analysis.memory.storages as storages
    import analysis.search.store as store
    import training
    import training.train as train

    assert (storages, store, train) == tuple(
        sys.modules[name] for name in ("analysis.memory.storages", "analysis.search.store", "training.train")
    )
    for module in (analysis.search, analysis.memory, training.train, training.forecast):
        function = getattr(module, module.__name__.rpartition(".")[2])
        assert signature(module) == signature(function)
    assert analysis.memory("peleenet").peak_bytes == analysis.memory.memory("peleenet").peak_bytes
    with pytest.raises(TypeError, match="search"):
        analysis.search()
