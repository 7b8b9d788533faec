//! `[health]`: the token and who needs it, and the control socket.

use super::Resolver;
use crate::manifest::layer::HealthLayer;
use crate::manifest::overlay::Places;
use crate::manifest::{Control, Details, HealthSettings, SHORTEST_TOKEN, Token, TokenSource};

impl Resolver {
    pub(super) fn health(&mut self, layer: HealthLayer, places: &Places) -> HealthSettings {
        let details = layer.details.map(toml::Spanned::into_inner).unwrap_or_default();
        let inline = layer.token.map(toml::Spanned::into_inner);
        let file = layer.token_file.map(toml::Spanned::into_inner);
        if inline.is_some() && file.is_some() {
            let message = "`token` and `token_file` exclude each other".to_owned();
            let help = "keep `token_file`: a secret does not belong into a manifest".to_owned();
            self.error_at(places, "token", message, Some(help));
        }
        if details == Details::Token && inline.is_none() && file.is_none() {
            let message = "`details = \"token\"` needs a token".to_owned();
            let help = "add `token_file = \"/run/secrets/…\"`".to_owned();
            self.error_at(places, "details", message, Some(help));
        }
        let token = match (file, inline) {
            (Some(path), _) => {
                self.absolute(places, "token_file", &path);
                Some(TokenSource::File(path))
            }
            (None, Some(text)) => {
                let token = Token::new(&text);
                if token.is_none() {
                    let message = format!(
                        "`token` is shorter than {SHORTEST_TOKEN} characters: it would be guessed"
                    );
                    let help = "make one with `head -c 24 /dev/urandom | base64`".to_owned();
                    self.error_at(places, "token", message, Some(help));
                }
                token.map(TokenSource::Inline)
            }
            (None, None) => None,
        };
        let control = match layer.control.map(toml::Spanned::into_inner).as_deref() {
            None | Some("auto") => Control::Auto,
            Some("off") => Control::Off,
            Some(address) => {
                if !address.starts_with('@') {
                    self.absolute(places, "control", address);
                }
                Control::At(address.to_owned())
            }
        };
        HealthSettings { listen: layer.listen, details, token, control }
    }

    fn absolute(&mut self, places: &Places, key: &'static str, path: &str) {
        if path.starts_with('/') {
            return;
        }
        let message = format!("`{key}`: `{path}` is not an absolute path");
        let help = match key {
            "control" => {
                "write \"auto\", \"off\", \"@NAME\" or a path like \"/run/lightship.sock\""
            }
            _ => "write the whole path, like \"/run/secrets/health-token\"",
        };
        self.error_at(places, key, message, Some(help.to_owned()));
    }
}
