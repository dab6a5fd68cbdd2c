"""What is written in more than one file agrees."""

import re
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
    (extension,) = PROJECT["tool"]["setuptools"]["ext-modules"]
    found = ROOT.glob("sknormreg/engine/**/*.h")
    headers = {path.relative_to(ROOT).as_posix() for path in found}
    assert headers == set(extension["depends"])


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
