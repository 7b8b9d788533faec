//! Whatever is done to a trail is found; what a crash does is told apart from it.

use proptest::prelude::*;

use super::*;

fn start() -> Timestamp {
    Timestamp::from_millis(0)
}

struct Trail {
    _temp: tempfile::TempDir,
    dir: ToolDir,
}

impl Trail {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = ToolDir::at(temp.path());
        fs::create_dir(dir.v1()).unwrap();
        Self { _temp: temp, dir }
    }

    fn of(count: usize) -> Self {
        let trail = Self::new();
        for installed in 0..count {
            trail.append(installed);
        }
        trail
    }

    fn append(&self, installed: usize) {
        let act = Act::Start { installed, to_install: 0 };
        append(&self.dir, start(), "a test", &act).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(self.dir.audit()).unwrap()
    }

    fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        let mut text = lines.join("\n");
        text.push_str(if lines.is_empty() { "" } else { "\n" });
        fs::write(self.dir.audit(), text).unwrap();
    }

    fn verify(&self) -> Report {
        verify(&self.dir, []).unwrap()
    }

    #[track_caller]
    fn problem(&self) -> String {
        let report = self.verify();
        assert!(!report.is_good(), "{report:#?}");
        let first = &report.problems[0];
        format!("line {} {}", first.line, first.what)
    }

    /// As if the machine had been started again since.
    fn other_boot(&self) {
        let text = fs::read_to_string(self.dir.audit_head()).unwrap();
        fs::write(self.dir.audit_head(), text.replace(&crate::store::volume::boot_id(), "another"))
            .unwrap();
    }
}

#[test]
fn each_line_carries_its_number_and_the_digest_of_the_one_before() {
    let trail = Trail::of(3);
    // A line longer than the block that the tail is read in.
    let long = Act::Skipped { tool: "x".parse().unwrap(), reason: "y".repeat(9000) };
    append(&trail.dir, start(), "a test", &long).unwrap();
    trail.append(4);
    let mut prev = Digest::of(b"");
    for (index, line) in trail.lines().iter().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&value["prev"], &value["n"]), (&prev.as_str().into(), &(index + 1).into()));
        prev = Digest::of(line.as_bytes());
    }
    let report = trail.verify();
    assert_eq!(report, Report { lines: 5, ..Report::default() });
}

#[test]
fn what_was_done_to_it_is_named_with_its_line() {
    let trail = Trail::of(6);
    let whole = trail.lines();
    let edit = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = whole.clone();
        change(&mut lines);
        trail.write(&lines);
        trail.problem()
    };
    let edited = edit(&|lines| lines[2] = lines[2].replace("a test", "nobody"));
    assert_eq!(edited, "line 3 was edited: the next one has another digest of it");
    let edited = edit(&|lines| lines[5] = lines[5].replace("a test", "nobody"));
    assert_eq!(edited, "line 6 was edited: v1/audit.head has another digest of it");
    assert_eq!(edit(&|lines| drop(lines.remove(1))), "line 3 line 2 is missing before it");
    let missing = edit(&|lines| drop(lines.drain(1..4)));
    assert_eq!(missing, "line 5 lines 2 to 4 are missing before it");
    assert!(edit(&|lines| lines.swap(2, 3)).contains("line 3 is missing"));
    assert!(edit(&|lines| lines.insert(3, lines[1].clone())).starts_with("line 4 follows line 1"));
    let cut = edit(&|lines| lines.truncate(4));
    assert_eq!(cut, "line 4 is the last one: the trail was cut, it had 6 lines");
    fs::remove_file(trail.dir.audit()).unwrap();
    assert_eq!(trail.problem(), "line 0 is the last one: the trail was cut, it had 6 lines");
}

#[test]
fn a_cut_is_still_found_when_the_trail_has_grown_again() {
    let trail = Trail::of(6);
    trail.write(&trail.lines()[..3]);
    for count in 0..9 {
        trail.append(count);
    }
    assert_eq!(trail.problem(), "line 4 notes that the trail had been cut or edited up to line 6");
}

#[test]
fn a_receipt_remembers_what_the_head_was_made_to_forget() {
    let trail = Trail::of(6);
    let mark = mark(&trail.dir).unwrap().unwrap();
    let key = format!("\"{}\"", "0".repeat(64));
    let receipt = format!(
        "{{\"layout\":1,\"name\":\"x\",\"version\":\"1\",\"key\":{key},\"source\":\"script\",\
         \"startedAt\":\"2026-02-04T11:00:00Z\",\"installedAt\":\"2026-02-04T11:00:00Z\",\
         \"bytes\":0,\"files\":0,\"bins\":[],\"confinement\":\"env\",\"lightship\":\"0\"}}"
    );
    let mut receipt: lightship_model::receipt::Receipt = serde_json::from_str(&receipt).unwrap();
    receipt.audit = Some(mark);
    assert!(verify(&trail.dir, [&receipt]).unwrap().is_good());
    trail.write(&trail.lines()[..3]);
    fs::remove_file(trail.dir.audit_head()).unwrap();
    trail.append(0);
    let report = verify(&trail.dir, [&receipt]).unwrap();
    assert_eq!(report.problems[0].what, "is missing: the receipt of x has its digest");
}

