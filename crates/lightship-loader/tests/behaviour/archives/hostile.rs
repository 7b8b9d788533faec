//! Archives that mean no good, or were damaged.

use std::io::Write as _;

use super::make::{TarEntry, ZipEntry, compressed, tar, zip};

/// One of them.
pub(super) struct Case {
    pub(super) what: &'static str,
    pub(super) bytes: Vec<u8>,
    /// Keys of the tool's source.
    pub(super) keys: &'static str,
    /// What the error says.
    pub(super) error: &'static str,
}

fn case(what: &'static str, bytes: Vec<u8>, error: &'static str) -> Case {
    Case { what, bytes, keys: "", error }
}

pub(super) fn cases() -> Vec<Case> {
    [tars(), extensions(), streams(), bombs(), zips()].into_iter().flatten().collect()
}

const LEAVES: &str = "leaves the archive";

fn tars() -> Vec<Case> {
    let file = |name| tar(&[TarEntry::file(name, "evil")]);
    let link = |name, target| TarEntry::link(name, b'2', target);
    let hard = |target| tar(&[TarEntry::link("x", b'1', target)]);
    let deep = "d/".repeat(49);
    let of_kind = |kind| tar(&[TarEntry::new("x", kind)]);
    vec![
        case("parent", file("../lightship-evil"), LEAVES),
        case("parent further in", file("a/b/../../../lightship-evil"), LEAVES),
        case("absolute", file("/tmp/lightship-evil"), "it is absolute"),
        case("link to an absolute path", tar(&[link("x", "/etc/passwd")]), LEAVES),
        case("link to the parent", tar(&[link("a/x", "../../y")]), LEAVES),
        case("empty link", tar(&[link("x", "")]), LEAVES),
        case(
            "file through a link out",
            tar(&[link("x", "/tmp"), TarEntry::file("x/lightship-evil", "")]),
            LEAVES,
        ),
        case(
            "file through a link inside",
            tar(&[link("x", "."), TarEntry::file("x/lightship-evil", "")]),
            "something lies in its way",
        ),
        case(
            "links that leave together",
            tar(&[link("a/b/c", "../.."), link("d", "a/b/c/../../x")]),
            LEAVES,
        ),
        case(
            "link that is made to leave by one that comes later",
            tar(&[link("d", "a/b/../../../x"), link("a/b", "..")]),
            LEAVES,
        ),
        case("circle", tar(&[link("a", "b"), link("b", "a")]), "too many others"),
        case("hard link to a parent", hard("../../receipts/x"), LEAVES),
        case("hard link to an absolute path", hard("/etc/passwd"), "it is absolute"),
        case("hard link to nothing", hard("missing"), "linked to no file before it"),
        case(
            "hard link to a link",
            tar(&[link("a/l", "../x"), TarEntry::link("l", b'1', "a/l")]),
            "linked to no file before it",
        ),
        Case {
            keys: ", take = [{ from = \"x\", to = \"bin/x\" }]",
            ..case(
                "hard link to what is not taken",
                tar(&[TarEntry::file("y", ""), TarEntry::link("x", b'1', "y")]),
                "one that is not taken",
            )
        },
        case("character device", of_kind(b'3'), "is a device"),
        case("block device", of_kind(b'4'), "is a device"),
        case("pipe", of_kind(b'6'), "is a pipe"),
        case("kind that nobody knows", of_kind(b'Z'), "not known"),
        case("line break in a name", file("a\nb"), "control character"),
        case("too deep", tar(&[TarEntry::new(format!("{deep}x"), b'0')]), "is no directory")
            .replaced_by_depth(),
        case(
            "file in place of a directory",
            tar(&[TarEntry::file("x/y", ""), TarEntry::file("x", "")]),
            "is a directory already",
        ),
        case(
            "directory in place of a file",
            tar(&[TarEntry::file("x", ""), TarEntry::file("x/y", "")]),
            "something lies in its way",
        ),
    ]
}

impl Case {
    /// A path of 200 directories, which only an extension header can hold.
    fn replaced_by_depth(mut self) -> Self {
        let path = "d/".repeat(200);
        self.bytes = tar(&[TarEntry::pax(&[("path", path.as_bytes())]), TarEntry::new("x", b'0')]);
        self.error = "nested too deeply";
        self
    }
}

fn extensions() -> Vec<Case> {
    let pax = |key, value: &[u8]| tar(&[TarEntry::pax(&[(key, value)]), TarEntry::new("x", b'0')]);
    let long = "n".repeat(256);
    let broken = TarEntry { body: b"99 path=x\n".to_vec(), ..TarEntry::new("pax", b'x') };
    let huge = TarEntry { size: Some(1 << 30), ..TarEntry::new("pax", b'x') };
    let longer = TarEntry { body: vec![b'a'; 5000], ..TarEntry::new("././@LongLink", b'L') };
    let mut wrong = tar(&[TarEntry::file("x", "")]);
    wrong.splice(0..0, tar(&[TarEntry::file("y", "")])[..512].to_vec());
    wrong[512] = b'z';
    let lying = TarEntry { size: Some(2000), ..TarEntry::file("x", "short") };
    vec![
        case("parent in an extension", pax("path", b"../lightship-evil"), LEAVES),
        case("NUL in a name", pax("path", b"a\0b"), "control character"),
        case("part of a name too long", pax("path", long.as_bytes()), "too long"),
        case("name too long", tar(&[longer, TarEntry::new("x", b'0')]), "too long"),
        case("broken extension", tar(&[broken]), "extension header is broken"),
        case("huge extension", tar(&[huge]), "extension header is too long"),
        case(
            "extension of nothing",
            tar(&[TarEntry::pax(&[("path", b"x")])])[..1024].into(),
            "cut off",
        ),
        case("sparse by POSIX", pax("GNU.sparse.major", b"1"), "sparse"),
        case("sparse by GNU", tar(&[TarEntry::new("x", b'S')]), "sparse"),
        case("size that is none", pax("size", b"-1"), "extension header is broken"),
        case("size beyond the end", pax("size", b"99999999"), "cut off"),
        case(
            "directory with content",
            tar(&[TarEntry { size: Some(512), ..TarEntry::new("x", b'5') }]),
            "has content",
        ),
        case("wrong checksum", wrong, "checksum is wrong"),
        case("file beyond the end", tar(&[lying]), "cut off"),
    ]
}

