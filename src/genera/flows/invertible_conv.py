"""An invertible 1×1 convolution: a learned linear map of the channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genera.core import Transform, check_seed


class InvertibleConv1x1(Transform):
    """``y = W x`` at every pixel, with ``W = P L (U + diag(sign · exp(log_abs)))``: its log-determinant is a sum.

    ``P`` is a permutation and ``sign`` is ±1, both fixed; ``L`` is lower triangular with ones on the diagonal, ``U``
    strictly upper triangular. They are packed as in LAPACK: one ``(C, C)`` parameter has ``L`` below its diagonal,
    ``U`` above and ``log_abs`` on it. ``W`` is initially a random rotation.

    Args:
        shape: ``(C, H, W)``.
        seed: of the rotation; successive convolutions should have different seeds.

    Source:
        Kingma & Dhariwal (2018), section 3.2.
    """

    permutation: Tensor
    sign: Tensor

    def __init__(self, shape: tuple[int, ...], *, seed: int = 0) -> None:
        super().__init__(shape)
        channels, height, width = self.shape
        self.num_pixels = height * width
        check_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        # In double precision, so that the product of the factors is a rotation to the last digit of float32.
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels, generator=generator, dtype=torch.float64))
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        packed = lower.tril(-1) + upper.triu(1) + torch.diag(diagonal.abs().log())
        dtype = torch.get_default_dtype()
        self.register_buffer("permutation", permutation.to(dtype))
        self.register_buffer("sign", diagonal.sign().to(dtype))
        self.packed = nn.Parameter(packed.to(dtype))

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        # In half precision, or the TF32 of convolutions on some accelerators, `inverse` would not be the inverse.
        with torch.autocast(x.device.type, enabled=False):
            lower, upper = self._factors()
            weight = self.permutation @ lower @ upper
            y = torch.einsum("ij,bjhw->bihw", weight, x)
        return y, self._log_det.expand(len(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        with torch.autocast(y.device.type, enabled=False):
            lower, upper = self._factors()
            # Solve for the C columns of P⁻¹, not for every pixel: applying W⁻¹ as a product is three times as fast.
            columns = torch.linalg.solve_triangular(lower, self.permutation.mT, upper=False, unitriangular=True)
            weight = torch.linalg.solve_triangular(upper, columns, upper=True)
            x = torch.einsum("ij,bjhw->bihw", weight, y)
        return x, -self._log_det.expand(len(y))

    def _factors(self) -> tuple[Tensor, Tensor]:
        """``L`` and ``U + diag(sign · exp(log_abs))``, both ``(C, C)``."""
        lower = self.packed.tril(-1) + torch.eye(len(self.sign), device=self.sign.device, dtype=self.sign.dtype)
        upper = self.packed.triu(1) + torch.diag(self.sign * self.packed.diagonal().exp())
        return lower, upper

    @property
    def _log_det(self) -> Tensor:
        """The log-determinant of one image, ``()`` nats; equal for all images."""
        return self.num_pixels * self.packed.diagonal().sum()
