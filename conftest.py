import os

# for the kernels that nbval starts: a claim that fails raises, and no progress bars
os.environ.setdefault("AAE_STRICT", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
# stored figures and outputs are a CPU's; tests that want a GPU say so
os.environ.setdefault("AAE_DEVICE", "cpu")
