//! Debian's packages, from the image's own database: dpkg's, or that of distroless, which has a
//! file a package.

use lightship_debian::control::{Paragraph, paragraphs};

use super::package::Package;

/// The packages of `var/lib/dpkg/status` that are unpacked.
pub(super) fn status(text: &str) -> Vec<Package> {
    paragraphs(text).filter(|paragraph| is_there(*paragraph)).filter_map(package).collect()
}

/// The package of a file of `status.d`.
pub(super) fn status_of(text: &str) -> Option<Package> {
    let package = paragraphs(text).next().and_then(package)?;
    Some(Package { slim: true, ..package })
}

/// Whether the files of a package are there: what is removed keeps its configuration at most.
fn is_there(paragraph: Paragraph<'_>) -> bool {
    let state = paragraph.get("Status").and_then(|status| status.split_whitespace().nth(2));
    !matches!(state, Some("not-installed" | "config-files"))
}

fn package(paragraph: Paragraph<'_>) -> Option<Package> {
    let field = |name| paragraph.get(name).unwrap_or_default();
    // Long fields go on in further lines.
    let line = |name| field(name).split_whitespace().collect::<Vec<_>>().join(" ");
    let name = field("Package");
    let known = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if name.is_empty() || name.len() > 200 || !name.chars().all(known) {
        return None;
    }
    let depends = [line("Pre-Depends"), line("Depends")];
    let depends: Vec<&str> =
        depends.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    Some(Package {
        name: name.to_owned(),
        version: line("Version"),
        architecture: line("Architecture"),
        depends: depends.join(", "),
        recommends: line("Recommends"),
        provides: line("Provides"),
        essential: field("Essential") == "yes",
        priority: line("Priority"),
        auto: None,
        installed_size: field("Installed-Size")
            .parse()
            .map_or(0, |kib: u64| kib.saturating_mul(1024)),
        slim: false,
        listed: 0,
        missing: 0,
    })
}

/// Names of the packages that apt's list calls automatically installed.
pub(super) fn automatic(text: &str) -> Vec<String> {
    let marked = paragraphs(text).filter(|paragraph| paragraph.get("Auto-Installed") == Some("1"));
    marked.filter_map(|paragraph| paragraph.get("Package").map(str::to_owned)).collect()
}

/// The paths of a `.list`, absolute.
pub(super) fn list(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && *line != b"/.")
}

/// The paths of a `.md5sums`: 32 digits, two blanks, a path without a slash in front.
pub(super) fn sums(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.filter_map(|line| line.get(34..)).filter(|path| !path.is_empty())
}

/// The package that a file of the database belongs to: `git` of `git.list`, `libc6` of
/// `libc6:amd64.list`.
pub(super) fn owner_of(path: &str, suffix: &str) -> Option<(String, Option<String>)> {
    let stem = path.rsplit('/').next()?.strip_suffix(suffix)?;
    Some(match stem.split_once(':') {
        Some((name, architecture)) => (name.to_owned(), Some(architecture.to_owned())),
        None => (stem.to_owned(), None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: git\nStatus: install ok installed\nArchitecture: amd64\n\
        Version: 1:2.39\nInstalled-Size: 2\nPre-Depends: a\nDepends: libc6 (>= 2.34),\n perl\n\n\
        Package: old\nStatus: deinstall ok config-files\nVersion: 1\n\n\
        Package: ../x\nStatus: install ok installed\n\nPackage: half\nStatus: install ok unpacked\n";

    #[test]
    fn installed_packages_are_read_with_their_relations() {
        let packages = status(STATUS);
        let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["git", "half"]);
        assert_eq!(packages[0].depends, "a, libc6 (>= 2.34), perl");
        assert_eq!(packages[0].installed_size, 2048);
    }

    #[test]
    fn lists_and_sums_give_paths() {
        assert_eq!(
            list(b"/.\n/usr\n/usr/bin/git\n").collect::<Vec<_>>(),
            [&b"/usr"[..], b"/usr/bin/git"]
        );
        let sums = sums(b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/git\nshort\n");
        assert_eq!(sums.collect::<Vec<_>>(), [b"usr/bin/git"]);
        assert_eq!(
            owner_of("var/lib/dpkg/info/libc6:amd64.list", ".list"),
            Some(("libc6".into(), Some("amd64".into())))
        );
        assert_eq!(owner_of("git.list", ".list"), Some(("git".into(), None)));
    }
}
