//! Pushing to a registry and pulling from it: Debian's `docker-registry`, a real server.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lightship_image::build::compress::Compression;
use lightship_image::build::sbom;
use lightship_image::oci::{Index, Platform, layout};
use lightship_image::registry::{Options, Pushed, Reference, pull, push};
use testkit::Engine;

use crate::front::Front;
use crate::podman::run;
use crate::sample::{SAYS, bill, sample};

pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Nothing where there is none.
    pub(crate) fn start(dir: &Path) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let store = dir.join("registry");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '127.0.0.1:{port}', secret: x}}\n",
            store.display()
        );
        let path = dir.join("registry.yml");
        fs::write(&path, config).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&path).stdin(Stdio::null());
        let Ok(process) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            eprintln!(
                "skipped: there is no `docker-registry` here (Debian's package of that name)"
            );
            return None;
        };
        let server = Self { process, port };
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "the registry does not start");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Some(server)
    }

    fn reference(&self, rest: &str) -> Reference {
        format!("127.0.0.1:{}/{rest}", self.port).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn index(layout: &Path) -> Index {
    serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap()
}

/// Every blob of a layout by its name.
fn blobs(layout: &Path) -> Vec<String> {
    let entries = fs::read_dir(layout.join("blobs/sha256")).unwrap();
    let mut names: Vec<String> =
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_was_pushed_is_pulled_with_the_same_digest_and_what_is_said_about_it() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path()) else { return };
    let mut image = sample(dir.path(), Compression::ZSTD, 2);
    let about = bill(&image);
    sbom::attach(&mut image, &about).unwrap();
    let out = dir.path().join("out");
    layout::write(&out, &image, "1.0").unwrap();
    let reference = server.reference("team/worker:1.0");
    let options = Options::default();

    let pushed = push(&out, Some("1.0"), &reference, None, &options).unwrap();
    let digest = image.manifest.digest.clone();
    // Layers, configuration, two documents and what stands for the configuration of each.
    assert_eq!(pushed, Pushed { digest: digest.clone(), sent: 7, kept: 1 });
    let again = push(&out, None, &reference, None, &options).unwrap();
    assert_eq!((again.sent, again.kept), (0, 8));

    let back = dir.path().join("back");
    let pulled = pull(&reference, &back, None, &options).unwrap();
    assert_eq!(pulled.digest, digest);
    assert_eq!(blobs(&back), blobs(&out));
    let kinds: Vec<_> = index(&back).manifests.into_iter().map(|it| it.artifact_type).collect();
    assert_eq!(kinds.iter().flatten().count(), 2);
    let again = pull(&reference, &back, None, &options).unwrap();
    assert_eq!(again.fetched, 0);

    let by_digest = server.reference(&format!("team/worker@{digest}"));
    let other = dir.path().join("other");
    assert_eq!(pull(&by_digest, &other, None, &options).unwrap().digest, digest);

    let Some(podman) = Engine::podman(dir.path()) else { return };
    let name = format!("127.0.0.1:{}/team/worker:1.0", server.port);
    podman.call(["pull", "-q", "--tls-verify=false", &name]).ok();
    assert_eq!(run(&podman, &name), SAYS);
}

#[test]
fn blobs_are_taken_from_another_repository_of_the_same_registry() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path()) else { return };
    let out = dir.path().join("out");
    layout::write(&out, &sample(dir.path(), Compression::GZIP, 2), "1.0").unwrap();
    let options = Options::default();
    push(&out, None, &server.reference("a:1"), None, &options).unwrap();
    let pushed = push(&out, None, &server.reference("b:1"), Some("a"), &options).unwrap();
    assert_eq!((pushed.sent, pushed.kept), (0, 4));
}

