//! Which proxy the environment names for an address, read as curl reads it: by the address's
//! scheme, and not for the hosts of `no_proxy`.

/// The proxy's address for `url`; nothing when it is to be asked directly.
pub(super) fn choose(url: &str, var: impl Fn(&str) -> Option<String>) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let set =
        |names: [&str; 2]| names.into_iter().find_map(|name| var(name).filter(|v| !v.is_empty()));
    let own = match scheme {
        "https" => set(["https_proxy", "HTTPS_PROXY"]),
        _ => set(["http_proxy", "HTTP_PROXY"]),
    };
    let proxy = own.or_else(|| set(["all_proxy", "ALL_PROXY"]))?;
    let exceptions = set(["no_proxy", "NO_PROXY"]).unwrap_or_default();
    (!is_excepted(host, &exceptions)).then_some(proxy)
}

/// Whether `host`, which may have a port, is meant by a list such as `localhost,.corp,10.0.0.1`.
/// A name means what lies below it too.
fn is_excepted(host: &str, exceptions: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => &host,
    };
    exceptions.split([',', ' ']).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        let entry = entry.trim_start_matches('*').trim_start_matches('.');
        let below = |name: &str| name.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.'));
        // `*` is everybody.
        entry.is_empty() || [host.as_str(), bare].iter().any(|name| *name == entry || below(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(url: &str, vars: &[(&str, &str)]) -> Option<String> {
        choose(url, |name| {
            let var = vars.iter().find(|(known, _)| *known == name)?;
            Some(var.1.to_owned())
        })
    }

    #[test]
    fn each_scheme_has_its_own_proxy_and_there_is_one_for_all() {
        let vars = [("http_proxy", "http://a"), ("HTTPS_PROXY", "http://b"), ("all_proxy", "c")];
        assert_eq!(chosen("http://x/y", &vars).as_deref(), Some("http://a"));
        assert_eq!(chosen("https://x/y", &vars).as_deref(), Some("http://b"));
        assert_eq!(chosen("https://x/y", &vars[..1]), None);
        assert_eq!(chosen("https://x/y", &vars[2..]).as_deref(), Some("c"));
        assert_eq!(chosen("http://x", &[("http_proxy", "")]), None);
    }

    #[test]
    fn excepted_hosts_are_asked_directly() {
        let direct = |url: &str, list: &str| {
            chosen(url, &[("https_proxy", "http://p"), ("no_proxy", list)]).is_none()
        };
        for list in ["x.corp", ".corp", "a, corp", "*.corp", "*", "X.CORP", "x.corp:8443"] {
            assert!(direct("https://u@x.corp:8443/y", list), "{list}");
        }
        for list in ["y.corp", "rp", "corp.x", "x.corp:1", ""] {
            assert!(!direct("https://x.corp:8443/y", list), "{list}");
        }
        assert!(direct("https://[::1]:8443/y", "[::1]"));
    }
}
