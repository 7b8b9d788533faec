//! Packages that the archive vouches for, and that mean no good.

use tar::EntryType::{self, Block, Fifo, Regular, Symlink};

/// What is wrong, the package, and what the error says of it.
pub(super) fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let bomb = "0".repeat(80 << 20);
    vec![
        ("parent", deb(&[("../lightship-evil", Regular, "x")]), "leaves the package"),
        ("link to a parent", deb(&[("x", Symlink, "../../lightship-evil")]), "leaves the package"),
        (
            "file through a link",
            deb(&[("x", Symlink, "/tmp"), ("x/lightship-evil", Regular, "x")]),
            "is no directory",
        ),
        (
            "links that leave together",
            deb(&[
                ("a/b/c", Symlink, "../.."),
                ("etc/ssl/certs", Symlink, "../../a/b/c/../../.."),
                ("usr/share/ca-certificates/x.crt", Regular, "x"),
            ]),
            "leaves the archive",
        ),
        ("device", deb(&[("dev", Block, "")]), "is a device or a pipe"),
        ("pipe", deb(&[("usr/bin/x", Fifo, "")]), "is a device or a pipe"),
        ("bomb", deb(&[("usr/bin/x", Regular, &bomb)]), "it unpacks to more than"),
        (
            "bomb in what is left out",
            deb(&[("usr/share/man/x", Regular, &bomb)]),
            "it unpacks to more than",
        ),
        ("no package", vec![b'x'; 100], "it does not begin as one"),
        ("cut off", deb(&[("usr/bin/x", Regular, "x")])[..400].to_vec(), ""),
    ]
}

/// A package with that data, made by hand: good writers would refuse to.
fn deb(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let control = tar_of(&[("control", Regular, "Package: x\nVersion: 1\n")]);
    let data = zstd::encode_all(tar_of(entries).as_slice(), 1).unwrap();
    let mut out = b"!<arch>\n".to_vec();
    let version = b"2.0\n".to_vec();
    for (name, bytes) in
        [("debian-binary", version), ("control.tar", control), ("data.tar.zst", data)]
    {
        let head = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, bytes.len());
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(&bytes);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

fn tar_of(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        let mut body: &[u8] = content.as_bytes();
        if *kind == Symlink {
            header.set_link_name_literal(content).unwrap();
            body = b"";
        }
        header.set_size(body.len() as u64);
        header.set_cksum();
        tar.append(&header, body).unwrap();
    }
    tar.into_inner().unwrap()
}
