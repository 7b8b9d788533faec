//! Laying one layer over another: what the upper one says stands, tables are laid key by key.

use toml::Spanned;

use super::layer::{HealthLayer, LoaderLayer, ServiceLayer, ToolLayer};

pub(super) fn service(over: ServiceLayer, base: ServiceLayer) -> ServiceLayer {
    ServiceLayer {
        command: over.command.or(base.command),
        env: over.env.or(base.env),
        dir: over.dir.or(base.dir),
        ready: over.ready.or(base.ready),
        ready_timeout: over.ready_timeout.or(base.ready_timeout),
        restart: over.restart.or(base.restart),
        stop_timeout: over.stop_timeout.or(base.stop_timeout),
    }
}

pub(super) fn health(over: HealthLayer, base: HealthLayer) -> HealthLayer {
    HealthLayer { listen: over.listen.or(base.listen) }
}

pub(super) fn loader(over: LoaderLayer, base: LoaderLayer) -> LoaderLayer {
    LoaderLayer {
        dir: over.dir.or(base.dir),
        enabled: over.enabled.or(base.enabled),
        timeout: over.timeout.or(base.timeout),
        jobs: over.jobs.or(base.jobs),
    }
}

/// A source in the upper layer replaces the lower one's, whatever its kind.
pub(super) fn tool(over: ToolLayer, mut base: ToolLayer) -> ToolLayer {
    if has_source(&over) {
        base = ToolLayer {
            cargo: None,
            pip: None,
            npm: None,
            binary: None,
            script: None,
            version: None,
            ..base
        };
    }
    ToolLayer {
        version: over.version.or(base.version),
        cargo: over.cargo.or(base.cargo),
        pip: over.pip.or(base.pip),
        npm: over.npm.or(base.npm),
        binary: over.binary.or(base.binary),
        script: over.script.or(base.script),
        requires: over.requires.or(base.requires),
        priority: over.priority.or(base.priority),
        load: over.load.or(base.load),
        timeout: over.timeout.or(base.timeout),
        retries: over.retries.or(base.retries),
        verify: over.verify.or(base.verify),
        bins: over.bins.or(base.bins),
        env: over.env.or(base.env),
        estimate: over.estimate.or(base.estimate),
    }
}

fn has_source(tool: &ToolLayer) -> bool {
    tool.cargo.is_some()
        || tool.pip.is_some()
        || tool.npm.is_some()
        || tool.binary.is_some()
        || tool.script.is_some()
}

/// Lays an optional table over another.
pub(super) fn table<T>(over: Option<T>, base: Option<T>, lay: fn(T, T) -> T) -> Option<T> {
    match (over, base) {
        (Some(over), Some(base)) => Some(lay(over, base)),
        (over, base) => over.or(base),
    }
}

/// Where a value stands: which layer, which byte of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) layer: usize,
    pub(super) offset: usize,
}

impl Place {
    pub(super) fn of<T>(layer: usize, spanned: &Spanned<T>) -> Self {
        Self { layer, offset: spanned.span().start }
    }
}