#[test]
fn an_index_of_platforms_is_pulled_whole_or_one_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path()) else { return };
    let out = dir.path().join("out");
    let platform =
        |name: &str| Platform { architecture: name.into(), os: "linux".into(), variant: None };
    // An index in the layout, made by hand: of the image, and of the same for another machine.
    let image = sample(dir.path(), Compression::GZIP, 2);
    layout::write(&out, &image, "1.0").unwrap();
    let mut entries = Vec::new();
    for name in ["amd64", "arm64"] {
        let mut entry = image.manifest.descriptor();
        entry.platform = Some(platform(name));
        entries.push(entry);
    }
    let whole = lightship_image::oci::document::Document::of(
        lightship_image::oci::media::INDEX,
        &Index::of(entries),
    )
    .unwrap();
    fs::write(out.join("blobs/sha256").join(whole.digest.0.as_str()), &whole.bytes).unwrap();
    let mut top = index(&out);
    top.manifests = vec![whole.descriptor()];
    fs::write(out.join("index.json"), serde_json::to_vec(&top).unwrap()).unwrap();

    let reference = server.reference("both:1");
    let options = Options::default();
    push(&out, None, &reference, None, &options).unwrap();
    let back = dir.path().join("back");
    assert_eq!(pull(&reference, &back, None, &options).unwrap().digest, whole.digest);
    assert_eq!(blobs(&back), blobs(&out));
    let one = dir.path().join("one");
    let pulled = pull(&reference, &one, Some(&platform("arm64")), &options).unwrap();
    assert_eq!(pulled.digest, image.manifest.digest);
    let error = pull(&reference, &one, Some(&platform("riscv64")), &options).unwrap_err();
    assert!(error.to_string().contains("only for linux/amd64, linux/arm64"), "{error}");
}

#[test]
fn what_is_too_large_for_something_on_the_way_is_sent_in_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path()) else { return };
    let out = dir.path().join("out");
    let image = sample(dir.path(), Compression::None, 2);
    layout::write(&out, &image, "1.0").unwrap();
    let front = Front::start(server.port, |request| {
        (request.method == "PUT" && request.length > 9 << 20).then_some("413 Too Large".into())
    });
    let reference: Reference = format!("127.0.0.1:{}/a:1", front.port).parse().unwrap();
    let pushed = push(&out, None, &reference, None, &Options::default()).unwrap();
    assert_eq!(pushed.sent, 4);
    assert_eq!(front.count("PATCH"), 2, "one layer of 12 MB");
    let back = dir.path().join("back");
    pull(&server.reference("a:1"), &back, None, &Options::default()).unwrap();
    assert_eq!(blobs(&back), blobs(&out));
}

#[test]
fn a_password_is_shown_when_it_is_asked_for_and_a_busy_registry_is_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path()) else { return };
    let out = dir.path().join("out");
    layout::write(&out, &sample(dir.path(), Compression::GZIP, 2), "1.0").unwrap();
    let busy = std::sync::atomic::AtomicUsize::new(0);
    let front = Front::start(server.port, move |request| {
        if request.header("authorization") != Some("Basic dTpw") {
            return Some("401 No\r\nWWW-Authenticate: Basic realm=\"x\"".into());
        }
        let count = busy.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        (count == 2).then_some("429 Busy\r\nRetry-After: 0".into())
    });
    let name = format!("127.0.0.1:{}", front.port);
    let reference: Reference = format!("{name}/a:1").parse().unwrap();
    let auth_file = dir.path().join("auth.json");
    let options = Options { auth_file: Some(auth_file.clone()), ..Options::default() };
    let with = |auth: &str| {
        let text = format!(r#"{{"auths": {{"{name}": {{"auth": "{auth}"}}}}}}"#);
        fs::write(&auth_file, text).unwrap();
        push(&out, None, &reference, None, &options)
    };
    let error = with("d3Jvbmc=").unwrap_err().to_string();
    assert!(error.contains("does not let us in (401)"), "{error}");
    assert!(!error.contains("d3Jvbmc="), "{error}");
    assert_eq!(with("dTpw").unwrap().sent, 4);
}
