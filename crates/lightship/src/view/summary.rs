//! The line below the tools: how many are ready, and what one can do now.

use lightship_model::state::ToolStatus;

use super::scene::Scene;
use super::words::short_ms;

/// `4 tools ready in 1m 32s, 1 failed, 2 on demand`; how many of how many while they load.
pub(super) fn tools(scene: &Scene) -> String {
    let tools = scene.tools();
    let waiting = tools.iter().filter(|tool| tool.on_demand).count();
    let ready = scene.count(ToolStatus::Installed);
    let mut parts = Vec::new();
    if scene.is_settled() {
        let took = scene.took_ms.filter(|took| *took >= 1000);
        let took = took.map(|took| format!(" in {}", short_ms(took))).unwrap_or_default();
        parts.push(format!("{} ready{took}", plural(ready)));
    } else {
        parts.push(format!("{ready} of {} ready", plural(tools.len() - waiting)));
    }
    let mut also = |count: usize, what: &str| {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    };
    also(scene.count(ToolStatus::Failed), "failed");
    also(scene.count(ToolStatus::Skipped), "skipped");
    also(waiting, "on demand");
    parts.join(", ")
}

fn plural(count: usize) -> String {
    if count == 1 { "1 tool".to_owned() } else { format!("{count} tools") }
}

/// The parts of the summary, to be joined with ` · `.
pub(super) fn parts(scene: &Scene) -> Vec<String> {
    let mut parts = Vec::new();
    if !scene.tools().is_empty() {
        parts.push(tools(scene));
    }
    if let Some(stopping) = &scene.stopping {
        parts.push(stopping.clone());
        return parts;
    }
    if let Some(url) = &scene.health_url {
        parts.push(format!("health {url}/health"));
    }
    if scene.is_settled() && scene.count(ToolStatus::Installed) > 0 {
        parts.push(format!("PATH: eval \"$(lightship tools env{})\"", scene.dir_options));
    }
    if scene.service.is_some() {
        parts.push("Ctrl-C stops".to_owned());
    }
    parts
}
