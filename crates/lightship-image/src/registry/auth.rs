//! Getting in: passwords as they are, or changed for a token.

use serde::Deserialize;
use ureq::http::{Method, Request, Response, header};
use ureq::{Body, http};

use super::answer;
use super::challenge::Challenge;
use super::client::Access;
use super::credentials::Credentials;
use super::error::RegistryError;
use super::reference::Reference;

/// What a token server answers: one of both.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The value of `Authorization` that meets `challenge`; nothing when there is nothing to show.
pub(super) fn meet(
    challenge: &Challenge,
    credentials: Option<&Credentials>,
    reference: &Reference,
    access: Access,
    secure: bool,
) -> Result<Option<String>, RegistryError> {
    match (challenge, credentials) {
        (Challenge::Basic, Some(Credentials::Basic(header))) => Ok(Some(header.clone())),
        (Challenge::Basic, _) => Ok(None),
        (Challenge::Bearer { realm, service, scope }, _) => {
            let asked = TokenFrom { realm, service: service.as_deref(), scope: scope.as_deref() };
            let token = asked.get(credentials, reference, access, secure)?;
            Ok(Some(format!("Bearer {token}")))
        }
    }
}

/// Where tokens are given.
struct TokenFrom<'a> {
    realm: &'a str,
    service: Option<&'a str>,
    scope: Option<&'a str>,
}

impl TokenFrom<'_> {
    fn get(
        &self,
        credentials: Option<&Credentials>,
        reference: &Reference,
        access: Access,
        secure: bool,
    ) -> Result<String, RegistryError> {
        let action = format!("get a token for `{}`", reference.host);
        if secure && !self.realm.starts_with("https://") {
            let what = format!("what `{}` wants", reference.host);
            let reason = format!("credentials would go to `{}` in the open", self.realm);
            return Err(RegistryError::Document { what, reason });
        }
        // What is needed, whatever the first question needed: one token serves all of them.
        let own = format!("repository:{}:{}", reference.name, access.actions());
        let mut scopes = vec![own.as_str()];
        scopes.extend(self.scope.filter(|scope| !covers(&own, scope)));
        let mut answer = match credentials {
            Some(Credentials::Identity(token)) => self.post(token, &scopes),
            Some(Credentials::Basic(header)) => self.ask(&scopes, Some(header)),
            None => self.ask(&scopes, None),
        }
        .map_err(|source| RegistryError::NoAnswer {
            action: action.clone(),
            url: self.realm.to_owned(),
            source: Box::new(source),
        })?;
        if answer.status() != 200 {
            return Err(answer::refused(&action, reference, self.realm, &mut answer));
        }
        let token: Token = answer::json(&format!("the token of `{}`", self.realm), &mut answer)?;
        token.token.or(token.access_token).ok_or_else(|| RegistryError::Document {
            what: format!("the answer of `{}`", self.realm),
            reason: "there is no token in it".to_owned(),
        })
    }

    fn ask(&self, scopes: &[&str], header: Option<&str>) -> Result<Response<Body>, ureq::Error> {
        let mut query: Vec<(&str, &str)> = Vec::new();
        query.extend(self.service.map(|service| ("service", service)));
        query.extend(scopes.iter().map(|scope| ("scope", *scope)));
        let mark = if self.realm.contains('?') { '&' } else { '?' };
        let url = format!("{}{mark}{}", self.realm, form(&query));
        let mut request = Request::builder().method(Method::GET).uri(url);
        if let Some(header) = header {
            request = request.header(header::AUTHORIZATION, header);
        }
        send(self.realm, request, ())
    }

    fn post(&self, token: &str, scopes: &[&str]) -> Result<Response<Body>, ureq::Error> {
        let scope = scopes.join(" ");
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        fields.extend([("client_id", "lightship"), ("scope", scope.as_str())]);
        fields.extend(self.service.map(|service| ("service", service)));
        let request = Request::builder().method(Method::POST).uri(self.realm);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        send(self.realm, request, form(&fields))
    }
}

fn send(
    url: &str,
    request: http::request::Builder,
    body: impl ureq::AsSendBody,
) -> Result<Response<Body>, ureq::Error> {
    use lightship_loader::http::{agent, proxy_for};
    let request = request.body(body)?;
    agent().run(agent().configure_request(request).proxy(proxy_for(url)?).build())
}

/// Whether what `own` allows is all that `scope` asks for.
fn covers(own: &str, scope: &str) -> bool {
    let (Some((own, allowed)), Some((name, asked))) =
        (own.rsplit_once(':'), scope.rsplit_once(':'))
    else {
        return false;
    };
    own == name && asked.split(',').all(|action| allowed.split(',').any(|it| it == action))
}

/// Fields as an address and a form have them.
fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/,".contains(&byte) {
            escaped.push(byte.into());
        } else {
            escaped.extend(["%".to_owned(), format!("{byte:02X}")]);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_is_covered_is_not_asked_for_twice() {
        let own = "repository:a/b:pull,push";
        assert!(covers(own, "repository:a/b:pull"));
        assert!(covers(own, "repository:a/b:push,pull"));
        assert!(!covers(own, "repository:a/b:delete"));
        assert!(!covers(own, "repository:a/c:pull"));
    }

    #[test]
    fn forms_are_escaped() {
        assert_eq!(
            form(&[("a", "x y&z=1"), ("b", "repository:a/b:pull")]),
            "a=x%20y%26z%3D1&b=repository:a/b:pull"
        );
    }
}
