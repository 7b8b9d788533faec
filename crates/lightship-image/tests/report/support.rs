//! An unpacked root made by the test, its page, and a browser that looks at it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lightship_image::measure::{Measurement, measure};
use lightship_image::{report, source};
use tempfile::TempDir;
use testkit::browser::Browser;

/// A name that must never become part of the page.
pub(crate) const HOSTILE: &str = "<img src=x onerror=alert(1)><b>";

/// A root with Debian's database: git needs perl and a library that it shares with curl.
#[derive(Debug)]
pub(crate) struct Root {
    place: TempDir,
    status: String,
}

impl Root {
    pub(crate) fn new() -> Self {
        let mut root = Self { place: TempDir::new().unwrap(), status: String::new() };
        root.package("libc6", "", &[("usr/lib/libc.so.6", 2_000_000)]);
        root.package("libcurl4", "libc6", &[("usr/lib/libcurl.so.4", 700_000)]);
        root.package("perl", "libc6", &[("usr/bin/perl", 4_000_000), ("usr/share/perl/x", 20_000)]);
        root.package("curl", "libcurl4", &[("usr/bin/curl", 300_000)]);
        let small: Vec<(String, usize)> =
            (0..60).map(|it| (format!("usr/share/git/template-{it}"), 100 + it)).collect();
        let mut files: Vec<(&str, usize)> =
            small.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        files.extend([("usr/bin/git", 3_000_000), ("usr/lib/git-core/git-remote-http", 2_000_000)]);
        root.package("git", "libcurl4, perl", &files);
        let auto = ["libc6", "libcurl4", "perl"];
        let auto = auto.map(|name| format!("Package: {name}\nAuto-Installed: 1\n\n")).concat();
        root.file("var/lib/apt/extended_states", auto.as_bytes());
        root.file("opt/claude", &vec![7; 9_000_000]);
        root.file(&format!("srv/{HOSTILE}"), &[1; 5000]);
        root
    }

    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    pub(crate) fn file(&self, path: &str, content: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn package(&mut self, name: &str, depends: &str, files: &[(&str, usize)]) {
        let version = "1.0-1";
        write!(
            self.status,
            "Package: {name}\nStatus: install ok installed\nVersion: {version}\n\
             Architecture: amd64\nDepends: {depends}\n\n"
        )
        .unwrap();
        let mut list = String::from("/.\n");
        for (path, size) in files {
            self.file(path, &vec![name.as_bytes()[0]; *size]);
            writeln!(list, "/{path}").unwrap();
        }
        self.file(&format!("var/lib/dpkg/info/{name}.list"), list.as_bytes());
        self.file("var/lib/dpkg/status", self.status.as_bytes());
    }

    pub(crate) fn measure(&self) -> Measurement {
        let image = source::open(self.path().to_str().unwrap(), &source::Wanted::default());
        measure(image.unwrap()).unwrap()
    }
}

/// A page that is open.
pub(crate) struct Page {
    pub(crate) browser: Browser,
    _place: TempDir,
}

impl Page {
    pub(crate) fn open(image: &Measurement, against: Option<&Measurement>) -> Self {
        let place = TempDir::new().unwrap();
        let file = place.path().join("report.html");
        fs::write(&file, report::html(image, against).unwrap()).unwrap();
        let browser = Browser::start();
        browser.open(&format!("file://{}", file.display()));
        Self { browser, _place: place }
    }

    /// Leaves a picture of the page in the target directory.
    pub(crate) fn picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::write(folder.join(format!("report-{name}.png")), self.browser.screenshot()).unwrap();
    }

    pub(crate) fn said(&self, script: &str) -> String {
        self.browser.run(script).as_str().unwrap_or_default().to_owned()
    }
}
