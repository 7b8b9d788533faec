//! `[service]`: each key by itself, and what excludes each other.

use std::time::Duration;

use toml::Spanned;

use super::Resolver;
use crate::duration::HumanDuration;
use crate::manifest::layer::{BackoffLayer, LiveLayer, ReadyLayer, ReloadLayer, ServiceLayer};
use crate::manifest::overlay::Places;
use crate::manifest::{Backoff, Check, Live, Ready, Reload, Service, defaults};
use crate::nearest::nearest;
use crate::signal::Signal;

/// More restarts than this within one window is a loop.
const MOST_RESTARTS: u16 = 1000;

impl Resolver {
    pub(super) fn service(&mut self, layer: ServiceLayer, places: &Places) -> Option<Service> {
        let ready = layer.ready.map(Spanned::into_inner);
        let ready = ready.and_then(|ready| self.ready(places, ready));
        let live = layer.live.map(Spanned::into_inner);
        let live = live.and_then(|live| self.live(places, live));
        let backoff = layer.backoff.map(Spanned::into_inner).unwrap_or_default();
        let backoff = self.backoff(places, &backoff);
        let before_start = self.command(places, "before_start", layer.before_start);
        let stop = self.command(places, "stop", layer.stop);
        let stop_signal = layer.stop_signal.map(Spanned::into_inner);
        let stop_signal = stop_signal.and_then(|name| self.signal(places, "stop_signal", &name));
        let reload = layer.reload.map(Spanned::into_inner);
        let reload = reload.and_then(|reload| self.reload(places, reload));
        let command = layer.command.filter(|command| !command.is_empty())?;
        Some(Service {
            command,
            env: layer.env.unwrap_or_default(),
            dir: layer.dir,
            ready,
            ready_timeout: or(layer.ready_timeout, defaults::READY_TIMEOUT),
            live,
            restart: layer.restart.unwrap_or_default(),
            backoff,
            success_codes: layer.success_codes.unwrap_or_default(),
            before_start,
            stop,
            stop_signal,
            stop_timeout: or(layer.stop_timeout, defaults::STOP_TIMEOUT),
            reload,
            log: layer.log.unwrap_or_default(),
            session: layer.session.unwrap_or_default(),
        })
    }

    fn ready(&mut self, places: &Places, layer: ReadyLayer) -> Option<Ready> {
        let ReadyLayer { http, tcp, exec, log, notify } = layer;
        let mut found: Vec<Ready> = checks(http, tcp, exec).into_iter().map(Ready::Probe).collect();
        found.extend(log.map(Ready::Log));
        found.extend(notify.map(Ready::Notify));
        if found.len() != 1 {
            let message =
                "`ready` takes exactly one of `http`, `tcp`, `exec`, `log`, `notify`".to_owned();
            self.error_at(places, "ready", message, None);
            return None;
        }
        let ready = found.remove(0);
        match &ready {
            Ready::Probe(check) => self.check(places, "ready", check),
            Ready::Log(text) if text.trim().is_empty() || text.contains('\n') => {
                let message = "`log` of `ready` is part of one line, and not empty".to_owned();
                self.error_at(places, "ready", message, None);
            }
            Ready::Log(_) | Ready::Notify(_) => {}
        }
        Some(ready)
    }

    fn live(&mut self, places: &Places, layer: LiveLayer) -> Option<Live> {
        let mut found = checks(layer.http, layer.tcp, layer.exec);
        if found.len() != 1 {
            let message = "`live` takes exactly one of `http`, `tcp`, `exec`".to_owned();
            self.error_at(places, "live", message, None);
            return None;
        }
        let check = found.remove(0);
        self.check(places, "live", &check);
        let live = Live {
            check,
            period: or(layer.period, defaults::LIVE_PERIOD),
            timeout: or(layer.timeout, defaults::LIVE_TIMEOUT),
            failures: layer.failures.unwrap_or(defaults::LIVE_FAILURES),
        };
        if live.period.is_zero() || live.timeout.is_zero() || live.failures == 0 {
            let message = "`period`, `timeout` and `failures` of `live` can't be 0".to_owned();
            let help = "leave `live` out to have no check".to_owned();
            self.error_at(places, "live", message, Some(help));
        }
        Some(live)
    }

