use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lightship_model::manifest::Take;

use super::limits::Limits;
use super::{Order, unpack};

/// A tar with the given entries: path, content or link target.
fn tar_of(entries: &[(&str, Result<&str, &str>)]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (path, content) in entries {
        let mut header = ::tar::Header::new_ustar();
        // Written past the checks of `set_path`: hostile archives don't ask either.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_mode(0o755);
        let body = match content {
            Ok(text) => text.as_bytes(),
            Err(target) => {
                header.set_entry_type(::tar::EntryType::Symlink);
                header.set_link_name_literal(target).unwrap();
                b""
            }
        };
        header.set_size(body.len() as u64);
        header.set_cksum();
        builder.append(&header, body).unwrap();
    }
    builder.into_inner().unwrap()
}

struct Place {
    dir: tempfile::TempDir,
    prefix: PathBuf,
}

const LIMITS: Limits = Limits { bytes: 1 << 30, entries: 1000, room: u64::MAX };

fn unpack_bytes(bytes: &[u8], take: &[Take], strip: u8) -> (Result<(), String>, Place) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("archive");
    fs::write(&file, bytes).unwrap();
    let prefix = dir.path().join("prefix");
    fs::create_dir(&prefix).unwrap();
    assert!(super::is_archive(&file).unwrap());
    let single = Some("bin/one".to_owned());
    let (prefix_, take) = (prefix.clone(), take.to_vec());
    let order = Order { file, prefix: prefix_, take, strip, single, limits: LIMITS };
    let done = unpack::run(&order).map_err(|error| error.to_string());
    (done, Place { dir, prefix })
}

fn take(from: &str, to: &str) -> Take {
    Take { from: from.into(), to: to.into(), executable: false }
}

fn compressed(bytes: &[u8]) -> [Vec<u8>; 4] {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(bytes).unwrap();
    let mut bz2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz2.write_all(bytes).unwrap();
    let zst = zstd::encode_all(bytes, 1).unwrap();
    [gz.finish().unwrap(), xz.finish().unwrap(), bz2.finish().unwrap(), zst]
}

