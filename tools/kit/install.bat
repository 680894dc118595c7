@echo off
rem install.bat [FOLDER]: with the newest Python that the kit has wheels for
for %%v in (3.13 3.12 3.11) do (
  py -%%v -c "" 2>nul && (
    py -%%v "%~dp0install.py" %*
    exit /b
  )
)
python "%~dp0install.py" %*
