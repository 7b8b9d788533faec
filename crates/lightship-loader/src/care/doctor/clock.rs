//! Is the clock right? It is compared with the volume's and with the registries'.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use lightship_model::time::Timestamp;

use super::{Context, Finding, Status};
use crate::clock::now;

const ID: &str = "clock";
/// Certificates and files of a minute in the future still work.
const FAR: Duration = Duration::from_mins(1);

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut others: Vec<(String, Timestamp, Timestamp)> = Vec::new();
    for answer in &context.answers {
        if let Some((date, at)) = answer.date {
            others.push((answer.name.to_owned(), date, at));
        }
    }
    if let Some(time) = volume(context) {
        others.push(("the volume".to_owned(), time, now()));
    }
    vec![judge(&others)]
}

/// The time that the volume gives a file which is written now.
fn volume(context: &Context<'_>) -> Option<Timestamp> {
    let there = context.dir.root().ancestors().find(|path| path.is_dir())?;
    let path = there.join(format!(".lightship-doctor-clock-{}", std::process::id()));
    let time = File::create(&path).and_then(|file| file.metadata()?.modified());
    drop(fs::remove_file(path));
    time.ok().map(|time: SystemTime| time.into())
}

/// `others` are who has a clock, what it said, and what ours said at that time.
fn judge(others: &[(String, Timestamp, Timestamp)]) -> Finding {
    let off = |(_, theirs, ours): &&(String, Timestamp, Timestamp)| {
        theirs.since(*ours).max(ours.since(*theirs))
    };
    let Some(worst) = others.iter().max_by_key(off) else {
        return Finding::new(ID, Status::Ok, "nobody to compare the clock with was asked");
    };
    let (who, theirs, ours) = worst;
    let seconds = off(&worst).as_secs();
    if off(&worst) > FAR {
        let what = format!("the clock is {seconds} s away from the one of {who}");
        return Finding::new(ID, Status::Warn, what)
            .detail(format!("here {ours}, there {theirs}"))
            .help("set it: certificates and the age of files are judged by it");
    }
    let names: Vec<&str> = others.iter().map(|(who, ..)| who.as_str()).collect();
    Finding::new(
        ID,
        Status::Ok,
        format!("the clock agrees with {} ({seconds} s)", names.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_minutes_away_either_way_is_told() {
        let at = Timestamp::from_millis;
        let judge = |theirs, ours| judge(&[("x".into(), at(theirs), at(ours))]);
        assert_eq!(judge(100_000, 130_000).status, Status::Ok);
        for (theirs, ours) in [(0, 61_000), (120_000, 1_000)] {
            let finding = judge(theirs, ours);
            assert_eq!(finding.status, Status::Warn, "{finding:?}");
        }
        assert_eq!(super::judge(&[]).status, Status::Ok);
    }
}
