"""What a lesson's kernel does without: PyTorch's compiler and, until a lesson wants them, scikit-learn and seaborn."""

import subprocess
import sys

import pytest

# a process for itself: what an import does is asked, and torch.optim is changed
BOTH = """
import sys
import torch
from aae_lib.course.uncompiled import leave_the_compiler_out

def numbers(kind, **options):
    w = torch.linspace(-1, 2, 12).reshape(3, 4).requires_grad_()
    optimizer = kind([w], lr=0.1, **options)
    seen = []
    optimizer.register_step_pre_hook(lambda *_: seen.append(torch.is_grad_enabled()))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.9**step)
    for _ in range(5):
        optimizer.zero_grad()
        (w**3 - w).sum().backward()
        optimizer.step()
        schedule.step()
    assert optimizer.step(lambda: torch.tensor(2.5)) == 2.5
    assert seen == [True] * 6, seen  # the hooks of a step are kept
    return w.detach()

kinds = [(torch.optim.Adam, {"betas": (0.5, 0.9)}), (torch.optim.AdamW, {}), (torch.optim.SGD, {"momentum": 0.5})]
leave_the_compiler_out()
leave_the_compiler_out()  # as a second lesson in the same kernel does
without = [numbers(kind, **options) for kind, options in kinds]
assert not {"torch._dynamo", "sympy"} & set(sys.modules)

import torch._dynamo
as_pytorch = [numbers(kind, **options) for kind, options in kinds]
assert all(torch.equal(a, b) for a, b in zip(without, as_pytorch, strict=True))
"""
DIFFERENTIABLE = """
import sys
import torch
from aae_lib.course.uncompiled import leave_the_compiler_out

leave_the_compiler_out()
start = torch.ones(2, requires_grad=True)
w = start * 2
w.grad = start**2
optimizer = torch.optim.SGD([w], lr=0.1, differentiable=True)
optimizer.step()
w.sum().backward()  # through the update, 2 start - 0.1 start²
assert torch.allclose(start.grad, torch.tensor(1.8))
assert "torch._dynamo" not in sys.modules
"""


@pytest.mark.parametrize("code", [BOTH, DIFFERENTIABLE], ids=["the numbers are PyTorch's", "differentiable"])
def test_an_optimizer_without_the_compiler(code):
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


LESSON = """
import sys
from IPython.core.interactiveshell import InteractiveShell

InteractiveShell.instance()
import torch
import aae_lib as aae
from aae_lib.course import claim

data = aae.load("mini_mnist")
model = aae.AAE(data.image_shape, hidden=(8,), discriminator_hidden=(8,), r1=1.0, seed=0)
by_hand = torch.optim.Adam(model.encoder.parameters())
by_hand.step()
by_hand.zero_grad()
trainer = aae.Trainer(model, data, seed=0)
trainer.run(steps=2, progress=False)
assert aae.plots.latent(model, data.test)._repr_png_()
assert "5-NN" in aae.metrics.compare(model, data)._repr_html_()
panel = aae.live.Panel(trainer)
panel.step()
panel.close()
print(*sorted({"torch._dynamo", "sympy", "sklearn", "scipy.stats", "seaborn"} & set(sys.modules)))
"""


def test_a_hand_written_update_training_compare_and_the_panel_import_nothing_heavy():
    ran = subprocess.run([sys.executable, "-c", LESSON], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.returncode) == ("\n", 0), ran.stderr
