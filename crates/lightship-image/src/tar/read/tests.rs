use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// One entry with its content.
type Found = (Header, Vec<u8>);

fn read(bytes: &[u8]) -> Result<Vec<Found>, TarError> {
    let mut reader = Reader::new(bytes);
    let mut found = Vec::new();
    while let Some(header) = reader.next_header()? {
        let mut content = Vec::new();
        reader.content(|piece| content.extend_from_slice(piece))?;
        found.push((header, content));
    }
    reader.finish()?;
    Ok(found)
}

fn header(kind: tar::EntryType, size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size as u64);
    header
}

/// A block whose checksum is put right.
fn sealed(mut block: Vec<u8>) -> Vec<u8> {
    block[148..156].fill(b' ');
    let sum: u32 = block[..512].iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn padded(mut content: Vec<u8>) -> Vec<u8> {
    content.resize(content.len().next_multiple_of(512), 0);
    content
}

/// An entry of kind `flag`, with what stands behind its header.
fn raw(flag: u8, name: &str, size: usize, content: &[u8]) -> Vec<u8> {
    let mut block = header(tar::EntryType::new(flag), size).as_bytes().to_vec();
    block[..name.len()].copy_from_slice(name.as_bytes());
    [sealed(block), padded(content.to_vec())].concat()
}

fn record(key: &str, value: &str) -> Vec<u8> {
    let body = format!(" {key}={value}\n");
    let mut length = body.len() + 1;
    while format!("{length}{body}").len() != length {
        length += 1;
    }
    format!("{length}{body}").into_bytes()
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let bytes: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
    raw(b'x', "pax", bytes.len(), &bytes)
}

proptest! {
    /// What the `tar` crate writes and reads is read the same here, wherever it begins.
    #[test]
    fn it_reads_what_the_tar_crate_reads(
        entries in prop::collection::vec(
            ("[a-z]{1,8}(/[a-zé ]{1,60}){0,6}", prop::collection::vec(any::<u8>(), 0..2000),
             0..0o10000_u32, any::<u32>(), 0..4_000_000_000_u64, 0..3_usize),
            0..8,
        ),
    ) {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content, mode, id, mtime, kind) in &entries {
            let mut head = header(tar::EntryType::Regular, content.len());
            head.set_mode(*mode);
            head.set_uid((*id).into());
            head.set_gid(u64::from(*id) << 8);
            head.set_mtime(*mtime);
            match kind {
                0 => builder.append_data(&mut head, path, content.as_slice()).unwrap(),
                1 => {
                    head.set_entry_type(tar::EntryType::Symlink);
                    head.set_size(0);
                    builder.append_link(&mut head, path, format!("../{path}")).unwrap();
                }
                _ => {
                    builder.append_pax_extensions([("path", path.as_bytes()), ("comment", b"x")]).unwrap();
                    builder.append_data(&mut head, "short", content.as_slice()).unwrap();
                }
            }
        }
        let bytes = builder.into_inner().unwrap();
        let found = read(&bytes).unwrap();
        prop_assert_eq!(found.len(), entries.len());
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut end = 0;
        for (oracle, (head, content)) in archive.entries().unwrap().zip(&found) {
            let mut oracle = oracle.unwrap();
            prop_assert_eq!(&*oracle.path_bytes(), head.path.as_slice());
            prop_assert_eq!(oracle.link_name_bytes().unwrap_or_default().into_owned(), head.link.clone());
            prop_assert_eq!(oracle.header().mode().unwrap(), head.mode);
            prop_assert_eq!(oracle.header().uid().unwrap(), head.uid);
            prop_assert_eq!(oracle.header().gid().unwrap(), head.gid);
            prop_assert_eq!(oracle.header().mtime().unwrap(), head.mtime.cast_unsigned());
            // Each begins where the one before ended, padding included.
            prop_assert_eq!(head.start, end);
            end = (oracle.raw_file_position() + oracle.header().size().unwrap()).next_multiple_of(512);
            let mut wanted = Vec::new();
            oracle.read_to_end(&mut wanted).unwrap();
            prop_assert_eq!(&wanted, content);
        }
    }

    /// Bytes that are anything at all give an answer or an error, never a panic.
    #[test]
    fn rubbish_is_an_answer_or_an_error(
        mut bytes in prop::collection::vec(any::<u8>(), 0..3000), flag in any::<u8>(),
    ) {
        if bytes.len() >= 512 {
            bytes[156] = flag;
            bytes[124..136].copy_from_slice(b"00000000700\0");
            bytes = sealed(bytes);
        }
        drop(read(&bytes));
    }
}

