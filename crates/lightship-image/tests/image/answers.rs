//! Registries that are not what they should be: written by hand, byte by byte.

use std::io::Read as _;
use std::sync::Arc;

use lightship_image::oci::BlobDigest;
use lightship_image::oci::document::Document;
use lightship_image::oci::media;
use lightship_image::registry::{Access, Client, Options, Reference, Version};
use lightship_model::digest::Digest;
use testkit::{Answer, Asked, Web};

fn client(web: &Web, options: &Options) -> Client {
    let reference: Reference = format!("127.0.0.1:{}/team/a:1", web.port()).parse().unwrap();
    Client::new(&reference, Access::Pull, options).unwrap()
}

fn document(answer: &mut Answer<'_>, document: &Document) {
    let kind = format!("Content-Type: {}", document.media_type);
    answer.head(200, &[&kind, &format!("Content-Length: {}", document.bytes.len())]);
    answer.send(&document.bytes);
}

#[test]
fn a_token_is_got_with_the_password_and_shown_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = Document::raw(media::MANIFEST, b"{}".to_vec());
    let sent = manifest.clone();
    let web = Web::start(move |asked: &Asked, answer: &mut Answer<'_>| {
        let port = asked.header("host").unwrap();
        if asked.target.starts_with("/token?") {
            assert_eq!(asked.header("authorization"), Some("Basic dTpw"));
            assert_eq!(asked.target, "/token?x=1&service=r&scope=repository:team/a:pull");
            let text = r#"{"access_token": "T"}"#;
            answer.head(200, &[&format!("Content-Length: {}", text.len())]);
            return answer.send(text.as_bytes());
        }
        if asked.header("authorization") != Some("Bearer T") {
            let realm = format!(
                "Bearer realm=\"http://{port}/token?x=1\",service=\"r\",scope=\"repository:team/a:pull\""
            );
            return answer.head(401, &[&format!("WWW-Authenticate: {realm}"), "Content-Length: 0"]);
        }
        document(answer, &sent);
    });
    let auth_file = dir.path().join("auth.json");
    let text = format!(r#"{{"auths": {{"127.0.0.1:{}": {{"auth": "dTpw"}}}}}}"#, web.port());
    std::fs::write(&auth_file, text).unwrap();
    let options = Options { auth_file: Some(auth_file), ..Options::default() };
    let client = client(&web, &options);
    let found = client.manifest(&Version::Tag("1".into())).unwrap();
    assert_eq!(found.descriptor.digest, manifest.digest);
    client.manifest(&Version::Digest(manifest.digest)).unwrap();
    assert_eq!(web.asked().len(), 4, "the second question needs no token");
}

#[test]
fn a_manifest_with_another_digest_is_refused() {
    let sent = Document::raw(media::MANIFEST, b"{}".to_vec());
    let web = Web::start(move |_: &Asked, answer: &mut Answer<'_>| document(answer, &sent));
    let wanted = Version::Digest(BlobDigest(Digest::of(b"other")));
    let error = client(&web, &Options::default()).manifest(&wanted).unwrap_err();
    assert!(error.to_string().contains("has the digest"), "{error}");
}

#[test]
fn a_blob_goes_on_where_it_broke_off() {
    let body: Arc<[u8]> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let sent = Arc::clone(&body);
    let web = Web::start(move |asked: &Asked, answer: &mut Answer<'_>| {
        answer.file(asked, "\"x\"", &sent, 300_000);
    });
    let digest = BlobDigest(Digest::of(&body));
    let mut bytes = Vec::new();
    let mut reader = client(&web, &Options::default()).blob(&digest, Some(body.len() as u64));
    reader.read_to_end(&mut bytes).unwrap();
    assert!(bytes == *body);
    let from: Vec<_> = web.asked().iter().map(Asked::from).collect();
    assert_eq!(from, [None, Some(300_000), Some(600_000)]);
}

#[test]
fn a_blob_with_other_bytes_or_more_of_them_is_an_error() {
    let web = Web::start(|asked: &Asked, answer: &mut Answer<'_>| {
        answer.file(asked, "\"x\"", b"what it is", usize::MAX);
    });
    let read = |of: &[u8], size| {
        let digest = BlobDigest(Digest::of(of));
        let mut reader = client(&web, &Options::default()).blob(&digest, Some(size));
        reader.read_to_end(&mut Vec::new()).unwrap_err().to_string()
    };
    assert!(read(b"what it was", 10).contains("its digest is"));
    assert!(read(b"what it is", 9).contains("longer than 9 bytes"));
}

#[test]
fn what_a_registry_says_is_told() {
    let web = Web::start(|_: &Asked, answer: &mut Answer<'_>| {
        let text = r#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "no such tag"}]}"#;
        answer.head(404, &[&format!("Content-Length: {}", text.len())]);
        answer.send(text.as_bytes());
    });
    let error = client(&web, &Options::default()).manifest(&Version::Tag("1".into())).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("answers 404: no such tag (MANIFEST_UNKNOWN)"), "{text}");
}
