# Written by lightship; it is on PYTHONPATH through `$LOA_TOOL_DIR/python`.
#
# Makes Python tools of the kind "library" importable, also in a process that was started
# before they were installed. What the interpreter finds by itself always wins.
import os
import sys


class _LightshipFinder:
    """Asked last: looks into libraries that were published after the interpreter started."""

    def __init__(self, folder):
        self.folder = folder
        self.seen = set()

    def sites(self):
        """Site directories that were not there when this was last asked, in their order."""
        try:
            names = sorted(name for name in os.listdir(self.folder) if not name.startswith("."))
        except OSError:
            return []
        sites = [os.path.realpath(os.path.join(self.folder, name)) for name in names]
        new = [site for site in sites if site not in self.seen and os.path.isdir(site)]
        self.seen.update(new)
        return new

    def add(self):
        import site

        new = self.sites()
        for path in new:
            # As for any site-packages: `.pth` files in it count.
            site.addsitedir(path)
        return bool(new)

    def find_spec(self, name, path=None, target=None):
        if path is not None or not self.add():
            return None
        import importlib.machinery

        return importlib.machinery.PathFinder.find_spec(name, None, target)


def _install():
    here = os.path.dirname(os.path.abspath(__file__))
    finder = _LightshipFinder(os.path.join(here, sys.implementation.cache_tag or "none"))
    finder.add()
    sys.meta_path.append(finder)


def _next_sitecustomize():
    """Runs the sitecustomize that this one hides, if there is one (Debian has it)."""
    import importlib.machinery

    # One of another root's, or of an outer lightship, is run too: each once.
    seen = sys.__dict__.setdefault("_lightship_sites", set())
    seen.add(os.path.dirname(os.path.abspath(__file__)))
    others = [path for path in sys.path if os.path.abspath(path or ".") not in seen]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        import importlib.util

        spec.loader.exec_module(importlib.util.module_from_spec(spec))


_install()
_next_sitecustomize()