#[test]
fn killed_between_line_and_head_is_no_alarm() {
    let trail = Trail::of(3);
    let head = fs::read(trail.dir.audit_head()).unwrap();
    trail.append(3);
    fs::write(trail.dir.audit_head(), head).unwrap();
    assert_eq!(trail.verify(), Report { lines: 4, ..Report::default() });
    trail.append(4);
    assert_eq!(trail.verify(), Report { lines: 5, ..Report::default() });
}

#[test]
fn what_the_machine_lost_when_it_went_down_is_a_warning_and_no_more_than_that() {
    let trail = Trail::of(3);
    drop(mark(&trail.dir).unwrap());
    trail.append(3);
    trail.append(4);
    let whole = trail.lines();
    trail.write(&whole[..4]);
    trail.other_boot();
    let report = trail.verify();
    assert!(report.is_good() && report.warnings.len() == 1, "{report:#?}");
    trail.append(5);
    let report = trail.verify();
    assert!(report.is_good() && report.warnings.len() == 1, "{report:#?}");
    // What was synced is lost to nobody but a thief.
    let trail = Trail::of(3);
    drop(mark(&trail.dir).unwrap());
    trail.write(&trail.lines()[..2]);
    trail.other_boot();
    assert!(trail.problem().contains("was cut"));
}

#[test]
fn a_long_trail_goes_on_in_another_file() {
    let trail = Trail::of(2);
    let long = Act::Skipped { tool: "x".parse().unwrap(), reason: "y".repeat(9 << 20) };
    append(&trail.dir, start(), "a test", &long).unwrap();
    trail.append(4);
    trail.append(5);
    let names: Vec<_> = files(&trail.dir);
    assert_eq!(names, [trail.dir.root().join("audit-1.jsonl"), trail.dir.audit()]);
    assert_eq!(trail.verify(), Report { lines: 5, ..Report::default() });
    fs::remove_file(&names[0]).unwrap();
    assert_eq!(trail.problem(), "line 4 lines 1 to 3 are missing before it");
}

/// A thing to do to a trail of [`COUNT`] lines that changes it.
#[derive(Clone, Debug)]
enum Harm {
    Edit { line: usize, at: usize, byte: u8 },
    Remove { from: usize, count: usize },
    Swap { a: usize, b: usize },
    Repeat { line: usize, before: usize },
    Cut { bytes: usize },
}

const COUNT: usize = 8;

fn harm() -> impl Strategy<Value = Harm> {
    let line = 0..COUNT;
    prop_oneof![
        (line.clone(), 0..200_usize, 32..127_u8).prop_map(|(line, at, byte)| Harm::Edit {
            line,
            at,
            byte
        }),
        (line.clone(), 1..COUNT).prop_map(|(from, count)| Harm::Remove { from, count }),
        (line.clone(), line.clone()).prop_map(|(a, b)| Harm::Swap { a, b }),
        (line.clone(), 0..=COUNT).prop_map(|(line, before)| Harm::Repeat { line, before }),
        // One byte less takes the last newline, and no word of the trail.
        (2..1500_usize).prop_map(|bytes| Harm::Cut { bytes }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_harm_goes_unseen(harm in harm()) {
        let trail = Trail::of(COUNT);
        let before = trail.text();
        let mut lines = trail.lines();
        match harm {
            Harm::Edit { line, at, byte } => {
                let mut bytes = lines[line].clone().into_bytes();
                let at = at % bytes.len();
                bytes[at] = byte;
                lines[line] = String::from_utf8(bytes).unwrap();
                trail.write(&lines);
            }
            Harm::Remove { from, count } => {
                drop(lines.drain(from..(from + count).min(COUNT)));
                trail.write(&lines);
            }
            Harm::Swap { a, b } => {
                lines.swap(a, b);
                trail.write(&lines);
            }
            Harm::Repeat { line, before } => {
                lines.insert(before, lines[line].clone());
                trail.write(&lines);
            }
            Harm::Cut { bytes } => {
                let keep = before.len().saturating_sub(bytes);
                fs::write(trail.dir.audit(), &before[..keep]).unwrap();
            }
        }
        let report = trail.verify();
        prop_assert_eq!(report.is_good(), trail.text() == before, "{:#?}", report);
        // And it stays so, whatever is written behind it.
        trail.append(1);
        let after = trail.verify();
        prop_assert_eq!(after.is_good(), report.is_good(), "{:#?}", after);
    }

    #[test]
    fn a_crash_in_the_last_line_is_said_and_no_alarm(bytes in 2..60_usize) {
        let trail = Trail::of(COUNT);
        let head = fs::read(trail.dir.audit_head()).unwrap();
        trail.append(COUNT);
        fs::write(trail.dir.audit_head(), head).unwrap();
        let text = trail.text();
        fs::write(trail.dir.audit(), &text[..text.len() - bytes]).unwrap();
        for _ in 0..2 {
            let report = trail.verify();
            prop_assert!(report.is_good(), "{:#?}", report);
            prop_assert_eq!(report.warnings.len(), 1);
            trail.append(1);
        }
    }
}
