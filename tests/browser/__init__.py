"""What a person sees and does: JupyterLab in a real Chromium, a real mouse, and the trainer asked what it used."""
