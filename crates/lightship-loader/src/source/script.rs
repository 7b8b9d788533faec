//! `script`: commands of the manifest's own. What they put into `$PREFIX/bin` is published.

use lightship_model::event::Phase;
use lightship_model::manifest::ScriptSource;

use crate::install::{InstallError, Job, Outcome};

pub(super) fn install(job: &mut Job<'_>, script: &ScriptSource) -> Result<Outcome, InstallError> {
    let words = script
        .run
        .iter()
        .map(|word| job.expand(word))
        .collect::<Result<Vec<String>, InstallError>>()?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(InstallError::Recipe("`run` is an empty command".to_owned()));
    };
    job.phase(Phase::Installing);
    let help = "`run` begins with a program that is not on PATH; a tool that has it can be \
                named in `requires`";
    let mut command = job.command(program, help)?;
    command.args(arguments);
    job.run_shown(command, "install")?;
    Ok(Outcome::default())
}
