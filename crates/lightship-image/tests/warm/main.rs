//! Starts at build time, in roots of real packages: from the mirror that this machine's apt is
//! configured for. They take root and namespaces.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "who looks at the log learns what was not run")]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use lightship_image::build::cache::Cache;
use lightship_image::build::make::{Request, Step, make};
use lightship_image::build::tree::{Kind, Node, Owner, Place, Tree};
use tempfile::TempDir;

/// A place for manifests. Packages that were fetched for one run are there for the next.
struct World {
    place: TempDir,
    cache: PathBuf,
}

impl World {
    fn new() -> Option<Self> {
        let root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let mirror = ["/etc/apt/sources.list.d", "/etc/apt/sources.list"];
        let mirror = mirror.iter().any(|path| Path::new(path).exists());
        let apart = ["--mount", "--net", "--ipc", "--pid", "--fork", "true"];
        let apart = Command::new("unshare").args(apart).status();
        if !root || !mirror || !apart.is_ok_and(|status| status.success()) {
            println!("not run: it takes root, a mirror of Debian, and namespaces");
            return None;
        }
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-cache");
        Some(Self { place: tempfile::tempdir().unwrap(), cache })
    }

    /// The tree of the manifest with `text` below its packages, and what was told meanwhile.
    fn build(&self, packages: &str, text: &str) -> Result<(Tree, Vec<String>), String> {
        let manifest = self.place.path().join("lightship.toml");
        let image = format!("[image]\nsuite = \"bookworm\"\npackages = [{packages}]\n{text}");
        fs::write(&manifest, image).unwrap();
        let lock = self.place.path().join("lock");
        let request = Request { manifest, lock, locked: false, upgrade: false };
        let told = Mutex::new(Vec::new());
        let built = make(&request, &Cache::at(&self.cache).unwrap(), &|step| {
            if let Step::Warming(line) = step {
                told.lock().unwrap().push(line.to_owned());
            }
        });
        let built = built.map_err(|error| error.to_string())?;
        Ok((built.tree, told.into_inner().unwrap()))
    }
}

fn text(node: &Node) -> String {
    let Kind::File(content) = &node.kind else { panic!("{node:?}") };
    let Place::File(path) = &content.place else { panic!("{node:?}") };
    fs::read_to_string(path).unwrap()
}

/// A number that no earlier run had: the cache of an earlier one must not answer.
fn unique() -> String {
    format!("{:?}", std::time::SystemTime::now())
}

#[test]
fn a_command_runs_as_the_image_would_and_only_its_caches_are_kept() {
    let Some(world) = World::new() else { return };
    let script = "set -e; env > env; id -u > id; pwd > dir; cat /proc/net/dev > net; \
                  echo $$ > pid; mkdir deep; echo kept > deep/file; echo lost > /tmp/elsewhere";
    let manifest = format!(
        "workdir = \"/var/cache/own\"\nuser = \"worker\"\n\
         users = [{{ name = \"worker\", uid = 1000 }}]\n\
         directories = [{{ path = \"/var/cache/own\", owner = \"worker\", mode = \"0700\" }}]\n\
         [image.env]\nRUN = '{}'\nPATH = \"/usr/bin:/bin\"\n\
         [image.warm]\ncommand = [\"sh\", \"-c\", \"{script}\"]\nkeep = [\"/var/cache/own\"]\n",
        unique()
    );
    let packages = "\"bash\", \"coreutils\"";
    let (tree, told) = world.build(packages, &manifest).unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    let own = |name: &str| text(&tree.0[&format!("var/cache/own/{name}")]);
    assert_eq!((own("id").trim(), own("dir").trim()), ("1000", "/var/cache/own"));
    let env = own("env");
    let mut names: Vec<&str> =
        env.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["HOME", "PATH", "RUN"], "{env}");
    assert!(env.contains("HOME=/home/worker\n"), "{env}");
    let net = own("net");
    let devices: Vec<&str> = net.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    assert_eq!(devices.iter().map(|name| name.trim()).collect::<Vec<_>>(), ["lo"], "{net}");
    assert!(own("pid").trim().parse::<u32>().unwrap() < 100);
    let file = &tree.0["var/cache/own/deep/file"];
    assert_eq!((&file.owner, file.uid), (&Owner::Warm, 1000));
    assert_eq!(tree.0["var/cache/own"].mode, 0o700);
    assert!(!tree.0.contains_key("tmp/elsewhere"));
    let (again, told) = world.build(packages, &manifest).unwrap();
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(again.0, tree.0);
}

#[test]
fn a_service_is_asked_in_its_own_network_and_then_stopped() {
    let Some(world) = World::new() else { return };
    // The port is taken here, which must not matter there.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port();
    let answer = "HTTP/1.1 204 No Content\\\\r\\\\nConnection: close\\\\r\\\\n\\\\r\\\\n";
    let script = format!(
        "trap 'echo stopped > /var/cache/own/stop; exit' TERM; mkdir -p /var/cache/own; \
         while :; do printf '{answer}' | nc.openbsd -lN 127.0.0.1 {port} >> /var/cache/own/asked & \
         wait $!; done"
    );
    let manifest = format!(
        "scripts.ignore = [\"netcat-openbsd\"]\n\
         [image.env]\nRUN = '{}'\n[image.warm]\nkeep = [\"/var/cache/own\"]\nsettle = \"0s\"\n\
         [service]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n\
         ready = {{ http = \"http://{address}/ready\" }}\n",
        unique()
    );
    let packages = "\"bash\", \"coreutils\", { name = \"netcat-openbsd\", whole = true }";
    let (tree, _) = world.build(packages, &manifest).unwrap();
    assert!(text(&tree.0["var/cache/own/asked"]).starts_with("GET /ready HTTP/1.1"));
    assert_eq!(text(&tree.0["var/cache/own/stop"]), "stopped\n");
}

#[test]
fn what_goes_wrong_is_told_with_its_last_words() {
    let Some(world) = World::new() else { return };
    let build = |warm: &str| {
        let manifest = format!("[image.warm]\nkeep = [\"/var/cache/own\"]\n{warm}");
        world.build("\"bash\", \"coreutils\"", &manifest).map(drop).unwrap_err()
    };
    let error = build("command = [\"sh\", \"-c\", \"echo no luck; exit 3\"]");
    assert!(error.contains("exit status: 3") && error.contains("no luck"), "{error}");
    let error = build("command = [\"true\"]");
    assert!(error.contains("/var/cache/own"), "{error}");
    let error =
        build("command = [\"sleep\", \"1000\"]\nready = { log = \"ready\" }\ntimeout = \"1s\"");
    assert!(error.contains("was not ready after 1 s"), "{error}");
}
