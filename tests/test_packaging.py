"""What is written in more than one file agrees."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sknormreg

ROOT = Path(__file__).parents[1]
PACKAGE = Path(sknormreg.__file__).parent
pytestmark = pytest.mark.skipif(
    not (ROOT / ".github").exists(), reason="is about the repository"
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_version_is_one():
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.M)[
        1
    ]
    assert cited == sknormreg.__version__
    assert f"## {cited}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_folder_with_code_is_installed():
    folders = {path.parent for path in PACKAGE.rglob("__init__.py")}
    names = {".".join(path.relative_to(PACKAGE.parent).parts) for path in folders}
    assert names == set(PROJECT["tool"]["setuptools"]["packages"])
    assert (PACKAGE / "py.typed").exists()


def test_every_header_is_known_to_the_build():
    extensions = PROJECT["tool"]["setuptools"]["ext-modules"]
    folder = ROOT / "sknormreg/engine"
    found = [*folder.rglob("*.h"), *folder.rglob("*.pxd")]
    headers = {path.relative_to(ROOT).as_posix() for path in found}
    known = {name for extension in extensions for name in extension["depends"]}
    assert headers == known


@pytest.mark.parametrize("name", ["numpy", "scipy", "scikit-learn"])
def test_the_oldest_versions_are_tested(name):
    """Those that pyproject.toml allows are those that CI installs."""
    (lowest,) = [
        requirement.partition(">=")[2]
        for requirement in PROJECT["project"]["dependencies"]
        if requirement.startswith(name)
    ]
    oldest = dict(
        re.findall(
            r"^(\S+)==(\S+)$", (ROOT / ".github/oldest.txt").read_text("utf-8"), re.M
        )
    )
    assert oldest[name] in (lowest, lowest + ".0")


def test_ci_runs_every_python_that_is_supported():
    classified = set(
        re.findall(r"Python :: (3\.\d+)", str(PROJECT["project"]["classifiers"]))
    )
    workflow = (ROOT / ".github/workflows/tests.yml").read_text("utf-8")
    assert set(re.findall(r'"(3\.\d+)"', re.search(r"python: (\[.*\])", workflow)[1])) == (
        classified
    )
    wheels = re.findall(r"cp3(\d+)-", PROJECT["tool"]["cibuildwheel"]["build"])
    assert {f"3.{minor}" for minor in wheels} == classified


# Benchmarks

BENCHMARKS = ROOT / "benchmarks"


def benchmarks_by_name():
    """Docstrings of scripts, and of subjects of the program on speed, by name."""
    scripts = {path.name: path for path in BENCHMARKS.glob("[a-z]*.py")}
    subjects = {path.stem: path for path in sorted(BENCHMARKS.glob("speed/[a-z]*.py"))}
    return {
        name: ast.get_docstring(ast.parse(path.read_text("utf-8")))
        for name, path in (scripts | subjects).items()
    }


def test_the_list_of_benchmarks_is_complete():
    readme = (BENCHMARKS / "README.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", readme, re.M))
    questions = {
        name: docstring.partition("\n")[0]
        for name, docstring in benchmarks_by_name().items()
    }
    assert listed == questions


def test_the_program_on_speed_lists_its_subjects():
    command = [sys.executable, BENCHMARKS / "speed", "--help"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    listed = re.findall(r"^    ([a-z]\w+)", printed.partition("arguments:")[2], re.M)
    assert listed == [name for name in benchmarks_by_name() if ".py" not in name]


def test_benchmarks_that_texts_name_exist():
    """Whether in a page, in the code of the package or in another benchmark."""
    names = {f"benchmarks/{name}" for name in benchmarks_by_name() if ".py" in name}
    names |= {
        f"benchmarks/speed {name}" for name in benchmarks_by_name() if ".py" not in name
    }
    names |= {"benchmarks/speed --help", "benchmarks/speed SUBJECT"}
    pages = [*ROOT.glob("*.md"), *ROOT.glob("doc/**/*.md"), *BENCHMARKS.glob("*.md")]
    code = [
        path
        for folder in (PACKAGE, BENCHMARKS, ROOT / "examples")
        for suffix in ("py", "pyx", "h", "c")
        for path in folder.rglob(f"*.{suffix}")
        if path.name not in ("_compiled.c", "_full_batch.c")
    ]
    for path in [*pages, *code]:
        text = path.read_text("utf-8")
        assert not re.findall(r"\bbench_\w+\.py", text), path
        found = re.findall(r"\bbenchmarks/(?:speed\s\S+|\w+\.py)", text)
        found = {re.sub(r"\s", " ", name).rstrip("`.,;:)'\"") for name in found}
        assert found <= names, f"{path.relative_to(ROOT)} names {found - names}"


def test_the_documentation_is_built_with_a_supported_python():
    settings = (ROOT / ".readthedocs.yaml").read_text("utf-8")
    assert re.search(r'python: "(3\.\d+)"', settings)[1] in str(
        PROJECT["project"]["classifiers"]
    )
    assert (ROOT / re.search(r"configuration: (\S+)", settings)[1]).exists()
    extra = re.search(r"extra_requirements:\n +- (\w+)", settings)[1]
    assert extra in PROJECT["project"]["optional-dependencies"]


def test_the_citation_is_one():
    cited = (ROOT / "CITATION.cff").read_text("utf-8")
    entry = (ROOT / "doc" / "install.md").read_text("utf-8")
    assert re.search(r"version = \{(.*)\}", entry)[1] == sknormreg.__version__
    assert re.search(r"title   = \{(.*)\}", entry)[1] in cited
    url = re.search(r"url     = \{(.*)\}", entry)[1]
    assert url in cited
    assert url == PROJECT["project"]["urls"]["Source"]
