//! What the volume under the tool directory can do, and where tools go: what a start would find.

use lightship_model::volume::{Ability, Volume};

use super::{Context, Finding, Status};

const ID: &str = "volume";

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    vec![judge(&context.volume)]
}

fn judge(volume: &Volume) -> Finding {
    let kind = volume.file_system.as_deref().unwrap_or("unknown file system");
    let lacks = volume.abilities.lacks.iter();
    let lacks: Vec<String> =
        lacks.map(|(ability, said)| format!("{}: {said}", words(*ability))).collect();
    if let Some(failure) = volume.failure() {
        let status = if volume.tools_dir.is_some() { Status::Warn } else { Status::Fail };
        let finding = Finding::new(ID, status, format!("{failure} ({kind})"));
        let detail = lacks.join("; ");
        let finding = if detail.is_empty() { finding } else { finding.detail(detail) };
        return finding.help(
            "mount a volume that can be written and runs programs, or name another directory: \
             what is in the local one is gone with the container",
        );
    }
    if lacks.is_empty() {
        let has = volume.abilities.has.iter().map(|ability| words(*ability));
        let has = has.collect::<Vec<_>>().join(", ");
        return Finding::new(ID, Status::Ok, format!("the volume ({kind}) can hold tools: {has}"));
    }
    let what = format!("the volume ({kind}) can hold tools, and lacks what helps");
    Finding::new(ID, Status::Warn, what).detail(lacks.join("; "))
}

/// In words, as part of a list.
fn words(ability: Ability) -> &'static str {
    match ability {
        Ability::Write => "files",
        Ability::Fsync => "files that last (fsync)",
        Ability::Rename => "rename over a file",
        Ability::RenameNoreplace => "rename that replaces nothing",
        Ability::Symlink => "symbolic links",
        Ability::Hardlink => "hard links",
        Ability::Flock => "locks",
        Ability::Exec => "programs that can be executed",
    }
}

#[cfg(test)]
mod tests {
    use lightship_model::volume::{Abilities, Problem};

    use super::*;

    #[test]
    fn what_helps_warns_and_what_tools_need_says_where_they_go() {
        let volume = Volume {
            dir: "/data".into(),
            tools_dir: Some("/data".into()),
            records_dir: "/data".into(),
            problem: None,
            why: None,
            abilities: Abilities {
                has: [Ability::Write, Ability::Exec].into(),
                ..Abilities::default()
            },
            space: None,
            file_system: Some("ext4".into()),
        };
        assert_eq!(judge(&volume).status, Status::Ok);
        assert!(judge(&volume).what.contains("(ext4) can hold tools: files, programs"));
        let mut lacking = volume.clone();
        lacking.abilities.lacks.insert(Ability::Flock, "no".into());
        assert_eq!(judge(&lacking).status, Status::Warn);
        let local = Volume {
            problem: Some(Problem::ReadOnly),
            why: Some("it is read-only".into()),
            tools_dir: Some("/tmp/l".into()),
            ..volume
        };
        let finding = judge(&local);
        assert!(finding.what.contains("it is read-only; tools go to /tmp/l"), "{finding:?}");
        assert_eq!(finding.status, Status::Warn);
        assert_eq!(judge(&Volume { tools_dir: None, ..local }).status, Status::Fail);
    }
}
