"""What the benchmarks hold an image against: Debian's slim image with packages that apt puts on
it, as the specification's Dockerfile makes it. Made by mmdebstrap, as root, from the mirror that
this machine's apt is configured for. Also what more than one benchmark asks of lightship.

Like Debian's slim image it has no manuals, translations and documentation but copyright. Like the
specification's it has en_US.UTF-8, and no lists of packages are left.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITE = "bookworm"
# The specification's packages. Debian's own image has merged /usr by `usr-is-merged`; without it
# apt takes `usrmerge`, and perl with it.
PACKAGES = ["curl", "ca-certificates", "locales"]
WITH_GIT = [*PACKAGES, "git"]
SLIM = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
]
LOCALE = "sed -i '/en_US.UTF-8/s/^# //g' /etc/locale.gen && locale-gen"
# Where the CLI's own installer puts it.
CLI = "root/.local/share/claude/versions"


def need(*programs):
    """Ends with a word where a program is missing: programs and Debian's packages of that name."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        sys.exit(f"{sys.argv[0]}: not there: {' '.join(missing)} (apt-get install …)")
    if os.geteuid() != 0:
        sys.exit(f"{sys.argv[0]}: mmdebstrap runs scripts of packages in a chroot: run it as root")


def sources():
    """Lines of apt's sources for the suite, as this machine has them."""
    lists = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CODENAME) deb $(REPO_URI) $(RELEASE) $(COMPONENT)",
         "Created-By: Packages"], stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = {line.split(" ", 1)[1] for line in lists.splitlines()
             if re.match(rf"{SUITE}(-updates|-security)? ", line)}
    if not lines:
        sys.exit(f"{sys.argv[0]}: apt has no lists of {SUITE} here (apt-get update)")
    return sorted(lines)


def apt_options():
    """What apt is told about proxies and certificates here."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    return [f"--aptopt={line}" for line in dump.splitlines()
            if re.match(r"Acquire::https?::", line) and '""' not in line]


def make(target, packages, hooks=()):
    """Makes a root of `packages` as a tar, or as a directory if `target` has no suffix. `hooks`
    are shell commands with the root's path in $1."""
    command = [
        "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase",
        "--include=" + ",".join(["usr-is-merged", *packages]),
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
        *(f"--dpkgopt={option}" for option in SLIM), *apt_options(),
        *(f"--customize-hook={hook}" for hook in hooks),
        SUITE, str(target), *sources(),
    ]
    quiet(command)


def worker_hooks(cli, version):
    """The rest of the specification's Dockerfile: the locale, the CLI, a workspace."""
    hooks = [f'chroot "$1" sh -c "{LOCALE}"', 'mkdir -p "$1/workspace"']
    if cli:
        hooks += [f'install -D -m 755 "{cli}" "$1/{CLI}/{version}"',
                  'mkdir -p "$1/root/.local/bin"',
                  f'ln -s /{CLI}/{version} "$1/root/.local/bin/claude"']
    return hooks


def quiet(command, **more):
    """Runs a command; its output is shown where it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(str(word) for word in command[:4])} … ended with "
                           f"{done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def cli_version():
    """The version of the CLI that the worker's manifest names."""
    text = (ROOT / "images/worker.toml").read_text()
    return re.search(r'claude-code-linux-x64"\nversion = "([^"]+)"', text)[1]


def binary(given):
    """lightship's binary: `given`, or built."""
    if given:
        return str(pathlib.Path(given).resolve())
    command = ["cargo", "build", "-q", "--release", "-p", "lightship", "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    own = [message for message in messages
           if message.get("executable") and message["target"]["name"] == "lightship"]
    return own[-1]["executable"]


def environment(**more):
    """lightship's environment: what it puts into images is what `./dist` has built."""
    env = dict(os.environ, **more)
    env.setdefault("LIGHTSHIP_RUNTIME_DIR", str(ROOT / "target/dist"))
    return env