#[test]
fn it_may_end_without_zeros_and_begin_with_them() {
    let entry = raw(b'0', "a", 3, b"abc");
    assert_eq!(read(&entry).unwrap()[0].1, b"abc");
    let unpadded = &entry[..515];
    assert_eq!(read(unpadded).unwrap()[0].1, b"abc");
    assert!(read(&[vec![0; 1024], entry].concat()).unwrap().is_empty());
    assert!(read(b"").unwrap().is_empty());
}

#[test]
fn what_is_cut_off_or_changed_is_an_error_with_its_place() {
    let tar = [raw(b'0', "a", 0, b""), raw(b'0', "b", 600, &[1; 600])].concat();
    for (bytes, place) in [(&tar[..700], "700"), (&tar[..1100], "1100"), (&tar[..511], "511")] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains("ends within"), "{error}");
    }
    let mut changed = tar.clone();
    changed[513] ^= 1;
    let error = read(&changed).unwrap_err().to_string();
    assert_eq!(error, "the tar is wrong at byte 512: the checksum of a header does not hold");
}

#[test]
fn a_header_that_is_too_long_or_leads_nowhere_is_refused() {
    for bytes in [
        raw(b'x', "pax", 2 << 20, b""),
        raw(b'L', "long", usize::MAX >> 30, b""),
        pax(&[("path", "a")]),
        [pax(&[("path", &"a".repeat(5000))]), raw(b'0', "b", 0, b"")].concat(),
        [pax(&[("size", "18446744073709551615")]), raw(b'0', "b", 0, b"")].concat(),
        [pax(&[("size", "-1")]), raw(b'0', "b", 0, b"")].concat(),
    ] {
        assert!(matches!(read(&bytes).unwrap_err(), TarError::Wrong { .. }));
    }
}

#[test]
fn only_files_have_content_whatever_their_headers_say() {
    let tar = [raw(b'1', "link", 512, b""), raw(b'5', "d", 512, b""), raw(b'0', "a", 1, b"x")];
    let found = read(&tar.concat()).unwrap();
    let kinds: Vec<Type> = found.iter().map(|(header, _)| header.kind).collect();
    assert_eq!(kinds, [Type::HardLink, Type::Directory, Type::File]);
    assert_eq!(found[1].0.size, 0);
}

#[test]
fn pax_goes_before_gnu_and_gnu_before_the_header() {
    let long = "l".repeat(200);
    let gnu = raw(b'L', "././@LongLink", 201, format!("{long}\0").as_bytes());
    let entry = raw(b'0', "short", 1, b"x");
    let found = read(&[gnu.clone(), entry.clone()].concat()).unwrap();
    assert_eq!((found[0].0.path.as_slice(), found[0].0.start), (long.as_bytes(), 0));
    let tar = [gnu, pax(&[("path", "p"), ("uid", "3000000"), ("mtime", "-0.5")]), entry].concat();
    let header = &read(&tar).unwrap()[0].0;
    assert_eq!((header.path.as_slice(), header.uid, header.mtime), (&b"p"[..], 3_000_000, -1));
}

