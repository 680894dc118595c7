#!/bin/sh
# sh install.sh [FOLDER]   with another Python: PYTHON=python3.12 sh install.sh
exec "${PYTHON:-python3}" "$(dirname "$0")/install.py" "$@"
