use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use super::*;

const LIST: &str = include_str!("../../keys/README.md");

#[test]
fn the_pinned_keys_are_those_of_the_list() {
    let listed: Vec<&str> = LIST
        .split(['|', ' ', '\n'])
        .filter(|word| word.len() == 40 && word.bytes().all(|b| b.is_ascii_hexdigit()))
        .collect();
    let mut seen: Vec<String> = Vec::new();
    for key in pinned().keys() {
        seen.push(key.fingerprint().to_string());
        seen.push(key.primary.to_string());
        assert!(key.owner.starts_with("Debian ") && key.expires.is_some(), "{key:?}");
    }
    for fingerprint in &listed {
        assert!(seen.contains(&(*fingerprint).to_owned()), "{fingerprint} is not pinned");
    }
    assert_eq!(listed.len(), 15);
    assert!(seen.iter().all(|fingerprint| listed.contains(&fingerprint.as_str())), "{seen:?}");
}

/// A home for gpg with throwaway keys.
struct Gpg {
    home: tempfile::TempDir,
}

impl Gpg {
    /// Nothing where gpg or gpgv is not installed.
    fn new() -> Option<Self> {
        let there = |program| Command::new(program).arg("--version").output().is_ok();
        if !there("gpg") || !there("gpgv") {
            println!("not run: gpg and gpgv are not installed");
            return None;
        }
        Some(Self { home: tempfile::Builder::new().prefix("lightship-gpg").tempdir().unwrap() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("gpg")
            .env("GNUPGHOME", self.home.path())
            .args([
                "--batch",
                "--yes",
                "--quiet",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                "",
            ])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output.stdout
    }

    fn key(&self, name: &str, kind: &str, expires: &str) {
        self.run(&["--quick-generate-key", name, kind, "sign", expires]);
    }

    fn certificate(&self, name: &str) -> Vec<u8> {
        self.run(&["--export", name])
    }

    fn sign(&self, text: &str, names: &[&str], more: &[&str]) -> String {
        let file = self.path("text");
        fs::write(&file, text).unwrap();
        let mut arguments = vec!["--output", "-"];
        arguments.extend(more);
        for name in names {
            arguments.extend(["--local-user", name]);
        }
        let file = file.display().to_string();
        arguments.extend(["--clear-sign", &file]);
        String::from_utf8(self.run(&arguments)).unwrap()
    }

    /// What gpgv thinks of `message`.
    fn accepts(&self, message: &str, certificates: &[&[u8]]) -> bool {
        let (keys, file) = (self.path("keys.gpg"), self.path("message"));
        fs::write(&keys, certificates.concat()).unwrap();
        fs::write(&file, message).unwrap();
        let mut gpgv = Command::new("gpgv");
        gpgv.env("GNUPGHOME", self.home.path()).arg("--keyring").arg(keys).arg(file);
        gpgv.output().unwrap().status.success()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        // The agent that gpg has started would go on living.
        let mut kill = Command::new("gpgconf");
        kill.env("GNUPGHOME", self.home.path()).args(["--kill", "all"]);
        drop(kill.output());
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn keyring(certificates: &[&[u8]]) -> Keyring {
    let mut keyring = Keyring::default();
    for certificate in certificates {
        keyring.add(certificate).unwrap();
    }
    keyring
}

const TEXT: &str =
    "Origin: Test\nDescription: spaces at the end  \n- a dash\n-----BEGIN X-----\n\nSuite: é\n";

#[test]
fn what_gpg_signs_is_accepted_and_nothing_else() {
    let Some(gpg) = Gpg::new() else { return };
    gpg.key("rsa", "rsa3072", "1d");
    gpg.key("ed", "ed25519", "1d");
    let (rsa, ed) = (gpg.certificate("rsa"), gpg.certificate("ed"));
    for (signers, digest) in [
        (&["rsa"][..], "SHA256"),
        (&["rsa"], "SHA512"),
        (&["ed"], "SHA512"),
        (&["rsa", "ed"], "SHA384"),
    ] {
        let message = gpg.sign(TEXT, signers, &["--digest-algo", digest]);
        let both: [&[u8]; 2] = [&rsa, &ed];
        let verified = verify(&message, &keyring(&both), now()).unwrap();
        assert_eq!(verified.signers.len(), signers.len());
        assert_eq!(verified.text, TEXT);
        assert!(gpg.accepts(&message, &both));
        // A machine may write line ends in its own way, and nothing else.
        let windows = message.replace('\n', "\r\n");
        assert!(verify(&windows, &keyring(&both), now()).is_ok());
        for (from, to) in [("Test", "Tess"), ("- - a dash", "- a dash"), ("\n\nSuite", "\nSuite")] {
            let changed = message.replace(from, to);
            assert_ne!(changed, message);
            let error = verify(&changed, &keyring(&both), now()).unwrap_err();
            assert!(matches!(error, OpenPgpError::Bad(_)), "{from}: {error}");
            assert!(!gpg.accepts(&changed, &both), "{from}");
        }
    }
    let message = gpg.sign(TEXT, &["rsa"], &[]);
    let error = verify(&message, &keyring(&[&ed]), now()).unwrap_err();
    assert!(matches!(error, OpenPgpError::Untrusted(_)), "{error}");
    assert!(!gpg.accepts(&message, &[&ed]));
    // One trusted signature is enough beside one of somebody unknown.
    let message = gpg.sign(TEXT, &["rsa", "ed"], &[]);
    assert_eq!(verify(&message, &keyring(&[&ed]), now()).unwrap().signers.len(), 1);
    let unsigned = message.replace(message.split("-----BEGIN PGP SIGNATURE").nth(1).unwrap(), "");
    assert!(verify(&unsigned, &keyring(&[&ed]), now()).is_err());
    assert!(verify(TEXT, &keyring(&[&ed]), now()).is_err());
}

#[test]
fn a_bad_signature_of_a_trusted_key_spoils_a_good_one() {
    let Some(gpg) = Gpg::new() else { return };
    gpg.key("a", "ed25519", "1d");
    gpg.key("b", "ed25519", "1d");
    let (a, b) = (gpg.certificate("a"), gpg.certificate("b"));
    let good = gpg.sign("text\n", &["a"], &[]);
    let other = gpg.sign("other\n", &["b"], &[]);
    let packets = |message: &str| cleartext::split(message).unwrap().signatures;
    let both = [packets(&good), packets(&other)].concat();
    let head = good.split("-----BEGIN PGP SIGNATURE").next().unwrap();
    let armoured = armoured(&both);
    let message = format!("{head}{armoured}");
    assert!(matches!(verify(&message, &keyring(&[&a, &b]), now()), Err(OpenPgpError::Bad(_))));
    assert_eq!(verify(&message, &keyring(&[&a]), now()).unwrap().signers.len(), 1);
}

fn armoured(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("-----BEGIN PGP SIGNATURE-----\n\n");
    for (number, chunk) in bytes.chunks(3).enumerate() {
        let value = chunk.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = (value >> (18 - 6 * digit) & 63) as usize;
            text.push(if digit <= chunk.len() { DIGITS[index].into() } else { '=' });
        }
        if number % 16 == 15 {
            text.push('\n');
        }
    }
    text + "\n-----END PGP SIGNATURE-----\n"
}

#[test]
fn times_are_kept_to() {
    let Some(gpg) = Gpg::new() else { return };
    gpg.key("short", "ed25519", "1d");
    let certificate = gpg.certificate("short");
    let keys = keyring(&[&certificate]);
    let message = gpg.sign("text\n", &["short"], &[]);
    for (at, why) in
        [(now() + 3 * 86_400, "its key has expired"), (now() - 86_400, "made in the future")]
    {
        let error = verify(&message, &keys, at).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let brief = gpg.sign("text\n", &["short"], &["--default-sig-expire", "seconds=100"]);
    assert!(verify(&brief, &keys, now()).is_ok());
    let error = verify(&brief, &keys, now() + 200).unwrap_err().to_string();
    assert!(error.contains("it has expired"), "{error}");
}

#[test]
fn subkeys_sign_when_their_owner_says_so_and_not_when_revoked() {
    let Some(gpg) = Gpg::new() else { return };
    gpg.run(&["--quick-generate-key", "owner", "ed25519", "cert", "1d"]);
    let list = String::from_utf8(gpg.run(&["--list-keys", "--with-colons", "owner"])).unwrap();
    let line = list.lines().find(|line| line.starts_with("fpr")).unwrap();
    let fingerprint = line.split(':').nth(9).unwrap().to_owned();
    gpg.run(&["--quick-add-key", &fingerprint, "rsa2048", "sign", "1d"]);
    let certificate = gpg.run(&["--armor", "--export", "owner"]);
    let keys = keyring(&[&certificate]);
    let [key] = keys.keys() else { panic!("{keys:?}") };
    assert_eq!(key.primary.to_string(), fingerprint);
    let message = gpg.sign("text\n", &["owner"], &[]);
    assert_eq!(verify(&message, &keys, now()).unwrap().signers[0].owner, "owner");
    // Another's certificate with this subkey put into it gains nothing.
    gpg.run(&["--quick-generate-key", "thief", "ed25519", "cert", "1d"]);
    let thief = gpg.certificate("thief");
    let owner = gpg.certificate("owner");
    let at = owner.windows(2).position(|window| window[0] == 0xb9 || window[0] == 0xb8);
    let stolen = at.map_or(thief.clone(), |at| [thief, owner[at..].to_vec()].concat());
    let mut keyring = Keyring::default();
    assert!(keyring.add(&stolen).is_err() && keyring.keys().is_empty());
}

#[test]
fn debians_own_files_are_verified_as_gpgv_does() {
    let folder = Path::new("/var/lib/apt/lists");
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut seen = 0;
    for path in files.filter(|path| path.to_string_lossy().ends_with("InRelease")) {
        let Ok(message) = fs::read_to_string(&path) else { continue };
        if !message.contains("Origin: Debian\n") || !message.contains("Codename: bookworm") {
            continue;
        }
        let verified = verify(&message, pinned(), now()).unwrap();
        assert!(verified.signers.len() >= 2, "{}: {:?}", path.display(), verified.signers);
        let changed = message.replacen("Origin: Debian", "Origin: Debiaa", 1);
        assert!(matches!(verify(&changed, pinned(), now()), Err(OpenPgpError::Bad(_))));
        seen += 1;
    }
    if seen == 0 {
        println!("not run: apt has fetched no InRelease of bookworm here");
    }
}
