//! A root of this machine's own packages, measured beside tar, du, find and dpkg-query.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use lightship_image::measure::OwnerKind;

use crate::support::{Image, Packing, measured, pack};

/// Small, with links of both kinds, and with libraries.
const PACKAGES: [&str; 6] = ["coreutils", "bash", "gzip", "perl-base", "libc6", "base-files"];

fn output(command: &mut Command) -> String {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The numbers in a column of a command's output, summed.
fn sum(text: &str, column: usize) -> u64 {
    let number = |line: &str| line.split_whitespace().nth(column)?.parse::<u64>().ok();
    text.lines().map(|line| number(line).unwrap_or_else(|| panic!("{line}"))).sum()
}

/// Copies the packages' files with their database.
fn root(directory: &Path) {
    let mut paths = String::new();
    for package in PACKAGES {
        paths.push_str(&output(Command::new("dpkg-query").args(["-L", package])));
    }
    let wanted = |path: &&str| {
        // Where `/lib` is a link, packages still list what is below it.
        fs::symlink_metadata(path).is_ok_and(|found| !found.is_dir()) && !path.starts_with("/etc/")
    };
    let real = |path: &str| {
        let path = Path::new(path);
        let folder = fs::canonicalize(path.parent()?).ok()?;
        Some(folder.join(path.file_name()?).to_str()?.trim_start_matches('/').to_owned())
    };
    let paths: HashSet<String> = paths.lines().filter(wanted).filter_map(real).collect();
    let list = directory.join("list");
    fs::write(&list, paths.into_iter().collect::<Vec<_>>().join("\n")).unwrap();
    let root = directory.join("root");
    fs::create_dir_all(root.join("var/lib/dpkg/info")).unwrap();
    let copy =
        format!("tar -C / -c --no-recursion -T {} | tar -C {} -x", list.display(), root.display());
    output(Command::new("sh").args(["-c", &copy]));
    for folder in ["bin", "sbin", "lib", "lib64"] {
        if fs::symlink_metadata(format!("/{folder}")).is_ok_and(|found| found.is_symlink()) {
            std::os::unix::fs::symlink(format!("usr/{folder}"), root.join(folder)).unwrap();
        }
    }
    let mut status = String::new();
    for package in PACKAGES {
        status.push_str(&output(Command::new("dpkg-query").args(["-s", package])));
        status.push('\n');
        let names = [package.to_owned(), format!("{package}:amd64"), format!("{package}:arm64")];
        for name in names {
            let name = format!("var/lib/dpkg/info/{name}.list");
            if Path::new("/").join(&name).exists() {
                fs::copy(Path::new("/").join(&name), root.join(&name)).unwrap();
            }
        }
    }
    fs::write(root.join("var/lib/dpkg/status"), status).unwrap();
}

/// Bytes of the files in `root` that each package lists, every inode once.
fn of_packages(root: &Path) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for package in PACKAGES {
        let list = output(Command::new("dpkg-query").args(["-L", package]));
        let mut seen = HashSet::new();
        let bytes = list.lines().filter_map(|path| {
            let found = fs::symlink_metadata(root.join(path.trim_start_matches('/'))).ok()?;
            (found.is_file() && seen.insert(found.ino())).then_some(found.len())
        });
        sums.insert(package.to_owned(), bytes.sum());
    }
    sums
}

#[test]
fn a_real_root_agrees_to_the_byte_with_the_tools_that_everybody_has() {
    if Command::new("dpkg-query").arg("--version").output().is_err() {
        println!("no Debian: nothing to compare with");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    root(directory.path());
    let root = directory.path().join("root");
    let walked = measured(&root);

    // Every inode once, as du and find count.
    let files = output(Command::new("find").arg(&root).args(["-type", "f", "-printf", "%i %s\n"]));
    let inodes: HashSet<&str> = files.lines().collect();
    let by_find: u64 = inodes.iter().map(|line| sum(line, 1)).sum();
    assert_eq!(walked.live_total().unpacked, by_find);
    let others =
        output(Command::new("find").arg(&root).args(["!", "-type", "f", "-printf", "%s\n"]));
    let by_du = sum(
        &output(Command::new("du").args(["-s", "--block-size=1", "--apparent-size"]).arg(&root)),
        0,
    );
    assert_eq!(walked.live_total().unpacked + sum(&others, 0), by_du);

    let packages = of_packages(&root);
    let rows = walked.by_owner();
    for (package, bytes) in &packages {
        let row = rows.iter().find(|row| row.kind == OwnerKind::Debian && row.name == *package);
        assert_eq!(row.unwrap().sizes.unpacked, *bytes, "{package}");
    }

    // The same as an image of two layers: GNU's own tar, and PAX's.
    let tar = |format: &str, name: &str, folders: &[&str]| {
        let path = directory.path().join(name);
        let format = format!("--format={format}");
        output(
            Command::new("tar")
                .arg("-C")
                .arg(&root)
                .arg(format)
                .arg("-cf")
                .arg(&path)
                .args(folders),
        );
        let listing = output(Command::new("tar").arg("-tvf").arg(&path));
        let files: Vec<&str> = listing.lines().filter(|line| line.starts_with('-')).collect();
        (fs::read(path).unwrap(), sum(&files.join("\n"), 2), listing.lines().count())
    };
    let (first, first_bytes, first_count) = tar("gnu", "1.tar", &["usr"]);
    let mut rest: Vec<String> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    rest.retain(|name| name != "usr");
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let (second, second_bytes, second_count) = tar("pax", "2.tar", &rest);
    let image = |packing| {
        let mut image = Image::new(Vec::new(), Packing::Plain);
        image.tars = vec![first.clone(), second.clone()];
        image.blobs = image.tars.iter().map(|tar| pack(packing, tar)).collect();
        image
    };
    for packing in [Packing::Gzip, Packing::Zstd] {
        let image = image(packing);
        let layout = measured(&image.layout(&directory.path().join(format!("{packing:?}"))));
        assert_eq!(layout.layers[0].shipped.unpacked, first_bytes);
        assert_eq!(layout.layers[1].shipped.unpacked, second_bytes);
        let counts = layout.layers.iter().map(|layer| layer.entries as usize);
        assert_eq!(counts.collect::<Vec<_>>(), [first_count, second_count]);
        let blobs: u64 = image.blobs.iter().map(|blob| blob.len() as u64).sum();
        assert_eq!(layout.shipped_total().packed, blobs);
        let key = |row: &lightship_image::measure::tables::OwnerRow| {
            (row.name.clone(), row.sizes.unpacked, row.count)
        };
        let mut own: Vec<_> = layout.by_owner().iter().map(key).collect();
        let mut walked: Vec<_> = rows.iter().map(key).collect();
        own.sort();
        walked.sort();
        assert_eq!(own, walked);
        let saved = measured(&image.docker(&directory.path().join("saved")));
        assert_eq!(saved.shipped_total(), layout.shipped_total());
        assert_eq!(saved.live_total(), layout.live_total());
    }
}
