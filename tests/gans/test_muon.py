"""Muon, against the singular value decomposition that it does without."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from facedemo.gans.muon import Muon, orthogonalised


def polar(matrix: Tensor) -> Tensor:
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    return u @ vh


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000), st.floats(-6, 6))
def test_singular_values_come_near_one_and_directions_stay(rows: int, columns: int, seed: int, size: float) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    u, values, vh = torch.linalg.svd(matrix, full_matrices=False)
    inside = u.T @ orthogonalised(10.0**size * matrix[None])[0] @ vh.T
    well = values > 0.02 * matrix.norm()  # smaller ones need more than five iterations
    assert ((inside.diagonal()[well] > 0.6) & (inside.diagonal()[well] < 1.25)).all()
    assert (inside - torch.diag(inside.diagonal())).abs().max() < 1e-6


def test_nothing_stays_nothing() -> None:
    assert (orthogonalised(torch.zeros(1, 3, 5)) == 0).all()


@pytest.mark.parametrize("shape", [(8, 30), (30, 8), (6, 4, 3, 3), (48, 4, 1, 1)])
def test_a_step_goes_along_the_orthogonal_factor_and_is_as_long_as_the_rate_says(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    weights = nn.Parameter(torch.zeros(shape))
    weights.grad = torch.randn(shape)
    Muon([weights], lr=0.01).step()
    moved, factor = weights.detach().reshape(shape[0], -1), polar(weights.grad.reshape(shape[0], -1))
    assert torch.nn.functional.cosine_similarity(moved.flatten(), -factor.flatten(), dim=0) > 0.97
    assert moved.square().mean().sqrt().item() == pytest.approx(0.01, rel=0.2)


def test_a_bias_is_a_matrix_of_one_row() -> None:
    bias = nn.Parameter(torch.zeros(4))
    bias.grad = torch.tensor([3.0, -4.0, 0.0, 0.0])
    Muon([bias], lr=0.1).step()
    np.testing.assert_allclose(bias.detach() / bias.detach().norm(), [-0.6, 0.8, 0, 0], atol=3e-3)
    assert bias.detach().square().mean().sqrt().item() == pytest.approx(0.1, rel=1e-2)


def test_momentum_is_nesterovs() -> None:
    bias = nn.Parameter(torch.zeros(2))
    optimizer = Muon([bias], lr=1.0, momentum=0.5)
    for gradient in ([1.0, 0.0], [0.0, 1.0]):
        before = bias.detach().clone()
        bias.grad = torch.tensor(gradient)
        optimizer.step()
    # mean: (0.5, 0) after the first; (0.25, 0.5) after the second; half of it and half of the gradient: (0.125, 0.75)
    went = (bias.detach() - before).numpy()
    np.testing.assert_allclose(went / np.linalg.norm(went), -np.array([0.125, 0.75]) / np.hypot(0.125, 0.75), atol=4e-3)


def test_weights_of_one_shape_do_not_touch_one_another_and_unused_ones_stay() -> None:
    torch.manual_seed(0)
    gradients = [torch.randn(4, 6) for _ in range(2)]
    together, alone = ([nn.Parameter(torch.zeros(4, 6)) for _ in range(3)] for _ in range(2))
    for parameters in (together, alone):
        for parameter, gradient in zip(parameters, gradients, strict=False):
            parameter.grad = gradient.clone()
    Muon(together, lr=0.1).step()
    for parameter in alone:
        Muon([parameter], lr=0.1).step()
    for left, right in zip(together, alone, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-2, atol=1e-4)
    assert (together[2] == 0).all()


def test_it_goes_on_from_a_saved_state() -> None:
    def steps(parameter: nn.Parameter, optimizer: Muon, gradients: list[Tensor]) -> None:
        for gradient in gradients:
            parameter.grad = gradient
            optimizer.step()

    torch.manual_seed(0)
    gradients = [torch.randn(5, 7) for _ in range(4)]
    whole, halves = nn.Parameter(torch.zeros(5, 7)), nn.Parameter(torch.zeros(5, 7))
    steps(whole, Muon([whole], lr=0.1), gradients)
    first, second = Muon([halves], lr=0.1), Muon([halves], lr=0.1)
    steps(halves, first, gradients[:2])
    second.load_state_dict(first.state_dict())
    steps(halves, second, gradients[2:])
    torch.testing.assert_close(whole, halves, rtol=0, atol=0)


def test_mixed_precision_around_it_changes_nothing() -> None:
    torch.manual_seed(0)
    inside, outside = (nn.Parameter(torch.zeros(96, 400)) for _ in range(2))
    inside.grad = outside.grad = torch.randn(96, 3) @ torch.randn(3, 400)  # of rank 3: the rest is rounding errors
    with torch.autocast("cpu", torch.bfloat16):
        Muon([inside], lr=0.1).step()
    Muon([outside], lr=0.1).step()
    torch.testing.assert_close(inside, outside, rtol=0, atol=0)
