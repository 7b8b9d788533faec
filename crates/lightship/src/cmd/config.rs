//! `--print-config`: each setting with its value and where it came from.

use lightship_model::duration::HumanDuration;
use lightship_model::lock;
use lightship_model::manifest::Jobs;
use lightship_model::settings::Origin;
use serde_json::json;

use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::Project;
use crate::shell;

struct Row {
    name: &'static str,
    value: String,
    origin: String,
}

/// Prints the settings of `project`, with the service that `service` may have replaced.
pub(super) fn print(project: &Project, service: &[String], answer: Answer) -> Result<(), Failure> {
    let rows = rows(project, service);
    match answer {
        Answer::Json => {
            let setting = |row: Row| {
                (row.name.to_owned(), json!({ "value": row.value, "origin": row.origin }))
            };
            let object: serde_json::Map<_, _> = rows.into_iter().map(setting).collect();
            out::print_json(&object.into())
        }
        Answer::Text => {
            let head = ["SETTING", "VALUE", "FROM"].map(str::to_owned);
            let rows = rows.into_iter().map(|row| [row.name.to_owned(), row.value, row.origin]);
            let rows: Vec<[String; 3]> = std::iter::once(head).chain(rows).collect();
            out::print(&out::table(&rows))
        }
    }
}

fn rows(project: &Project, service: &[String]) -> Vec<Row> {
    let settings = &project.settings;
    let row = |name, value: String, origin: Origin| Row { name, value, origin: origin.to_string() };
    let [option, manifest] = project.which.to_args();
    let profile = option == "--profile";
    let manifest = if profile { format!("builtin:{manifest}") } else { manifest };
    let (command, from) = match &project.manifest.service {
        _ if !service.is_empty() => (shell::shown(service), Origin::CommandLine),
        Some(service) => (shell::shown(&service.command), Origin::Manifest),
        None => ("none".to_owned(), Origin::Default),
    };
    let jobs = match settings.jobs.value {
        Jobs::Auto => "auto".to_owned(),
        Jobs::Count(count) => count.to_string(),
    };
    let lock = lock::path(&project.which, &settings.lock);
    let lock = lock.map_or("none".to_owned(), |path| path.display().to_string());
    let timeout = HumanDuration(settings.timeout.value).to_string();
    vec![
        row("manifest", manifest, project.manifest_origin),
        row("service", command, from),
        row("tool-dir", settings.tool_dir.value.clone(), settings.tool_dir.origin),
        row("listen", settings.listen.value.clone(), settings.listen.origin),
        row("deferred-tools", settings.enabled.value.to_string(), settings.enabled.origin),
        row("tool-timeout", timeout, settings.timeout.origin),
        row("tool-jobs", jobs, settings.jobs.origin),
        row("confine", settings.confine.value.as_str().to_owned(), settings.confine.origin),
        row("deep-verify", settings.deep_verify.value.to_string(), settings.deep_verify.origin),
        row("lock", lock, settings.lock.origin),
        row("locked", settings.locked.value.to_string(), settings.locked.origin),
    ]
}
