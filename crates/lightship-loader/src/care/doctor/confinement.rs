//! How far installers can be confined on this machine.

use landlock::{
    ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
};

use super::{Context, Finding, Status};

const ID: &str = "confinement";

pub(super) fn check(_: &Context<'_>) -> Vec<Finding> {
    let tried = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    let finding = match tried {
        Ok(_) => Finding::new(
            ID,
            Status::Ok,
            "the kernel has Landlock: installers can be kept to \
                                               their own directories",
        ),
        Err(error) => Finding::new(
            ID,
            Status::Warn,
            "the kernel gives no Landlock: installers run \
                                                      with a scrubbed environment alone",
        )
        .detail(crate::chain(&error))
        .help("a container runtime's seccomp profile may forbid it"),
    };
    vec![finding]
}