#[test]
fn every_kind_of_tar_unpacks_alike() {
    let tar = tar_of(&[("top/bin/x", Ok("program")), ("top/bin/y", Err("x"))]);
    for bytes in compressed(&tar).into_iter().chain([tar]) {
        let (done, place) = unpack_bytes(&bytes, &[], 1);
        done.unwrap();
        assert_eq!(fs::read(place.prefix.join("bin/y")).unwrap(), b"program");
        let mode = fs::metadata(place.prefix.join("bin/x")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}

#[test]
fn a_compressed_program_that_is_no_archive_is_the_program() {
    for bytes in compressed(b"#!/bin/sh\necho one\n") {
        let (done, place) = unpack_bytes(&bytes, &[], 0);
        done.unwrap();
        assert!(crate::store::check::executable(&place.prefix.join("bin/one")).is_some());
    }
}

#[test]
fn a_stream_that_is_cut_off_or_has_something_behind_it_is_an_error() {
    let tar = tar_of(&[("x", Ok("program"))]);
    for (index, bytes) in compressed(&tar).into_iter().enumerate() {
        for cut in [bytes.len() - 1, bytes.len() - 5, bytes.len() / 2] {
            assert!(unpack_bytes(&bytes[..cut], &[], 0).0.is_err(), "{index} cut at {cut}");
        }
        let long = [bytes.as_slice(), b"behind the end"].concat();
        assert!(unpack_bytes(&long, &[], 0).0.is_err(), "{index} with a tail");
    }
    let behind = [tar.as_slice(), b"x"].concat();
    assert!(unpack_bytes(&behind, &[], 0).0.unwrap_err().contains("behind the archive's end"));
    assert!(unpack_bytes(&tar[..600], &[], 0).0.unwrap_err().contains("cut off"));
}

#[test]
fn a_stream_whose_check_is_wrong_is_an_error() {
    let tar = tar_of(&[("x", Ok("program"))]);
    for (index, mut bytes) in compressed(&tar).into_iter().take(3).enumerate() {
        // gzip's sum lies in the last 8 bytes, the others' are spoiled with the data.
        let at = if index == 0 { bytes.len() - 6 } else { bytes.len() / 2 };
        bytes[at] ^= 0x10;
        assert!(unpack_bytes(&bytes, &[], 0).0.is_err(), "{index}");
    }
}

#[test]
fn a_zip_gives_what_is_taken_and_nothing_else() {
    let mut zip = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = ::zip::write::SimpleFileOptions::default().unix_permissions(0o644);
    for path in ["pkg/lib/a.so", "pkg/lib/deep/b.so", "pkg/bin/tool", "other"] {
        zip.start_file(path, options).unwrap();
        zip.write_all(path.as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let tool = Take { executable: true, ..take("pkg/bin/tool", "bin/tool") };
    let (done, place) = unpack_bytes(&bytes, &[take("pkg/lib", "lib"), tool], 0);
    done.unwrap();
    assert!(place.prefix.join("lib/deep/b.so").is_file());
    assert!(crate::store::check::executable(&place.prefix.join("bin/tool")).is_some());
    assert!(!place.prefix.join("other").exists());
    let (done, _place) = unpack_bytes(&bytes, &[take("nope", "x")], 0);
    assert!(done.unwrap_err().contains("there is no `nope` in it"));
}

#[test]
fn no_entry_leaves_the_prefix() {
    let hostile: [&[(&str, Result<&str, &str>)]; 7] = [
        &[("../evil", Ok("x"))],
        &[("/evil", Ok("x"))],
        &[("a/../../evil", Ok("x"))],
        &[("link", Err("/etc")), ("link/evil", Ok("x"))],
        &[("link", Err("../.."))],
        &[("here", Err(".")), ("here/evil", Ok("x"))],
        &[("a/b/c", Err("../..")), ("d", Err("a/b/c/../.."))],
    ];
    for entries in hostile {
        let (done, place) = unpack_bytes(&tar_of(entries), &[], 0);
        assert!(done.is_err(), "{entries:?} was unpacked");
        assert!(!place.dir.path().join("evil").exists());
        assert!(!Path::new("/evil").exists() && !Path::new("/etc/evil").exists());
    }
}

#[test]
fn rubbish_behind_a_good_first_byte_is_an_error() {
    let heads: [&[u8]; 5] = [
        b"PK\x03\x04",
        &[0x1f, 0x8b],
        &[0x28, 0xb5, 0x2f, 0xfd],
        &[0xfd, b'7', b'z', b'X', b'Z', 0],
        b"BZh91",
    ];
    for head in heads {
        let bytes = [head, &[7; 600]].concat();
        assert!(unpack_bytes(&bytes, &[], 0).0.is_err());
    }
    let seven = [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, 0, 4];
    assert!(unpack_bytes(&seven, &[], 0).0.unwrap_err().contains("7z is not supported"));
}

#[test]
fn what_comes_twice_in_a_tar_is_what_came_last() {
    let tar = tar_of(&[("x", Ok("first")), ("l", Err("x")), ("x", Ok("last")), ("l", Ok("file"))]);
    let (done, place) = unpack_bytes(&tar, &[], 0);
    done.unwrap();
    assert_eq!(fs::read(place.prefix.join("x")).unwrap(), b"last");
    assert_eq!(fs::read(place.prefix.join("l")).unwrap(), b"file");
    let (done, _place) = unpack_bytes(&tar_of(&[("x/y", Ok("")), ("x", Ok(""))]), &[], 0);
    assert!(done.unwrap_err().contains("`x` is a directory already"));
}

#[test]
fn what_is_there_already_and_was_not_made_by_this_archive_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("archive");
    fs::write(&file, tar_of(&[("a/x", Ok("new"))])).unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/x"), "old").unwrap();
    let prefix = dir.path().to_owned();
    let order = Order { file, prefix, take: vec![], strip: 0, single: None, limits: LIMITS };
    let error = unpack::run(&order).unwrap_err().to_string();
    assert!(error.contains("`a/x` is there already"), "{error}");
    assert_eq!(fs::read(dir.path().join("a/x")).unwrap(), b"old");
}

/// A tree as it should come out: directories, files with whether they run, and links.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Directory,
    File(Vec<u8>, bool),
    Link(String),
}

type Tree = std::collections::BTreeMap<String, Node>;

fn read_tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut queue = vec![root.to_owned()];
    while let Some(dir) = queue.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let found = fs::symlink_metadata(&path).unwrap();
            let node = if found.is_dir() {
                queue.push(path);
                Node::Directory
            } else if found.is_symlink() {
                Node::Link(fs::read_link(path).unwrap().to_str().unwrap().to_owned())
            } else {
                Node::File(fs::read(path).unwrap(), found.permissions().mode() & 0o111 != 0)
            };
            tree.insert(name, node);
        }
    }
    tree
}

