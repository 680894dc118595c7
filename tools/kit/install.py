"""Install the course from this folder, without a network: python install.py [FOLDER]   (else aae-course at home)

It makes a virtual environment in FOLDER/.venv, copies the lessons to FOLDER, and touches nothing else. What you wrote
stays, also when you run it again.
"""

import platform
import subprocess
import sys
import venv
from pathlib import Path

KIT = Path(__file__).resolve().parent
WHEELS = KIT / "wheels"


def main(folder):
    version = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    system = {"linux": "manylinux", "darwin": "macosx", "win32": "win"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    built = sorted(path.name for path in WHEELS.glob("torch-*.whl"))
    if built and not any(f"-{version}-{system}" in name and machine in name for name in built):
        kinds = ", ".join("-".join(name[:-4].split("-")[3:]) for name in built)
        sys.exit(f"This is Python {version} on {system} {machine}; the kit has wheels for {kinds}.")
    if sys.maxsize < 2**32:
        sys.exit("This Python is a 32-bit one, and PyTorch has none for it: install the 64-bit Python.")
    place = folder / ".venv"
    try:
        venv.create(place, with_pip=True)
    except subprocess.CalledProcessError:
        advice = f"install python3.{sys.version_info[1]}-venv, remove {place} and try again"
        sys.exit(f"This Python makes no virtual environments with pip in them (on Debian and Ubuntu: {advice}).")
    except OSError as error:
        sys.exit(f"{folder} cannot be written ({error.strerror}): name another folder.")
    programs = place / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [str(programs / "python"), "-m", "pip", "--isolated", "install", "--no-index", "--find-links", str(WHEELS)]
    result = subprocess.run([*pip, "aae-course[lab]"])
    if result.returncode:
        sys.exit(f"That did not work; what pip says is above. Remove {place} and try again, or ask your teacher.")
    subprocess.run([str(programs / "aae"), "reset", "--to", str(folder)], check=True)
    print(f'\nReady. Start the course with:\n\n    "{programs / "aae"}" lab --to "{folder}"\n')


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path.home() / "aae-course").expanduser().resolve())
