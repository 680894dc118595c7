import torch

from tests.checks.answers import judged

RIGHT = {
    "two lines": lambda model, n: model.decode(model.prior.sample(n)),
    "the model's own": lambda model, n: model.sample(n),
    "decoder and sigmoid": lambda model, n: model.decoder(model.prior.sample(n)).sigmoid(),
    "one by one": lambda model, n: model.decode(
        torch.stack([code for code in model.prior.sample(n, generator=torch.Generator().manual_seed(3))])
    ),
}
WRONG = {
    "these are codes": lambda model, n: model.prior.sample(n),
    "not come from this model's prior": lambda model, n: model.decode(torch.randn(n, 2)),
    "the decoder's logits": lambda model, n: model.decoder(model.prior.sample(n)),
    "must have shape (3, 1, 4, 4); yours has (8, 1, 4, 4)": lambda model, n: model.decode(model.prior.sample(8)),
    "use n": lambda model, n: model.decode(model.prior.sample(3)),
    "should be": lambda model, n: 1 - model.decode(model.prior.sample(n)),
}


test_right, test_wrong = judged({"00.1": RIGHT}, {"00.1": WRONG})
