//! Loading tools by name in this process: the loader on one side, a view on the other.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::SystemTime;

use lightship_loader::{Options, Sink, Summary};
use lightship_model::event::{Event, What};
use lightship_model::exit;
use lightship_model::name::ToolName;
use lightship_model::plan::Scope;

use crate::failure::Failure;
use crate::project::Project;
use crate::session::{Message, Session, Source, Turn};
use crate::view::failures::Failures;
use crate::view::scene::Scene;
use crate::view::{self, Format, View};

/// The code for a run that somebody ended: as a shell has it for SIGINT.
const INTERRUPTED: u8 = exit::SIGNAL_BASE + 2;

/// Loads `names` with what they require; the exit code says whether all are there now.
pub(super) fn load(project: Project, names: Vec<ToolName>, format: Format) -> Result<u8, Failure> {
    load_with(project, names, view::choose(format).view)
}

/// The same for somebody who wants something else and only has to wait for it: `quiet`, nothing
/// is said but what went wrong.
pub(in crate::cmd) fn load_quietly(
    project: Project,
    names: Vec<ToolName>,
    quiet: bool,
) -> Result<u8, Failure> {
    if !quiet {
        return load(project, names, Format::Auto);
    }
    load_with(project, names, Box::new(Failures::new(std::io::stderr())))
}

fn load_with(project: Project, names: Vec<ToolName>, view: Box<dyn View>) -> Result<u8, Failure> {
    let dir = project.tool_dir().to_owned();
    lightship_loader::prepare(&dir, project.names_tool_dir())?;
    let only = project.manifest.with_requirements(&names);
    let tools = lightship_loader::snapshot(&project.manifest, &dir)?;
    let scene = Scene {
        only: Some(only),
        dir_options: project.dir_options(),
        ..Scene::new(&project.manifest, tools)
    };
    let options = Options {
        manifest: project.manifest,
        tool_dir: dir,
        timeout: project.settings.timeout.value,
        jobs: project.settings.jobs.value,
        confine: project.settings.confine.value,
        scope: Scope::Only(names.into_iter().collect()),
    };
    run(options, project.warnings, Session::new(scene, view)?)
}

/// Runs the loader on a thread of its own and shows what it does.
fn run(options: Options, warnings: Vec<String>, mut session: Session) -> Result<u8, Failure> {
    let (_no_commands, receiver) = channel();
    let events = session.sender();
    let closer = session.closer(Source::Events);
    // A queue that is gone belongs to a session that is over: nobody wants to know.
    let sink: Sink = Arc::new(move |event: Event| drop(events.send(Message::Event(event))));
    let loader = std::thread::Builder::new().name("loader".to_owned()).spawn(move || {
        let _closer = closer;
        for message in warnings {
            sink(Event::new(SystemTime::now().into(), What::Warning { message }));
        }
        lightship_loader::run(&options, receiver, &sink)
    });
    let loader = loader.map_err(Failure::system("start a thread"))?;
    loop {
        match session.next(None) {
            // What is half done stays without a receipt, and the next run clears it away.
            Turn::Stop => {
                lightship_loader::stop_all();
                session.stopping("stopped");
                session.finish();
                return Ok(INTERRUPTED);
            }
            Turn::Closed(_) => break,
            Turn::Late => {}
        }
    }
    session.finish();
    let Summary { failed, skipped, .. } = loader.join().map_err(|_| Failure::LoaderPanicked)??;
    Ok(if failed + skipped > 0 { exit::NO } else { exit::OK })
}
