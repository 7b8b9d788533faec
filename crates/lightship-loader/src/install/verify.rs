//! Running a tool's own `verify` on what was just installed, before it counts.

use lightship_model::event::{Exit, Phase};
use lightship_model::receipt::Receipt;

use super::{InstallError, Job};

/// Runs `verify` with the tool's programs and what it requires in front, as a caller of the
/// published tool would have them; gives the version that it printed.
pub(crate) fn verify(job: &mut Job<'_>, receipt: &Receipt) -> Result<Option<String>, InstallError> {
    let Some(words) = job.tool.verify.clone() else { return Ok(None) };
    job.phase(Phase::Verifying);
    let words =
        words.iter().map(|word| job.expand(word)).collect::<Result<Vec<String>, InstallError>>()?;
    let Some((program, arguments)) = words.split_first() else { return Ok(None) };
    let mut receipts: Vec<&Receipt> = job.requires.iter().collect();
    receipts.push(receipt);
    let view = job.view("verify-bin", &receipts)?;
    let help = "`verify` names a program that neither the tool nor the machine has";
    let mut command = job.command_in(program, help, &[view])?;
    command.args(arguments);
    job.add_exports(&mut command, std::slice::from_ref(receipt));
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
    let mut version = None;
    let verified = job.run(command, "verify", |reporter, line| {
        version = version.take().or_else(|| version_in(line));
        reporter.message(line);
    });
    verified.map(|()| version).map_err(|error| match error {
        // One that was killed says nothing about the tool: that attempt is made again.
        InstallError::Exit { exit: Exit::Code(_), excerpt, .. } => {
            InstallError::Verify { command: words.join(" "), excerpt }
        }
        other => other,
    })
}

/// The first word of `line` that looks like a version: `1.96.0` in `rustc 1.96.0 (…)`.
pub(super) fn version_in(line: &str) -> Option<String> {
    line.split(|c: char| c.is_whitespace() || c == ',' || c == '(')
        .map(|word| word.trim_start_matches('v').trim_end_matches([')', '.', ':']))
        .find(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_print_of_themselves() {
        for (line, version) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Some("1.95.0")),
            ("v20.20.2", Some("20.20.2")),
            ("Pygments version 2.20.0, (c) 2006", Some("2.20.0")),
            ("OK", None),
        ] {
            assert_eq!(version_in(line).as_deref(), version);
        }
    }
}
