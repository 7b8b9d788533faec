//! Whatever bytes lie where the loader reads, it does not panic; and what it reads, it writes
//! so that it reads it again.

use lightship_model::event::{Event, LoaderCommand};
use lightship_model::receipt::Receipt;
use lightship_model::state::LoaderState;
use proptest::prelude::*;

use crate::support::{sandbox, simple};

const RECEIPT: &str = r#"{"layout":1,"name":"rust","version":"1.95.0","key":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","source":"script","startedAt":"2026-02-04T11:00:00.000Z","installedAt":"2026-02-04T11:02:00.000Z","bytes":1,"files":1,"bins":[{"name":"rustc","path":"bin/rustc","size":1}],"confinement":"env","lightship":"0.1.0"}"#;
const STATE: &str = r#"{"startedAt":"2026-02-04T11:00:00Z","tools":{"rust":{"name":"rust","status":"installed","installedAt":"pre-existing"}}}"#;
const EVENT: &str = r#"{"at":"2026-02-04T11:00:00.000Z","event":"tool","name":"rust","status":"failed","error":"x","tookMs":3}"#;

fn read_all(bytes: &[u8]) {
    drop(serde_json::from_slice::<Receipt>(bytes).map(|receipt| receipt.slug()));
    if let Ok(state) = serde_json::from_slice::<LoaderState>(bytes) {
        let again = serde_json::to_vec(&state).unwrap();
        assert_eq!(serde_json::from_slice::<LoaderState>(&again).unwrap(), state);
    }
    let text = String::from_utf8_lossy(bytes);
    if let Some(event) = Event::from_line(&text) {
        assert_eq!(Event::from_line(&event.to_line()), Some(event));
    }
    drop(serde_json::from_str::<LoaderCommand>(&text));
}

#[test]
fn the_good_examples_are_read() {
    assert!(serde_json::from_str::<Receipt>(RECEIPT).is_ok());
    assert!(serde_json::from_str::<LoaderState>(STATE).is_ok());
    assert!(Event::from_line(EVENT).is_some());
}

proptest! {
    #[test]
    fn no_bytes_make_the_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
    }

    #[test]
    fn no_mangled_file_makes_the_reading_panic(
        which in 0usize..3,
        at in 0usize..500,
        remove in 0usize..20,
        put in "[\\[\\]{}\":,0-9a-zé\\\\/.-]{0,8}",
    ) {
        let text = [RECEIPT, STATE, EVENT][which];
        let at = at.min(text.len());
        let end = (at + remove).min(text.len());
        read_all(format!("{}{put}{}", &text[..at], &text[end..]).as_bytes());
    }
}

#[test]
fn a_loader_among_rubbish_does_its_work() {
    let sandbox = sandbox();
    sandbox.manifest(&simple("tool", "x"));
    let v1 = sandbox.dir().join("v1");
    for folder in ["receipts/folder.json", "store", "stage"] {
        std::fs::create_dir_all(v1.join(folder)).unwrap();
    }
    for (path, bytes) in [
        ("receipts/bytes.json", &b"\xff\xfe\0"[..]),
        ("receipts/other.json", RECEIPT.as_bytes()),
        ("receipts/no-extension", b"x"),
        ("store/file", b"x"),
        ("stage/file", b"x"),
        ("python.json", b"{"),
        ("lock", b"\xff"),
    ] {
        std::fs::write(v1.join(path), bytes).unwrap();
    }
    std::fs::write(sandbox.dir().join("loader-state.json"), b"\0\xff").unwrap();
    std::fs::write(sandbox.dir().join("audit.jsonl"), b"no line of ours").unwrap();
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("tool"), "x");
}