fn tar_of_tree(tree: &Tree) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (path, node) in tree {
        let mut header = ::tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(0);
        match node {
            Node::Directory => {
                header.set_entry_type(::tar::EntryType::Directory);
                builder.append_data(&mut header, path, std::io::empty()).unwrap();
            }
            Node::File(content, runs) => {
                header.set_mode(if *runs { 0o755 } else { 0o644 });
                header.set_size(content.len() as u64);
                builder.append_data(&mut header, path, content.as_slice()).unwrap();
            }
            Node::Link(target) => {
                header.set_entry_type(::tar::EntryType::Symlink);
                builder.append_link(&mut header, path, target).unwrap();
            }
        }
    }
    builder.into_inner().unwrap()
}

fn zip_of_tree(tree: &Tree) -> Vec<u8> {
    let mut zip = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, node) in tree {
        let options = ::zip::write::SimpleFileOptions::default();
        match node {
            Node::Directory => zip.add_directory(path.as_str(), options).unwrap(),
            Node::File(content, runs) => {
                let mode = if *runs { 0o755 } else { 0o644 };
                zip.start_file(path.as_str(), options.unix_permissions(mode)).unwrap();
                zip.write_all(content).unwrap();
            }
            Node::Link(target) => zip.add_symlink(path.as_str(), target.as_str(), options).unwrap(),
        }
    }
    zip.finish().unwrap().into_inner()
}

mod round_trip {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    fn node() -> impl Strategy<Value = Node> {
        prop_oneof![
            Just(Node::Directory),
            (vec(any::<u8>(), 0..2000), any::<bool>()).prop_map(|(c, runs)| Node::File(c, runs)),
            // From the top level these stay inside, and lead nowhere.
            "[a-z]{1,9}(/[A-Z]{1,9}){0,2}".prop_map(|target| Node::Link(format!("no-{target}"))),
        ]
    }

    /// A tree in which every directory on the way has its own entry.
    fn tree() -> impl Strategy<Value = Tree> {
        let name = "[a-zé ]{1,3}|[a-z]{90,130}";
        let path = vec(name, 1..5).prop_map(|parts| parts.join("/"));
        btree_map(path, node(), 0..12).prop_map(|drawn| {
            let mut tree = Tree::new();
            for (path, node) in drawn {
                let ways: Vec<&str> = path.match_indices('/').map(|(at, _)| &path[..at]).collect();
                let free = |way: &&str| matches!(tree.get(*way), None | Some(Node::Directory));
                if ways.iter().all(free) && !tree.contains_key(&path) {
                    for way in ways {
                        tree.insert(way.to_owned(), Node::Directory);
                    }
                    tree.insert(path, node);
                }
            }
            tree
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn a_tree_comes_out_as_it_went_in(tree in tree(), which in 0usize..6) {
            let tar = tar_of_tree(&tree);
            let bytes = match which {
                0..4 => compressed(&tar)[which].clone(),
                4 => tar,
                _ => zip_of_tree(&tree),
            };
            if !tree.is_empty() {
                let (done, place) = unpack_bytes(&bytes, &[], 0);
                prop_assert_eq!(done, Ok(()));
                prop_assert_eq!(read_tree(&place.prefix), tree);
            }
        }

        #[test]
        fn a_mangled_archive_stays_in_its_directory(
            tree in tree(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            which in 0usize..6,
        ) {
            let tar = tar_of_tree(&tree);
            let mut bytes = match which {
                0..4 => compressed(&tar)[which].clone(),
                4 => tar,
                _ => zip_of_tree(&tree),
            };
            let at = at.index(bytes.len());
            bytes[at] = byte;
            super::super::fuzz::archive(&bytes);
        }
    }
}