/// Every format of a sparse file has the same content: a hole, `ab`, a hole, `c`, a hole.
#[test]
fn holes_are_zeros_in_every_format() {
    let wanted = [&[0; 600][..], b"ab", &[0; 100], b"c", &[0; 50]].concat();
    let size = wanted.len().to_string();
    let one = [("GNU.sparse.name", "s"), ("GNU.sparse.size", size.as_str())];
    let numbers = [("GNU.sparse.offset", "600"), ("GNU.sparse.numbytes", "2")];
    let more = [("GNU.sparse.offset", "702"), ("GNU.sparse.numbytes", "1")];
    let file = raw(b'0', "GNUSparseFile.0/s", 3, b"abc");
    let table = padded(b"2\n600\n2\n702\n1\n".to_vec());
    let mut old = header(tar::EntryType::GNUSparse, 3).as_bytes().to_vec();
    old[0] = b's';
    for (at, number) in [(386, 600), (398, 2), (410, 702), (422, 1), (483, wanted.len())] {
        old[at..at + 12].copy_from_slice(format!("{number:011o}\0").as_bytes());
    }
    let formats = [
        [pax(&[&one[..], &numbers, &more].concat()), file.clone()].concat(),
        [pax(&[&one[..], &[("GNU.sparse.map", "600,2,702,1")]].concat()), file].concat(),
        [
            pax(&[
                ("GNU.sparse.major", "1"),
                ("GNU.sparse.minor", "0"),
                ("GNU.sparse.name", "s"),
                ("GNU.sparse.realsize", &size),
            ]),
            raw(b'0', "x", 515, &[table, b"abc".to_vec()].concat()),
        ]
        .concat(),
        [sealed(old), padded(b"abc".to_vec())].concat(),
    ];
    for (format, bytes) in formats.iter().enumerate() {
        let tar = [bytes.clone(), raw(b'0', "next", 1, b"n")].concat();
        let found = read(&tar).unwrap();
        assert_eq!((&found[0].0.path[..], found[0].0.sparse), (&b"s"[..], true), "{format}");
        assert_eq!(found[0].0.size, wanted.len() as u64, "{format}");
        assert_eq!(found[0].1, wanted, "{format}");
        assert_eq!(found[1].1, b"n", "{format}");
    }
}

#[test]
fn a_table_of_holes_that_does_not_fit_is_refused_and_a_huge_one_is_not_waited_for() {
    for map in ["600,2", "600,4", "0,1,1", "5,2,3,1", "18446744073709551615,3"] {
        let head = pax(&[("GNU.sparse.size", "700"), ("GNU.sparse.map", map)]);
        let tar = [head, raw(b'0', "s", 3, b"abc")].concat();
        assert!(matches!(read(&tar), Err(TarError::Wrong { .. })), "{map}");
    }
    let head = pax(&[("GNU.sparse.size", "9000000000000000000"), ("GNU.sparse.map", "0,3")]);
    let tar = [head, raw(b'0', "s", 3, b"abc"), raw(b'0', "next", 1, b"n")].concat();
    let mut reader = Reader::new(tar.as_slice());
    assert_eq!(reader.next_header().unwrap().unwrap().size, 9_000_000_000_000_000_000);
    assert!(!reader.content(|_| ()).unwrap());
    assert_eq!(reader.next_header().unwrap().unwrap().path, b"next");
}

#[test]
fn contents_are_passed_over_by_seeking() {
    let big = vec![7; 100_000];
    let tar = [raw(b'0', "a", big.len(), &big), raw(b'0', "b", 3, b"abc")].concat();
    let mut reader = Reader::new(BufReader::with_capacity(1024, Cursor::new(&tar)));
    let mut starts = Vec::new();
    while let Some(header) = reader.next_header().unwrap() {
        starts.push(header.start);
        reader.seek_over().unwrap();
    }
    assert_eq!(starts, [0, 512 + 100_352]);
    assert_eq!(reader.position(), tar.len() as u64);
}

#[test]
fn what_is_no_file_has_no_content_whatever_lies_behind_its_header() {
    let tar = [raw(b'V', "volume", 3, b"abc"), raw(b'0', "next", 1, b"n")].concat();
    let found = read(&tar).unwrap();
    assert_eq!((found[0].0.size, found[0].1.as_slice()), (0, &b""[..]));
    assert_eq!(found[1].1, b"n");
}
