use std::fs;
use std::process::Command;

use proptest::prelude::*;

use super::*;

/// What binutils' own reader says of a file.
fn readelf(path: &str) -> Option<Elf> {
    let output = Command::new("readelf").args(["-W", "-l", "-d", path]).output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    let bracketed = |line: &str| {
        let (_, rest) = line.split_once('[')?;
        Some(rest.split_once(']')?.0.to_owned())
    };
    let lines = |what: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains(what)).filter_map(bracketed).collect()
    };
    let after = |line: &str| line.split_once("interpreter: ").map(|(_, rest)| rest.to_owned());
    let interpreter = text.lines().find_map(after);
    Some(Elf {
        needed: lines("(NEEDED)"),
        soname: lines("(SONAME)").pop(),
        interpreter: interpreter.map(|text| text.trim_end_matches(']').to_owned()),
        runpath: lines("(RUNPATH)")
            .pop()
            .or(lines("(RPATH)").pop())
            .map_or(Vec::new(), |path| path.split(':').map(str::to_owned).collect()),
        ..Elf::default()
    })
}

#[test]
fn real_files_are_read_as_binutils_reads_them() {
    let mut looked_at = 0;
    let folders = ["/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
    for folder in folders.iter().filter_map(|folder| fs::read_dir(folder).ok()) {
        for entry in folder.flatten().step_by(12).take(40) {
            let small = entry.metadata().is_ok_and(|data| data.len() < 8 << 20);
            let Some(path) = entry.path().to_str().map(str::to_owned) else { continue };
            let Some(bytes) = fs::read(&path).ok().filter(|_| small) else { continue };
            let Some(elf) = read(&bytes) else { continue };
            let Some(expected) = readelf(&path) else { return };
            let plain =
                Elf { loads_more: false, class: Class::default(), machine: 0, ..elf.clone() };
            assert_eq!(plain, expected, "{path}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 10, "{looked_at}");
}

#[test]
fn a_program_and_what_it_imports() {
    let place = tempfile::tempdir().unwrap();
    let build = |name: &str, text: &str, more: &[&str]| {
        let source = place.path().join("a.c");
        fs::write(&source, text).unwrap();
        let file = place.path().join(name);
        let mut command = Command::new("cc");
        assert!(command.arg(&source).arg("-o").arg(&file).args(more).status().unwrap().success());
        read(&fs::read(file).unwrap()).unwrap()
    };
    let open = "#include <dlfcn.h>\nint main(void) { return !dlopen(\"x\", 1); }";
    let elf = build("opens", open, &["-Wl,-rpath,$ORIGIN/../lib"]);
    assert!(elf.loads_more && elf.interpreter.is_some());
    assert_eq!(elf.runpath, ["$ORIGIN/../lib"]);
    assert!(elf.needed.contains(&"libc.so.6".to_owned()));
    let plain = build("plain", "int main(void) { return 0; }", &[]);
    assert!(!plain.loads_more);
    let library = build("l.so", "int f(void) { return 0; }", &["-shared", "-Wl,-soname,l.so.1"]);
    assert_eq!(library.soname.as_deref(), Some("l.so.1"));
    assert_eq!(library.interpreter, None);
}

#[test]
fn thirty_two_bits_are_read_too() {
    let mut file = vec![0; 0x200];
    file[..6].copy_from_slice(b"\x7fELF\x01\x01");
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    let words =
        |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    put(18, &[3, 0]);
    put(28, &words(&[52]));
    put(42, &[32, 0, 2, 0]);
    put(52, &words(&[1, 0, 0x1000, 0, 0x200]));
    put(84, &words(&[2, 0x100, 0x1100, 0, 32]));
    put(0x100, &words(&[1, 1, 5, 0x1180, 14, 9, 0, 0]));
    put(0x181, b"libc.so\0me.so\0");
    let elf = read(&file).unwrap();
    assert_eq!((elf.class, elf.machine), (Class::Bits32, 3));
    assert_eq!((elf.needed, elf.soname), (vec!["libc.so".to_owned()], Some("me.so".to_owned())));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), wide: bool) {
        fuzz(&bytes);
        let mut file = vec![0x7f, b'E', b'L', b'F', if wide { 2 } else { 1 }, 1];
        file.extend(bytes);
        fuzz(&file);
    }

    #[test]
    fn a_real_one_that_is_cut_and_broken_does_not_either(
        at in 0_usize..0x1000, byte: u8, cut in 0_usize..200_000,
    ) {
        let mut file = fs::read("/bin/ls").unwrap();
        let index = at % file.len();
        file[index] = byte;
        file.truncate(cut);
        fuzz(&file);
    }
}