    fn check(&mut self, places: &Places, key: &'static str, check: &Check) {
        match check {
            Check::Http(url) if !url.starts_with("http://") => {
                let help = "probes speak plain HTTP to the service beside them".to_owned();
                self.error_at(places, key, format!("`{url}` is not an http:// URL"), Some(help));
            }
            Check::Exec(command) if is_empty(command) => {
                self.error_at(places, key, format!("`exec` of `{key}` is an empty command"), None);
            }
            Check::Http(_) | Check::Tcp(_) | Check::Exec(_) => {}
        }
    }

    fn backoff(&mut self, places: &Places, layer: &BackoffLayer) -> Backoff {
        let default = Backoff::default();
        let first = or(layer.first, default.first);
        let backoff = Backoff {
            first,
            // Who only sets a long first pause wants no shorter ones after it.
            max: or(layer.max, default.max.max(first)),
            budget: layer.budget.unwrap_or(default.budget),
            window: or(layer.window, default.window),
            reset: or(layer.reset, default.reset),
        };
        let message = if first.is_zero() {
            "`first` of `backoff` can't be 0: a broken service would take the processor"
        } else if backoff.max < first {
            "`max` of `backoff` is shorter than `first`"
        } else if backoff.budget > MOST_RESTARTS {
            "`budget` of `backoff` is more than 1000 restarts"
        } else {
            return backoff;
        };
        let help = "`window` is the time in which `budget` restarts are granted".to_owned();
        let help = (backoff.budget > MOST_RESTARTS).then_some(help);
        self.error_at(places, "backoff", message.to_owned(), help);
        backoff
    }

    fn command(
        &mut self,
        places: &Places,
        key: &'static str,
        layer: Option<Spanned<Vec<String>>>,
    ) -> Option<Vec<String>> {
        let command = layer?.into_inner();
        if is_empty(&command) {
            self.error_at(places, key, format!("`{key}` is an empty command"), None);
        }
        Some(command)
    }

    fn reload(&mut self, places: &Places, layer: ReloadLayer) -> Option<Reload> {
        match layer {
            ReloadLayer::Command(command) => {
                if is_empty(&command) {
                    self.error_at(
                        places,
                        "reload",
                        "`reload` is an empty command".to_owned(),
                        None,
                    );
                }
                Some(Reload::Command(command))
            }
            ReloadLayer::Signal(name) => self.signal(places, "reload", &name).map(Reload::Signal),
        }
    }

    fn signal(&mut self, places: &Places, key: &'static str, name: &str) -> Option<Signal> {
        let signal = Signal::parse(name);
        let (message, help) = match signal {
            Some(signal) if signal.is_forwardable() => return Some(signal),
            Some(_) => (
                format!("`{key}`: no process can act on `{name}`"),
                "KILL is sent anyway when `stop_timeout` is over".to_owned(),
            ),
            None => {
                let bare = name.strip_prefix("SIG").unwrap_or(name).to_ascii_uppercase();
                let help = match nearest(&bare, Signal::names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write a name like \"TERM\", \"RTMIN+3\", or a number".to_owned(),
                };
                (format!("`{key}`: `{name}` is no signal"), help)
            }
        };
        self.error_at(places, key, message, Some(help));
        None
    }
}

fn checks(http: Option<String>, tcp: Option<String>, exec: Option<Vec<String>>) -> Vec<Check> {
    let mut found = Vec::new();
    found.extend(http.map(Check::Http));
    found.extend(tcp.map(Check::Tcp));
    found.extend(exec.map(Check::Exec));
    found
}

fn is_empty(command: &[String]) -> bool {
    command.first().is_none_or(String::is_empty)
}

fn or(given: Option<HumanDuration>, default: Duration) -> Duration {
    given.map_or(default, |given| given.0)
}
