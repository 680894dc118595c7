"""JupyterLab, Notebook 7 or Voila in a real Chromium: what the browser's tests, screenshots and measurements share.

servers  a notebook server with folders, port and token of its own, and its kernels, which can be asked
pages    a notebook open in the browser, and the live panel in it as a person finds it
cells    the code that these notebooks hold
"""
