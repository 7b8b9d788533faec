//! What programs need, against the machine's own dynamic loader, on its own programs.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use lightship_image::measure::{Measurement, measure};
use lightship_image::{source, what_if};
use tempfile::TempDir;

/// What the dynamic loader finds for a program, links not followed.
fn ldd(program: &str) -> BTreeSet<PathBuf> {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let path = |line: &str| {
        let line = line.trim();
        let path = line.split_once(" => ").map_or(line, |(_, path)| path);
        path.starts_with('/').then(|| PathBuf::from(path.split(' ').next().unwrap_or_default()))
    };
    text.lines().filter_map(path).collect()
}

/// Copies a file with the links that lead to it.
fn copy(root: &Path, path: &Path) {
    // `lib` is a link of the root's own, as it is here.
    let directory = fs::canonicalize(path.parent().unwrap()).unwrap();
    let path = directory.join(path.file_name().unwrap());
    let to = root.join(path.strip_prefix("/").unwrap());
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    if fs::symlink_metadata(&to).is_ok() {
        return;
    }
    if let Ok(target) = fs::read_link(&path) {
        symlink(&target, &to).unwrap();
        copy(root, &directory.join(target));
    } else {
        fs::copy(&path, &to).unwrap();
    }
}

fn image(programs: &[&str]) -> (TempDir, Measurement) {
    let root = TempDir::new().unwrap();
    for name in ["bin", "lib", "lib64", "sbin"] {
        if let Ok(target) = fs::read_link(Path::new("/").join(name)) {
            symlink(target, root.path().join(name)).unwrap();
        }
    }
    for program in programs {
        copy(root.path(), Path::new(program));
        for library in ldd(program) {
            copy(root.path(), &library);
        }
    }
    let image = source::open(root.path().to_str().unwrap(), &source::Wanted::default());
    let image = measure(image.unwrap()).unwrap();
    (root, image)
}

#[test]
fn what_goes_as_sliced_is_what_ldd_finds_for_it_and_for_nothing_that_stays() {
    let programs = ["/usr/bin/curl", "/usr/bin/jq", "/usr/bin/bash", "/usr/bin/ssh", "/usr/bin/xz"];
    let programs: Vec<&str> = programs.into_iter().filter(|it| Path::new(it).exists()).collect();
    assert!(programs.len() > 1, "{programs:?}");
    let (_root, image) = image(&programs);
    let real = |path: &PathBuf| fs::canonicalize(path).unwrap();
    for gone in &programs {
        let others: BTreeSet<PathBuf> =
            programs.iter().filter(|it| *it != gone).flat_map(|it| ldd(it)).collect();
        let others: BTreeSet<PathBuf> = others.iter().map(real).collect();
        let mut expected: BTreeSet<PathBuf> = ldd(gone).iter().map(real).collect();
        expected.retain(|library| !others.contains(library));
        let answer = what_if::what_if(&image, &[(*gone).to_owned()], &[]).unwrap();
        let rows = answer.as_sliced.gone.iter().filter(|row| row.why == what_if::Why::Unneeded);
        let found: BTreeSet<PathBuf> = rows.map(|row| PathBuf::from(&row.name)).collect();
        assert_eq!(found, expected, "without {gone}");
        let bytes: u64 = expected.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
        let own = fs::metadata(gone).unwrap().len();
        assert_eq!(answer.as_sliced.saved.unpacked, bytes + own, "without {gone}");
        assert!(answer.as_sliced.broken.is_empty());
    }
}

#[test]
fn a_library_that_is_taken_away_breaks_whom_ldd_says_it_breaks() {
    let programs = ["/usr/bin/curl", "/usr/bin/jq", "/usr/bin/bash", "/usr/bin/ssh", "/usr/bin/xz"];
    let programs: Vec<&str> = programs.into_iter().filter(|it| Path::new(it).exists()).collect();
    let (_root, image) = image(&programs);
    let libraries: BTreeSet<PathBuf> = programs.iter().flat_map(|it| ldd(it)).collect();
    let loader = |path: &&PathBuf| !path.to_string_lossy().contains("ld-linux");
    for library in libraries.iter().filter(loader) {
        let real = fs::canonicalize(library).unwrap();
        let answer = what_if::what_if(&image, &[real.display().to_string()], &[]).unwrap();
        let broken: BTreeSet<&str> =
            answer.by_package.broken.iter().map(|it| it.path.as_str()).collect();
        for program in &programs {
            let needs = ldd(program).contains(library);
            assert_eq!(broken.contains(program), needs, "{program} without {}", library.display());
        }
    }
}
