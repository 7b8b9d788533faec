use std::io::Write as _;

use super::*;

/// A tar with the given entries: path, content or link target.
fn tar_of(entries: &[(&str, Result<&str, &str>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in entries {
        let mut header = tar::Header::new_ustar();
        // Written past the checks of `set_path`: hostile archives don't ask either.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_mode(0o755);
        let body = match content {
            Ok(text) => text.as_bytes(),
            Err(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
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

fn unpack_bytes(bytes: &[u8], take: &[Take], strip: u8) -> (Result<(), InstallError>, Place) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("archive");
    fs::write(&file, bytes).unwrap();
    let prefix = dir.path().join("prefix");
    fs::create_dir(&prefix).unwrap();
    assert!(is_archive(&file).unwrap());
    (unpack(&file, &prefix, take, strip), Place { dir, prefix })
}

fn take(from: &str, to: &str) -> Take {
    Take { from: from.into(), to: to.into(), executable: false }
}

#[test]
fn every_supported_kind_unpacks_alike() {
    let tar = tar_of(&[("top/bin/x", Ok("program")), ("top/bin/y", Err("x"))]);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&tar).unwrap();
    let zst = zstd::encode_all(tar.as_slice(), 1).unwrap();
    for bytes in [tar, gz.finish().unwrap(), zst] {
        let (done, place) = unpack_bytes(&bytes, &[], 1);
        done.unwrap();
        assert_eq!(fs::read(place.prefix.join("bin/y")).unwrap(), b"program");
        let mode = fs::metadata(place.prefix.join("bin/x")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}

#[test]
fn a_zip_gives_what_is_taken_and_nothing_else() {
    let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o644);
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
    assert!(done.unwrap_err().to_string().contains("there is no `nope` in it"));
}

#[test]
fn no_entry_leaves_the_prefix() {
    let hostile: [&[(&str, Result<&str, &str>)]; 6] = [
        &[("../evil", Ok("x"))],
        &[("/evil", Ok("x"))],
        &[("a/../../evil", Ok("x"))],
        &[("link", Err("/etc")), ("link/evil", Ok("x"))],
        &[("link", Err("../.."))],
        &[("here", Err(".")), ("here/evil", Ok("x"))],
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
    for head in [&b"PK\x03\x04"[..], &[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd]] {
        let bytes = [head, &[7; 600]].concat();
        assert!(unpack_bytes(&bytes, &[], 0).0.is_err());
    }
    let xz = [0xfd, b'7', b'z', b'X', b'Z', 0, 0, 0];
    assert!(unpack_bytes(&xz, &[], 0).0.unwrap_err().to_string().contains("xz is not supported"));
}
