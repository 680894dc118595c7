import os

# for the kernels that nbval starts: a claim that fails raises, and no progress bars
os.environ.setdefault("AAE_STRICT", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
