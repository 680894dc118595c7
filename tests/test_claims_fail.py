"""Claims can fail: in a lesson with the thing broken, the claim about it says so. That it holds with nothing
broken is seen in tests/test_copies.py."""

import nbformat
import pytest

from aae_lib.course import workspace
from tests.headless import FEW, QUIET, SHORT, execute, texts

# by lesson: a cell, what in it is replaced by what, and the claim that is no longer true
BROKEN = {
    "01_autoencoder": [
        ("l20", "h * torch.randn", "3 * h * torch.randn", "drawing and formula agree on the mixture"),
        ("l12", "aae.Adam(2e-3)", "aae.Adam(1e-3)", "your step and the library end with the same weights"),
    ],
    "02_variational_autoencoder": [
        ("v09", "reparameterise(mean,", "reparameterise(0 * mean, 0 *",
         "with the noise from outside the gradient arrives"),
        ("v39", "log_normal(z, mean, log_var)", "log_normal(z, mean, 0 * log_var)",
         "closed form and Monte Carlo agree"),
        ("v43", "prior=heart)\n    said", "prior=prior)\n    said", "a VAE refuses a prior that has no log density"),
    ],
    "03_game_in_the_plane": [
        ("14-code", '"z_optimizer") ==', '"d_optimizer") ==', "D's step moves D and no point"),
        ("37-code", "return -softplus(discriminator(z)).mean()", "return softplus(-discriminator(z)).mean()",
         "and log(1 − D) lets go"),
    ],
    "04_adversarial_autoencoder": [
        ("12-code", "discriminator(z)).backward()", "discriminator(z) + 0 * decoder(z).mean()).backward()",
         "without detach the gradient leaks into the encoder"),
        ("18-code", "generator_update(model,", "reconstruction_update(model, ae_optimizer, x); generator_update(model,",
         "the generator's step moves the encoder alone"),
        ("calm", "    return aae.losses.tell_apart", "    # minus log_prob\n    return aae.losses.tell_apart",
         "no KL and no log p(z) in what ran"),
        ("43-code", "torch.optim.Adam([w]", "torch.optim.SGD([w]", "a loss ten times larger makes the same update"),
        ("weights", "(1.0, 2.0, 0.0)", "(1.0, 2.0, 0.1)", "weight 0: not a single number moves"),
    ],
    "05_any_prior": [
        ("lesson05-05", "self.ring.sample(n, ", "self.log_prob(torch.zeros(1, 2)) * 0 + self.ring.sample(n, ",
         "the AAE asks for samples and nothing else"),
    ],
    "06_when_training_fails": [
        ("858269787ce9", "who_moved(new_trainer(new_model()))", 'who_moved(ward.admit("A"))',
         "each phase moves the networks that it names, and no other"),
        ("collapse-ill", 'updates=("decoder",)', 'updates=("encoder", "decoder")',
         "your measure finds the wrong line: the reconstruction moves the encoder by 0"),
        ("fa7e1e59daed", '["generator"] = 0', '["generator"] = 1e-3', "only your measure says who is missing"),
    ],
    "07_generating_and_editing": [
        ("07-024", "slerp(p, q, t)", "torch.lerp(p, q, t[:, None])", "the line leaves the shell, the arc stays on it"),
        ("by-hand", "z_hand + 15 * lean", "z_hand - 15 * lean", "handwriting leans where it should"),
        ("07-018", "0.15 * torch.randn", "0.0 * torch.randn",
         "a little noise makes the soft samples sharper than real images, by this measure"),
        ("count-claims", "in fresh.phases()]", "in fresh.phases()[:1]]", "in the library the three alternate too"),
    ],
    "08_labels_and_style": [
        ("ring", "-1) if labels is None else labels, gen", "-1), gen", "each of your parts is the library's"),
        ("my-d", "d_input(z, y, 10)", "d_input(z, 0 * y, 10)", "with the same weights your D is the library's"),
        ("08-021", "told_reconstruction}",
         "lambda model, batch, terms: told_reconstruction(model, batch | {'y': 0 * batch['y']}, terms)}",
         "with your loss the model is the library's"),
    ],
    "09_few_labels": [
        ("583776893618", 'terms["r1"] * slope', '2 * terms["r1"] * slope',
         "your losses and the library's lead to the same weights"),
        ("a3f3c651313a", "torch.randint(10, (n,)", "torch.randint(5, (n,)",
         "rows drawn at random pass as well as the truth"),
    ],
    "10_clusters_and_maps": [
        ("10-023", "for honest in (True, False)", "for honest in (True, True)",
         "named by the images that are scored: well above chance"),
        ("my-map", "place(logits, z,", "place(logits, 0 * z,", "after ten steps your map has the library's heads"),
        ("10-036", "data.train.images[more])[:N]", "data.train.images[more])[80:]",
         "your map leaves them where they are"),
    ],
}  # fmt: skip
ALL_IMAGES = ("01_autoencoder", "10_clusters_and_maps")  # a claim there depends on how many there are


def stored(cell):
    """What a cell says in the lesson as it is."""
    return "\n".join(texts(nbformat.v4.new_notebook(cells=[cell])))


@pytest.mark.slow
@pytest.mark.parametrize("lesson", BROKEN)
def test_a_broken_lesson_says_which_claim_is_not_true(lesson, tmp_path, monkeypatch):
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(workspace.root() / "notebooks" / f"{lesson}.ipynb", as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    said = [i for i, cell in enumerate(notebook.cells) for *_, claim in BROKEN[lesson] if f"✓ {claim}" in stored(cell)]
    assert len(said) == len(BROKEN[lesson])
    del notebook.cells[max(said) + 1 :]  # what comes after the last of these claims is not asked here
    for place, old, new, _ in BROKEN[lesson]:
        assert old in cells[place].source
        cells[place].source = cells[place].source.replace(old, new)
    execute(notebook, tmp_path, SHORT, *(() if lesson in ALL_IMAGES else (FEW,)))
    failed = "\n".join(text for text in texts(notebook) if "not this time" in text)
    assert [claim for *_, claim in BROKEN[lesson] if f"not this time: {claim}" not in failed] == []
