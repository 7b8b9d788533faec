//! A lightship with a loader that says what a test lets it say, and a browser that looks at it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::time::SystemTime;

use lightship_model::event::{Event, PlannedTool, Progress, ToolChange, What};
use lightship_model::name::ToolName;
use lightship_model::state::ToolStatus;
use lightship_model::time::Timestamp;
use lightship_model::waits::Waits;
use testkit::browser::Browser;

use crate::lightship::{Lightship, Running, wait_until};

pub(crate) const TOKEN: &str = "open-sesame-0123456789";

const MANIFEST: &str = r#"
[service]
command = ["sleep", "1000"]
[health]
token = "open-sesame-0123456789"
[capabilities]
search = ["ck"]
[tools.rust]
script = { run = ["true"] }
[tools.ck]
script = { run = ["true"] }
requires = ["rust"]
[tools.later]
script = { run = ["true"] }
load = "on-demand"
"#;

/// Says what stands in the file `say`, keeps what it is told in the file `commands`.
const LOADER: &str = "touch {dir}/say; tail -n +1 -f {dir}/say & cat > {dir}/commands; kill $!";

/// A page that is open, and what it looks at.
pub(crate) struct Page {
    pub(crate) running: Running,
    pub(crate) browser: Browser,
    pub(crate) url: String,
}

/// A lightship with three tools, about to start: `ck` requires `rust`, `later` is on demand.
pub(crate) fn lightship() -> Lightship {
    lightship_with("")
}

/// The same with more keys in `[health]`.
pub(crate) fn lightship_with(health: &str) -> Lightship {
    let health = format!("[health]\n{health}");
    Lightship::manifest(&MANIFEST.replace("[health]", &health)).with_loader(LOADER)
}

impl Page {
    /// Opens the page as somebody on this machine sees it.
    pub(crate) fn open() -> Self {
        Self::open_at("/")
    }

    /// Opens the page with the token.
    pub(crate) fn open_with_token() -> Self {
        Self::open_at(&format!("/#token={TOKEN}"))
    }

    pub(crate) fn open_at(path: &str) -> Self {
        Self::of(lightship().start(), path)
    }

    pub(crate) fn of(mut running: Running, path: &str) -> Self {
        running.service_ready();
        running.loader_started();
        let url = format!("http://{}{path}", running.address());
        let page = Self { running, browser: Browser::start(), url };
        page.plan();
        page.browser.open(&page.url);
        page.browser.shows("Healthy");
        page
    }

    /// Lets the loader begin with its plan, as the real one does.
    pub(crate) fn plan(&self) {
        let tools = vec![
            planned("rust", &[], None),
            planned("ck", &["rust"], Some(Waits::Requires(name("rust")))),
            PlannedTool { on_demand: true, ..planned("later", &[], Some(Waits::Demand)) },
        ];
        let dir = self.running.path("tools").display().to_string();
        self.say(What::Plan { tools, slots: 1, dir });
    }

    /// Lets the loader say something.
    pub(crate) fn say(&self, what: What) {
        let line = Event::new(SystemTime::now().into(), what).to_line();
        let file = self.running.path("say");
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }

    pub(crate) fn say_status(&self, tool: &str, status: ToolStatus) {
        self.say(What::Tool(ToolChange::new(name(tool), status)));
    }

    pub(crate) fn say_failed(&self, tool: &str, error: &str) {
        let change = ToolChange::new(name(tool), ToolStatus::Failed);
        self.say(What::Tool(ToolChange { error: Some(error.to_owned()), ..change }));
    }

    pub(crate) fn say_progress(&self, tool: &str, progress: Progress) {
        self.say(What::Progress { name: name(tool), progress });
    }

    /// Waits until the row of `tool` shows `text`.
    #[track_caller]
    pub(crate) fn row_shows(&self, tool: &str, text: &str) {
        let text = serde_json::json!(text);
        self.browser.wait_for(&format!("return {}.innerText.includes({text})", row(tool)));
    }

    /// Waits until the loader has been told `command`.
    pub(crate) fn was_told(&self, command: &str) {
        let told = || fs::read_to_string(self.running.path("commands")).unwrap_or_default();
        wait_until(command, || told().contains(command).then_some(()));
    }

    /// What the installer of `tool` has printed, where the loader keeps it.
    pub(crate) fn printed(&self, tool: &str, text: &str) {
        let logs = self.running.path("tools/v1/logs");
        fs::create_dir_all(&logs).unwrap();
        fs::write(logs.join(format!("{tool}.log")), text).unwrap();
    }

    /// The button of a tool's row with this label.
    pub(crate) fn button(&self, label: &str) -> testkit::browser::Element {
        let labelled = || {
            let mut buttons = self.browser.find_all("button:not([hidden])").into_iter();
            buttons.find(|button| self.browser.label(button) == label)
        };
        wait_until(label, labelled)
    }

    /// Asserts that the console is empty: no script failed, and the page's policy was kept.
    #[track_caller]
    pub(crate) fn assert_quiet(&self) {
        assert_eq!(self.browser.console(), [""; 0]);
    }
}

/// The row of a tool, as an expression in the page.
pub(crate) fn row(tool: &str) -> String {
    format!("document.getElementById('log-{tool}').previousElementSibling")
}

pub(crate) fn name(tool: &str) -> ToolName {
    tool.parse().unwrap()
}

fn planned(tool: &str, requires: &[&str], waits: Option<Waits>) -> PlannedTool {
    let change = ToolChange::new(name(tool), ToolStatus::Pending);
    PlannedTool {
        change: match waits {
            Some(waits) => change.waiting(waits),
            None => change,
        },
        source: "script".to_owned(),
        priority: 100,
        requires: requires.iter().map(|tool| name(tool)).collect(),
        on_demand: false,
        estimate_ms: Some(90_000),
    }
}

/// A time before now, in milliseconds.
pub(crate) fn ago(millis: u64) -> Timestamp {
    let now = Timestamp::from(SystemTime::now());
    Timestamp::from_millis(now.as_millis() - millis)
}
