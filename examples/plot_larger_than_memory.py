"""
Training on data larger than memory
===================================

If the data do not fit into memory, `partial_fit` can train on one chunk after another. Here
the chunks are read from a memory-mapped NumPy array: the operating system loads samples
when they are used. If ``total_weight`` is the total number of samples, ``alpha`` has the
same meaning as in ``fit``.
"""

# %%
# We simulate a data set in which six of fifty features determine the class, and write it to
# a file chunk by chunk.

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
# `partial_fit` shuffles the samples of a chunk; we shuffle the order of the chunks in every
# epoch. To remove features for good, the batches have to be so large that the gradient is
# not dominated by noise, and the learning rate has to decrease.

settings = dict(
    hidden_layer_sizes=(30,),
    penalty=GroupLasso(features_only=True),
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

print("selected features:", np.flatnonzero(mlp.selected_features_))

# %%
# For comparison, we fit the same network to all samples in memory.

whole = RegularizedMLPClassifier(**settings).fit(np.array(X), y)
whole_loss = log_loss(y_test, whole.predict_proba(X_test))
print(f"held-out log loss: {losses[-1]:.4f} in chunks, {whole_loss:.4f} in memory")

# %%
# The figure shows the held-out log loss and the number of selected features after each of
# the ten chunks of an epoch.

passes = np.arange(1, len(losses) + 1) / len(parts)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
whole_count = whole.selected_features_.sum()
for ax, values, of_whole in zip(axes, (losses, counts), (whole_loss, whole_count)):
    ax.plot(passes, values, color="#2f6db3", label="partial_fit, chunk by chunk")
    ax.axhline(of_whole, color="0.3", linestyle="--", label="fit, all samples")
    ax.set(xlabel="epochs", xlim=(0, None))
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set(ylabel="held-out log loss")
axes[1].set(ylabel="selected features", ylim=(0, N_COLUMNS))
axes[0].legend(frameon=False)
plt.show()

# %%

del X
folder.cleanup()
