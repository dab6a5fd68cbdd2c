"""to_torch(): modules of PyTorch compute the same raw outputs.

Rounding: of a network of a few dozen terms with weights of order 1, in the unit of the
largest output.
"""

import numpy as np
import pytest
from networks import KINDS, X, with_drawn_weights

from sknormreg.engine.activations import ACTIVATIONS

torch = pytest.importorskip("torch")

ROUNDING = {np.float64: 1e-12, np.float32: 2e-6}


def assert_same_outputs(model, X=X):
    module = model.to_torch()
    assert isinstance(module, torch.nn.Sequential)
    with torch.no_grad():
        found = module(torch.from_numpy(X)).numpy()
    expected = model._raw_predict(X)
    assert found.dtype == X.dtype
    atol = ROUNDING[X.dtype.type] * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
    return module


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_output(kind, dtype):
    assert_same_outputs(with_drawn_weights(kind, dtype=dtype), X.astype(dtype))


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, dtype):
    model = with_drawn_weights("several outputs", activation=activation, dtype=dtype)
    assert_same_outputs(model, X.astype(dtype))
    model.coefs_[0][...] *= 200
    assert_same_outputs(model, X.astype(dtype))


def test_layers():
    model = with_drawn_weights("binary", activation=["softplus", "elu"])
    module = assert_same_outputs(model)
    names = [type(part).__name__ for part in module]
    assert names == ["Linear", "Softplus", "Linear", "ELU", "Linear"]
    (linear,) = assert_same_outputs(with_drawn_weights("multiclass", sizes=()))
    assert linear.out_features == 3


def test_sparsified_and_compacted():
    model = with_drawn_weights("multiclass", sizes=(40,))
    model.coefs_[0][:, 2:] = 0
    assert assert_same_outputs(model.compact())[0].out_features == 2
    assert_same_outputs(model.sparsify())
    assert model._has_sparse_weights()


def test_training_goes_on_and_shares_nothing():
    model = with_drawn_weights("multiclass")
    expected = model.predict_proba(X)
    module = model.to_torch()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    target = torch.from_numpy(KINDS["multiclass"] - 3)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(torch.from_numpy(X)), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_the_documented_functions_give_the_predictions():
    inverse_links = {
        "identity": lambda raw: raw,
        "logistic": torch.sigmoid,
        "softmax": lambda raw: torch.softmax(raw, dim=1),
        "exp": torch.exp,
        "sort": lambda raw: raw.sort(dim=1).values,
    }
    for kind in KINDS:
        model = with_drawn_weights(kind)
        raw = model.to_torch()(torch.from_numpy(X)).detach()
        found = inverse_links[model.out_activation_](raw).numpy()
        expected = getattr(model, "predict_proba", model.predict)(X).reshape(len(X), -1)
        np.testing.assert_allclose(found, expected[:, -found.shape[1] :], rtol=1e-9)
