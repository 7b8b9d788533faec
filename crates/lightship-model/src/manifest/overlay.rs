//! Laying one layer over another: what the upper one says stands, tables are laid key by key.

use std::collections::BTreeMap;

use toml::Spanned;

use super::layer::{HealthLayer, LoaderLayer, LockLayer, ServiceLayer, ToolLayer};

pub(super) fn service(over: ServiceLayer, base: ServiceLayer) -> ServiceLayer {
    ServiceLayer {
        command: over.command.or(base.command),
        env: over.env.or(base.env),
        dir: over.dir.or(base.dir),
        ready: over.ready.or(base.ready),
        ready_timeout: over.ready_timeout.or(base.ready_timeout),
        live: over.live.or(base.live),
        restart: over.restart.or(base.restart),
        backoff: over.backoff.or(base.backoff),
        success_codes: over.success_codes.or(base.success_codes),
        before_start: over.before_start.or(base.before_start),
        stop: over.stop.or(base.stop),
        stop_signal: over.stop_signal.or(base.stop_signal),
        stop_timeout: over.stop_timeout.or(base.stop_timeout),
        reload: over.reload.or(base.reload),
        log: over.log.or(base.log),
        session: over.session.or(base.session),
    }
}

/// A token in the upper layer replaces the lower one's, wherever either comes from.
pub(super) fn health(over: HealthLayer, mut base: HealthLayer) -> HealthLayer {
    if over.token.is_some() || over.token_file.is_some() {
        base = HealthLayer { token: None, token_file: None, ..base };
    }
    HealthLayer {
        listen: over.listen.or(base.listen),
        details: over.details.or(base.details),
        token: over.token.or(base.token),
        token_file: over.token_file.or(base.token_file),
        control: over.control.or(base.control),
    }
}

pub(super) fn loader(over: LoaderLayer, base: LoaderLayer) -> LoaderLayer {
    LoaderLayer {
        dir: over.dir.or(base.dir),
        enabled: over.enabled.or(base.enabled),
        timeout: over.timeout.or(base.timeout),
        jobs: over.jobs.or(base.jobs),
        confine: over.confine.or(base.confine),
        memory: over.memory.or(base.memory),
        processes: over.processes.or(base.processes),
        silence: over.silence.or(base.silence),
        locked: over.locked.or(base.locked),
        deep_verify: over.deep_verify.or(base.deep_verify),
        wait: over.wait.or(base.wait),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as the other tables are laid")]
pub(super) fn lock(over: LockLayer, base: LockLayer) -> LockLayer {
    LockLayer { min_age: over.min_age.or(base.min_age) }
}

/// A source in the upper layer replaces the lower one's, whatever its kind.
pub(super) fn tool(over: ToolLayer, mut base: ToolLayer) -> ToolLayer {
    if has_source(&over) {
        base = ToolLayer {
            cargo: None,
            pip: None,
            npm: None,
            binary: None,
            deb: None,
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
        deb: over.deb.or(base.deb),
        script: over.script.or(base.script),
        requires: over.requires.or(base.requires),
        priority: over.priority.or(base.priority),
        load: over.load.or(base.load),
        timeout: over.timeout.or(base.timeout),
        retries: over.retries.or(base.retries),
        memory: over.memory.or(base.memory),
        processes: over.processes.or(base.processes),
        silence: over.silence.or(base.silence),
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
        || tool.deb.is_some()
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

/// Where the keys of a table stand, over all layers.
pub(super) type Places = BTreeMap<&'static str, Place>;

/// Enters the keys of one more layer; those of the layers above it stand.
pub(super) fn enter(
    places: &mut Places,
    layer: usize,
    starts: impl IntoIterator<Item = (&'static str, Option<usize>)>,
) {
    for (key, start) in starts {
        if let Some(offset) = start {
            places.entry(key).or_insert(Place { layer, offset });
        }
    }
}

impl Place {
    pub(super) fn of<T>(layer: usize, spanned: &Spanned<T>) -> Self {
        Self { layer, offset: spanned.span().start }
    }
}
