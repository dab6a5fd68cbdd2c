"""LassoNet, which is optional."""


def import_lassonet():
    """Import it with one thread of torch's."""
    try:
        import lassonet
        import torch
    except ImportError as error:
        raise SystemExit(
            f"LassoNet cannot be imported ({error}): install it with "
            'pip install ".[benchmark]", or leave it out (see --help).'
        ) from error
    torch.set_num_threads(1)
    return lassonet