fn streams() -> Vec<Case> {
    let plain = tar(&[TarEntry::file("bin/x", "program")]);
    let [gz, xz, bz2, zst] = compressed(&plain);
    let cut = |bytes: &[u8]| bytes[..bytes.len() - 4].to_vec();
    let tail = |bytes: &[u8]| [bytes, b"tail"].concat();
    let mut wrong_sum = gz.clone();
    let at = gz.len() - 6;
    wrong_sum[at] ^= 1;
    let mut wrong_check = xz.clone();
    wrong_check[xz.len() / 2] ^= 1;
    // A frame that asks for a window of 2 GiB.
    let window = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    vec![
        case("gzip cut off", cut(&gz), "damaged or cut off"),
        case("xz cut off", cut(&xz), "damaged or cut off"),
        case("bzip2 cut off", cut(&bz2), "damaged or cut off"),
        case("zstd cut off", cut(&zst), "damaged or cut off"),
        case("gzip with a tail", tail(&gz), "damaged"),
        case("xz with a tail", tail(&xz), "damaged"),
        case("bzip2 with a tail", tail(&bz2), "damaged"),
        case("zstd with a tail", tail(&zst), "damaged"),
        case("tar with a tail", tail(&plain), "behind the archive's end"),
        case("two tars in one", [plain.as_slice(), &plain].concat(), "behind the archive's end"),
        case("gzip with a wrong sum", wrong_sum, "checksum"),
        case("xz with a wrong check", wrong_check, "damaged"),
        case("zstd that wants memory", window, "requires too much memory"),
        case("7z", b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), "7z is not supported"),
        case("Debian's package", b"!<arch>\ndebian-binary".to_vec(), "ar is not supported"),
        Case {
            keys: ", take = [{ from = \"a\", to = \"b\" }, { from = \"c\", to = \"d\" }]",
            ..case(
                "one file where several are wanted",
                compressed(b"x")[0].clone(),
                "one compressed file",
            )
        },
    ]
}

/// More than 64 MiB of zeros.
fn zeros(behind: &[u8]) -> Vec<u8> {
    let mut zst = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zst.write_all(behind).unwrap();
    for _ in 0..68 {
        zst.write_all(&vec![0; 1 << 20]).unwrap();
    }
    zst.finish().unwrap()
}

fn bombs() -> Vec<Case> {
    let large = TarEntry { size: Some(68 << 20), ..TarEntry::new("bin/x", b'0') };
    let header = tar(&[large])[..512].to_vec();
    let more = "unpacks to more than";
    vec![
        case("file of zeros", zeros(&header), more),
        case("program of zeros", zeros(b"x"), more),
        case("zeros behind the end", zeros(&tar(&[TarEntry::file("x", "")])), more),
        Case {
            keys: ", take = [{ from = \"other\", to = \"bin/x\" }]",
            ..case("zeros that are not taken", zeros(&header), more)
        },
    ]
}

fn zips() -> Vec<Case> {
    let good = ZipEntry::file("x", b"good");
    let one = |entry: ZipEntry| zip(&[entry]);
    let link = |target| one(ZipEntry { mode: 0o120_777, ..ZipEntry::file("x", target) });
    let named = |name| one(ZipEntry::file(name, b"evil"));
    let whole = one(good.clone());
    // The second is a part of the first, behind its header of 30 bytes and its name.
    let inner = ZipEntry { inside: Some(31), ..ZipEntry::file("y", b"inner") };
    let outer = ZipEntry::file("x", Vec::leak(inner.local()));
    let overlapping = zip(&[outer, inner]);
    vec![
        case("zip: parent", named("../lightship-evil"), LEAVES),
        case("zip: absolute", named("/tmp/lightship-evil"), "it is absolute"),
        case("zip: control character", named("a\rb"), "control character"),
        case("zip: link out", link(b"../../x"), LEAVES),
        case("zip: link to an absolute path", link(b"/etc"), LEAVES),
        case("zip: link with a line break", link(b"a\nb"), "does not say where to"),
        case("zip: link that is a novel", link(&[b'a'; 5000]), "does not say where to"),
        case("zip: pipe", one(ZipEntry { mode: 0o010_644, ..good.clone() }), "device or a pipe"),
        case(
            "zip: two names for one file",
            one(ZipEntry { local_name: "y", ..good.clone() }),
            "inconsisten",
        ),
        case("zip: the same name twice", zip(&[good.clone(), good.clone()]), "duplicate"),
        case("zip: bytes of two entries", overlapping, "overlapping"),
        case("zip: encrypted", one(ZipEntry { flags: 1, ..good.clone() }), ""),
        case("zip: compression that nobody uses", one(ZipEntry { method: 98, ..good.clone() }), ""),
        case("zip: wrong sum", one(ZipEntry { crc: Some(1), ..good.clone() }), "checksum"),
        case("zip: cut off", whole[..whole.len() - 5].to_vec(), ""),
        case("zip: with a tail", [whole.as_slice(), b"tail"].concat(), "behind the archive"),
        case(
            "zip: file in place of a directory",
            zip(&[ZipEntry::file("x/y", b""), good]),
            "directory already",
        ),
    ]
}
