//! Running a tool's own `verify` on what was just installed, before it counts.

use lightship_model::event::Phase;
use lightship_model::receipt::Receipt;

use super::{InstallError, Job};

/// Runs `verify` with the tool's programs and what it requires in front, as a caller of the
/// published tool would have them.
pub(crate) fn verify(job: &mut Job<'_>, receipt: &Receipt) -> Result<(), InstallError> {
    let Some(words) = job.tool.verify.clone() else { return Ok(()) };
    job.phase(Phase::Verifying);
    let words =
        words.iter().map(|word| job.expand(word)).collect::<Result<Vec<String>, InstallError>>()?;
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let mut receipts: Vec<&Receipt> = job.requires.iter().collect();
    receipts.push(receipt);
    let view = job.view("verify-bin", &receipts)?;
    let help = "`verify` names a program that neither the tool nor the machine has";
    let mut command = job.command_in(program, help, &[view])?;
    command.args(arguments);
    let sites: Vec<String> = receipts
        .iter()
        .filter_map(|receipt| {
            let site = &receipt.python.as_ref()?.site;
            Some(job.runner.dir.prefix(&receipt.slug()).join(site).display().to_string())
        })
        .collect();
    if !sites.is_empty() {
        command.env("PYTHONPATH", sites.join(":"));
    }
    job.run_shown(command, "verify").map_err(|error| match error {
        InstallError::Exit { excerpt, .. } => {
            InstallError::Verify { command: words.join(" "), excerpt }
        }
        other => other,
    })
}
