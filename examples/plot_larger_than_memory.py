"""
Training on a file that is not read as a whole
==============================================

Rows that do not fit into memory stay in a file, and `partial_fit` sees one part of them
after the other. Here the file is a NumPy array mapped into memory: the operating system
reads rows when they are used, and forgets them again. With ``total_weight``, the number of
all rows, ``alpha`` means what it means in ``fit``.
"""

# %%
# Six of fifty columns decide about the class. The file is written in parts, too.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import log_loss

from sknormreg import RegularizedMLPClassifier
from sknormreg.penalties import GroupLasso

N_ROWS, N_COLUMNS, PART = 100_000, 50, 10_000


def draw(n_rows, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, N_COLUMNS), dtype=np.float32)
    signal = np.maximum(X[:, 0], X[:, 1]) + np.maximum(X[:, 2], X[:, 3])
    signal += np.sin(X[:, 4]) - X[:, 5]
    return X, (signal + rng.logistic(scale=0.3, size=n_rows) > 1).astype(int)


folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "X.npy"
X = np.lib.format.open_memmap(path, "w+", np.float32, (N_ROWS, N_COLUMNS))
y = np.empty(N_ROWS, dtype=int)
parts = [slice(start, start + PART) for start in range(0, N_ROWS, PART)]
for seed, rows in enumerate(parts):
    X[rows], y[rows] = draw(PART, seed)
del X
X_test, y_test = draw(20_000, seed=len(parts))

# %%
# Rows are shuffled within a part, and the parts in every pass. That columns leave for good
# takes batches so large that their gradients are not mostly noise, and a learning rate that
# falls.

settings = dict(
    hidden_layer_sizes=(30,),
    penalty=GroupLasso(inputs_only=True),
    alpha=300,
    solver="adam",
    batch_size=2000,
    learning_rate_init=0.01,
    random_state=0,
)
X = np.load(path, mmap_mode="r")
mlp = RegularizedMLPClassifier(total_weight=N_ROWS, **settings)
rng = np.random.default_rng(0)
losses, counts = [], []
for n_passes in range(4):
    mlp.set_params(learning_rate_init=0.01 * 0.7**n_passes)
    for i in rng.permutation(len(parts)):
        mlp.partial_fit(X[parts[i]], y[parts[i]], classes=[0, 1])
        losses.append(log_loss(y_test, mlp.predict_proba(X_test)))
        counts.append(mlp.selected_features_.sum())

print("columns of the network:", np.flatnonzero(mlp.selected_features_))

# %%
# The same with all rows in memory, for comparison.

whole = RegularizedMLPClassifier(**settings).fit(np.array(X), y)
whole_loss = log_loss(y_test, whole.predict_proba(X_test))
print(f"held-out log loss: {losses[-1]:.4f} in parts, {whole_loss:.4f} with all rows")

# %%
# What the network has learnt after each part, of which there are ten in the file:

passes = np.arange(1, len(losses) + 1) / len(parts)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
whole_count = whole.selected_features_.sum()
for ax, values, of_whole in zip(axes, (losses, counts), (whole_loss, whole_count)):
    ax.plot(passes, values, color="#2f6db3", label="partial_fit, part by part")
    ax.axhline(of_whole, color="0.3", linestyle="--", label="fit, all rows")
    ax.set(xlabel="passes through the file", xlim=(0, None))
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set(ylabel="held-out log loss")
axes[1].set(ylabel="columns used", ylim=(0, N_COLUMNS))
axes[0].legend(frameon=False)
plt.show()

# %%

del X
folder.cleanup()
