use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Command;

use proptest::prelude::*;

use super::*;

/// What a reader makes of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    kind: u8,
    link: String,
    bytes: Vec<u8>,
    numbers: (u32, u64, u64, u64),
}

fn header<'a>(path: &'a str, kind: Kind<'a>) -> Header<'a> {
    Header { path, kind, mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000 }
}

/// The entries as the `tar` crate reads them.
fn read(tar: &[u8]) -> Vec<(String, Seen)> {
    let mut archive = tar::Archive::new(tar);
    let mut seen = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        // Records for numbers are not read by the crate for all of them.
        let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
        for record in entry.pax_extensions().unwrap().into_iter().flatten() {
            let record = record.unwrap();
            if let Ok(value) = record.value().unwrap().parse() {
                numbers.insert(record.key().unwrap().to_owned(), value);
            }
        }
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let link = entry.link_name_bytes().unwrap_or_default().into_owned();
        let head = entry.header();
        let number = |key: &str, plain: u64| numbers.get(key).copied().unwrap_or(plain);
        let numbers = (
            head.mode().unwrap(),
            number("uid", head.uid().unwrap()),
            number("gid", head.gid().unwrap()),
            number("mtime", head.mtime().unwrap()),
        );
        let kind = head.entry_type().as_byte();
        seen.push((path, Seen { kind, link: String::from_utf8(link).unwrap(), bytes, numbers }));
    }
    seen
}

fn written(entries: &[(Header<'_>, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for &(ref header, mut bytes) in entries {
        writer.file(header, &mut bytes).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn the_bytes_of_a_header_are_those_of_the_standard() {
    let tar = written(&[(header("etc/x", Kind::File(3)), b"abc")]);
    assert_eq!(tar.len(), 4 * 512);
    let text = String::from_utf8_lossy(&tar[..512]).replace('\0', "|");
    let start = "etc/x".to_owned() + &"|".repeat(95);
    let numbers = "0000644|0000000|0000000|00000000003|14524770400|010205| 0";
    assert!(text.starts_with(&(start + numbers)), "{text}");
    assert_eq!(&text[257..265], "ustar|00");
    assert!(text[265..329].chars().all(|c| c == '|'), "there is a name: {text}");
    assert_eq!(&tar[512..516], b"abc\0");
}

#[test]
fn a_file_that_is_not_as_long_as_its_header_says_is_an_error() {
    for (said, reason) in [(4, "has 3 bytes, expected were 4"), (2, "more than the expected 2")] {
        let mut writer = Writer::new(Vec::new());
        let error = writer.file(&header("x", Kind::File(said)), &mut &b"abc"[..]).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn records_are_written_only_where_a_header_is_too_small() {
    let long = format!("{}/{}", "d".repeat(155), "f".repeat(100));
    let fits = written(&[(header(&long, Kind::File(0)), b"")]);
    assert_eq!(fits.len(), 3 * 512);
    let longer = format!("{}/{}", "d".repeat(155), "f".repeat(101));
    let mut large = header(&longer, Kind::Symlink("ä"));
    (large.uid, large.gid, large.mtime) = (u32::MAX, 2_097_152, 1 << 33);
    let tar = written(&[(large, b"")]);
    assert_eq!(tar[156], b'x');
    let seen = read(&tar);
    assert_eq!(seen[0].0, longer);
    assert_eq!(seen[0].1.link, "ä");
    assert_eq!(seen[0].1.numbers, (0o644, u32::MAX.into(), 2_097_152, 1 << 33));
}

#[test]
fn the_length_of_a_record_counts_its_own_digits() {
    for size in 0..2000 {
        let record = pax_record("path", &"x".repeat(size));
        let (length, _) = record.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), record.len());
    }
}

#[test]
fn gnu_tar_lists_and_unpacks_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let deep = format!("usr/{}/{}/file", "a".repeat(120), "b".repeat(120));
    let folders: Vec<&str> = deep.match_indices('/').map(|(at, _)| &deep[..at]).collect();
    let mut entries: Vec<(Header<'_>, &[u8])> =
        folders.iter().map(|path| (header(path, Kind::Directory), &b""[..])).collect();
    for (folder, _) in &mut entries {
        folder.mode = 0o755;
    }
    entries.push((header(&deep, Kind::File(5)), b"hello"));
    entries.push((header("usr/hard", Kind::HardLink(&deep)), b""));
    entries.push((header("usr/größe", Kind::Symlink("hard")), b""));
    let mut program = header("usr/program", Kind::File(1));
    program.mode = 0o4755;
    entries.push((program, b"x"));
    let path = dir.path().join("x.tar");
    std::fs::write(&path, written(&entries)).unwrap();

    let tar = |args: &[&str]| {
        let mut command = Command::new("tar");
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").current_dir(dir.path());
        let out = command.args(args).output().unwrap();
        assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
        String::from_utf8(out.stdout).unwrap()
    };
    let listing = tar(&["--numeric-owner", "--quoting-style=literal", "-tvf", "x.tar"]);
    assert!(listing.contains("-rwsr-xr-x 0/0               1 2023-11-14 22:13 usr/program"));
    assert!(listing.contains(&format!("usr/hard link to {deep}")), "{listing}");
    assert!(listing.contains("usr/größe -> hard"), "{listing}");
    tar(&["-xf", "x.tar"]);
    assert_eq!(std::fs::read(dir.path().join("usr/größe")).unwrap(), b"hello");
    assert_eq!(std::fs::read(dir.path().join(&deep)).unwrap(), b"hello");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        names in proptest::collection::vec("[a-zä./_-]{1,20}(/[a-z]{1,90}){0,4}", 1..6),
        link in "[a-z/.é]{1,150}",
        bytes in proptest::collection::vec(any::<u8>(), 0..1500),
        numbers in (0_u32..0o10000, any::<u32>(), any::<u32>(), 0_u64..(1 << 36)),
    ) {
        let (mode, uid, gid, mtime) = numbers;
        let mut entries: Vec<(Header<'_>, &[u8])> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let (kind, bytes): (_, &[u8]) = match index % 3 {
                0 => (Kind::File(bytes.len() as u64), &bytes),
                1 => (Kind::Symlink(&link), &[]),
                _ => (Kind::HardLink(&link), &[]),
            };
            entries.push((Header { path: name, kind, mode, uid, gid, mtime }, bytes));
        }
        let seen = read(&written(&entries));
        prop_assert_eq!(seen.len(), entries.len());
        for ((header, bytes), (path, seen)) in entries.iter().zip(seen) {
            prop_assert_eq!(&path, header.path);
            prop_assert_eq!(seen.bytes, *bytes);
            prop_assert_eq!(seen.numbers, (mode, uid.into(), gid.into(), mtime));
            let (kind, target) = match header.kind {
                Kind::Symlink(target) => (b'2', target),
                Kind::HardLink(target) => (b'1', target),
                _ => (b'0', ""),
            };
            prop_assert_eq!((seen.kind, seen.link.as_str()), (kind, target));
        }
    }
}
