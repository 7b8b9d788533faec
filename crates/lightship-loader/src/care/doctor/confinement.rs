//! How far installers can be confined on this machine.

use lightship_model::confinement::{Keeper, Report};

use super::{Context, Finding, Status};
use crate::confine::confinement;

const ID: &str = "confinement";

pub(super) fn check(_: &Context<'_>) -> Vec<Finding> {
    vec![judge(&confinement())]
}

fn judge(report: &Report) -> Finding {
    let walls = report.landlock.is_some() && report.seccomp;
    let groups = report.memory.by == Keeper::Cgroup && report.processes.by == Keeper::Cgroup;
    let what = format!("installers are confined by: {}", report.level);
    if walls && groups {
        return Finding::new(ID, Status::Ok, what);
    }
    let what = if walls {
        format!("{what}; what they may use is watched, and not held by the kernel")
    } else {
        format!("{what}; they can reach more than their own directories")
    };
    let detail = (!report.missing.is_empty()).then(|| report.missing.join("; "));
    let finding = Finding::new(ID, Status::Warn, what);
    let finding = Finding { detail, ..finding };
    finding.help(if walls {
        "delegate a control group with memory and pids to the container"
    } else {
        "a container runtime's seccomp profile may forbid it; `confine = \"required\"` refuses \
         such installs"
    })
}

#[cfg(test)]
mod tests {
    use lightship_model::confinement::Bound;

    use super::*;

    #[test]
    fn less_than_walls_and_groups_is_a_warning_with_the_reasons() {
        let bound = |by| Bound { by, limit: 1 };
        let full = Report {
            level: "env+landlock7+seccomp+cgroup".into(),
            landlock: Some(7),
            seccomp: true,
            memory: bound(Keeper::Cgroup),
            processes: bound(Keeper::Cgroup),
            missing: Vec::new(),
        };
        assert_eq!(judge(&full).status, Status::Ok);
        let missing = vec!["no groups".to_owned()];
        let watched = Report { memory: bound(Keeper::Watch), missing, ..full.clone() };
        let finding = judge(&watched);
        assert_eq!((finding.status, finding.detail.as_deref()), (Status::Warn, Some("no groups")));
        let open = judge(&Report { seccomp: false, ..full });
        assert!(open.what.contains("reach more"), "{open:?}");
    }
}
