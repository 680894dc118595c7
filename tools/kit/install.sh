#!/bin/sh
# sh install.sh [FOLDER]: with the newest Python that the kit has wheels for, or another: PYTHON=python3 sh install.sh
for python in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
  if "$python" -c "" 2>/dev/null; then
    exec "$python" "$(dirname "$0")/install.py" "$@"
  fi
done
echo "${PYTHON:-Python} was not found. Install Python 3.12, from python.org or your system, and run this again." >&2
exit 1
