use std::collections::BTreeSet;

use super::*;
use crate::event::{Event, Exit, Phase, PlannedTool, Progress, ToolChange, Unit, What};
use crate::name::ToolName;
use crate::state::ToolStatus;
use crate::status::Status;
use crate::time::Timestamp;

fn name(text: &str) -> ToolName {
    text.parse().unwrap()
}

fn busy() -> Status {
    let mut status = Status::expecting(["a", "b"].map(|tool| PlannedTool {
        change: ToolChange::new(name(tool), ToolStatus::Pending),
        source: "script".into(),
        priority: 1,
        requires: vec![],
        on_demand: false,
        estimate_ms: None,
    }));
    let progress = |done| What::Progress {
        name: name("b"),
        progress: Progress {
            phase: Phase::Downloading,
            done: Some(done),
            total: Some(400),
            unit: Some(Unit::Bytes),
            message: None,
        },
    };
    let mut installed = ToolChange::new(name("a"), ToolStatus::Installed);
    installed.took_ms = Some(1500);
    for what in [
        What::ServiceStarted { pid: 7, command: vec![] },
        What::ServiceReady { pid: 7, after_ms: 250 },
        What::ServiceExited { exit: Exit::Signal(9), restart_in_ms: Some(500) },
        What::Tool(installed),
        What::Tool(ToolChange::new(name("b"), ToolStatus::Installing)),
        progress(300),
        progress(350),
        // A second file.
        progress(100),
    ] {
        status.apply(&Event::new(Timestamp::from_millis(0), what));
    }
    status
}

fn text(format: Exposition) -> String {
    let mut writer = Writer::new(format);
    let time = Timestamp::from_millis;
    write(&mut writer, &busy(), "x86_64-linux", time(1000), time(61_500));
    writer.finish()
}

fn value<'a>(text: &'a str, sample: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in\n{text}"))
}

#[test]
fn a_status_is_told_in_base_units() {
    let text = text(Exposition::Prometheus);
    for (sample, expected) in [
        ("lightship_start_time_seconds", "1"),
        ("lightship_up_seconds", "60.5"),
        ("lightship_status{status=\"unhealthy\"}", "1"),
        ("lightship_status{status=\"healthy\"}", "0"),
        ("lightship_gateway_up", "0"),
        ("lightship_gateway_starts_total", "1"),
        ("lightship_gateway_restarts_total{reason=\"signal\"}", "1"),
        ("lightship_gateway_restarts_total{reason=\"exit\"}", "0"),
        ("lightship_gateway_last_exit_code", "137"),
        ("lightship_gateway_backoff_seconds", "0.5"),
        ("lightship_gateway_time_to_ready_seconds", "0.25"),
        ("lightship_tools{state=\"installed\"}", "1"),
        ("lightship_tool_state{tool=\"a\",state=\"installed\"}", "1"),
        ("lightship_tool_installs_total{tool=\"a\",result=\"installed\"}", "1"),
        ("lightship_tool_install_duration_seconds{tool=\"a\"}", "1.5"),
        ("lightship_tool_progress_ratio{tool=\"b\"}", "0.25"),
        ("lightship_tool_downloaded_bytes_total{tool=\"b\"}", "450"),
    ] {
        assert_eq!(value(&text, sample), expected, "{sample}");
    }
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"));
    assert!(text.contains("# TYPE lightship_build_info gauge\n"));
}

#[test]
fn openmetrics_names_families_without_their_suffix_and_ends() {
    let text = text(Exposition::OpenMetrics);
    assert!(text.contains("# TYPE lightship_build info\nlightship_build_info{"), "{text}");
    assert!(
        text.contains("# TYPE lightship_gateway_starts counter\nlightship_gateway_starts_total 1")
    );
    assert!(text.contains("# UNIT lightship_up_seconds seconds\n"));
    assert!(text.ends_with("\n# EOF\n"));
}

#[test]
fn samples_of_a_metric_stand_together_and_once() {
    let text = text(Exposition::Prometheus);
    let types: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE ")).collect();
    assert_eq!(types.len(), types.iter().collect::<BTreeSet<_>>().len());
    let samples: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect();
    assert_eq!(samples.len(), samples.iter().collect::<BTreeSet<_>>().len());
}

#[test]
fn label_values_are_escaped() {
    let mut writer = Writer::new(Exposition::Prometheus);
    writer.count(&SIGNALS, &["a\\b\"c\nd"], 1);
    assert!(writer.finish().ends_with("{signal=\"a\\\\b\\\"c\\nd\"} 1\n"));
}

#[test]
fn openmetrics_is_written_only_for_those_who_ask() {
    let asked = "text/plain;q=0.5, application/openmetrics-text;version=1.0.0;q=0.7";
    assert_eq!(Exposition::asked_for(asked), Exposition::OpenMetrics);
    for other in ["", "*/*", "text/plain", "x/application/openmetrics-text"] {
        assert_eq!(Exposition::asked_for(other), Exposition::Prometheus);
    }
}

#[test]
fn names_follow_the_rules() {
    let names: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), ALL.len());
    for metric in ALL {
        let name = metric.name;
        assert!(name.starts_with("lightship_") || name.starts_with("process_"), "{name}");
        assert_eq!(metric.kind == Kind::Counter, name.ends_with("_total"), "{name}");
        assert_eq!(metric.kind == Kind::Info, name.ends_with("_info"), "{name}");
        assert!(name.trim_end_matches("_total").ends_with(metric.unit), "{name}");
        assert!(metric.help.ends_with('.') && !metric.help.contains('|'), "{name}");
    }
}

#[test]
fn the_reference_in_docs_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    if std::env::var_os("LIGHTSHIP_UPDATE_DOCS").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == reference(),
        "docs/metrics.md is not what the table says; \
         LIGHTSHIP_UPDATE_DOCS=1 cargo test -p lightship-model metrics writes it anew"
    );
}
