import pytest
import torch
import torch.nn.functional as F

from aae_lib.checks import check

RIGHT = {
    "softplus": lambda m, b, t: F.softplus(-m.discriminator(b["z"])).mean(),
    "logsigmoid": lambda m, b, t: -F.logsigmoid(m.discriminator(b["z"])).mean(),
    "a pass of its own": lambda m, b, t: F.softplus(-m.discriminator(m.encoder(b["x"]))).mean(),
    "bce": lambda m, b, t: F.binary_cross_entropy_with_logits(m.discriminator(b["z"]), torch.ones(len(b["z"]))),
}

WRONG = {
    "returns nothing": lambda m, b, t: print("done"),
    "raised KeyError": lambda m, b, t: b["codes"],
    "the loss is a plain number": lambda m, b, t: F.softplus(-m.discriminator(b["z"])).mean().item(),
    "must have shape (); yours has (3,)": lambda m, b, t: F.softplus(-m.discriminator(b["z"])),
    "the sign is turned round": lambda m, b, t: m.discriminator(b["z"]).sigmoid().log().mean(),
    "the sum over the batch": lambda m, b, t: F.softplus(-m.discriminator(b["z"])).sum(),
    "this is −log(1 − D)": lambda m, b, t: F.softplus(m.discriminator(b["z"])).mean(),
    "the saturating form": lambda m, b, t: (1 - m.discriminator(b["z"]).sigmoid()).log().mean(),
    "bare logits": lambda m, b, t: -m.discriminator(b["z"]).mean(),
    "the log is missing": lambda m, b, t: -m.discriminator(b["z"]).sigmoid().mean(),
    "for logits 0.3, -1.6, -1.0, the loss should be": lambda m, b, t: m.discriminator(b["z"]).square().mean(),
    "no gradient reaches the encoder": lambda m, b, t: F.softplus(-m.discriminator(b["z"].detach())).mean(),
    "yours says inf": lambda m, b, t: -m.discriminator(b["z"]).sigmoid().log().mean(),
    "yours says 18.42": lambda m, b, t: -(m.discriminator(b["z"]).sigmoid() + 1e-8).log().mean(),
    "is lost. Work on the logits": lambda m, b, t: -m.discriminator(b["z"]).sigmoid().clamp(min=1e-8).log().mean(),
    "yours says 100": lambda m, b, t: F.binary_cross_entropy(
        m.discriminator(b["z"]).sigmoid(), torch.ones(len(b["z"]))
    ),
    "the gradient that reaches the encoder is not": lambda m, b, t: (
        F.softplus(-m.discriminator(b["z"])).mean().detach() + (b["z"] - b["z"].detach()).sum()
    ),
    "changes its input in place": lambda m, b, t: F.softplus(-m.discriminator(b["z"].detach().mul_(2))).mean(),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass_however_they_are_written(name):
    assert check("04.1", RIGHT[name])


@pytest.mark.parametrize("message", WRONG)
def test_wrong_answers_are_told_what_is_wrong(message):
    verdict = check("04.1", WRONG[message])
    assert verdict.right is False
    assert message in verdict.sentence
