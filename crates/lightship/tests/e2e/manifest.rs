//! Manifests for the core image: its service on a port of the test's own, and tools.

use std::net::TcpListener;

/// What stands in for the specification's tools, and what they need: a compiler for the two of
/// cargo, a Python for the one of pip. Nothing of it is in the image.
pub(crate) const FOUR: &str = r#"
[capabilities]
semanticSearch = ["ck-search"]
taskGraph = ["beads_rust"]
memoryStack = ["sentence-transformers"]

[tools.cc]
priority = 1
bins = ["cc", "ar"]
[tools.cc.deb]
packages = ["gcc", "binutils", "libc6-dev"]
suite = "bookworm"

[tools.rust]
priority = 1
bins = ["rustc", "cargo"]
verify = ["rustc", "--version"]
[tools.rust.deb]
packages = ["rustc-web", "cargo-web"]
suite = "bookworm"
without = ["gcc", "libc-dev", "binutils"]

[tools.python]
priority = 2
bins = ["python3"]
[tools.python.deb]
packages = ["python3", "python3-pip", "libstdc++6"]
suite = "bookworm"
without = ["ca-certificates"]

[tools.ck-search]
cargo = { package = "b3sum", version = "1.8.2" }
requires = ["rust", "cc"]
priority = 2
verify = ["sh", "-c", "echo x | b3sum"]
bins = ["b3sum"]

[tools.beads_rust]
cargo = { package = "cowsay", version = "0.1.0" }
requires = ["rust", "cc"]
priority = 3
bins = ["cowsay"]

[tools.sentence-transformers]
pip = { package = "humanize", version = "4.12.3", library = true }
requires = ["python"]
priority = 4
verify = ["python3", "-c", "import humanize; print('OK')"]
"#;

/// A small tool that needs nothing: uv, of one version or another.
pub(crate) fn uv(load: &str) -> String {
    format!(
        "[tools.uv]\nversion = \"0.13.9\"\nload = \"{load}\"\nbins = [\"uv\"]\n\
         verify = [\"uv\", \"--version\"]\n[tools.uv.binary]\n\
         url = \"pypi:uv==0.13.9/uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl\"\n\
         sha256 = \"2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25\"\n\
         take = [{{ from = \"uv-0.13.9.data/scripts/uv\", to = \"bin/uv\", executable = true }}]\n"
    )
}

/// A tool that a script makes of `words` at once: a program that prints them.
pub(crate) fn says(name: &str, version: &str, before: &str) -> String {
    format!(
        "[tools.{name}]\nversion = \"{version}\"\nbins = [\"{name}\"]\nverify = [\"{name}\"]\n\
         retries = 0\nscript = {{ run = [\"sh\", \"-ec\", '''{before}\nmkdir -p \"$PREFIX/bin\"\n\
         printf '#!/bin/sh\\necho {name} {version}\\n' > \"$PREFIX/bin/{name}\"\n\
         chmod +x \"$PREFIX/bin/{name}\"\n'''] }}\n"
    )
}

/// Ports that nobody has: of the gateway, and of health.
pub(crate) fn ports() -> (u16, u16) {
    let port = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (gateway, health) = (port(), port());
    (gateway.local_addr().unwrap().port(), health.local_addr().unwrap().port())
}

/// The whole manifest: the gateway, and `tools`.
pub(crate) fn manifest((gateway, health): (u16, u16), tools: &str) -> String {
    format!(
        "[service]\ncommand = [\"clawdbot\", \"gateway\", \"--port\", \"{gateway}\", \
         \"--allow-unconfigured\"]\nready = {{ http = \"http://127.0.0.1:{gateway}/\" }}\n\
         [health]\nlisten = \"127.0.0.1:{health}\"\n[loader]\ndir = \"/data/tools\"\n{tools}"
    )
}
