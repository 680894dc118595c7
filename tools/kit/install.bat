@echo off
rem install.bat [FOLDER]: with the newest Python that the kit has wheels for
set "found="
for %%v in (3.13 3.12 3.11) do (
  if not defined found py -%%v -c "" >nul 2>nul && set "found=py -%%v"
)
if not defined found python -c "" >nul 2>nul && set "found=python"
if not defined found echo Python was not found. Install Python 3.12 from python.org, and run this again.
if defined found %found% "%~dp0install.py" %*
rem a double-clicked window would close before anybody has read the last line
pause
