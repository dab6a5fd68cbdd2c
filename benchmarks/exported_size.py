"""How many bytes does a pruned network take in C, beside emlearn's?

Fits digits with an L1 penalty and compiles with ``cc -Os``. emlearn gets the network as
to_sklearn() returns it, and after compact(). Needs a C compiler and `size`; without
emlearn, its lines are left out.

    python benchmarks/exported_size.py [--alpha 3] [--units 50]
"""

import argparse
import contextlib
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknormreg import RegularizedMLPClassifier

try:
    import emlearn
except ImportError:
    emlearn = None


def compiled_size(source, *options):
    """Bytes of code and of constants, and of memory that is written to."""
    compiled = source.with_suffix(".o")
    command = ["cc", "-std=c99", "-Os", *options, "-c", source, "-o", compiled]
    subprocess.run(command, check=True)
    told = subprocess.run(["size", compiled], capture_output=True, text=True, check=True)
    text, data, bss = map(int, told.stdout.splitlines()[1].split()[:3])
    return text + data, data + bss


def size_of_emlearn(model, folder):
    # It compiles in a subfolder of the current one.
    with contextlib.chdir(folder):
        converted = emlearn.convert(model.to_sklearn(), method="inline")
        converted.save(file="theirs.h", name="theirs")
    source = folder / "theirs.c"
    source.write_text(
        '#include "theirs.h"\n'
        "int classify(const float *x) { return theirs_predict(x, 64); }\n"
    )
    return compiled_size(source, f"-I{emlearn.includedir}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--alpha", type=float, default=3)
    parser.add_argument("--units", type=int, default=50)
    args = parser.parse_args()
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    model = RegularizedMLPClassifier(
        (args.units,), penalty="l1", alpha=args.alpha, random_state=0
    ).fit(X, y)
    print(
        f"accuracy {model.score(X_test, y_test):.3f}, {model.n_nonzero_} weights, "
        f"{model.n_selected_features_} features, {model.n_active_units_[0]} units"
    )
    sizes = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for weights in ["float32", "int8"]:
            model.to_c(folder / "ours.c", weights=weights)
            sizes[f"to_c, {weights}"] = compiled_size(folder / "ours.c")
        if emlearn is not None:
            sizes["emlearn"] = size_of_emlearn(model, folder)
            sizes["emlearn, compact()"] = size_of_emlearn(model.compact(), folder)
    for label, (read_only, written) in sizes.items():
        print(f"{label:20} {read_only:6} bytes, and {written} bytes of static memory")


if __name__ == "__main__":
    main()
